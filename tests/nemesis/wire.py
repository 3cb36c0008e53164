"""Kafka's record batches (magic 2), written and read by hand: what no client would send, and what no client
can read.

https://kafka.apache.org/documentation/#recordbatch
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cramjam
from aiokafka.codec import lz4_encode, snappy_decode, snappy_encode
from aiokafka.record.util import calc_crc32c

CODECS: Final = ("none", "gzip", "snappy", "lz4", "zstd")
"""In the order of their numbers in a batch's attributes."""

MOST_UNPACKED: Final = 64 * 2**20
"""Bytes; a batch that unpacks to more is a bomb. Nothing that the harness sends in good faith comes near."""

_HEAD: Final = struct.Struct(">qiibIhiqqqhii")
_TRANSACTIONAL, _CONTROL = 0x10, 0x20

Headers = Sequence[tuple[bytes, bytes | None]]


@dataclass(frozen=True, slots=True)
class Bare:
    """A record to be written."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A record found in the log."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers

    def header(self, name: bytes) -> bytes | None:
        return next((value for said, value in self.headers if said == name), None)


@dataclass(frozen=True, slots=True)
class WireBatch:
    """A batch as it lies in the log; `records` is None where it cannot be read, `why` says why."""

    first: int
    last: int
    producer: int
    transactional: bool
    control: bool
    records: tuple[Read, ...] | None
    why: str = ""

    @property
    def aborts(self) -> bool:
        """For a control batch: whether its marker ends the transaction badly."""
        return bool(self.records) and struct.unpack(">hh", (self.records or ())[0].key or b"\0\0\0\1")[1] == 0


def batch(records: Sequence[Bare], timestamp: int, codec: str = "none") -> bytes:
    """A batch of these records, as a producer sends it."""
    body = b"".join(_record(number, record) for number, record in enumerate(records))
    packed = PACK[codec](body)
    rest = struct.pack(
        ">hiqqqhii", CODECS.index(codec), len(records) - 1, timestamp, timestamp, -1, -1, -1, len(records)
    )
    crc = calc_crc32c(rest + packed)
    return struct.pack(">qiibI", 0, 9 + len(rest) + len(packed), -1, 2, crc) + rest + packed


def batches(data: bytes) -> Iterator[WireBatch]:
    """The whole batches at the beginning of a fetch's answer."""
    at = 0
    while at + _HEAD.size <= len(data):
        first, length, _, _, _, attributes, delta, base, _, producer, _, _, count = _HEAD.unpack_from(
            data, at
        )
        end = at + 12 + length
        if end > len(data):
            return
        payload = data[at + _HEAD.size : end]
        records: tuple[Read, ...] | None
        why = ""
        try:
            body = UNPACK[CODECS[attributes & 7]](payload)
            records = tuple(_records(body, count, first, base))
        except Exception as error:  # every codec has exceptions of its own
            records, why = None, f"{type(error).__name__}: {error}"
        yield WireBatch(
            first=first,
            last=first + delta,
            producer=producer,
            transactional=bool(attributes & _TRANSACTIONAL),
            control=bool(attributes & _CONTROL),
            records=records,
            why=why,
        )
        at = end


def _gunzip(data: bytes) -> bytes:
    return _bounded(zlib.decompressobj(31).decompress(data, MOST_UNPACKED + 1))


def _bounded(body: bytes) -> bytes:
    if len(body) > MOST_UNPACKED:
        raise ValueError(f"unpacks to more than {MOST_UNPACKED:,} bytes")
    return body


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


PACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": _gzip,
    "snappy": lambda data: bytes(snappy_encode(data)),
    "lz4": lambda data: bytes(lz4_encode(data)),  # blocks that stand alone: Kafka takes no others
    "zstd": lambda data: bytes(cramjam.zstd.compress(data)),
}
UNPACK: Final[dict[str, Callable[[bytes], bytes]]] = {
    "none": bytes,
    "gzip": _gunzip,
    "snappy": lambda data: _bounded(bytes(snappy_decode(data))),
    "lz4": lambda data: _bounded(bytes(cramjam.lz4.decompress(data))),
    "zstd": lambda data: _bounded(bytes(cramjam.zstd.decompress(data))),
}


def _record(number: int, record: Bare) -> bytes:
    parts = [b"\0", _varint(0), _varint(number), _sized(record.key), _sized(record.value)]
    parts.append(_varint(len(record.headers)))
    for name, value in record.headers:
        parts += [_sized(name), _sized(value)]
    body = b"".join(parts)
    return _varint(len(body)) + body


def _sized(data: bytes | None) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(value: int) -> bytes:
    number = (value << 1) ^ (value >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


def _records(body: bytes, count: int, first: int, base: int) -> Iterator[Read]:
    at = 0

    def number() -> int:
        nonlocal at
        shift = value = 0
        while True:
            byte = body[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return (value >> 1) ^ -(value & 1)

    def data() -> bytes | None:
        nonlocal at
        length = number()
        if length < 0:
            return None
        at += length
        return body[at - length : at]

    for _ in range(count):
        number()
        at += 1  # attributes, of which there are none
        timestamp, offset = base + number(), first + number()
        key, value = data(), data()
        headers = tuple((data() or b"", data()) for _ in range(number()))
        yield Read(offset, timestamp, key, value, headers)
