"""What a fetch brings: nothing raises, offsets ascend in their batches, the position moves, bombs stay small.

Checksums are put right, and records packed by the codec that their batch names, so that what lies behind
those is reached too.
"""

import struct
from collections.abc import Callable, Iterator

import cramjam
from aiokafka.record.util import calc_crc32c

from monitor.stream import codecs
from monitor.stream.wire import Fetch
from tests.stream.batches import batch, marker, record

LONGEST = 2000
WORDS = (
    b"\x82SNAPPY\x00",
    b"\x1f\x8b\x08",
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"\xff\xff\xff\xff\x0f",
    b"\x00\x00\x00\x02",
)
_LIMIT = 2**16
_LENGTH_AT, _MAGIC_AT, _SUM_AT, _ATTRIBUTES_AT, _DELTA_AT, _RECORDS_AT = 8, 16, 17, 21, 23, 61
_RIGHT_SUMS, _PACK = 1, 2
_PACKERS: dict[int, Callable[[bytes], object]] = {
    codecs.GZIP: cramjam.gzip.compress,
    codecs.SNAPPY: cramjam.snappy.compress_raw,
    codecs.LZ4: cramjam.lz4.compress,
    codecs.ZSTD: cramjam.zstd.compress,
}


def seeds() -> Iterator[bytes]:
    """Three bytes, what is put right, where reading begins and which producer aborted; then batches."""
    records = [
        record(0, b"value", b"key", [(b"content-type", b"a"), (b"\xff", None)]),
        record(1, None),
        record(3, b""),
    ]
    for codec in range(6):
        plain = batch(5, records, codec=codec, last_delta=3, payload=b"".join(records))
        yield bytes([_RIGHT_SUMS | _PACK, 5, 0]) + plain
        yield bytes([_RIGHT_SUMS, 6, 0]) + (_packed(plain) or plain) + batch(9, [record(0, b"next")])
    for commit in (False, True):
        told = batch(0, records[:1], attributes=0x10, producer=3) + marker(1, 3, commit=commit)
        yield bytes([_RIGHT_SUMS, 0, 3]) + told + batch(2, [record(0, b"a" * 300)], attributes=8)
    bomb = batch(0, [], codec=codecs.GZIP, payload=bytes(cramjam.gzip.compress(b"\0" * 2**19)))
    yield bytes([_RIGHT_SUMS, 0, 0]) + bomb + batch(1, records[:1])
    yield bytes([0, 0, 0]) + _old(0, b"key", b"value") + _old(1, None, None)
    bomb = _old(0, b"k", b"v" * 2**19)
    yield bytes([0, 0, 0]) + _old(1, None, bytes(cramjam.gzip.compress(bomb)), attributes=1)
    yield bytes([0, 0, 0]) + _old(1, None, bytes(cramjam.gzip.compress(_old(1, b"k", b"v"))), attributes=1)


def check(data: bytes) -> None:
    """One fetch, three records at a time."""
    flags, position, producer = (*data[:3], 0, 0, 0)[:3]
    fetched, ends = _mended(data[3:], flags)
    fetch = Fetch(fetched, [(producer, 0)] if producer else [], position, _LIMIT)
    reached, held = position - 1, 0
    while not fetch.exhausted:
        entries = fetch.take(3, 100)
        assert entries or fetch.exhausted
        for entry in entries:
            assert entry.offset > reached, (entry, reached)
            reached = entry.offset
            held += len(entry.key or b"") + len(entry.value or b"")
            held += sum(len(name) + len(content or b"") for name, content in entry.headers)
        assert fetch.next_fetch_offset > reached
    assert fetch.next_fetch_offset == max(position, *(end + 1 for end in ends), position)
    assert held <= 4 * (len(ends) * _LIMIT + len(fetched)), held


def _mended(data: bytes, flags: int) -> tuple[bytes, list[int]]:
    """The batches, sums put right and records packed as asked for, and the last offset of each whole one."""
    parts, ends, at = [], [], 0
    while at + 12 <= len(data):
        first, length = struct.unpack_from(">qi", data, at)
        end = at + 12 + length
        if length < 5 or end > len(data):
            break
        one = data[at:end]
        at = end
        if len(one) >= _RECORDS_AT and one[_MAGIC_AT] == 2:
            if flags & _PACK:
                one = _packed(one) or one
            if flags & _RIGHT_SUMS:
                total = struct.pack(">I", calc_crc32c(one[_ATTRIBUTES_AT:]))
                one = one[:_SUM_AT] + total + one[_ATTRIBUTES_AT:]
            first += max(0, struct.unpack_from(">i", one, _DELTA_AT)[0])
        elif len(one) >= _RECORDS_AT and one[_MAGIC_AT] > 2:
            first += max(0, struct.unpack_from(">i", one, _DELTA_AT)[0])
        parts.append(one)
        ends.append(first)
    return b"".join((*parts, data[at:])), ends


def _packed(one: bytes) -> bytes | None:
    """A batch whose records lie there plain, packed by the codec its attributes name."""
    packer = _PACKERS.get(one[_ATTRIBUTES_AT + 1] & 7)
    if packer is None:
        return None
    body = one[_LENGTH_AT + 4 : _RECORDS_AT] + bytes(packer(one[_RECORDS_AT:]))  # type: ignore[arg-type]
    return one[:_LENGTH_AT] + struct.pack(">i", len(body)) + body


def _old(offset: int, key: bytes | None, value: bytes | None, attributes: int = 0) -> bytes:
    """A message of format 1, as Kafka wrote until 0.11; its checksum is left open."""
    pieces = b"".join(
        struct.pack(">i", -1 if each is None else len(each)) + (each or b"") for each in (key, value)
    )
    body = struct.pack(">Ibbq", 0, 1, attributes, 1_772_357_400_000) + pieces
    return struct.pack(">qi", offset, len(body)) + body
