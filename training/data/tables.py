"""Rows of a table file: parquet, CSV with a head line, or JSON lines; and what labels are called in them."""

import csv
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from monitor.errors import SetupError

SUFFIXES: Final = (".parquet", ".csv", ".jsonl", ".ndjson")

_CALLED: Final = {"neg": 0, "neu": 1, "pos": 2, "negative": 0, "neutral": 1, "positive": 2}
# A text may have a megabyte; csv stops at 128 KiB unless told.
_LARGEST_FIELD: Final = 1 << 24
_SEPARATORS: Final = ",;\t"

Row = Mapping[str, Any]


class MissingColumnError(SetupError):
    """A table without a column that is needed: perhaps meant for something else."""


def read_rows(path: Path, needed: Collection[str], wanted: Collection[str] = ()) -> Iterator[tuple[int, Row]]:
    """(number, row) of a file: of lines in CSV and JSON, of rows in parquet, from 1; see `place`.

    A row has the columns `needed`, and those of `wanted` that are there; of CSV and JSON lines all there are.
    Raises `SetupError` for a file that cannot be read, lacks a needed column, or a line that is no row.
    """
    readers = {".parquet": _parquet, ".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines}
    if path.suffix not in readers:
        raise SetupError(f"{path}: want one of {', '.join(SUFFIXES)}; convert it")
    try:
        yield from readers[path.suffix](path, needed, wanted)
    except UnicodeError as error:
        raise SetupError(f"{path}: {error}; save it as UTF-8") from error
    except (OSError, csv.Error) as error:
        raise SetupError(f"{path}: {error}; write the file again") from error


def place(path: Path, number: int) -> str:
    """Where in a file, in words."""
    return f"{path}, {'row' if path.suffix == '.parquet' else 'line'} {number}"


def read_label(value: object) -> int | None:
    """0 negative, 1 neutral, 2 positive; None for a blank.

    Raises `ValueError` for anything else. Numbers are not guessed at: 1 is the best of some files, the worst
    of others.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    label = _CALLED.get(value.strip().casefold()) if isinstance(value, str) else None
    if label is None:
        raise ValueError(
            f"`label` is {value!r}; want negative, neutral or positive"
            + (": write these words for the numbers" if _is_number(value) else "")
        )
    return label


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _parquet(path: Path, needed: Collection[str], wanted: Collection[str]) -> Iterator[tuple[int, Row]]:
    import pyarrow.parquet as parquet
    from pyarrow import ArrowException

    try:
        there = parquet.read_schema(path).names
        _check(path, there, needed)
        table = parquet.read_table(path, columns=[name for name in {*needed, *wanted} if name in there])
    except ArrowException as error:
        raise SetupError(f"{path}: {error}; write the file again") from error
    return enumerate(table.to_pylist(), 1)


def _csv(path: Path, needed: Collection[str], _wanted: Collection[str]) -> Iterator[tuple[int, Row]]:
    # The limit is the process's: others read CSV, too.
    before = csv.field_size_limit(_LARGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            # Spreadsheets write semicolons where the comma is a decimal point.
            reader = csv.DictReader(file, delimiter=max(_SEPARATORS, key=head.count))
            _check(path, reader.fieldnames or (), needed)
            for row in reader:
                if None in row:
                    raise SetupError(
                        f"{place(path, reader.line_num)}: more fields than the head line names; put a text "
                        f"with a {reader.reader.dialect.delimiter!r} in it between quotation marks"
                    )
                yield reader.line_num, row
    finally:
        csv.field_size_limit(before)


def _json_lines(path: Path, needed: Collection[str], _wanted: Collection[str]) -> Iterator[tuple[int, Row]]:
    checked = False
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise SetupError(f"{place(path, number)}: {error}; want one JSON object a line") from error
            if not isinstance(row, dict):
                raise SetupError(f"{place(path, number)}: want a JSON object, found {type(row).__name__}")
            if not checked:
                _check(path, row, needed)
                checked = True
            yield number, row


def _check(path: Path, there: Iterable[str], needed: Collection[str]) -> None:
    there = list(there)
    for name in needed:
        if name not in there:
            raise MissingColumnError(
                f"{path}: no column `{name}` (it has {', '.join(there) or 'none'}); rename the column, or "
                "take the file away"
            )
