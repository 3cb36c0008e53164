"""Input files as commands take them: names, `-` for standard input, one clear error where there is none."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from monitor.commands.terminal import say
from monitor.errors import SetupError

_PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp"})


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
    """Files as named, folders as the pictures below them (by suffix, sorted).

    `-` stands for the paths on standard input, one a line (`find ... | brand-monitor ...`).
    """
    for path in _paths(names):
        if path.is_dir():
            pictures = sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in _PICTURE_SUFFIXES and file.is_file()
            )
            if not pictures:
                say(f"{path}: no pictures in this folder ({', '.join(sorted(_PICTURE_SUFFIXES))})")
            yield from pictures
        else:
            yield path


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
