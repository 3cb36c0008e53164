"""Reads texts to publish: JSON lines or CSV, with defaults for what a collector's export leaves out.

A line needs `text` only. `source` and `published_at` come from `Defaults`; a missing `id` is derived from
source, text and the line's own `published_at`, so the same line gets the same id in every run. (The file's
modification time is left out of it on purpose: copying a file must not double its mentions.)
"""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.messages import TextMention, decode_text, encode
from monitor.publishing.records import (
    Defaults,
    Outgoing,
    Refused,
    content_type_header,
    derived_id,
    given,
    to_json,
)

_DELIMITERS: Final = ",;\t"


def read_texts(
    file: BinaryIO, path: Path | None, defaults: Defaults, *, max_chars: int
) -> Iterator[Outgoing | Refused]:
    """One record or refusal per line of `file`, in order and lazily; `path` is None for standard input.

    A path ending in .csv is read as CSV (first line: field names; comma, semicolon or tab), everything else
    as JSON lines. Blank lines are skipped. Raises `SetupError` for a CSV file without a `text` column
    or whose first line is not UTF-8.
    """
    is_csv = path is not None and path.suffix.lower() == ".csv"
    for line, fields in _csv_rows(file, path) if is_csv else _json_lines(file):
        where = f"line {line}"
        if isinstance(fields, DataError):
            yield Refused(where, fields)
            continue
        try:
            mention = _mention(fields, path, defaults, max_chars)
        except DataError as error:
            yield Refused(where, error)
            continue
        yield Outgoing(
            where,
            "text",
            mention.id.encode(),
            encode(mention, defaults.content_type),
            content_type_header(defaults.content_type),
        )


def read_raw_texts(lines: Iterable[bytes], content_type: str) -> Iterator[Outgoing]:
    """Each line as a record exactly as it stands, unchecked and without a key.

    What is wrong with it shows up as a dead letter: for trying out a deployment's handling of bad input.
    """
    for number, line in enumerate(lines, 1):
        value = line.rstrip(b"\r\n")
        if value:
            yield Outgoing(f"line {number}", "text", None, value, content_type_header(content_type))


def _mention(fields: dict[str, Any], path: Path | None, defaults: Defaults, max_chars: int) -> TextMention:
    """The line with its gaps filled, through the very check that the service makes."""
    fields = given(fields)
    moment = fields.get("published_at")
    fields.setdefault("source", defaults.source)
    if (default_moment := defaults.moment(path)) is not None:
        fields.setdefault("published_at", default_moment)
    if "published_at" not in fields:
        raise DataError(
            ErrorCode.FIELD_MISSING,
            "no `published_at`; put it on the line, or pass --published-at for all lines",
        )
    fields.setdefault(
        "id",
        derived_id(
            *(
                part if isinstance(part, str) else None
                for part in (fields["source"], fields.get("text"), moment)
            )
        ),
    )
    try:
        written = to_json(fields)
    except RecursionError as error:
        raise DataError(ErrorCode.FIELD_INVALID, f"a field cannot be sent: {error}") from error
    return decode_text(written, max_chars=max_chars)


def _json_lines(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any] | DataError]]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            yield number, decoder.decode(line.removeprefix(b"\xef\xbb\xbf"))
        except msgspec.ValidationError:
            yield (
                number,
                DataError(ErrorCode.FIELD_INVALID, "the line is no JSON object; write {...} on each line"),
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield number, DataError(ErrorCode.JSON_INVALID, f"not JSON: {error}")


def _csv_rows(file: BinaryIO, path: Path | None) -> Iterator[tuple[int, dict[str, Any] | DataError]]:
    """Rows as fields; empty cells are left out, columns the contract does not know are ignored."""
    # utf-8-sig: spreadsheet programs put a byte order mark in front. Undecodable bytes must not end the whole
    # file.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    header = text.readline()
    try:
        header.encode()
    except UnicodeEncodeError as error:
        raise SetupError(f"{path}: the first line is not UTF-8; save the file as UTF-8 CSV") from error
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    except csv.Error as error:
        raise SetupError(f"{path}: the first line is not CSV: {error}; name the columns there") from error
    if "text" not in names:
        raise SetupError(
            f"{path} has no column `text` in its first line (found: {', '.join(names) or 'nothing'}); "
            "name the columns like the fields of docs/messages.md"
        )
    # strict: a quote that nobody closed is an error, instead of one text out of the rest of the file.
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    first = 2
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:  # a quote out of place, a cell over the csv module's 128 KiB
            yield first, DataError(ErrorCode.FIELD_INVALID, f"not CSV: {error}")
            first = rows.line_num + 2
            continue
        if any(row):
            yield first, _csv_fields(names, row)
        first = rows.line_num + 2


def _csv_fields(names: list[str], row: list[str]) -> dict[str, Any] | DataError:
    if len(row) > len(names):
        return DataError(
            ErrorCode.FIELD_INVALID,
            f"{len(row)} cells under {len(names)} column names; quote cells with a delimiter",
        )
    cells: dict[str, Any] = {name: cell for name, cell in zip(names, row, strict=False) if cell != ""}
    try:
        "".join(cells.values()).encode()
    except UnicodeEncodeError:
        return DataError(ErrorCode.FIELD_INVALID, "the line is not UTF-8; save the file as UTF-8 CSV")
    if "reach" in cells:
        try:
            cells["reach"] = int(cells["reach"])
        except ValueError:
            return DataError(ErrorCode.FIELD_INVALID, f"`reach` is {cells['reach']!r}, not a whole number")
    return cells
