"""Rows of spreadsheets and of Parquet: typed, of the sheet that holds most."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final

from monitor.errors import SetupError

_MOST_BYTES: Final = 2**31
"""Unpacked bytes of a spreadsheet: a million rows of posts have a quarter of it."""
_MOST_CELLS: Final = 60_000_000
"""The library keeps a cell for each place between the first and the last: 24 bytes each."""
_CELL: Final = re.compile(rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_CHUNK: Final = 2**22
_OVERLAP: Final = 64


def sheet_rows(file: BinaryIO, name: str) -> tuple[str | None, Iterator[list[Any]]]:
    """All rows of the longest sheet, and what should be said of others.

    Cells are text, numbers, moments and booleans, "" where empty; the first row is the sheet's first. Raises
    `SetupError`.
    """
    from python_calamine import (
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )  # not for --help

    _refuse_huge(file, name)
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        seen = [
            each.name
            for each in book.sheets_metadata
            if each.typ == SheetTypeEnum.WorkSheet and each.visible != SheetVisibleEnum.Hidden
        ]
        sheets = [book.get_sheet_by_name(each) for each in seen or book.sheet_names]
    except PasswordError as error:
        raise SetupError(f"{name} has a password; save it without one") from error
    except BaseException as error:  # what its authors did not think of is no `Exception`
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        raise SetupError(
            f"{name} is a spreadsheet that cannot be read: {error}; save it as .xlsx or CSV"
        ) from error
    chosen = max(sheets, key=lambda sheet: sheet.height, default=None)
    if chosen is None or not chosen.height:
        raise SetupError(f"{name}: its sheets are empty")
    others = ", ".join(repr(sheet.name) for sheet in sheets if sheet.name != chosen.name)
    note = f"of its sheets only {chosen.name!r} is read, not {others}" if others else None
    return note, ([_plain(cell) for cell in row] for row in chosen.iter_rows())


def parquet_rows(path: Path | None, name: str) -> tuple[Sequence[str], Iterator[dict[str, Any]]]:
    """Names of columns, and rows. Raises `SetupError`."""
    if path is None:
        raise SetupError("Parquet cannot be read from standard input; give the file's name")
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise SetupError(
            "Parquet needs pyarrow, which is not installed: pip install 'brand-monitor[parquet]'"
        ) from error
    try:
        table = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise SetupError(f"{name} is Parquet that cannot be read: {error}") from error

    def rows() -> Iterator[dict[str, Any]]:
        with table:
            for batch in table.iter_batches(batch_size=1_000):
                yield from batch.to_pylist()

    return table.schema_arrow.names, rows()


def _plain(cell: Any) -> Any:
    """Numbers that are whole as such: a spreadsheet knows no others."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return "" if isinstance(cell, timedelta) else cell


def joined(day: Any, at: Any) -> datetime | None:
    """A day and a time of day that stand in two cells, None where they are no such."""
    if isinstance(day, datetime) and day.time() == time.min and isinstance(at, time):
        return datetime.combine(day.date(), at)
    if isinstance(day, date) and not isinstance(day, datetime) and isinstance(at, time):
        return datetime.combine(day, at)
    return None


def _refuse_huge(file: BinaryIO, name: str) -> None:
    """A file of some kilobytes may unpack to gigabytes, or name a cell so far off that no memory suffices."""
    if not zipfile.is_zipfile(file):
        return  # an old .xls: as large as it is
    try:
        with zipfile.ZipFile(file) as parts:
            if "xl/workbook.xml" not in parts.namelist():
                raise SetupError(
                    f"{name} is a ZIP archive or a spreadsheet of another kind; "
                    "unpack it, or save it as .xlsx or CSV, and give what was in it"
                )
            left = _MOST_BYTES
            for part in parts.infolist():
                if part.filename.endswith((".xml", ".rels")):
                    left = _measure(parts, part, left, name)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise SetupError(f"{name} is a spreadsheet that cannot be read: {error}") from error


def _measure(parts: zipfile.ZipFile, part: zipfile.ZipInfo, left: int, name: str) -> int:
    is_sheet = "/worksheets/" in part.filename
    rows = columns = 1
    before = b""
    with parts.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise SetupError(f"{name} unpacks to more than {_MOST_BYTES:,} bytes; save it as CSV")
            if is_sheet:
                for letters, row in _CELL.findall(before + chunk):
                    rows, columns = max(rows, int(row)), max(columns, _column(letters))
                before = chunk[-_OVERLAP:]
            if rows * columns > _MOST_CELLS:
                raise SetupError(
                    f"{name} has a cell in row {rows:,}, column {columns:,}, far from all others, "
                    f"or more than {_MOST_CELLS:,} cells; delete what stands there, or save it as CSV"
                )
    return left


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
