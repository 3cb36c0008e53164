"""Record batches as no client of ours writes them, byte by byte."""

import struct
from collections.abc import Sequence

from aiokafka.codec import gzip_encode, lz4_encode, snappy_encode, zstd_encode
from aiokafka.record.util import calc_crc32c, encode_varint

ENCODERS = {0: bytes, 1: gzip_encode, 2: snappy_encode, 3: lz4_encode, 4: zstd_encode}

Header = tuple[bytes, bytes | None]


def varint(value: int) -> bytes:
    out = bytearray()
    encode_varint(value, out.append)
    return bytes(out)


def piece(data: bytes | None) -> bytes:
    return varint(-1) if data is None else varint(len(data)) + data


def record(
    delta: int, value: bytes | None, key: bytes | None = None, headers: Sequence[Header] = ()
) -> bytes:
    """One record, its length first."""
    body = b"\x00" + varint(0) + varint(delta) + piece(key) + piece(value) + varint(len(headers))
    body += b"".join(piece(name) + piece(content) for name, content in headers)
    return varint(len(body)) + body


def batch(
    first: int,
    records: Sequence[bytes],
    *,
    codec: int = 0,
    last_delta: int | None = None,
    attributes: int = 0,
    producer: int = -1,
    payload: bytes | None = None,
    timestamp: int = 1_772_357_400_000,
) -> bytes:
    """A batch of version 2 with a checksum that fits; `payload` instead of the records compressed."""
    if payload is None:
        payload = ENCODERS[codec](b"".join(records))
    delta = len(records) - 1 if last_delta is None else last_delta
    checked = (
        struct.pack(
            ">hiqqqhii", attributes | codec, delta, timestamp, timestamp, producer, 0, 0, len(records)
        )
        + payload
    )
    body = struct.pack(">ibI", 0, 2, calc_crc32c(checked)) + checked
    return struct.pack(">qi", first, len(body)) + body


def marker(first: int, producer: int, *, commit: bool) -> bytes:
    """The end of a transaction."""
    control = record(0, struct.pack(">hi", 0, 0), key=struct.pack(">hh", 0, int(commit)))
    return batch(first, [control], attributes=0x30, producer=producer)
