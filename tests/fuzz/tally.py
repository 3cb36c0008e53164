"""What a run came to: counted in a mapped file, so that it outlives a process that dies in an input."""

import mmap
import struct
from pathlib import Path
from typing import NamedTuple

_FORM = struct.Struct("<Qdq")


class Came(NamedTuple):
    """Executions, processor seconds of the slowest one, most bytes beyond the start."""

    executions: int = 0
    slowest: float = 0.0
    memory: int = 0


class Tally:
    """The counting side; one process at a time."""

    def __init__(self, file: Path) -> None:
        file.write_bytes(_FORM.pack(*Came()))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _FORM.size)
        self._came = Came()

    def add(self, seconds: float, memory: int) -> None:
        """One more execution."""
        executions, slowest, most = self._came
        self._came = Came(executions + 1, max(slowest, seconds), max(most, memory))
        _FORM.pack_into(self._map, 0, *self._came)


def read(file: Path) -> Came:
    """What was counted; nothing where the process never came to count."""
    return Came(*_FORM.unpack(file.read_bytes())) if file.exists() else Came()
