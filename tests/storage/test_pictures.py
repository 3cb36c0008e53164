import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.errors import OutageError, SetupError
from monitor.storage.pictures import PictureStore

DATA = b"\xff\xd8\xff picture"
SHA = hashlib.sha256(DATA).hexdigest()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_picture_is_named_by_its_content_and_comes_back(tmp_path):
    store = PictureStore(str(tmp_path / "pictures"))
    url = store.put(DATA, SHA, "image/jpeg")
    assert url == f"file://{tmp_path}/pictures/{SHA[:2]}/{SHA[2:4]}/{SHA}.jpg"
    assert store.get(url) == DATA
    assert files(tmp_path) == [f"pictures/{SHA[:2]}/{SHA[2:4]}/{SHA}.jpg"]


def test_a_picture_is_found_by_its_hash_alone(tmp_path):
    store = PictureStore(str(tmp_path))
    assert store.kept(SHA) is None
    store.put(DATA, SHA, "image/webp")
    assert store.kept(SHA) == DATA
    for none in ("", "passwd", "../" * 5 + SHA, SHA.upper()):
        assert store.kept(none) is None


def test_putting_it_again_writes_nothing(tmp_path):
    store = PictureStore(str(tmp_path))
    url = store.put(DATA, SHA, "image/png")
    path = Path(url.removeprefix("file://"))
    before = path.stat().st_mtime_ns
    assert store.put(DATA, SHA, "image/png") == url
    assert path.stat().st_mtime_ns == before


def test_half_a_file_of_an_earlier_crash_is_replaced(tmp_path):
    store = PictureStore(str(tmp_path))
    url = store.put(DATA, SHA, "image/webp")
    Path(url.removeprefix("file://")).write_bytes(DATA[:5])
    store.put(DATA, SHA, "image/webp")
    assert store.get(url) == DATA


def test_many_writers_of_one_picture_leave_one_file(tmp_path):
    def put(_: int) -> str:
        return PictureStore(str(tmp_path)).put(
            DATA * 1000, hashlib.sha256(DATA * 1000).hexdigest(), "image/jpeg"
        )

    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(put, range(40)))
    assert len(urls) == 1
    assert len(files(tmp_path)) == 1


def test_a_relative_folder_means_the_same_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = PictureStore("pictures").put(DATA, SHA, "image/jpeg")
    monkeypatch.chdir("/")
    assert PictureStore(str(tmp_path)).get(url) == DATA


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_urls_of_any_file_system(tmp_path, scheme):
    store = PictureStore(f"{scheme}://{tmp_path}/pictures")
    url = store.put(DATA, SHA, "image/jpeg")
    assert url.startswith(f"{scheme}://")
    assert store.put(DATA, SHA, "image/jpeg") == url
    assert store.get(url) == DATA


def test_a_store_that_cannot_be_written_is_an_outage_with_a_remedy(tmp_path):
    (tmp_path / "pictures").write_text("a file where the folder should be")
    with pytest.raises(
        OutageError, match=r"cannot write .* check that it is reachable, writable and not full"
    ):
        PictureStore(str(tmp_path / "pictures")).put(DATA, SHA, "image/jpeg")


def test_a_full_disk_leaves_no_draft_behind(tmp_path, monkeypatch):
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OutageError, match="No space left on device"):
        PictureStore(str(tmp_path)).put(DATA, SHA, "image/jpeg")
    assert files(tmp_path) == []


def test_a_picture_that_is_gone_or_changed_is_not_handed_out(tmp_path):
    store = PictureStore(str(tmp_path))
    url = store.put(DATA, SHA, "image/jpeg")
    path = Path(url.removeprefix("file://"))
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    path.write_bytes(b"something else")
    with pytest.raises(OutageError, match="was changed"):
        store.get(url)
    path.unlink()
    with pytest.raises(OutageError, match="cannot read"):
        store.get(url)


def test_an_unknown_scheme_names_the_setting():
    with pytest.raises(SetupError, match="MONITOR_PICTURE_STORE = 'gopher://x'"):
        PictureStore("gopher://x")


def test_a_picture_that_is_removed_is_gone_and_can_be_put_again(tmp_path):
    store = PictureStore(str(tmp_path))
    data = b"a picture"
    sha256 = hashlib.sha256(data).hexdigest()
    url = store.put(data, sha256, "image/png")
    for _ in range(2):
        store.remove(url)
    with pytest.raises(OutageError):
        store.get(url)
    assert store.get(store.put(data, sha256, "image/png")) == data


@pytest.mark.parametrize(
    "place", ["{folder}/notes.txt", "{folder}/ab/cd/short.png", "/elsewhere/{sha256}.png"]
)
def test_nothing_but_its_own_pictures_is_removed(tmp_path, place):
    """Rows say where the files are; a forged one removes nothing else."""
    store = PictureStore(str(tmp_path / "pictures"))
    path = tmp_path / place.format(folder="pictures", sha256=SHA).lstrip("/")
    path.parent.mkdir(parents=True)
    path.write_text("keep")
    for url in (path.as_uri(), f"file://{tmp_path}/pictures/../{path.relative_to(tmp_path)}"):
        with pytest.raises(OutageError, match="is no picture of it"):
            store.remove(url)
    assert path.read_text() == "keep"
