"""Tables in text: which delimiter, which row is the heading; a faulty row costs only itself."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TextIO

from monitor.files.encodings import UNDECODABLE, undecodable
from monitor.files.interface import Row, Unreadable
from monitor.files.names import known
from monitor.files.quoting import LONGEST, Cells, Fault, Lines, Reader, shape_of
from monitor.files.shapes import NO_SHAPE, Shape

_DELIMITERS: Final = ",;\t|"
_NONE: Final = "\x1f"
"""Delimiter of a table of one column: stands in no text."""
_SEPARATOR_ROW: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""What Excel writes and obeys in front of a CSV."""
_BEFORE_HEADING: Final = 40
"""Rows among which the heading is sought: exports put a dozen of metadata in front."""
_SAMPLE: Final = 100


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table in text is written. `skip` physical lines stand before the heading's."""

    delimiter: str
    columns: tuple[str, ...]
    preamble: tuple[tuple[str, ...], ...]
    skip: int
    shape: Shape


def dialect_of(beginning: str, *, tabs: bool = False) -> Dialect:
    """From the beginning of the text, whole lines of it; `tabs`: its name says that it has tabs.

    The delimiter is the one by which the heading has most names that are known, then the one by which most
    rows are as wide as each other.
    """
    first = beginning.partition("\n")[0]
    if told := _SEPARATOR_ROW.fullmatch(first.rstrip("\r")):
        return _shaped(_read(beginning, told[1]), beginning)
    tried = [_read(beginning, each) for each in (("\t",) if tabs else ()) + tuple(_DELIMITERS)]
    best = max(tried, key=lambda one: (_known(one.columns), _evenness(beginning, one), len(one.columns)))
    return _shaped(best if len(best.columns) > 1 else _read(beginning, _NONE), beginning)


def rows(text: TextIO, dialect: Dialect) -> Iterator[Cells | Fault]:
    """The rows after the heading. A row wider than the heading is a fault, too; empty ones are left out.

    Raises `csv.Error` for a heading that cannot be read.
    """
    lines = Lines(text)
    reader = Reader(lines, dialect.delimiter, len(dialect.columns), dialect.shape)
    for _ in range(dialect.skip):
        lines.take()
    reader.next_row()
    yield from reader


def plain_rows(text: TextIO) -> Iterator[Row | Unreadable]:
    """A row per line that is not blank, whose `text` is the line."""
    number = 0
    while line := text.readline(LONGEST):
        number += 1
        where = f"line {number}"
        if UNDECODABLE in line:
            yield Unreadable(where, undecodable(), line)
        elif said := line.strip():
            yield Row(where, {"text": said})


def heading_among(sample: Sequence[Sequence[str]]) -> int:
    """Which row is the heading: the first with most names that are known, if another than the first has at
    least two; where none has, the first that is as wide as the table."""
    scores = [_known(row) for row in sample[:_BEFORE_HEADING]]
    best = max(range(len(scores)), key=lambda at: scores[at], default=0)
    if best and scores[best] >= 2 and scores[best] > scores[0]:
        return best
    if scores and scores[0]:
        return 0
    widths = Counter(_width(row) for row in sample)
    width = max(widths, key=lambda one: (widths[one], one), default=0)
    return next((at for at, row in enumerate(sample) if _width(row) >= width), 0)


def names_of(heading: Sequence[str]) -> tuple[str, ...]:
    """Names of columns, each once: of two called Date the second is `Date (2)`; one without a name is
    `column 3`."""
    names: list[str] = []
    cells = [" ".join(cell.replace("\ufeff", "").split()) for cell in heading]
    while cells and not cells[-1]:
        cells.pop()
    for number, cell in enumerate(cells, 1):
        name, times = cell or f"column {number}", 1
        while name in names:
            times += 1
            name = f"{cell or f'column {number}'} ({times})"
        names.append(name)
    return tuple(names)


def _read(beginning: str, delimiter: str) -> Dialect:
    sample = list(_sample(beginning, delimiter))
    at = heading_among([cells for _, cells in sample])
    columns = names_of(sample[at][1]) if sample else ()
    preamble = tuple(tuple(cell.strip() for cell in cells) for _, cells in sample[:at])
    return Dialect(delimiter, columns, preamble, sample[at][0] - 1 if sample else 0, NO_SHAPE)


def _shaped(dialect: Dialect, beginning: str) -> Dialect:
    return replace(dialect, shape=shape_of(beginning, dialect.skip, dialect.delimiter, len(dialect.columns)))


def _sample(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The first rows that are not empty, each with the number of its first line."""
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    first, found = 1, 0
    try:
        for row in reader:
            if any(row) and not (first == 1 and _SEPARATOR_ROW.fullmatch(delimiter.join(row))):
                yield first, row
                found += 1
                if found == _SAMPLE:
                    return
            first = reader.line_num + 1
    except csv.Error:
        return


def _known(row: Sequence[str]) -> int:
    return len({target for cell in row if (target := known(cell)) is not None})


def _width(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _evenness(beginning: str, dialect: Dialect) -> float:
    """Share of the rows that have as many cells as the heading."""
    sample = list(_sample(beginning, dialect.delimiter))[len(dialect.preamble) :]
    if len(dialect.columns) < 2:
        return 0.0
    return sum(len(cells) == len(dialect.columns) for _, cells in sample) / max(1, len(sample))
