"""The batch writer by itself, with its roll-ups and without (`benchmarks/storage.py`)."""

from collections.abc import Sequence
from typing import Any, Final

MENTIONS: Final = 20_000


def measure(_kinds: Sequence[str], quick: bool) -> list[dict[str, Any]]:
    """A row a batch size, with roll-ups and without; no broker takes part."""
    from benchmarks.storage import writer_table  # a program by itself, whose helpers stand beside it

    return [dict(row) for row in writer_table(MENTIONS // 10 if quick else MENTIONS)]
