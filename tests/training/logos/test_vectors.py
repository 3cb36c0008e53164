"""Vector logos from packages and files: each once, none of a brand that the photographs show."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from monitor.errors import SetupError
from training.logos.vectors import SIDE, draw_all, read_vectors

DISC = '<circle cx="20" cy="20" r="9" fill="#d33"/>'


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    icons = {
        name: {"body": DISC, "width": 80, "height": 40}
        for name in ("acme", "acme-icon", "google-cloud", "coca-cola", "hp", "hpe", "vmware")
    }
    write(tmp_path / "iconify.tgz", {"package/icons.json": json.dumps({"icons": icons, "height": 256})})
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">{DISC}</svg>'
    names = ("acme", "vmwaretanzu", "minio", "only")
    write(tmp_path / "simple-icons.tgz", {f"package/icons/{name}.svg": svg for name in names})
    (tmp_path / "own.svg").write_text(svg)
    return tmp_path


def write(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def test_names_come_once_and_brands_with_all_that_follows_stay_out(packages: Path) -> None:
    brands = ("google", "cocacola", "hp", "vmware", "mini")
    names = [logo.name for logo in read_vectors(packages, brands)]
    assert names == ["acme", "acme-icon", "hpe", "minio", "only", "own"]


def test_an_empty_folder_and_a_broken_package_are_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no vector logos"):
        read_vectors(tmp_path, ())
    (tmp_path / "broken.tgz").write_bytes(b"<html>")
    with pytest.raises(SetupError, match=r"broken\.tgz"):
        read_vectors(tmp_path, ())


def test_drawings_are_cut_to_their_ink_and_kept(packages: Path) -> None:
    logos = read_vectors(packages, ())
    cache = packages / "drawings.npz"
    drawn = draw_all(logos, cache)
    assert len(drawn) == len(logos)
    for drawing in drawn:
        assert drawing.shape == (SIDE, SIDE, 4), "a disc, whatever the frame around it"
        assert drawing[SIDE // 2, SIDE // 2].tolist() == [51, 51, 221, 255]
        assert drawing[0, 0, 3] == 0
    again = draw_all(logos, cache)
    assert all(np.array_equal(one, other) for one, other in zip(drawn, again, strict=True))
    assert len(draw_all(logos[:2], cache)) == 2, "of other logos it is drawn anew"
