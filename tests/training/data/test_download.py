import hashlib
import random
from pathlib import Path

import msgspec
import pytest

from monitor.errors import OutageError, SetupError
from training.data.public.download import FRUITLESS_ATTEMPTS, Lock, RemoteFile, download

# Larger than several read chunks, and nowhere the same, so that a part put in the wrong place shows.
BODY = random.Random(1).randbytes(900_000)
SHA256 = hashlib.sha256(BODY).hexdigest()


class Waits(list[float]):
    """Stands in for `time.sleep`, so that no test waits."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def remote(server, **known: object) -> RemoteFile:
    return RemoteFile(name="set.zip", url=f"{server.url}/set.zip", **known)  # type: ignore[arg-type]


def fetch(file: RemoteFile, folder: Path, waits: Waits | None = None, **more: object) -> Path:
    lock = Lock(folder / "lock.json")
    return download(file, folder, lock, pause=Waits() if waits is None else waits, **more)  # type: ignore[arg-type]


def test_fetches_once(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY)
    file = remote(server, size=len(BODY), sha256=SHA256)
    path = fetch(file, tmp_path)
    assert path.read_bytes() == BODY
    assert fetch(file, tmp_path) == path
    assert len(server.requests) == 1
    assert {one.name for one in tmp_path.iterdir()} == {"set.zip"}


def test_goes_on_after_each_cut(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY, cuts=[100_000, 300_000, 7])
    seen: list[tuple[int, int | None]] = []
    path = fetch(
        remote(server, sha256=SHA256), tmp_path, progress=lambda done, total: seen.append((done, total))
    )
    assert path.read_bytes() == BODY
    assert [wanted for _, wanted in server.requests] == [
        "",
        "bytes=100000-",
        "bytes=400000-",
        "bytes=400007-",
    ]
    assert seen[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_next_run_goes_on_where_a_stopped_one_was(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY, cuts=[250_000])

    def stopped(_seconds: float) -> None:
        raise KeyboardInterrupt

    file = remote(server, sha256=SHA256)
    with pytest.raises(KeyboardInterrupt):
        download(file, tmp_path, Lock(tmp_path / "lock.json"), pause=stopped)
    assert (tmp_path / "set.zip.part").stat().st_size == 250_000
    assert fetch(file, tmp_path).read_bytes() == BODY
    assert server.requests[-1][1] == "bytes=250000-"


def test_starts_again_when_the_file_changed_meanwhile(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY[::-1], etag='"old"', cuts=[250_000])

    def replaced(_seconds: float) -> None:
        server.serve("set.zip", BODY, etag='"new"')

    path = download(remote(server, sha256=SHA256), tmp_path, Lock(tmp_path / "lock.json"), pause=replaced)
    assert path.read_bytes() == BODY


def test_starts_again_when_the_server_marks_no_version(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY, etag="", cuts=[250_000])
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY
    assert [wanted for _, wanted in server.requests] == ["", ""]


def test_weak_entity_tags_are_no_ground_to_resume(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY, etag='W/"one"', cuts=[250_000])
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY
    assert [wanted for _, wanted in server.requests] == ["", ""]


def test_a_part_that_is_already_whole_is_recognised(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY)
    (tmp_path / "set.zip.part").write_bytes(BODY)
    (tmp_path / "set.zip.part.version").write_text('"one"')
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY


def test_a_part_longer_than_the_file_is_thrown_away(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY)
    (tmp_path / "set.zip.part").write_bytes(BODY + b"more")
    (tmp_path / "set.zip.part.version").write_text('"one"')
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY


def test_follows_redirects_and_keeps_the_range(server, tmp_path: Path) -> None:
    server.serve("set.zip", b"", location=f"{server.url}/store/abc")
    server.serve("store/abc", BODY, cuts=[250_000])
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY
    assert server.requests[-1] == ("/store/abc", "bytes=250000-")


def test_goes_through_the_proxy_of_the_environment(server, tmp_path: Path, monkeypatch) -> None:
    file = RemoteFile(name="set.zip", url="http://data.example.com/set.zip", sha256=SHA256)
    server.serve(file.url, BODY, cuts=[250_000])
    monkeypatch.setenv("http_proxy", server.url)
    assert fetch(file, tmp_path).read_bytes() == BODY
    assert server.requests[-1] == (file.url, "bytes=250000-")


def test_goes_past_the_proxy_where_the_environment_says_so(server, tmp_path: Path, monkeypatch) -> None:
    server.serve("set.zip", BODY)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch(remote(server, sha256=SHA256), tmp_path).read_bytes() == BODY


def test_waits_longer_each_time_for_a_busy_server(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY, failures=[503, 429, 500])
    waits = Waits()
    assert fetch(remote(server, sha256=SHA256), tmp_path, waits).read_bytes() == BODY
    assert waits == [1.0, 2.0, 4.0]


def test_gives_up_on_a_server_that_stays_away(server, tmp_path: Path) -> None:
    gone = remote(server)
    server.stop()
    waits = Waits()
    with pytest.raises(OutageError, match="attempts in a row"):
        fetch(gone, tmp_path, waits)
    assert len(waits) == FRUITLESS_ATTEMPTS - 1


def test_an_address_that_is_gone_is_not_tried_again(server, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"HTTP 404.*--from"):
        fetch(remote(server), tmp_path)
    assert len(server.requests) == 1


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"size": 5, "sha256": SHA256}])
def test_a_wrong_file_is_refused_and_deleted(server, tmp_path: Path, known: dict[str, object]) -> None:
    server.serve("set.zip", BODY)
    with pytest.raises(SetupError, match="is not the expected file"):
        fetch(remote(server, **known), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_spoilt_on_disk_is_refused(server, tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(BODY[:-1])
    with pytest.raises(SetupError, match="SHA-256"):
        fetch(remote(server, sha256=SHA256), tmp_path)


def test_without_a_published_hash_the_first_download_is_the_measure(server, tmp_path: Path) -> None:
    server.serve("set.zip", BODY)
    fetch(remote(server), tmp_path)
    locked = msgspec.json.decode((tmp_path / "lock.json").read_bytes())
    assert locked[f"{server.url}/set.zip"] | {"first_fetched_at": ""} == {
        "sha256": SHA256,
        "size": len(BODY),
        "first_fetched_at": "",
    }
    (tmp_path / "set.zip").unlink()
    server.serve("set.zip", BODY + b"!")
    with pytest.raises(SetupError, match="of the first download, in the lock file"):
        fetch(remote(server), tmp_path)


def test_a_broken_lock_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text("{")
    with pytest.raises(SetupError, match=r"lock\.json"):
        Lock(tmp_path / "lock.json")
