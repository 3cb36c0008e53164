"""How bytes become messages and messages bytes.

Decoding raises `DataError` with a code that a person can search for; it never raises anything else.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from monitor.errors import DataError, ErrorCode
from monitor.messages.contracts import Deletion, ImageMention, TextMention
from monitor.texts import is_blank

JSON: Final = "application/json"
MSGPACK: Final = "application/msgpack"

# Beyond them a moment has no date in other zones: PostgreSQL stores it, and nobody can read it back.
_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9998

_FARTHEST: Final = timedelta(hours=16)
"""From UTC, which RFC 3339 lets a zone be by a day: PostgreSQL takes no offset of so many hours."""

_Message = TypeVar("_Message", TextMention, ImageMention, Deletion)


class _Named(msgspec.Struct):
    """Which mention a record is about."""

    id: str
    source: str


class _Told(msgspec.Struct):
    """Whether a record is a deletion."""

    deleted_at: Any = None


def decode_text(value: bytes | None, content_type: str | None = None, *, max_chars: int) -> TextMention:
    """Decode and check one record of `mentions.text`.

    Raises `DataError`: what is wrong, in which field.
    """
    mention = _decode(TextMention, value, content_type)
    check_text(mention.text, max_chars=max_chars)
    return mention


def check_text(text: str, *, max_chars: int) -> None:
    """Raise `DataError` for a text that is blank or longer than the limit."""
    if is_blank(text):
        raise DataError(ErrorCode.TEXT_EMPTY, "field `text` has no visible character")
    if len(text) > max_chars:
        raise DataError(
            ErrorCode.TEXT_TOO_LONG,
            f"field `text` has {len(text):,} characters, the limit is {max_chars:,} (MONITOR_TEXT_MAX_CHARS)",
        )


def decode_image(value: bytes | None, content_type: str | None = None) -> ImageMention:
    """Decode one record of `mentions.image`; the picture itself is checked in `monitor.logos.decoding`.

    Raises `DataError`.
    """
    return _decode(ImageMention, value, content_type)


def decode_deletion(value: bytes | None, content_type: str | None = None) -> Deletion | None:
    """The deletion that a record of either topic is; None where it is none, whatever else it is.

    Raises `DataError` for a record with `deleted_at` that is wrong in a field.
    """
    # Others are not read twice for it: a picture may be megabytes long. In JSON, escapes may spell the name.
    if not value or not (b"deleted_at" in value or b"\\u" in value):
        return None
    decoder = _DECODERS.get((_Told, _media_type(content_type)))
    try:
        if decoder is None or decoder(value).deleted_at is None:
            return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return _decode(Deletion, value, content_type)


def decode_name(value: bytes, content_type: str | None = None) -> tuple[str, str] | None:
    """Source and id of the mention that a record is about, whatever else is wrong with it; None where it does
    not say."""
    decoder = _DECODERS.get((_Named, _media_type(content_type)))
    try:
        named = decoder(value) if decoder is not None else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return None if named is None else (named.source, named.id)


def encode(message: msgspec.Struct, content_type: str = JSON) -> bytes:
    """Encode any contract struct; bytes become base64 in JSON and stay raw in MessagePack."""
    return _ENCODERS[content_type](message)


def _decode(struct: type[_Message], value: bytes | None, content_type: str | None) -> _Message:
    if not value:
        raise DataError(
            ErrorCode.MESSAGE_EMPTY,
            "the record has no value (0 bytes); to delete a mention send its `id` and `source` with "
            "`deleted_at`, for a key alone does not name one",
        )
    media_type = _media_type(content_type)
    decoder = _DECODERS.get((struct, media_type))
    if decoder is None:
        raise DataError(
            ErrorCode.CONTENT_TYPE_UNKNOWN,
            f"header `content-type` is {content_type!r}; send {JSON} or {MSGPACK}, or leave it out for JSON",
        )
    try:
        message: _Message = decoder(value)
    except msgspec.ValidationError as error:
        raise DataError(validation_code(str(error)), str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        code = ErrorCode.JSON_INVALID if media_type == JSON else ErrorCode.MSGPACK_INVALID
        raise DataError(code, f"not {media_type}: {error}") from error
    field = "deleted_at" if isinstance(message, Deletion) else "published_at"
    moment: datetime = getattr(message, field)
    _check_year(field, moment)
    if abs(moment.utcoffset() or timedelta()) >= _FARTHEST:
        message = msgspec.structs.replace(message, **{field: moment.astimezone(UTC)})
    return message


def _media_type(content_type: str | None) -> str:
    return (content_type or JSON).partition(";")[0].strip().lower()


def _check_year(field: str, moment: datetime) -> None:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise DataError(
            ErrorCode.FIELD_INVALID,
            f"field `{field}` is {moment.isoformat()}; a year is from {_FIRST_YEAR} to {_LAST_YEAR}",
        )


def validation_code(reason: str) -> ErrorCode:
    """The code for msgspec's reason; its wording is pinned by tests/test_messages.py."""
    if "missing required field" in reason:
        return ErrorCode.FIELD_MISSING
    if "base64" in reason:
        return ErrorCode.BASE64_INVALID
    if "timezone" in reason:
        return ErrorCode.DATE_WITHOUT_ZONE
    return ErrorCode.FIELD_INVALID


_DECODERS: Final[dict[tuple[type, str], Callable[[bytes], Any]]] = {
    (struct, media_type): decoder(struct).decode
    for struct in (TextMention, ImageMention, Deletion, _Named, _Told)
    for media_type, decoder in ((JSON, msgspec.json.Decoder), (MSGPACK, msgspec.msgpack.Decoder))
}
_ENCODERS: Final[dict[str, Callable[[Any], bytes]]] = {
    JSON: msgspec.json.Encoder().encode,
    MSGPACK: msgspec.msgpack.Encoder().encode,
}
