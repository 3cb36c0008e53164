"""Record batches as Kafka keeps them: cut apart, unpacked within a limit, parsed whatever they hold.

aiokafka's fast parser goes first, and a forgiving one of our own from the record on where that one stops.
The format: https://kafka.apache.org/documentation/#messageformat
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from monitor.errors import DataError, ErrorCode
from monitor.stream import codecs

_OVERHEAD: Final = struct.Struct(">qi")
"""Before every batch: first offset, and the length of what follows."""

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
"""A batch's header, version 2: first offset, length, leader epoch, magic, CRC, attributes, last offset delta,
first and last timestamp, producer id and epoch, first sequence number, record count."""

_ATTRIBUTES: Final = struct.Struct(">h")
_ATTRIBUTES_AT: Final = struct.calcsize(">qiibI")
_MAGIC_AT: Final = struct.calcsize(">qii")
_MAGIC: Final = 2

_OLD_ATTRIBUTES_AT: Final = _MAGIC_AT + 1
_OLD_TIME: Final = 8
_OLD_LENGTH: Final = struct.Struct(">i")
"""Formats 0 and 1: attributes after the magic byte, in format 1 a timestamp, then key and value by length."""

_CODEC: Final = 0x07
_LOG_APPEND_TIME: Final = 0x08
TRANSACTIONAL: Final = 0x10
CONTROL: Final = 0x20

_CONTROL_KEY: Final = struct.Struct(">hh")
"""Key of a transaction's marker: version and type."""
_ABORT: Final = 0

Headers = tuple[tuple[str, bytes | None], ...]


class Entry(NamedTuple):
    """A record as it lies in the log; where `fault` is set, `value` is its bytes on the wire."""

    offset: int
    timestamp: int
    """Milliseconds since 1970, as the publisher or the broker set it: anything."""
    key: bytes | None
    value: bytes | None
    headers: Headers
    fault: DataError | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch before it is unpacked; offsets `first` to `last`, both included."""

    data: bytes
    magic: int
    first: int
    last: int
    attributes: int = 0
    producer: int = -1
    first_timestamp: int = 0
    last_timestamp: int = 0

    def timestamp(self, delta: int) -> int:
        """A record's, in milliseconds; the broker's own where the topic says so."""
        return self.last_timestamp if self.attributes & _LOG_APPEND_TIME else self.first_timestamp + delta

    def unreadable(self, code: ErrorCode, why: str, offset: int, value: bytes) -> Entry:
        """What stands in the place of bytes that nobody can read."""
        detail = f"{why}; the dead letter's value is {len(value):,} bytes as they lay in the log"
        return Entry(offset, self.last_timestamp, None, value, (), DataError(code, detail))

    def lost(self, why: str, offset: int) -> Entry:
        """The batch as a whole, in one letter."""
        whole = f"batch of offsets {self.first} to {self.last}: {why}"
        return self.unreadable(ErrorCode.BATCH_UNREADABLE, whole, offset, self.data)


def batches(data: bytes) -> Iterator[Batch]:
    """Whole batches; the last one of a fetch may be cut, and is fetched again from its start."""
    place = 0
    while place + _OVERHEAD.size <= len(data):
        first, length = _OVERHEAD.unpack_from(data, place)
        end = place + _OVERHEAD.size + length
        if length <= _MAGIC_AT - _OVERHEAD.size or end > len(data):
            return
        yield _batch(data[place:end], first)
        place = end


def _batch(data: bytes, first: int) -> Batch:
    magic = data[_MAGIC_AT]
    if magic < _MAGIC or len(data) < _HEADER.size:
        # Before Kafka 0.11 a batch bore its last offset.
        return Batch(data, magic, first, first)
    _, _, _, magic, _, attributes, delta, began, ended, producer, _, _, _ = _HEADER.unpack_from(data)
    return Batch(data, magic, first, first + max(delta, 0), attributes, producer, began, ended)


def is_abort(batch: Batch) -> bool:
    """Whether a control batch ends its transaction by an abort."""
    for marker in _forgiving(batch, batch.data[_HEADER.size :], batch.first - 1):
        key = marker.key or b""
        return len(key) >= _CONTROL_KEY.size and _CONTROL_KEY.unpack_from(key)[1] == _ABORT
    return False


def entries(batch: Batch, start: int, limit: int) -> Iterator[Entry]:
    """The batch's records from offset `start` on, offsets ascending within it; raises nothing."""
    if batch.magic < _MAGIC:
        yield from _old(batch, start, limit)
        return
    start = max(start, batch.first)
    if batch.magic > _MAGIC or len(batch.data) < _HEADER.size:
        yield batch.lost(f"message format {batch.magic} is none this version knows", start)
        return
    if not _sound(batch.data):
        yield batch.lost("its checksum does not fit", start)
        return
    codec = batch.attributes & _CODEC
    payload = batch.data[_HEADER.size :]
    data = batch.data
    if codec:
        try:
            payload = codecs.unpack(codec, payload, limit)
        except ValueError as error:
            yield batch.lost(str(error), start)
            return
        data = _plain(batch, payload)
    reached = batch.first - 1
    try:
        for record in DefaultRecordBatch(data):
            if not reached < record.offset <= batch.last:
                break
            reached = record.offset
            if reached >= start:
                yield Entry(
                    record.offset, record.timestamp, record.key, record.value, tuple(record.headers), None
                )
        else:
            return
    except Exception:  # noqa: S110 - whatever it stumbled over, the forgiving parser goes on from there
        pass
    yield from _forgiving(batch, payload, max(reached, start - 1))


