"""Unpacks what Kafka's clients compress, never beyond a limit.

aiokafka's own decoders unpack whatever a batch claims to hold: 16 MB on the wire can be 16 GB in memory.
"""

import struct
import zlib
from collections.abc import Callable
from typing import Final

import cramjam
import numpy as np

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
"""Kafka's numbers of the codecs, in the lowest three bits of a batch's attributes."""

_XERIAL: Final = b"\x82SNAPPY\x00"
"""Start of snappy in blocks, as Java's library writes it; Kafka's other clients write one raw block."""

_XERIAL_HEADER: Final = len(_XERIAL) + 8
"""Bytes before the first block: the start, then two numbers of versions."""

_GZIP_WINDOW: Final = 31
"""zlib's word for a gzip header and the largest window."""

_MOST_PIECES: Final = 10_000
"""Members or blocks of a batch. Encoders write one, or one for each 32 kB; a million take seconds."""

_PIECE: Final = 4096

_OVERFLOW: Final = "failed to write whole buffer"
"""What cramjam says of an output that is too small."""


class TooLargeError(ValueError):
    """The data unpacks to more than the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"unpacks to more than {limit:,} bytes (MONITOR_UNPACKED_MAX_BYTES)")


def unpack(codec: int, data: bytes, limit: int) -> bytes:
    """The data unpacked; takes no more memory than `limit` bytes twice.

    Raises `TooLargeError` beyond the limit, `ValueError` where the data is broken or the codec unknown.
    """
    if codec == GZIP:
        return _gunzip(data, limit)
    if codec == SNAPPY:
        return _unsnap(data, limit)
    if codec == LZ4:
        return _unpack_into("lz4", cramjam.lz4.decompress_into, data, limit)
    if codec == ZSTD:
        return _unpack_into("zstd", cramjam.zstd.decompress_into, data, limit)
    raise ValueError(f"codec {codec} is none of Kafka's")


def _gunzip(data: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left, place, members = limit, 0, 1
    stream = zlib.decompressobj(_GZIP_WINDOW)
    while place < len(data):
        if stream.eof:
            stream, members = zlib.decompressobj(_GZIP_WINDOW), members + 1
            if members > _MOST_PIECES:
                raise ValueError(f"gzip: more than {_MOST_PIECES:,} members")
        # By pieces: behind each member zlib copies all that it was given.
        piece = data[place : place + _PIECE]
        try:
            part = stream.decompress(piece, left + 1)
        except zlib.error as error:
            raise ValueError(f"gzip: {error}") from error
        left -= len(part)
        if left < 0:
            raise TooLargeError(limit)
        parts.append(part)
        place += len(piece) - len(stream.unused_data)
    if data and not stream.eof:
        raise ValueError("gzip: the data ends early")
    return b"".join(parts)


def _unsnap(data: bytes, limit: int) -> bytes:
    if not data.startswith(_XERIAL):
        return _unsnap_block(data, limit, limit)
    parts: list[bytes] = []
    left, place = limit, _XERIAL_HEADER
    while place < len(data):
        try:
            (size,) = struct.unpack_from("!i", data, place)
        except struct.error as error:
            raise ValueError("snappy: the data ends early") from error
        place += 4
        if size < 0 or place + size > len(data):
            raise ValueError("snappy: the data ends early")
        part = _unsnap_block(data[place : place + size], left, limit)
        left -= len(part)
        parts.append(part)
        place += size
        if len(parts) > _MOST_PIECES:
            raise ValueError(f"snappy: more than {_MOST_PIECES:,} blocks")
    return b"".join(parts)


def _unsnap_block(block: bytes, left: int, limit: int) -> bytes:
    try:
        if cramjam.snappy.decompress_raw_len(block) > left:
            raise TooLargeError(limit)
        return bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise ValueError(f"snappy: {error}") from error


def _unpack_into(name: str, unpack_into: Callable[..., int], data: bytes, limit: int) -> bytes:
    # Not touched yet, so not yet memory: the system gives the pages that are written to.
    room = np.empty(limit, np.uint8)
    try:
        size = unpack_into(data, room)
    except cramjam.DecompressionError as error:
        if _OVERFLOW in str(error):
            raise TooLargeError(limit) from error
        raise ValueError(f"{name}: {error}") from error
    return room[:size].tobytes()
