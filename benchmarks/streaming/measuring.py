"""Time and CPU time, of this process and of others."""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment: seconds of the clock, and CPU seconds since some process began."""

    at: float
    cpu: float

    def __sub__(self, earlier: "Mark") -> "Mark":
        return Mark(self.at - earlier.at, self.cpu - earlier.cpu)


def here() -> Mark:
    """Now, in this process with all its threads."""
    return Mark(time.perf_counter(), time.process_time())


def of(pids: Iterable[int]) -> Mark:
    """Now, in these processes together; one that has ended counts for nothing."""
    return Mark(time.perf_counter(), sum(cpu(pid) for pid in pids))


def cpu(pid: int) -> float:
    """CPU seconds of a process with all its threads, 0 where it has ended."""
    return _cpu(Path(f"/proc/{pid}/stat"))


def threads(pid: int) -> dict[int, tuple[str, float]]:
    """Name and CPU seconds of each thread of a process."""
    return {
        int(task.name): ((task / "comm").read_text().strip(), _cpu(task / "stat"))
        for task in Path(f"/proc/{pid}/task").iterdir()
    }


def tree(pid: int) -> list[int]:
    """A process and all that came of it; PostgreSQL's postmaster with its servers."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _fields(entry / "stat")
            if fields:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def resident(pid: int) -> int:
    """Bytes of memory that a process holds, 0 where it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def _cpu(stat: Path) -> float:
    fields = _fields(stat)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _fields(stat: Path) -> list[str]:
    """Those after the name, which may hold anything."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
