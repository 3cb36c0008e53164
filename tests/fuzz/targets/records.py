"""A record's headers: whatever they are, a dead letter holds them and gives them back."""

from collections.abc import Iterator
from datetime import UTC, datetime

from monitor.errors import DataError
from monitor.messages import DeadLetter, decode_text
from monitor.storage.records import RecordPosition
from monitor.stream.announcements import _cut, envelope, opened
from monitor.stream.records import Record
from tests.fuzz.material import text_of

LONGEST = 1024
WORDS = (b"content-type", b"application/msgpack", b"error-code", b"failed-at", b"source-offset", b"\x1e")
_AT = datetime(2026, 3, 1, tzinfo=UTC)


def seeds() -> Iterator[bytes]:
    """Value, then headers, apart by 1E; name and value of a header apart by 1F."""
    yield b'{"id":"1"}\x1econtent-type\x1fapplication/json\x1eTrace\x1f\xff\xfe'
    yield b"\x93\x1eContent-Type\x1fapplication/msgpack"
    yield b"{\x1eerror-code\x1fjson\x1esource-offset\x1f7\x1efailed-at\x1f2026\x1econtent-type\x1f\xff"


def check(data: bytes) -> None:
    """Decode the value by its headers; what is refused goes into an envelope and out again."""
    value, *parts = data.split(b"\x1e")
    headers = tuple(
        (text_of(name), content) for name, _, content in (part.partition(b"\x1f") for part in parts)
    )
    record = Record(
        position=RecordPosition(topic="mentions.text", partition=0, offset=7, timestamp=_AT),
        generation=1,
        key=value[:2] or None,
        value=value,
        headers=headers,
    )
    try:
        decode_text(value, record.content_type, max_chars=100)
    except DataError as error:
        letter = record.rejected(error, _AT).letter
        _round_trip(letter, headers)
    text = text_of(value)
    letter = DeadLetter(
        key=None,
        value=value,
        headers=headers,
        error_code="json-invalid",
        error_detail=text,
        source_topic="t",
        source_partition=len(value),
        source_offset=2**62 + len(value),
        failed_at=_AT,
    )
    _round_trip(letter, headers)


def _round_trip(letter: DeadLetter, headers: tuple[tuple[str, bytes], ...]) -> None:
    sendable = tuple((name.encode("utf-8", "backslashreplace").decode(), value) for name, value in headers)
    said, original = opened(envelope(letter))
    assert original == sendable, (original, headers)
    assert said == {
        "error-code": letter.error_code,
        "error-detail": letter.error_detail.encode("utf-8", "replace").decode(),
        "source-topic": letter.source_topic,
        "source-partition": str(letter.source_partition),
        "source-offset": str(letter.source_offset),
        "failed-at": letter.failed_at.isoformat(),
    }
    opened(headers)
    for room in (8, 64):
        key, value, short = _cut(letter, room)
        said, original = opened(short)
        assert original == sendable[: len(original)]
        assert said["value-bytes"] == str(len(letter.value))
        assert sum(len(name) + len(content) for name, content in original) <= room >= len(value)
        assert len(key or b"") <= room
