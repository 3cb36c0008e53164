"""The mentions of a period for spreadsheets (CSV), programs (JSON) and data tools (Parquet)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, TypeVar
from uuid import UUID

import msgspec

from monitor.errors import SetupError
from monitor.reports.figures import Summary
from monitor.reports.mentions import MentionLine

_Row = TypeVar("_Row")

# What makes Excel, LibreOffice or Google Sheets take a cell for a formula, also in its full-width form; some
# drop a tab or line break in front first (OWASP, CSV Injection).
_FORMULA_STARTS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")

COLUMNS: Final = MentionLine.__struct_fields__
"""Of every export, in this order; docs/reports.md says what each holds."""

# Rows of a Parquet row group: a few megabytes, so that memory stays small and readers can skip.
_ROW_GROUP: Final = 20_000

_CSV_CHUNK: Final = 500


def write_csv(mentions: Iterable[MentionLine], file: IO[str]) -> None:
    """One row a mention, columns as view `mention_detail`; what looks like a formula gets a quote in front.

    Open `file` with newline="" and encoding "utf-8-sig": without the mark Excel misreads UTF-8.
    """
    for lines in csv_lines(COLUMNS, mention_rows(mentions)):
        file.write(lines)


def mention_rows(mentions: Iterable[MentionLine]) -> Iterator[tuple[Any, ...]]:
    """Values of `COLUMNS`, a row each."""
    for mention in mentions:
        yield tuple(getattr(mention, name) for name in COLUMNS)


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The heading and then some hundred rows at a time, as `write_csv` writes them."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(columns)
    yield sheet.getvalue()
    for chunk in _chunks(rows, _CSV_CHUNK):
        sheet.seek(0)
        sheet.truncate()
        writer.writerows([_cell(value) for value in row] for row in chunk)
        yield sheet.getvalue()


def write_json(
    figures: Summary, mentions: Iterable[MentionLine], file: IO[bytes], generated_at: datetime
) -> None:
    """An object: `generated_at`, `summary` (all figures) and `mentions` (one object each), in that order."""
    encode = msgspec.json.encode
    file.write(
        b'{"generated_at":' + encode(generated_at) + b',"summary":' + encode(figures) + b',"mentions":['
    )
    separator = b"\n"
    for mention in mentions:
        file.write(separator + encode(mention))
        separator = b",\n"
    file.write(b"\n]}\n")


def write_parquet(figures: Summary, mentions: Iterable[MentionLine], path: Path) -> None:
    """One row a mention, typed: moments in UTC, brands as lists, ids as text; texts exactly as published.

    The file's metadata says since, until and whether the data is synthetic. Raises `SetupError` without the
    extra `parquet`.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise SetupError(
            "Parquet needs pyarrow, which is not installed: pip install 'brand-monitor[parquet]'"
        ) from error
    moment, names = pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    types = {
        "published_at": moment,
        "stored_at": moment,
        "reach": pa.int64(),
        "brands_named": names,
        "brands_shown": names,
        "shown_by": names,
        "p_negative": pa.float64(),
        "p_neutral": pa.float64(),
        "p_positive": pa.float64(),
        "corrected": pa.bool_(),
        "lead": pa.bool_(),
        "picture_width": pa.int32(),
        "picture_height": pa.int32(),
    }
    schema = pa.schema(
        [(name, types.get(name, pa.string())) for name in COLUMNS],
        metadata={
            "since": figures.since.isoformat(),
            "until": figures.until.isoformat(),
            "synthetic": str(figures.synthetic).lower(),
        },
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in _chunks(mentions, _ROW_GROUP):
            columns = [[_value(getattr(row, name)) for row in rows] for name in COLUMNS]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _chunks(all_rows: Iterable[_Row], size: int) -> Iterator[list[_Row]]:
    source = iter(all_rows)
    while rows := list(islice(source, size)):
        yield rows


def _value(value: Any) -> Any:
    """Ids as text, the rest as Arrow takes it."""
    return str(value) if isinstance(value, UUID) else list(value) if isinstance(value, tuple) else value


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return _neutral("; ".join(map(str, value)))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _neutral(value) if isinstance(value, str) else value


def unquoted(cell: str) -> str:
    """The text that a cell of `write_csv` was made of."""
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def _neutral(value: str) -> str:
    return f"'{value}" if _is_formula(value) else value


def _is_formula(value: str) -> bool:
    """Also with quotes in front, so that theirs and ours can be told apart again."""
    return value.lstrip("'").startswith(_FORMULA_STARTS)
