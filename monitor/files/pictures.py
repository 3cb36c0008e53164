"""Pictures to publish: files, and lists that carry what a picture file cannot say.

A picture's id is derived from source and bytes, so publishing a folder twice doubles nothing, and pictures
of one name in two folders stay two; its address says where the file lay. Pictures are not decoded here, but a
file that is none, or no whole one, is refused before it is anybody's dead letter.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.files.interface import Columns, LeftOut, Row, Unreadable
from monitor.files.mapping import moment_of
from monitor.files.mentions import raw_of, text_mentions
from monitor.files.names import plain
from monitor.files.reading import understand
from monitor.pictures import Exif, read_header
from monitor.publishing.records import Defaults, Outgoing, Refused

_LISTS: Final = (
    *(".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".xlsx", ".xls", ".parquet", ".gz", ".zst"),
)
_FILE_NAMES: Final = (
    *("file", "path", "filename", "file name", "file path", "picture", "image file", "image path"),
    *("picture file", "image", "photo", "datei", "bild", "fichier", "archivo"),
)
"""What the column of a list that names the picture's file is called, best first."""
_LONGEST_PATH: Final = 4096
_SHOWN: Final = 2_000
"""Characters of a refused row that are kept."""
_UNLIMITED: Final = 2**31


def read_images(
    paths: Iterable[Path], defaults: Defaults, *, told: Callable[[str], None] = lambda _: None
) -> Iterator[Outgoing | Refused]:
    """One record or refusal per picture, in order and lazily.

    A table or JSON is a list: each row has `file` (relative to the list), or `image` with the bytes in
    base64, and any other field of `ImageMention`. `told` hears what a list's columns are taken for. Raises
    `SetupError` for a list whose dates nobody can read before somebody decides.
    """
    for path in paths:
        if path.suffix.lower() in _LISTS:
            yield from _listed(path, defaults, told)
        else:
            yield from _mentions([_picture(str(path), path, defaults)], Columns(fields={}), defaults)


def _listed(path: Path, defaults: Defaults, told: Callable[[str], None]) -> Iterator[Outgoing | Refused]:
    try:
        found = understand(path)
    except SetupError as error:
        yield Refused(str(path), DataError(ErrorCode.FILE_UNREADABLE, str(error)))
        return
    for what in ("published_at", "date_order", "zone"):
        if what in found.problems and found.opened.form not in ("json", "jsonl"):
            found.opened.close()
            raise SetupError(f"{path}: {found.problems[what]} (write dates like 2026-03-01T09:30:00Z)")
    columns = found.columns
    if "caption" in found.opened.columns or "text" not in columns.fields:
        columns = replace(columns, fields={**columns.fields, "text": ("caption",)})
    for note in found.said:
        told(f"{path}: {note}")
    rows = (_named(row, path.parent, columns, defaults) for row in found.rows)
    yield from _mentions(rows, columns, defaults, f"{path} ")


def _mentions(
    rows: Iterable[Row | Unreadable | LeftOut], columns: Columns, defaults: Defaults, prefix: str = ""
) -> Iterator[Outgoing | Refused]:
    for sent in text_mentions(rows, columns, defaults, max_chars=_UNLIMITED, prefix=prefix):
        if not isinstance(sent, LeftOut):
            yield sent


def _picture(where: str, path: Path, defaults: Defaults) -> Row | Unreadable:
    try:
        data, moment = _read(path, defaults)
        return Row(where, {"url": path.absolute().as_uri(), "published_at": moment}, data)
    except DataError as error:
        return Unreadable(where, error, "")


def _named(
    row: Row | Unreadable | LeftOut, folder: Path, columns: Columns, defaults: Defaults
) -> Row | Unreadable | LeftOut:
    """The row of a list with the picture that it names."""
    if not isinstance(row, Row):
        return row
    try:
        name, said = _file_of(row)
        if plain(name) == "image" and not _is_path(folder, said):
            data, moment = _decoded(name, said), defaults.moment(None)
            read_header(data)
        else:
            data, moment = _read(folder / said, defaults)
    except DataError as error:
        return Unreadable(row.where, error, raw_of(row)[:_SHOWN])
    cells = dict(row.cells)
    if moment_of(row, columns) is None and moment is not None:
        cells[(columns.fields.get("published_at") or ("published_at",))[0]] = moment
    return Row(row.where, cells, data)


def _file_of(row: Row) -> tuple[str, str]:
    """The cell that names the picture, or holds it."""
    by_name: dict[str, str] = {plain(name): name for name in reversed(tuple(row.cells))}
    name = next((by_name[each] for each in _FILE_NAMES if each in by_name), None)
    value: Any = None if name is None else row.cells[name]
    if name is None or not isinstance(value, str):
        raise DataError(
            ErrorCode.FIELD_MISSING,
            "no `file`; name the picture's path, relative to the list, in that column",
        )
    return name, value


def _is_path(folder: Path, said: str) -> bool:
    try:
        return len(said) < _LONGEST_PATH and (folder / said).exists()
    except (OSError, ValueError):
        return False


def _decoded(name: str, said: str) -> bytes:
    try:
        return base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(
            ErrorCode.BASE64_INVALID, f"`{name}` is neither a path nor base64: {error}"
        ) from error


def _read(path: Path, defaults: Defaults) -> tuple[bytes, str | None]:
    """A file's bytes, and when it was taken or last changed. Raises `DataError` for what is no picture."""
    try:
        data = path.read_bytes()
        return data, defaults.moment(path, Exif(read_header(data).exif).taken)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(ErrorCode.FILE_UNREADABLE, str(error)) from error
