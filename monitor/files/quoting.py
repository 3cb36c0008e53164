"""Rows of delimited text, and where the next one begins after a row whose quotes are wrong.

After such a row nobody knows whether the lines that follow are rows or the rest of its cell. They are told by
what they look like: a line that closes a quote which it did not open ends the cell; a line with as many cells
as the heading, each like those of its column, is a row. A line that could be either is never made a mention.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self, TextIO

LONGEST: Final = 2**24
"""Characters of a line, of a cell, and of what is read ahead: more than any text that is taken, and memory
stays small."""

_LIKE: Final = 0.9
"""Share of a column's cells from which on all of them have to be so."""
_ENOUGH: Final = 3
"""Cells from which on a column is known."""
_PROPERTIES: Final = tuple(
    re.compile(pattern) for pattern in (r".*\S.*", r"\d+", r"\S*", r"\d.*", r"https?://\S+", r"\S{2}")
)


@dataclass(frozen=True, slots=True)
class Cells:
    """A row, its cells unquoted, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Fault:
    """Lines, first and last, that make no row, and why; `raw` as they stand."""

    first: int
    last: int
    why: str
    raw: str

    @property
    def where(self) -> str:
        """ "line 3", or "lines 3 to 5"."""
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


class Lines:
    """Lines of a text, which can be given back; none is longer than `LONGEST`."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._back: deque[str] = deque()
        self.number = 0
        """Of the last line taken."""

    def take(self) -> str | None:
        """The next line with its end, None after the last. Raises `csv.Error` for one that is too long, which
        is passed over."""
        line = self._back.popleft() if self._back else self._text.readline(LONGEST)
        if not line:
            return None
        self.number += 1
        if len(line) == LONGEST and not line.endswith(("\n", "\r")):
            while (rest := self._text.readline(LONGEST)) and not rest.endswith(("\n", "\r")):
                pass
            raise csv.Error(f"a line of more than {LONGEST:,} characters")
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        """Take them again, in this order."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the lines of rows without a fault have in common, by column."""

    required: tuple[tuple[re.Pattern[str], ...], ...]
    quoted: bool
    """Every row begins with a quote."""

    @classmethod
    def of(cls, lines: Sequence[str], delimiter: str, width: int) -> Self:
        """From lines behind the heading, of which most are rows."""
        rows = [cells for line in lines if (cells := _whole(line, delimiter)) and len(cells) == width]
        required = []
        for at in range(width):
            cells = [row[at] for row in rows]
            full = [cell for cell in cells if cell.strip()]
            held = [
                one
                for one in _PROPERTIES
                if len(cells) >= _ENOUGH
                and sum(
                    one.fullmatch(cell) is not None for cell in (cells if one is _PROPERTIES[0] else full)
                )
                >= _LIKE * max(1, len(cells if one is _PROPERTIES[0] else full))
            ]
            required.append(tuple(held if full else ()))
        quoted = [line.startswith('"') for line in lines if line.strip()]
        return cls(tuple(required), len(quoted) >= _ENOUGH and sum(quoted) >= _LIKE * len(quoted))

    def fits(self, cells: Sequence[str]) -> bool:
        """Whether cells are like those of their columns; the last ones may be missing."""
        return all(
            one.fullmatch(cell) is not None
            for cell, needed in zip(cells, self.required, strict=False)
            for one in needed
            if cell.strip() or one is _PROPERTIES[0]
        )


def _whole(line: str, delimiter: str) -> list[str] | None:
    """The cells of a line that is a row by itself, by RFC 4180; None where it is none."""
    line = line.rstrip("\r\n")
    if '"' not in line:
        return line.split(delimiter) if line else None
    if not _patterns(delimiter).whole.fullmatch(line):
        return None
    return next(csv.reader([line], delimiter=delimiter, strict=True), None)


@dataclass(frozen=True, slots=True)
class _Patterns:
    whole: re.Pattern[str]
    opens: re.Pattern[str]
    """A row up to a quote that the line does not close."""
    closes: re.Pattern[str]
    """The rest of a quoted cell, and perhaps further cells."""
    closes_and_opens: re.Pattern[str]


def _patterns(delimiter: str) -> _Patterns:
    d = re.escape(delimiter)
    quoted, plain, rest = r'"(?:[^"]|"")*+"', rf'[^"{d}]*+', r'(?:[^"]|"")*+'
    cell = rf"(?:{quoted}|{plain})"
    return _Patterns(
        re.compile(rf"{cell}(?:{d}{cell})*+"),
        re.compile(rf'(?:{cell}{d})*"{rest}'),
        re.compile(rf'{rest}"(?:{d}{cell})*+'),
        re.compile(rf'{rest}"(?:{d}{cell})*{d}"{rest}'),
    )


