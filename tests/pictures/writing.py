"""Writes EXIF into pictures as cameras and programs do."""

import struct
import zlib
from collections.abc import Mapping

import cv2
import numpy as np

_SHORT, _LONG, _ASCII = 3, 4, 2
_CAMERA = 0x8769
TAKEN, OFFSET = 0x9003, 0x9011
"""Tags of what the camera knew."""


def exif_block(
    whole: Mapping[int, int | str], camera: Mapping[int, int | str] | None = None, order: str = ">"
) -> bytes:
    """TIFF with two directories: of the picture, and of what the camera knew."""
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8)
    entries = dict(whole)
    if camera is not None:
        entries[_CAMERA] = 0
        entries[_CAMERA] = 8 + len(_directory(entries, 8, order))
    first = _directory(entries, 8, order)
    return head + first + (b"" if camera is None else _directory(camera, 8 + len(first), order))


def _directory(entries: Mapping[int, int | str], at: int, order: str) -> bytes:
    body, behind = b"", b""
    behind_at = at + 2 + 12 * len(entries) + 4
    for tag, value in sorted(entries.items()):
        if isinstance(value, str):
            text = value.encode() + b"\0"
            body += struct.pack(order + "HHII", tag, _ASCII, len(text), behind_at + len(behind))
            behind += text
        elif tag == _CAMERA:
            body += struct.pack(order + "HHII", tag, _LONG, 1, value)
        else:
            body += struct.pack(order + "HHIHH", tag, _SHORT, 1, value, 0)
    return struct.pack(order + "H", len(entries)) + body + bytes(4) + behind


def with_exif(data: bytes, block: bytes) -> bytes:
    """The JPEG, PNG or WebP with the block in it."""
    if data.startswith(b"\xff\xd8"):
        body = b"Exif\0\0" + block
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]
    if data.startswith(b"\x89PNG"):
        chunk = b"eXIf" + block
        return (
            data[:33]
            + struct.pack(">I", len(block))
            + chunk
            + struct.pack(">I", zlib.crc32(chunk))
            + data[33:]
        )
    return _webp_with_exif(data, block)


def _webp_with_exif(data: bytes, block: bytes) -> bytes:
    chunks = data[12:]
    if not chunks.startswith(b"VP8X"):
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        height, width = pixels.shape[:2]
        flags = 0x10 if pixels.shape[2] == 4 else 0
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        chunks = b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size + chunks
    chunks = chunks[:8] + bytes([chunks[8] | 0x08]) + chunks[9:]
    body = b"WEBP" + chunks + b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body
