"""Folders of pictures: told by what files hold, and nothing is left out without a word."""

import os
from pathlib import Path

import pytest

from monitor.commands.files import pictures_of

SAMPLES = Path(__file__).parents[2] / "samples" / "pictures"
JPEG = (SAMPLES / "coffee.jpg").read_bytes()
WEBP = (SAMPLES / "cat.webp").read_bytes()
PNG = (SAMPLES / "backdrop-palette.png").read_bytes()
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(40)
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + bytes(40)


def folder_of(folder: Path, **files: bytes) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_pictures_are_told_by_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "a.jfif": JPEG,
        "b.jpe": JPEG,
        "c": WEBP,
        "d.txt": PNG,
        "deep/e.HEIC": HEIC,
        "deep/f.avif": AVIF,
        "deep/g.PNG": PNG,
        "h.gif": b"GIF89a" + bytes(40),
        "i.svg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
        "j.bmp": b"BM" + bytes(60),
        "k.dng": b"II*\0" + bytes(60),
    }
    folder_of(tmp_path, **files)
    assert [str(path.relative_to(tmp_path)) for path in pictures_of([str(tmp_path)])] == sorted(files)
    assert capsys.readouterr().err == ""


def test_what_is_named_like_a_picture_is_for_its_reader_to_refuse(tmp_path: Path) -> None:
    folder_of(tmp_path, **{"a.jpg": b"", "b.png": b"<html>404</html>"})
    assert [path.name for path in pictures_of([str(tmp_path)])] == ["a.jpg", "b.png"]


def test_other_files_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    others = {
        ".DS_Store": b"\0\0\0\x01Bud1",
        "._a.jpg": b"\0\5\x16\7",
        "deep/notes.txt": b"BMW and others",
        "movie.mp4": VIDEO,
        "page": b"<!doctype html><html><body><svg></svg></body></html>",
    }
    folder_of(tmp_path, **others, **{"a.jpg": JPEG})
    os.mkfifo(tmp_path / "pipe.jpg")
    (found,) = pictures_of([str(tmp_path)])
    assert found.name == "a.jpg"
    assert capsys.readouterr().err == (
        f"{tmp_path}: 6 files are no pictures and left out (.DS_Store, ._a.jpg, deep/notes.txt, ...)\n"
    )


def test_a_folder_without_pictures_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(pictures_of([str(folder_of(tmp_path, **{"notes": b""}))])) == []
    assert capsys.readouterr().err == (
        f"{tmp_path}: 1 file is no picture and left out (notes)\n{tmp_path}: no pictures in this folder\n"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shut = folder_of(tmp_path, **{"shut/a.jpg": JPEG, "b.jpg": JPEG}) / "shut"
    shut.chmod(0)
    try:
        assert [path.name for path in pictures_of([str(tmp_path)])] == ["b.jpg"]
    finally:
        shut.chmod(0o700)
    assert "left out: " in (told := capsys.readouterr().err)
    assert str(shut) in told


def test_files_that_are_named_are_taken_as_they_are(tmp_path: Path) -> None:
    assert list(pictures_of([str(tmp_path / "none.txt")])) == [tmp_path / "none.txt"]
