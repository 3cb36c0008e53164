"""Rows of delimited text, and where the next one begins after a row whose quotes are wrong.

After such a row nobody knows whether the lines that follow are rows or the rest of its cell. They are told by
what they look like: a line that closes a quote which it did not open ends the cell; a line with as many cells
as the heading, each like those of its column, is a row. A line that could be neither is never made a mention.
"""

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final, TextIO

from monitor.files.shapes import NO_SHAPE, Shape, mostly, patterns, whole

LONGEST: Final = 2**24
"""Characters of a line, of a cell, and of what is read ahead: more than any text that is taken, and memory
stays small."""

_MOST_ROWS: Final = 1_000
"""By which the others are judged."""
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_MOST_HELD: Final = 100
"""Rows unlike the others that are held until it is known whether they are pieces of one."""


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


class Reader:
    """Rows and faults, in order."""

    def __init__(self, lines: Lines, delimiter: str, width: int, shape: Shape) -> None:
        self._lines, self._delimiter, self._width, self._shape = lines, delimiter, width, shape
        self._patterns = patterns(delimiter)
        self._spaced = re.compile(rf'(?:^|{re.escape(delimiter)})[ \t]+"')
        csv.field_size_limit(LONGEST)

    def next_row(self) -> list[str] | None:
        """One row; None at the end. Raises `csv.Error`."""
        return self._row([])

    def __iter__(self) -> Iterator[Cells | Fault]:
        """Rows are held until one follows that is like the others: a line that closes a quote which nobody
        opened says that the rows before it, back to one like the others, are pieces of one."""
        held: list[tuple[Cells, list[str]]] = []
        while True:
            first, taken = self._lines.number + 1, list[str]()
            try:
                cells = self._row(taken)
                if cells is None:
                    break
                if not any(cells):
                    continue
                self._check(cells, taken)
            except csv.Error as error:
                why, sure = str(error), 1
                if held and taken and self._closes(taken[0]):
                    first, why = held[0][0].line, f"{why}; a quote that was not opened"
                    before = [line for _, lines in held for line in lines]
                    taken, sure = before + taken, len(before) + 1
                    held.clear()
                yield from (row for row, _ in held)
                held.clear()
                yield from self._after_fault(first, taken, why, sure)
                continue
            if len(held) == _MOST_HELD or self._is_row(cells):
                yield from (row for row, _ in held)
                held.clear()
            held.append((Cells(first, cells[: self._width]), taken))
        yield from (row for row, _ in held)

    def _check(self, cells: list[str], taken: list[str]) -> None:
        """Raise `csv.Error` for what the reader lets pass and is no row."""
        if len(cells) > self._width and any(cells[self._width :]):
            raise csv.Error(
                f"{len(cells)} cells under {self._width} column names; quote cells that hold the delimiter"
            )
        if len(cells) < self._width and self._shape.even:
            raise csv.Error(f"{len(cells)} cells under {self._width} column names: a piece of a row")
        if len(taken) > 1 and self._shape.is_broken(cells):
            raise csv.Error("a line ends inside of a cell that is one word in other rows")
        text = "".join(taken).rstrip("\r\n")
        if '"' in text and not self._patterns.whole.fullmatch(text) and not self._is_row(cells):
            raise csv.Error("a quote inside of a cell that is not quoted")

    def _closes(self, line: str) -> bool:
        """Whether this line ends a quoted cell, and no row begins with it."""
        line = line.rstrip("\r\n")
        ends = self._patterns.closes.fullmatch(line) or self._patterns.closes_and_opens.fullmatch(line)
        return ends is not None and not self._begins(line)

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

    def _after_fault(self, first: int, taken: list[str], why: str, sure: int) -> Iterator[Cells | Fault]:
        """The fault with the lines that belong to it, of which `sure` do for sure, and rows on lines without
        a quote that follow."""
        if not taken:
            yield Fault(first, first, why, "")
            return
        bad, at = taken[:sure], first
        self._lines.give_back(taken[sure:])
        while True:
            before = self._lines.number
            ahead = self._ahead()
            if not ahead:
                break
            last = ahead[-1].rstrip("\r\n")
            quoted = '"' in last.replace('""', "")
            begins = self._begins(last)
            quotes = "".join(bad).count('"')
            # Where both can be, pairs of quotes say that the cell was closed.
            inside = not begins or (self._begins_badly(last) and (quotes % 2 == 1 or not quotes))
            if quoted and inside and self._patterns.closes.fullmatch(last):
                bad += ahead
                break
            if quoted and inside and self._patterns.closes_and_opens.fullmatch(last):
                bad += ahead
                continue
            for number, line in enumerate(ahead[:-1] if quoted else ahead, before + 1):
                cells = whole(line, self._delimiter)
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
        line = line.rstrip("\r\n")
        cells = whole(line, self._delimiter)
        if cells is not None:
            return self._is_row(cells)
        start = line.partition('"')[0].split(self._delimiter)[:-1]
        if self._patterns.opens.fullmatch(line):
            fits = len(start) < self._width and self._shape.fits(start)
            return fits and (bool(start) or self._shape.quoted)
        known = any(like is not None for like in self._shape.likes[: len(start)])
        return bool(start) and known and self._shape.fits(start)

    def _begins_badly(self, line: str) -> bool:
        """Of a line with which a row begins: whether that row has a fault."""
        return whole(line, self._delimiter) is None and not self._patterns.opens.fullmatch(line)

    def _is_row(self, cells: Sequence[str]) -> bool:
        return len(cells) == self._width and self._shape.fits(cells)


def shape_of(text: str, skip: int, delimiter: str, width: int) -> Shape:
    """Of a table's beginning, whose heading stands behind `skip` lines."""
    lines = Lines(io.StringIO(text, newline=""))
    for _ in range(skip):
        lines.take()
    reader = Reader(lines, delimiter, width, NO_SHAPE)
    try:
        reader.next_row()
    except csv.Error:
        return NO_SHAPE
    rows = [row for row in islice(reader, _MOST_ROWS) if isinstance(row, Cells)]
    written = _LINE_END.split(text)
    quoted = sum(written[row.line - 1].startswith('"') for row in rows)
    return Shape.of([row.cells for row in rows], width, quoted=mostly(quoted, len(rows)))
