"""Rows become mentions: what each column means, read, checked as the service checks it, and ready to send."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final

import msgspec

from monitor.errors import DataError, ErrorCode
from monitor.files.dates import parse_moment, zone_named
from monitor.files.interface import Columns, LeftOut, Row, Target, Unreadable
from monitor.files.mapping import is_rounded, moment_of
from monitor.files.numbers import parse_count
from monitor.files.posts import PLATFORM, POST, named, spelt
from monitor.messages import MSGPACK, ImageMention, TextMention, decode_image, decode_text, encode
from monitor.publishing.records import (
    Defaults,
    Outgoing,
    Refused,
    content_type_header,
    derived_id,
    rfc3339,
)

_WORDS: Final[tuple[Target, ...]] = ("id", "source", "author", "url", "lang")
_TYPES: Final = {
    "id": "an id",
    "source": "a name",
    "author": "a name",
    "url": "an address",
    "lang": "a language",
}


def text_mentions(
    rows: Iterable[Row | Unreadable | LeftOut],
    columns: Columns,
    defaults: Defaults,
    *,
    max_chars: int,
    file: Path | None = None,
    prefix: str = "",
    undated: Callable[[], object] = lambda: None,
) -> Iterator[Outgoing | Refused | LeftOut]:
    """One record or refusal per row, in order and lazily; a row with a picture becomes a mention of that.

    What a row does not say comes from the columns' constants, then from `defaults`; `file` is the one whose
    modification time dates rows without a date, and `undated` is called for each of those that is sent.
    `prefix` stands in front of "line 3" in what is told. Raises `SetupError` for a zone that there is not.
    """
    zone = zone_named(columns.zone) if columns.zone else None
    for row in rows:
        where = prefix + row.where
        if isinstance(row, LeftOut):
            yield LeftOut(where, row.reason)
            continue
        try:
            if isinstance(row, Unreadable):
                raise row.error
            fields = fields_of(row, columns, zone, defaults)
            dated = "published_at" in fields
            _complete(fields, row, columns, defaults, file)
            mention = (
                _text(fields, _name(columns, "text"), max_chars)
                if row.picture is None
                else _picture(fields, row.picture)
            )
        except DataError as error:
            yield Refused(where, error, raw_of(row))
            continue
        if not dated:
            undated()
        yield Outgoing(
            where,
            "text" if isinstance(mention, TextMention) else "image",
            mention.id.encode(),
            encode(mention, defaults.content_type),
            content_type_header(defaults.content_type),
        )


def fields_of(
    row: Row, columns: Columns, zone: tzinfo | None, defaults: Defaults | None = None
) -> dict[str, Any]:
    """The fields of a mention that a row says, moments and numbers read. Raises `DataError`, by `defaults`
    for a date in the future, too."""
    fields: dict[str, Any] = {}
    for target in _WORDS:
        if (found := _first(row, columns, target)) is not None:
            fields[target] = _word(*found, target)
    if (text := _joined(row, columns)) is not None:
        fields["text"] = text
    if (moment := moment_of(row, columns)) is not None:
        name = " ".join(columns.fields.get("published_at", ("published_at",)))
        read = parse_moment(moment, name, order=columns.date_order, zone=zone)
        try:
            fields["published_at"] = rfc3339(read)
        except (OverflowError, ValueError) as error:
            raise DataError(ErrorCode.FIELD_INVALID, f"`{name}` is {moment!r}: {error}") from error
        if defaults is not None and defaults.is_future(read):
            raise _of_the_future(name, moment, read)
    reach = _first(row, columns, "reach")
    if reach is not None and (count := parse_count(*reach)) is not None:
        fields["reach"] = count
    return fields


def raw_of(row: Row | Unreadable) -> str:
    """The row as it stood, or its cells as JSON."""
    if isinstance(row, Unreadable):
        return row.raw
    try:
        return msgspec.json.encode(row.cells, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError):
        return str(row.cells)


def _of_the_future(name: str, said: Any, read: datetime) -> DataError:
    return DataError(
        ErrorCode.FIELD_INVALID,
        f"`{name}` is {str(said)[:60]!r}, {read.day} {read:%B} {read.year}, which is in the future; "
        "correct it, or say with --date-order and --zone how it is meant",
    )


def _complete(
    fields: dict[str, Any], row: Row, columns: Columns, defaults: Defaults, file: Path | None
) -> None:
    for target, value in columns.constants.items():
        fields.setdefault(target, value)
    _name_post(fields, columns)
    fields.setdefault("source", defaults.source)
    if "published_at" not in fields:
        try:
            moment = defaults.moment(file)
        except OSError as error:
            raise DataError(ErrorCode.FILE_UNREADABLE, str(error)) from error
        if moment is None:
            raise DataError(
                ErrorCode.FIELD_MISSING,
                f"no `{_name(columns, 'published_at')}`; put it on the line, "
                "or pass --published-at for all lines",
            )
        fields["published_at"] = moment
    if "id" not in fields:
        said = moment_of(row, columns)
        moment = None if said is None else str(said)
        text = fields.get("text")
        try:
            fields["id"] = (
                derived_id(fields["source"], text if isinstance(text, str) else None, moment)
                if row.picture is None
                else derived_id(fields["source"], row.picture)
            )
        except UnicodeEncodeError as error:
            raise _unsendable(error) from error


def _name_post(fields: dict[str, Any], columns: Columns) -> None:
    """Source and id as everybody has them who hands the post over; our own `source` is taken as it stands."""
    if "source" in fields:
        if columns.fields.get("source", ("source",)) == ("source",):
            return
        fields["source"] = spelt(fields["source"])
    elif columns.fields.get("source") == ():
        return  # a person says whose they are
    address = named(fields.get("url"))
    if "id" not in fields and POST in address:
        fields |= {"source": address[PLATFORM], "id": address[POST]}


def _text(fields: dict[str, Any], name: str, max_chars: int) -> TextMention:
    """Through the very check that the service makes."""
    if "text" not in fields:
        raise DataError(ErrorCode.FIELD_MISSING, f"no text: `{name}` is empty or not there")
    try:
        written = msgspec.json.encode(fields)
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise _unsendable(error) from error
    return decode_text(written, max_chars=max_chars)


def _picture(fields: dict[str, Any], picture: bytes) -> ImageMention:
    said = {name: value for name, value in fields.items() if name not in ("text", "lang")}
    if "text" in fields:
        said["caption"] = fields["text"]
    try:
        written = msgspec.msgpack.encode({**said, "image": picture})
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise _unsendable(error) from error
    return decode_image(written, MSGPACK)


def _unsendable(error: Exception) -> DataError:
    return DataError(ErrorCode.FIELD_INVALID, f"a field cannot be sent: {error}")


def _name(columns: Columns, target: Target) -> str:
    return " ".join(columns.fields.get(target, ())) or target


def _first(row: Row, columns: Columns, target: Target) -> tuple[Any, str] | None:
    """The value of the first column that has one, and which."""
    for name in columns.fields.get(target, (target,)):
        value = row.cells.get(name)
        if value is not None and not (isinstance(value, str) and not value.strip() and name != target):
            return value, name
    return None


def _word(value: Any, name: str, target: Target) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise DataError(ErrorCode.FIELD_INVALID, f"`{name}` is {str(value)[:60]!r}, not {_TYPES[target]}")
    if target == "id" and is_rounded(value):
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"`{name}` is {value!r}, which a spreadsheet rounded; export ids as text, "
            "or take another column (import ... --map id=COLUMN), or none (--map id=)",
        )
    return value if isinstance(value, str) and name == target else str(value).strip()


def _joined(row: Row, columns: Columns) -> Any:
    """The texts of several columns, each once, a blank line between; of one column its value as it is."""
    names = columns.fields.get("text", ("text",))
    values = [row.cells[name] for name in names if name in row.cells]
    for value in values:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            name = _name(columns, "text")
            raise DataError(ErrorCode.FIELD_INVALID, f"`{name}` is {str(value)[:60]!r}, not a text")
    if len(values) < 2:
        value = values[0] if values else None
        return str(value) if isinstance(value, int | float) and names != ("text",) else value
    return "\n\n".join(dict.fromkeys(text for value in values if (text := str(value).strip())))
