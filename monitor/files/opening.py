"""Finds out what a file is, by what stands in it, and hands over its rows."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.encodings import ERRORS, UNDECODABLE, encoding_of, register_errors, undecodable
from monitor.files.interface import Form, Opened, Row, Unreadable
from monitor.files.json_forms import Utf8, document_rows, line_rows, script_of
from monitor.files.names import known
from monitor.files.quoting import Fault
from monitor.files.sheets import parquet_rows, sheet_rows
from monitor.files.tables import dialect_of, heading_among, names_of, plain_rows
from monitor.files.tables import rows as table_rows
from monitor.files.unpacking import BROKEN, Bytes, unpacked
from monitor.pictures import is_picture

_SEEN: Final = 2**18
"""Bytes by which form, delimiter and heading are told."""
_SCANNED: Final = 2**30
"""Bytes of a file that are looked through for its encoding: one letter tells it, and it may come late."""
_PIECES: Final = 32
"""Megabytes that hold other letters than ASCII's: enough to tell."""
_FIRST_ROWS: Final = 200
"""Of JSON: those by which its columns are told."""
_LINES: Final = (".jsonl", ".ndjson", ".jsonlines", ".ldjson")
_TABLES: Final = (".csv", ".tsv", ".tab")
_SHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_GUESSED: Final = "cp1252"
_PARQUET: Final = b"PAR1"
_OTHERS: Final = (
    (re.compile(rb"%PDF-"), "a PDF; export the table itself as CSV or XLSX"),
    (re.compile(rb"\{\\rtf"), "a text of a word processor; save its table as CSV or XLSX"),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|meta|table|\?xml|workbook)\b", re.IGNORECASE
        ),
        "a web page or XML, called .xls by some programs; open it in a spreadsheet program, save it as .xlsx",
    ),
)
"""What is often called a table and is none: how it begins, and what to do."""


def open_file(
    file: Path | BinaryIO, name: str = "", *, encoding: str | None = None, lines: bool = False
) -> Opened:
    """The rows of a file: CSV, XLSX, JSON, JSON lines or Parquet, plain, .gz or .zst, told by content.

    `name` is what a stream is called; one without a name is JSON lines, unless it begins like an array or
    like the heading of a table. A stream is read no further than its first line before rows are asked for.
    `encoding` is of text, as Python names it, where it cannot be told. `lines`: each line is a text as it
    stands, whatever it looks like. Raises `SetupError` for what is no such file. What its later parts have to
    say comes as `Unreadable`.
    """
    register_errors()
    shown = name or (str(file) if isinstance(file, Path) else "standard input")
    data = unpacked(file, name or (file.name if isinstance(file, Path) else ""))
    try:
        opened = _opened(data, file if isinstance(file, Path) else None, shown, encoding, lines=lines)
    except (*BROKEN, OSError) as error:
        data.close()
        raise SetupError(f"cannot read {shown}: {error or 'it ends too early'}") from error
    except BaseException:
        data.close()
        raise
    return replace(opened, name=shown, share=data.share, close=data.close)


def peek(opened: Opened, count: int) -> tuple[list[Row | Unreadable], Opened]:
    """The first rows, and the file with all of them."""
    first = list(islice(opened.rows, count))
    return first, replace(opened, rows=chain(first, opened.rows))


def _opened(data: Bytes, path: Path | None, shown: str, encoding: str | None, *, lines: bool) -> Opened:
    beginning = data.stream.peek(_SEEN)
    if beginning.startswith(_SHEETS):
        return _spreadsheet(data, shown)
    if beginning.startswith(_PARQUET):
        columns, found = parquet_rows(path, shown)
        rows = (Row(f"row {number}", _full(cells)) for number, cells in enumerate(found, 1))
        return Opened(form="parquet", encoding="", columns=tuple(columns), rows=rows)
    if is_picture(beginning):
        raise SetupError(f"{shown} is a picture; `brand-monitor publish images` takes JPEG, PNG and WebP")
    for begins, what in _OTHERS:
        if begins.match(beginning):
            raise SetupError(f"{shown} is {what}")
    told = encoding or encoding_of(_scan(path, data, beginning), shown)
    try:
        text = _decoded(beginning, told)
    except LookupError as error:
        raise SetupError(
            f"{encoding!r} is no encoding; name it like utf-8, cp1252, cp1251 or utf-16"
        ) from error
    form = "lines" if lines else _form(data.name.lower(), text, named=bool(data.name))
    if form == "lines":
        plain = _to_the_end(plain_rows(_text(data, told, None)), data)
        return Opened(form=form, encoding=told, columns=("text",), rows=plain)
    if form != "csv":
        return _json(data, form, text, told)
    opened = _table(data, text, shown, told)
    if encoding is not None or told != _GUESSED:
        return opened
    note = "it is not UTF-8 and read as Windows-1252; if letters are wrong, say --encoding (cp1251, ...)"
    return replace(opened, notes=(*opened.notes, note))


def _scan(path: Path | None, data: Bytes, beginning: bytes) -> bytes:
    """What the encoding is told by: of a file its beginning and the lines that are not plain ASCII, of a
    stream its beginning."""
    lines = beginning.rfind(b"\n")
    if path is None or not data.is_file or lines < 0 or b"\0" in beginning:
        return beginning
    kept, size = [beginning[:lines]], 0
    other = unpacked(path, "")
    try:
        while size < _SCANNED and len(kept) < _PIECES and (chunk := other.stream.read(2**20)):
            size += len(chunk)
            if not chunk.isascii():
                kept.append(b"\n".join(line for line in chunk.split(b"\n")[1:-1] if not line.isascii()))
    except (*BROKEN, OSError):
        pass  # told where the rows are read
    finally:
        other.close()
    return b"\n".join(kept) + b"\n"


