"""What a publisher sent by HTTP: a body becomes items, an item a record or the reason why it is none.

An item with `deleted_at` is a deletion, one with `image` a picture mention, any other a text mention, in
JSON as on the topics.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from monitor.errors import DataError, ErrorCode
from monitor.messages import (
    JSON,
    MSGPACK,
    Deletion,
    ImageMention,
    TextMention,
    decode_deletion,
    decode_image,
    decode_text,
    encode,
)
from monitor.pictures import read_header
from monitor.privacy import Privacy
from monitor.publishing.records import Outgoing, content_type_header, given, to_json
from monitor.settings import Settings

MOST_ITEMS: Final = 10_000
"""Of one request."""

_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_MOST_VALUES: Final = 500_000
"""Of one request: two bytes become a hundred as a value of its own, and all wait while they do."""
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_TOPICS: Final = ("text", "image")


class RefusedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that is not taken: its place in the request, from 0, and why."""

    index: int
    code: str
    """As dead letters have it: docs/messages.md."""
    detail: str
    id: str | None = None
    """Its own, where it has one."""


@dataclass(slots=True)
class Items:
    """What becomes of the items of a request.

    `accepted`: by index, what it counts as in `Tally`; `records`: of them all, `where` their index.
    """

    count: int = 0
    accepted: dict[int, str] = field(default_factory=dict)
    records: list[Outgoing] = field(default_factory=list)
    refused: list[RefusedItem] = field(default_factory=list)

    def refuse(self, index: int, error: DataError, id: object = None) -> None:
        """Leave an item out."""
        self.accepted.pop(index, None)
        named = id[:512] if isinstance(id, str) else None
        self.refused.append(RefusedItem(index=index, code=error.code.value, detail=error.detail, id=named))


def read_items(body: bytes, source: str, held_to: str | None, settings: Settings) -> Items:
    """The items of a body: a JSON array, one object, or an object a line.

    `source` is what items say that name none; `held_to` the only one they may say, None: any. Raises
    `DataError` for a body that is none of these or has too many items.
    """
    items = Items()
    for index, raw in enumerate(_split(body)):
        if index >= MOST_ITEMS:
            raise DataError(ErrorCode.JSON_INVALID, f"more than {MOST_ITEMS:,} items; send fewer at a time")
        items.count += 1
        fields: dict[str, Any] = {}
        try:
            fields = _fields(raw)
            fields.setdefault("source", held_to or source)
            _hold(fields["source"], held_to)
            what, made = _records(str(index), fields, settings)
            items.records += made
            items.accepted[index] = what
        except DataError as error:
            items.refuse(index, error, fields.get("id"))
    return items


def _split(body: bytes) -> Iterable[bytes | msgspec.Raw]:
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if _values(body) > _MOST_VALUES and _values(_STRING.sub(b"", body)) > _MOST_VALUES:
        raise DataError(ErrorCode.JSON_INVALID, f"more than {_MOST_VALUES:,} values; send fewer at a time")
    if body.startswith(b"["):
        try:
            return _ARRAY.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DataError(ErrorCode.JSON_INVALID, f"the array is no JSON: {error}") from None
    if not body:
        return ()
    if not body.startswith(b"{"):
        raise DataError(ErrorCode.JSON_INVALID, "send a JSON array, an object, or an object a line")
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [line for line in body.split(b"\n") if line.strip()]
    return [body]


def _values(body: bytes) -> int:
    """Of how many at most it consists, signs in strings counted, too."""
    return sum(map(body.count, (b",", b"[", b"{", b"\n")))


def _fields(raw: bytes | msgspec.Raw) -> dict[str, Any]:
    try:
        return given(_OBJECT.decode(raw))
    except msgspec.ValidationError:
        raise DataError(ErrorCode.FIELD_INVALID, "the item is no JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(ErrorCode.JSON_INVALID, f"no JSON: {error}") from None


def _hold(source: object, held_to: str | None) -> None:
    if held_to is not None and source != held_to:
        raise DataError(
            ErrorCode.FIELD_INVALID, f"field `source` is not {held_to!r}, the only one that this token is for"
        )


def _records(where: str, fields: dict[str, Any], settings: Settings) -> tuple[str, list[Outgoing]]:
    """What it counts as, and its records: of a deletion two, unless it says which."""
    try:
        written = to_json(fields)
    except (UnicodeEncodeError, OverflowError, RecursionError) as error:
        raise DataError(ErrorCode.FIELD_INVALID, f"a field cannot be sent: {error}") from None
    if "deleted_at" in fields:
        deletion = decode_deletion(written, JSON)
        if deletion is None:
            raise DataError(ErrorCode.FIELD_INVALID, "field `deleted_at` cannot be read")
        ids = Privacy(settings).ids(deletion.source, deletion.id)
        named = [replace(deletion, id=id) for id in ids]
        return "deletions", [_outgoing(where, topic, one, JSON) for one in named for topic in _topics(fields)]
    if "image" in fields:
        mention = decode_image(written, JSON)
        if len(mention.image) > settings.image_max_bytes:
            raise DataError(
                ErrorCode.IMAGE_TOO_MANY_BYTES,
                f"the picture has {len(mention.image):,} bytes, the limit is {settings.image_max_bytes:,} "
                "(MONITOR_IMAGE_MAX_BYTES)",
            )
        read_header(mention.image)
        return "pictures", [_outgoing(where, "image", mention, MSGPACK)]
    text = decode_text(written, JSON, max_chars=settings.text_max_chars)
    return "posts", [_outgoing(where, "text", text, JSON)]


def _topics(fields: dict[str, Any]) -> tuple[str, ...]:
    kind = fields.get("kind")
    if kind is not None and kind not in _TOPICS:
        raise DataError(
            ErrorCode.FIELD_INVALID, "field `kind` of a deletion is text or image, or left out for both"
        )
    return _TOPICS if kind is None else (kind,)


def _outgoing(
    where: str, topic: str, message: TextMention | ImageMention | Deletion, content_type: str
) -> Outgoing:
    value = encode(message, content_type)
    return Outgoing(where, topic, message.id.encode(), value, content_type_header(content_type))
