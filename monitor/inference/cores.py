"""The CPU cores that all models of a process share: a run takes one of them, and several go side by side.

ONNX Runtime would give every session threads of its own, one a core, which keep their cores busy while they
wait for work: with four models in one worker that is four threads a core, and two fifths of the CPU time of a
picture. Runs of one thread each take no more CPU however many go at once.
"""

import math
import os
from collections import deque
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final, Self

_CONTROL_GROUPS: Final = Path("/sys/fs/cgroup")


class Cores:
    """So many places for runs, taken by turns: `with cores:` waits until one is free.

    Whoever came first goes first, so that pictures, of which each is many runs, leave texts their turn.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._free = count
        self._waiting: deque[Lock] = deque()
        self._lock = Lock()

    def __enter__(self) -> Self:
        with self._lock:
            if self._free:
                self._free -= 1
                return self
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def shared_cores(threads: int) -> Cores:
    """Those of this process that all models asked to keep to `threads` share; 0: as many as it may use."""
    return _cores(threads or _usable())


@cache
def _cores(count: int) -> Cores:
    return Cores(count)


def _usable() -> int:
    """Not all of a machine's where the process was told to keep to some: taskset, a container's limit."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = quota()
    return there if limit is None else max(1, min(there, math.ceil(limit)))


def quota(folder: Path = _CONTROL_GROUPS) -> float | None:
    """CPUs' worth of time that the control group of a container grants; None: no limit.

    Version 2 (cpu.max), then 1: docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files and
    docs.kernel.org/scheduler/sched-bwc.html#management.
    """
    try:
        granted, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            granted, period = (
                (folder / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
        except OSError:
            return None
    try:
        limit = int(granted) / int(period)
    except (ValueError, ZeroDivisionError):  # "max"
        return None
    return limit if limit > 0 else None  # version 1 says -1
