"""What the rows of a table have in common, and what a line can be: a row, a beginning, an end of a cell."""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

_FEW: Final = 0.1
"""Share of a column's cells that may be otherwise while the others have to be so."""
_SHORT: Final = 0.3
"""Share of rows that may be short: pieces of the faulty ones. Programs that leave out cells at the end leave
them out of more."""
_ENOUGH: Final = 2
"""Cells from which on a column is known."""
_WORD: Final = r"\S*"
_PROPERTIES: Final = (_WORD, r"\d+", r"\d.*", r"https?://\S+", r"\S{2}")
"""What cells of a column may share: one word, a number, a date, an address, a language."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the lines of rows without a fault have in common, by column."""

    likes: tuple[Callable[[str], object] | None, ...]
    """Something, where a cell is like the others of its column; None: they have nothing in common."""
    words: frozenset[int]
    """Columns of single words."""
    quoted: bool
    """Every row begins with a quote."""
    even: bool
    """Every row is as wide as the heading."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]], width: int, *, quoted: bool) -> Self:
        """From rows of which most are right; one may be anything."""
        full = [cells for cells in rows if len(cells) == width]
        columns = [[cells[at] for cells in full] for at in range(width)]
        shared = [[one for one in _PROPERTIES if _hold(one, cells)] for cells in columns]
        return cls(
            likes=tuple(_like(*each) for each in zip(columns, shared, strict=True)),
            words=frozenset(at for at, held in enumerate(shared) if _WORD in held),
            quoted=quoted,
            even=mostly(len(full), len(rows), _SHORT),
        )

    def is_broken(self, cells: Sequence[str]) -> bool:
        """Whether a line ends in a cell whose column has words only."""
        return any("\n" in cell for at, cell in enumerate(cells) if at in self.words)

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether cells are like those of their columns; the last ones may be missing."""
        for like, cell in zip(self.likes, cells, strict=False):
            if like is not None and not like(cell):
                return False
        return True


NO_SHAPE: Final = Shape((), frozenset(), quoted=False, even=False)
"""Nothing is known."""


def _hold(property: str, cells: Sequence[str]) -> bool:
    """Whether all cells but a few have it, of those that are not empty."""
    full = [cell for cell in cells if cell.strip()]
    return mostly(sum(re.fullmatch(property, cell) is not None for cell in full), len(full))


def _like(cells: Sequence[str], properties: Sequence[str]) -> Callable[[str], object] | None:
    """Having all these, and not being empty where the others are not."""
    never_empty = mostly(sum(bool(cell.strip()) for cell in cells), len(cells))
    if not properties:
        return str.strip if never_empty else None
    all_of = "".join(f"(?={one}\\Z)" for one in properties) + r"[\s\S]"
    return re.compile(all_of if never_empty else rf"\s*\Z|{all_of}").match


def mostly(some: int, all: int, few: float = _FEW) -> bool:
    """Whether so many of them are enough to say that all should be."""
    return some >= _ENOUGH and all - some <= max(1, all * few)


def whole(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line that is a row by itself, by RFC 4180; None where it is none."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(delimiter) if line else None
    if not patterns(delimiter).whole.fullmatch(line):
        return None
    return next(csv.reader([line], delimiter=delimiter, strict=True), None)


@dataclass(frozen=True, slots=True)
class Patterns:
    """What a line can be, by RFC 4180."""

    whole: re.Pattern[str]
    opens: re.Pattern[str]
    """A row up to a quote that the line does not close."""
    closes: re.Pattern[str]
    """The rest of a quoted cell, and perhaps further cells."""
    closes_and_opens: re.Pattern[str]


@cache
def patterns(delimiter: str) -> Patterns:
    """Of lines without their end."""
    d = re.escape(delimiter)
    quoted, plain, rest = r'"(?:[^"]|"")*+"', rf'[^"{d}]*+', r'(?:[^"]|"")*+'
    cell = rf"(?:{quoted}|{plain})"
    return Patterns(
        re.compile(rf"{cell}(?:{d}{cell})*+"),
        re.compile(rf'(?:{cell}{d})*"{rest}'),
        re.compile(rf'{rest}"(?:{d}{cell})*+'),
        re.compile(rf'{rest}"(?:{d}{cell})*{d}"{rest}'),
    )
