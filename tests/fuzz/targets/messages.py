"""Decoding of mentions: `DataError` or a mention that can be written again and is the same then."""

from collections.abc import Iterator
from datetime import UTC

import msgspec

from monitor.errors import DataError
from monitor.messages import JSON, MSGPACK, decode_deletion, decode_image, decode_text, encode, mention_uuid
from tests.fuzz.material import ROOT, small_pictures

LONGEST = 4096
WORDS = (
    b"published_at",
    b"source",
    b"2026-03-01T09:30:00Z",
    b"+23:59",
    b"\\ud800",
    b"reach",
    b"1e999",
    b"deleted_at",
)
_TYPES = (None, JSON, MSGPACK, "application/json; charset=utf-8", " APPLICATION/MSGPACK ", "text/\ud800", "")
_MOST = 500


def seeds() -> Iterator[bytes]:
    """The first byte chooses kind and content type."""
    for name in ("text-mention", "image-mention", "deletion"):
        written = (ROOT / "examples" / f"{name}.json").read_bytes()
        fields = msgspec.json.decode(written)
        if "image" in fields:
            fields["image"] = next(small_pictures())
        kind = 128 * ("image" in fields)
        yield bytes([kind]) + msgspec.json.encode(fields)
        yield bytes([kind + 2]) + msgspec.msgpack.encode(fields)
    for line in (ROOT / "samples" / "broken" / "messages.jsonl").read_bytes().splitlines():
        yield b"\0" + (msgspec.json.decode(line).get("value") or "").encode()[: LONGEST - 1]


def check(data: bytes) -> None:
    """Both kinds and deletions, every content type."""
    choice, value = data[0] if data else 0, data[1:]
    content_type = _TYPES[choice % 128 % len(_TYPES)]
    try:
        gone = decode_deletion(value, content_type)
        if gone is not None:
            gone.deleted_at.astimezone(UTC).isoformat()
            for form in (JSON, MSGPACK):
                assert decode_deletion(encode(gone, form), form) == gone
            return
        mention = (
            decode_image(value, content_type)
            if choice >= 128
            else decode_text(value, content_type, max_chars=_MOST)
        )
    except DataError as error:
        error.detail.encode("utf-8", "replace")
        return
    mention_uuid("text", mention.source, mention.id)
    mention.published_at.astimezone(UTC).isoformat()
    for form in (JSON, MSGPACK):
        written = encode(mention, form)
        again = decode_image(written, form) if choice >= 128 else decode_text(written, form, max_chars=_MOST)
        assert again == mention, (again, mention)