def _sound(data: bytes) -> bool:
    try:
        return bool(DefaultRecordBatch(data).validate_crc())
    except Exception:
        return False


def _plain(batch: Batch, payload: bytes) -> bytes:
    """The batch as if it had not been compressed; its checksum has been seen before."""
    header = bytearray(batch.data[: _HEADER.size])
    _ATTRIBUTES.pack_into(header, _ATTRIBUTES_AT, batch.attributes & ~_CODEC)
    return bytes(header) + payload


def _old(batch: Batch, start: int, limit: int) -> Iterator[Entry]:
    """Message formats 0 and 1, which Kafka 4 no longer writes."""
    try:
        # aiokafka unpacks them without a limit: see whether they keep within it before it does.
        codec = batch.data[_OLD_ATTRIBUTES_AT] & _CODEC
        if codec:
            codecs.unpack(codec, _old_value(batch), limit)
        entries = [_old_entry(record) for record in MemoryRecords(batch.data).next_batch()]
    except Exception as error:
        yield batch.lost(f"message format {batch.magic}: {type(error).__name__}: {error}", batch.last)
        return
    for entry in entries:
        if start <= entry.offset <= batch.last:
            start = entry.offset + 1
            yield entry


def _old_value(batch: Batch) -> bytes:
    place = _OLD_ATTRIBUTES_AT + 1 + (_OLD_TIME if batch.magic else 0)
    for _ in ("key", "value"):
        (length,) = _OLD_LENGTH.unpack_from(batch.data, place)
        begin = place + _OLD_LENGTH.size
        place = begin + max(length, 0)
    return batch.data[begin:place]


def _old_entry(record: Any) -> Entry:
    return Entry(record.offset, record.timestamp or 0, record.key, record.value, (), None)


class _Broken(Exception):  # noqa: N818 - never leaves this module
    """Bytes that are no record."""


def _forgiving(batch: Batch, payload: bytes, reached: int) -> Iterator[Entry]:
    """Records after offset `reached`. One that cannot be read costs itself, for records bear their lengths;
    a length that leads nowhere costs what is behind it."""
    place = 0
    offset = batch.first - 1
    while place < len(payload) and offset < batch.last:
        begin = place
        try:
            record, place = _piece(payload, place, len(payload))
        except _Broken as error:
            rest = f"records of offsets {offset + 1} to {batch.last}: {error}"
            if batch.last > reached:
                yield batch.unreadable(
                    ErrorCode.RECORD_UNREADABLE, rest, max(offset, reached) + 1, payload[begin:]
                )
            return
        try:
            entry = _entry(batch, record or b"", offset)
        except _Broken as error:
            why = f"record after offset {offset}: {error}"
            entry = batch.unreadable(ErrorCode.RECORD_UNREADABLE, why, offset + 1, record or b"")
        offset = entry.offset
        if offset > reached:
            yield entry


def _entry(batch: Batch, data: bytes, after: int) -> Entry:
    place, end = 1, len(data)  # the first byte holds attributes, of which none are defined
    delta, place = _varint(data, place, end)
    offset_delta, place = _varint(data, place, end)
    if not after < batch.first + offset_delta <= batch.last:
        raise _Broken(f"its offset {batch.first + offset_delta} is out of order")
    key, place = _piece(data, place, end)
    value, place = _piece(data, place, end)
    count, place = _varint(data, place, end)
    if count < 0:
        raise _Broken(f"it has {count} headers")
    headers: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, place = _piece(data, place, end)
        content, place = _piece(data, place, end)
        # A header nobody asked for is no reason to refuse a mention, whatever its name.
        headers.append(((name or b"").decode("utf-8", "backslashreplace"), content))
    return Entry(batch.first + offset_delta, batch.timestamp(delta), key, value, tuple(headers), None)


def _piece(data: bytes, place: int, end: int) -> tuple[bytes | None, int]:
    """Bytes that bear their length; -1 is none."""
    length, place = _varint(data, place, end)
    if length < 0:
        return None, place
    if place + length > end:
        raise _Broken(f"a field of {length:,} bytes where {end - place:,} are left")
    return data[place : place + length], place + length


def _varint(data: bytes, place: int, end: int) -> tuple[int, int]:
    """A number of up to 64 bits in Protocol Buffers' zigzag encoding."""
    value = shift = 0
    while place < end and shift < 70:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), place
        shift += 7
    raise _Broken("a number without an end")
