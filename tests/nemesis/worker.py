"""The real command, with a model that dies of certain words: `python worker.py worker --agents all`.

Only the innermost scoring function is replaced, and it acts only on texts that hold a word of `Deadly`.
"""

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

KILLS: Final = "nemesiskills"
"""Dies at once, as by a segmentation fault."""
HANGS: Final = "nemesishangs"
"""Never returns; other threads go on."""
SPINS: Final = "nemesisspins"
"""Never returns, and computes in Python meanwhile."""
SEIZES: Final = "nemesisseizes"
"""Never returns, and never lets another thread run: what a regular expression can come to."""
SWELLS: Final = "nemesisswells"
"""Takes memory until there is none."""

_ROOM: Final = 256 * 2**20
"""Bytes that the process may take beyond what it has when the first such text comes."""


def act(texts: Sequence[str]) -> None:
    """Do what the texts say."""
    for text in texts:
        if KILLS in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if HANGS in text:
            while True:
                time.sleep(3600)
        if SPINS in text:
            while True:
                pass
        if SEIZES in text:
            re.match(r"(a+)+$", "a" * 64 + "b")
        if SWELLS in text:
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (size + _ROOM, resource.RLIM_INFINITY))
            hoard = []
            while True:
                hoard.append(bytearray(b"x") * (16 * 2**20))


def main() -> None:
    """Become the worker."""
    sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).parent)]
    from monitor.sentiment import Asked, SentimentScorer

    answer = SentimentScorer.answer

    def deadly(self: SentimentScorer, asked: Sequence[Asked]) -> Any:
        act([one.text if isinstance(one.text, str) else one.text.text for one in asked])
        return answer(self, asked)

    SentimentScorer.answer = deadly  # type: ignore[method-assign]
    from monitor.cli import main as command

    command()


if __name__ == "__main__":
    main()
