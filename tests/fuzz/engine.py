"""Runs one target under libFuzzer in a process of its own, and notes every execution in a small shared file.

`python -m tests.fuzz.engine TARGET TALLY [libFuzzer's flags and corpus folders]`; people start it through
`python -m tests.fuzz`.
"""

import contextlib
import importlib
import os
import resource
import sys
import time
from pathlib import Path

import atheris

from tests.fuzz.tally import Tally

MEMORY = 512 * 2**20
"""Bytes an input may take beyond what the process holds at the start."""
SECONDS = 1.0
"""Processor time of an input; the time on the clock would say what else the machine does."""
HANG = 20
"""Seconds on the clock, after which libFuzzer itself ends an input that computes nothing."""
INSTRUMENTED = ["monitor", "tomllib", "tomlkit"]


class TooMuchError(Exception):
    """An input took longer or more memory than any may."""


def main() -> None:
    """Import the target instrumented, limit the memory, fuzz; does not return."""
    name, tally_file, *flags = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        target = importlib.import_module(f"tests.fuzz.targets.{name}")
    check = target.check
    for seed in target.seeds():  # whatever is loaded or compiled at first use belongs to the start
        with contextlib.suppress(Exception):  # libFuzzer finds it again
            check(seed)
    tally = Tally(Path(tally_file))
    began = _most_memory()
    limit = _address_space() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    def execute(data: bytes) -> None:
        start = time.process_time()
        try:
            check(data)
        finally:
            took, memory = time.process_time() - start, _most_memory() - began
            tally.add(took, memory)
        if took > SECONDS:
            raise TooMuchError(f"{took:.2f} s of processor time")
        if memory > MEMORY:
            raise TooMuchError(f"{memory >> 20} MiB beyond the start")

    limits = [f"-timeout={HANG}", f"-rss_limit_mb={(began + MEMORY) >> 20}", f"-max_len={target.LONGEST}"]
    atheris.Setup([sys.argv[0], *limits, *flags], execute)
    atheris.Fuzz()


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
