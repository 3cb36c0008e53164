"""Input files as commands take them: names, `-` for standard input, one clear error where there is none."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Final

import typer

from monitor.commands.terminal import say
from monitor.errors import SetupError
from monitor.pictures import BEGINNING, is_picture

From = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="PROGRAM",
        help="Whose export it is: docs/importing.md names them; `lines`: each line is a text.",
    ),
]

_PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"})
_NAMED: Final = 3
"""Files without a picture that are told by name; the others are counted."""


def file_or_input(name: str) -> Path | BinaryIO:
    """The file's path, or standard input for `-`."""
    return _standard_input() if name == "-" else Path(name)


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """The file's bytes, or standard input for `-`. Raises `SetupError` where it cannot be opened."""
    if name == "-":
        yield _standard_input()
        return
    try:
        stream = Path(name).open("rb")  # noqa: SIM115 - closed below; only opening it is guarded
    except OSError as error:
        raise SetupError(f"cannot read {name}: {error.strerror}") from error
    with stream:
        yield stream


def pictures_of(names: Iterable[str]) -> Iterator[Path]:
    """Files as named, folders as the pictures below them, sorted; what else is there is told in one line.

    A picture is what begins like one, of any format, or is named like one: whoever reads it says what is
    wrong with it. `-` stands for the paths on standard input, one a line (`find ... | brand-monitor ...`).
    """
    for path in _paths(names):
        if path.is_dir():
            yield from _pictures_below(path)
        else:
            yield path


def _pictures_below(folder: Path) -> Iterator[Path]:
    others: list[str] = []
    found = 0
    for file in sorted(_files_below(folder)):
        if _is_picture(file):
            found += 1
            yield file
        else:
            others.append(str(file.relative_to(folder)))
    if others:
        names = ", ".join(others[:_NAMED]) + (", ..." if len(others) > _NAMED else "")
        count = f"{len(others):,} file{'s are no pictures' if len(others) > 1 else ' is no picture'}"
        say(f"{folder}: {count} and left out ({names})")
    if not found:
        say(f"{folder}: no pictures in this folder")


def _files_below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder, onerror=lambda error: say(f"left out: {error}")):
        yield from (Path(place, name) for name in names)


def _is_picture(file: Path) -> bool:
    hidden = file.name.startswith(".")  # as macOS leaves ._IMG_1.jpg beside each IMG_1.jpg
    named = file.suffix.lower() in _PICTURE_SUFFIXES and not hidden
    try:
        if not file.is_file():  # nor a pipe, which would be waited for; who reads a link to nothing tells so
            return named and not file.exists()
        if named:
            return True
        with file.open("rb") as stream:
            return is_picture(stream.read(BEGINNING))
    except OSError:
        return True  # nobody knows: whoever reads it says why it cannot


def _paths(names: Iterable[str]) -> Iterator[Path]:
    for name in names:
        if name == "-":
            # File names are bytes, in no encoding that everybody keeps to.
            yield from (Path(os.fsdecode(line.rstrip(b"\r\n"))) for line in _standard_input() if line.strip())
        else:
            yield Path(name)


def _standard_input() -> BinaryIO:
    """A reader of its own, never closed: Ctrl-C may come while a thread waits in it.

    Python closes `sys.stdin` on its way out and aborts where a thread holds its lock.
    """
    return open(0, "rb", closefd=False)
