"""Reads what a picture file says about itself in its header: format, size, alpha, EXIF, whether it is whole.

Nothing is decoded and nothing is trusted: every offset is checked, and work is bounded by the file's length.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from monitor.errors import DataError, ErrorCode
from monitor.pictures.exif import Exif


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """`width` and `height` in pixels as stored (before EXIF orientation)."""

    media_type: str
    width: int
    height: int
    has_alpha: bool
    deep: bool = False
    """16 bits a channel."""
    exif: bytes = b""
    """As `Exif` reads it; empty where there is none."""

    @property
    def orientation(self) -> int:
        """1 to 8 as EXIF numbers them; 1: upright as stored."""
        return Exif(self.exif).orientation


_JPEG_MAGIC: Final = b"\xff\xd8\xff"
_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_OTHER_PICTURES: Final = (
    (re.compile(rb"GIF8"), "GIF"),
    (re.compile(rb"BM.{4}\0{4}", re.DOTALL), "BMP"),  # a text may begin with BMW
    (re.compile(rb"II\*\0|MM\0\*|.{4}ftypcrx ", re.DOTALL), "TIFF or a camera's raw data"),
    (re.compile(rb".{4}ftyp.{0,60}avi[fs]", re.DOTALL), "AVIF"),
    (re.compile(rb".{4}ftyp.{0,60}(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL), "HEIC, as phones write it"),
    (re.compile(rb"\0\0\x01\0"), "ICO"),
    (re.compile(rb"8BPS"), "Photoshop"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL"),
    (
        re.compile(
            rb"(?:\xef\xbb\xbf)?\s*(?:<(?:\?xml|!--|!doctype svg).{0,900}?)?<svg\b", re.DOTALL | re.IGNORECASE
        ),
        "SVG",
    ),
)
_OTHERS: Final = (
    (re.compile(rb".{4}ftyp", re.DOTALL), "a video (ISO media)"),
    (re.compile(rb"%PDF"), "PDF"),
    (re.compile(rb"\x1f\x8b"), "gzip data (perhaps SVGZ)"),
    (
        re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html)", re.IGNORECASE),
        "an HTML page (perhaps an error page saved as a picture)",
    ),
)
BEGINNING: Final = 1024
"""Bytes of a file by which `is_picture` tells what it is."""

# What decoders do for a few bytes each, so that a small file could keep one busy for minutes. Encoders write
# some 10 scans and, with the largest colour profile, 300 segments.
_MOST_SEGMENTS: Final = 2_000
_MOST_SCANS: Final = 100

_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""Chunks of a PNG that its pixels need."""

_FILL: Final = re.compile(rb"\xff*(?=\xff)")
_MARKER: Final = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
"""In a scan, the next thing that is neither data nor a restart."""


def read_header(data: bytes) -> PictureHeader:
    """Format and size of a JPEG, PNG or WebP file.

    Raises `DataError`: image-empty, image-format-unsupported, image-truncated or image-corrupt, with what was
    found.
    """
    if not data:
        raise DataError(ErrorCode.IMAGE_EMPTY, "the picture has 0 bytes")
    if data.startswith(_JPEG_MAGIC):
        return _jpeg(data)
    if data.startswith(_PNG_MAGIC):
        return _png(data)
    if _is_webp(data):
        return _webp(data)
    raise DataError(
        ErrorCode.IMAGE_FORMAT_UNSUPPORTED,
        f"the bytes are {_guess(data)}; send JPEG, PNG or WebP (told by content)",
    )


def is_picture(beginning: bytes) -> bool:
    """Whether a file that begins so is a picture, of the three formats or of another. `BEGINNING` bytes are
    enough."""
    known = beginning.startswith((_JPEG_MAGIC, _PNG_MAGIC)) or _is_webp(beginning)
    return known or _named(_OTHER_PICTURES, beginning) is not None


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _named(formats: tuple[tuple[re.Pattern[bytes], str], ...], data: bytes) -> str | None:
    return next((name for begins, name in formats if begins.match(data[:BEGINNING])), None)


def _guess(data: bytes) -> str:
    if name := _named(_OTHER_PICTURES, data) or _named(_OTHERS, data):
        return name
    if len(data) < 12:
        return f"no picture format known here and only {len(data)} long"
    return f"no picture format known here (they begin with {data[:8].hex(' ')})"


def _truncated(what: str, data: bytes) -> DataError:
    return DataError(
        ErrorCode.IMAGE_TRUNCATED, f"the {what} ends early, after {len(data):,} bytes; send the whole file"
    )


