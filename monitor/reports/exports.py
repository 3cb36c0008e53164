"""The mentions of a period as CSV for spreadsheets and as JSON for programs."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Any, Final

import msgspec

from monitor.reports.figures import Summary
from monitor.reports.mentions import MentionLine

# What makes Excel, LibreOffice or Google Sheets take a cell for a formula, also in its full-width form; some
# drop a tab or line break in front first (OWASP, CSV Injection).
_FORMULA_STARTS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")

COLUMNS: Final = MentionLine.__struct_fields__


def write_csv(mentions: Iterable[MentionLine], file: IO[str]) -> None:
    """One row a mention, columns as view `mention_detail`; what looks like a formula gets a quote in front.

    Open `file` with newline="" and encoding "utf-8-sig": without the mark Excel misreads UTF-8.
    """
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for mention in mentions:
        rows.writerow([_cell(getattr(mention, name)) for name in COLUMNS])


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


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return _neutral("; ".join(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return _neutral(value) if isinstance(value, str) else value


def _neutral(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value