class Reader:
    """Rows and faults, in order."""

    def __init__(self, lines: Lines, delimiter: str, width: int, shape: Shape) -> None:
        self._lines, self._delimiter, self._width, self._shape = lines, delimiter, width, shape
        self._patterns = _patterns(delimiter)
        self._spaced = re.compile(rf'(?:^|{re.escape(delimiter)})[ \t]+"')
        csv.field_size_limit(LONGEST)

    def next_row(self) -> list[str] | None:
        """One row; None at the end. Raises `csv.Error`."""
        return self._row([])

    def __iter__(self) -> Iterator[Cells | Fault]:
        while True:
            first, taken = self._lines.number + 1, list[str]()
            try:
                cells = self._row(taken)
            except csv.Error as error:
                yield from self._after_fault(first, taken, str(error))
                continue
            if cells is None:
                return
            if not any(cells):
                continue
            if len(cells) > self._width and any(cells[self._width :]):
                why = f"{len(cells)} cells under {self._width} column names"
                remedy = "; quote cells that hold the delimiter"
                yield Fault(first, self._lines.number, why + remedy, "".join(taken))
                continue
            yield Cells(first, cells[: self._width])

    def _row(self, taken: list[str]) -> list[str] | None:
        line = self._lines.take()
        if line is None:
            return None
        taken.append(line)
        if '"' not in line:
            return line.rstrip("\r\n").split(self._delimiter)

        def further() -> Iterator[str]:
            size = len(line)
            while (more := self._lines.take()) is not None:
                taken.append(more)
                size += len(more)
                if size > LONGEST:
                    raise csv.Error(f"a row of more than {LONGEST:,} characters")
                yield more

        spaced = self._spaced.search(line) is not None
        whole = chain((line,), further())
        return next(csv.reader(whole, delimiter=self._delimiter, strict=True, skipinitialspace=spaced), [])

    def _after_fault(self, first: int, taken: list[str], why: str) -> Iterator[Cells | Fault]:
        """The fault with the lines that belong to it, and rows on lines without a quote that follow."""
        if not taken:
            yield Fault(first, first, why, "")
            return
        bad, at = taken[:1], first
        self._lines.give_back(taken[1:])
        while True:
            before = self._lines.number
            ahead = self._ahead()
            if not ahead:
                break
            last = ahead[-1].rstrip("\r\n")
            quoted = '"' in last.replace('""', "")
            begins = self._begins(ahead[-1])
            if quoted and not begins and self._patterns.closes.fullmatch(last):
                bad += ahead
                break
            if quoted and not begins and self._patterns.closes_and_opens.fullmatch(last):
                bad += ahead
                continue
            for number, line in enumerate(ahead[:-1] if quoted else ahead, before + 1):
                cells = _whole(line, self._delimiter)
                if cells is not None and self._is_row(cells) and not self._shape.quoted:
                    if bad:
                        yield Fault(at, at + len(bad) - 1, why, "".join(bad))
                        bad = []
                    yield Cells(number, cells)
                else:
                    if not bad:
                        at, why = number, "not like the other rows, after one whose quotes are wrong"
                    bad.append(line)
            if quoted and begins:
                self._lines.give_back(ahead[-1:])
                break
            if quoted:
                if not bad:
                    at, why = self._lines.number, "its quotes are wrong"
                bad.append(ahead[-1])
        if bad:
            yield Fault(at, at + len(bad) - 1, why, "".join(bad))

    def _ahead(self) -> list[str]:
        """Lines up to the next one with a quote, or as many as may be looked at."""
        ahead: list[str] = []
        size = 0
        try:
            while size < LONGEST and (line := self._lines.take()) is not None:
                ahead.append(line)
                size += len(line)
                if '"' in line.replace(
                    '""', ""
                ):  # two are a quote in a cell, or an empty one: both tell nothing
                    break
        except csv.Error:
            pass  # a line that is too long is no row
        return ahead

    def _begins(self, line: str) -> bool:
        """Whether a row begins with this line: one without a fault, or one that begins like the others and
        has a fault of its own."""
        cells = _whole(line, self._delimiter)
        if cells is not None:
            return self._is_row(cells)
        line = line.rstrip("\r\n")
        start = line.partition('"')[0].split(self._delimiter)[:-1]
        if self._patterns.opens.fullmatch(line):
            return (
                len(start) < self._width and self._shape.fits(start) and (bool(start) or self._shape.quoted)
            )
        known = any(needed for needed in self._shape.required[: len(start)])
        return bool(start) and known and self._shape.fits(start)

    def _is_row(self, cells: Sequence[str]) -> bool:
        return len(cells) == self._width and self._shape.fits(cells)