def _decoded(beginning: bytes, encoding: str) -> str:
    """The beginning as text, whole lines of it where it has some."""
    text = beginning.decode(encoding, ERRORS)
    at = max(text.rfind("\n"), text.rfind("\r"))
    return text if at < 0 else text[: at + 1]


def _form(name: str, text: str, *, named: bool) -> Form:
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("[") or script_of(start):
        return "json"
    if name.endswith(_LINES):
        return "jsonl"
    if not start.startswith("{"):
        return (
            "csv"
            if name.endswith(_TABLES) or (named and not name.endswith(".json")) or _is_table(start)
            else "jsonl"
        )
    first, _, more = start.partition("\n")
    try:
        value = msgspec.json.decode(first)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "json" if named else "jsonl"
    if more.strip() or not named:
        return "jsonl"
    return "jsonl" if any(known(key) == "text" for key in value) else "json"


def _is_table(start: str) -> bool:
    """Whether what has no name begins with the heading of a table."""
    columns = dialect_of(start).columns
    return not {"text", "id"}.isdisjoint({known(column) for column in columns})


def _json(data: Bytes, form: Form, text: str, encoding: str) -> Opened:
    script = script_of(text)
    if form == "jsonl":
        plain = encoding in ("utf-8", "utf-8-sig")
        rows = line_rows(data.stream if plain else Utf8(_text(data, encoding, "\n")))  # type: ignore[arg-type]
    else:
        rows = document_rows(_text(data, encoding, None))
    rows = _to_the_end(rows, data)
    first = list(islice(rows, _FIRST_ROWS if data.is_file else 1))
    columns = dict.fromkeys(name for row in first if isinstance(row, Row) for name in row.cells)
    return Opened(
        form=form,
        encoding=encoding,
        columns=tuple(columns),
        preamble=((script,),) if script else (),
        rows=chain(first, rows),
    )


def _table(data: Bytes, text: str, shown: str, encoding: str) -> Opened:
    dialect = dialect_of(text, tabs=data.name.lower().endswith((".tsv", ".tab")))
    if not dialect.columns:
        raise SetupError(f"{shown} is empty")
    found = table_rows(_text(data, encoding, ""), dialect)
    return Opened(
        form="csv",
        encoding=encoding,
        columns=dialect.columns,
        preamble=dialect.preamble,
        rows=_to_the_end(_named(dialect.columns, found), data),
    )


def _named(columns: tuple[str, ...], found: Iterator[Any]) -> Iterator[Row | Unreadable]:
    try:
        for row in found:
            if isinstance(row, Fault):
                yield Unreadable(
                    row.where, DataError(ErrorCode.FIELD_INVALID, f"not CSV: {row.why}"), row.raw
                )
                continue
            where = f"line {row.line}"
            if any(UNDECODABLE in cell for cell in row.cells):
                yield Unreadable(where, undecodable(), _written(row.cells))
            else:
                cells = {name: cell for name, cell in zip(columns, row.cells, strict=False) if cell != ""}
                yield Row(where, cells)
    except csv.Error as error:  # the heading
        raise SetupError(f"the heading is not CSV: {error}; name the columns there") from error


def _spreadsheet(data: Bytes, shown: str) -> Opened:
    with tempfile.SpooledTemporaryFile(max_size=2**26) as held:
        while chunk := data.stream.read(2**20):
            held.write(chunk)
        held.seek(0)
        note, found = sheet_rows(held, shown)  # type: ignore[arg-type]
    numbered = enumerate(found, 1)
    first = [(number, row) for number, row in islice(numbered, 200) if any(cell != "" for cell in row)]
    if not first:
        raise SetupError(f"{shown}: its first sheet is empty")
    at = heading_among([[str(cell) for cell in row] for _, row in first])
    columns = names_of([str(cell) for cell in first[at][1]])

    def rows() -> Iterator[Row | Unreadable]:
        for number, row in chain(first[at + 1 :], numbered):
            cells = {name: cell for name, cell in zip(columns, row, strict=False) if cell != ""}
            if cells:
                yield Row(f"row {number}", cells)

    return Opened(
        form="xlsx",
        encoding="",
        columns=columns,
        preamble=tuple(tuple(str(cell).strip() for cell in row) for _, row in first[:at]),
        rows=rows(),
        notes=(note,) if note else (),
    )


def _text(data: Bytes, encoding: str, newline: str | None) -> io.TextIOWrapper:
    return io.TextIOWrapper(data.stream, encoding, ERRORS, newline)


def _full(cells: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in cells.items() if cell is not None and cell != ""}


def _written(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _to_the_end(rows: Iterator[Row | Unreadable], data: Bytes) -> Iterator[Row | Unreadable]:
    """The rows, and where the packed bytes end too early or are damaged, that they do."""
    last = "the beginning"
    try:
        for row in rows:
            last = row.where
            yield row
    except (*BROKEN, OSError) as error:
        problem = DataError(
            ErrorCode.FILE_UNREADABLE, f"the file cannot be read on: {error or 'it ends too early'}"
        )
        yield Unreadable(f"after {last}", problem, "")
    finally:
        data.close()
