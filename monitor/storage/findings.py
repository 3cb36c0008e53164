"""What an audit finds, in words: faults, and notes that are no faults."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

NAMED: Final = 20
"""Of one kind that are named one by one; of more, how many there are."""


@dataclass
class Findings:
    """Lines as they are found."""

    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def span(gap: Sequence[int]) -> str:
    """First and last offset, in words."""
    first, last = gap
    return f"offset {first}" if first == last else f"offsets {first} to {last}"


def few(lines: Sequence[str], of: int | None = None) -> list[str]:
    """The first `NAMED` lines, and how many more there are (`of` in all)."""
    named = list(lines[:NAMED])
    more = (len(lines) if of is None else of) - len(named)
    return [*named, f"... and {more:,} more of these"] if more else named