def _corrupt(what: str, why: str) -> DataError:
    return DataError(ErrorCode.IMAGE_CORRUPT, f"the {what} is damaged: {why}")


def _jpeg(data: bytes) -> PictureHeader:
    """Walks the segments to the frame header and on to the first scan; after it the end marker must follow.

    ITU T.81: inside a scan FF is followed by 00 or a restart marker, so FF D9 there is the end and nothing
    else.
    """
    size: tuple[int, int] | None = None
    exif = b""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if fill := _FILL.match(data, at):
            at = fill.end()
        if at + 4 > len(data):
            raise _truncated("JPEG", data)
        if data[at] != 0xFF:
            raise _corrupt("JPEG", f"no marker at byte {at}")
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without a body
            at += 2
            continue
        if length < 2:
            raise _corrupt("JPEG", f"segment of length {length} at byte {at}")
        body = data[at + 4 : at + 2 + length]
        if len(body) < length - 2:
            raise _truncated("JPEG", data)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if len(body) < 5:
                raise _corrupt("JPEG", "frame header too short")
            height, width = struct.unpack(">HH", body[1:5])
            size = width, height
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and not exif:
            exif = body
        if marker == 0xDA:
            break
        at += 2 + length
    else:
        raise _corrupt("JPEG", f"more than {_MOST_SEGMENTS:,} segments before the first scan")
    if size is None or 0 in size:
        raise _corrupt("JPEG", "it does not say how large it is")
    if data.find(b"\xff\xd9", at) < 0:
        raise _truncated("JPEG", data)
    if _scans(data, at) > _MOST_SCANS:
        raise _corrupt("JPEG", f"more than {_MOST_SCANS} scans")
    return PictureHeader("image/jpeg", size[0], size[1], has_alpha=False, exif=exif)


def _scans(data: bytes, at: int) -> int:
    """How many scans there are from the marker at `at` on, to the end marker or one more than are allowed."""
    scans = 0
    while scans <= _MOST_SCANS and (marker := _MARKER.search(data, at)):
        kind, at = data[marker.end() - 1], marker.end()
        if kind == 0xD9:
            break
        scans += kind == 0xDA
        at += int.from_bytes(data[at : at + 2])
    return scans


def _png(data: bytes) -> PictureHeader:
    """Walks the chunks to IEND; sizes and colour type stand in IHDR, the first."""
    if len(data) < 33:
        raise _truncated("PNG", data)
    if data[12:16] != b"IHDR":
        raise _corrupt("PNG", "the first chunk is not IHDR")
    width, height = struct.unpack(">II", data[16:24])
    if not (0 < width < 2**31 and 0 < height < 2**31):
        raise _corrupt("PNG", f"impossible size {width} x {height}")
    has_alpha = data[25] in (4, 6)
    exif = b""
    for at, length, kind in _chunks(data):
        if kind == b"IEND":
            return PictureHeader("image/png", width, height, has_alpha, deep=data[24] == 16, exif=exif)
        if kind == b"eXIf" and not exif:
            exif = data[at + 8 : at + 8 + length]
        has_alpha = has_alpha or kind == b"tRNS"
    raise _truncated("PNG", data)


def _chunks(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Where each chunk begins, how long its body is, and what it is, to IEND or the file's end."""
    at, kind = 8, b""
    while at + 12 <= len(data) and kind != b"IEND":
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        yield at, length, kind
        at += 12 + length


def pixels_alone(png: bytes) -> bytes:
    """The PNG without what makes no pixels: texts and profiles that unpack to thousands of times their size,
    animation and unknown chunks that bring OpenCV 5.0 down.
    """
    kept = [png[at : at + 12 + length] for at, length, kind in _chunks(png) if kind in _PIXELS]
    return b"".join([_PNG_MAGIC, *kept])


def _webp(data: bytes) -> PictureHeader:
    """RIFF container with one of three first chunks
    (https://developers.google.com/speed/webp/docs/riff_container)."""
    if len(data) < 30 or int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise _truncated("WebP", data)
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X":
        width, height = (int.from_bytes(body[at : at + 3], "little") + 1 for at in (4, 7))
        exif = _webp_exif(data) if body[0] & 0x08 else b""
        return PictureHeader("image/webp", width, height, bool(body[0] & 0x10), exif=exif)
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return PictureHeader(
            "image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
        )
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        if width and height:
            return PictureHeader("image/webp", width, height, has_alpha=False)
    raise _corrupt("WebP", "its first chunk is no picture")


def _webp_exif(data: bytes) -> bytes:
    """The EXIF chunk, which may stand anywhere behind the first; empty where there is none."""
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"EXIF":
            return data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    return b""
