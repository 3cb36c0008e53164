"""What people would write instead, in the same run (`benchmarks.peers`)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.peers import compare
from benchmarks.streaming import brokers


def measure(kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a broker and program."""
    records, kills = (400, 1) if quick else (2000, 3)
    rows: list[dict[str, Any]] = []
    for kind in kinds:
        with brokers.broker(kind) as url:
            found = compare(records=records, kills=kills, bootstrap=url.removeprefix("kafka://"))
        rows += [{"broker": kind, **asdict(one)} for one in found]
    return rows
