"""Safe decoding: a publisher's bytes become pixels, or a `DataError` that says what is wrong with them.

The order keeps hostile files cheap: byte limit, magic bytes, size from the header, pixel limit, and only then
OpenCV.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, ErrorCode
from monitor.pictures import PictureHeader, pixels_alone, read_header

SMALLEST_SIDE: Final = 8
"""Pixels; below it are tracking pixels and spacers, on which no logo can be told."""
_BAND: Final = 64
"""Rows blended at a time."""
_COLOURS: Final = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
_TRANSPOSED: Final = frozenset({5, 6, 7, 8})
"""EXIF orientations whose rows are the columns to be seen."""
_FLIPPED: Final = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}
"""What is to be flipped then, as OpenCV numbers it: 1 left and right, 0 top and bottom, -1 both."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: `pixels` uint8 (height, width, 3), BGR, upright (EXIF orientation applied)."""

    pixels: NDArray[np.uint8]
    media_type: str

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])


def decode_picture(data: bytes, *, max_bytes: int, max_pixels: int) -> Picture:
    """Decode a JPEG, PNG or WebP file of any colour model and depth to 8-bit BGR.

    Transparent pictures are put on white, as a page would show them; those of 16 bits a channel may have half
    of `max_pixels`. Blocking; releases the GIL while decoding. Raises `DataError` with one of the image-*
    codes and a detail for the person who has to mend the publisher.
    """
    header = _header(data, max_bytes, max_pixels)
    # First, and only it is kept: beside the pixels of all its channels a large picture would not fit.
    alpha = _alpha(_decode(data, header, cv2.IMREAD_UNCHANGED)) if header.has_alpha else None
    pixels = _decode(data, header, _COLOURS)
    if alpha is not None:
        _put_on_white(pixels, alpha)
    return Picture(_upright(pixels, header.orientation), header.media_type)


def decode_transparent(data: bytes, *, max_bytes: int, max_pixels: int) -> NDArray[np.uint8]:
    """As `decode_picture`, with the transparency kept: uint8 (height, width, 4), BGRA, upright."""
    header = _header(data, max_bytes, max_pixels)
    stored = _decode(data, header, cv2.IMREAD_UNCHANGED) if header.has_alpha else None
    if stored is None or stored.ndim != 3 or stored.shape[2] != 4:
        stored = np.asarray(cv2.cvtColor(_decode(data, header, _COLOURS), cv2.COLOR_BGR2BGRA), np.uint8)
    elif stored.dtype != np.uint8:
        stored = _eight_bits(stored)
    return _upright(stored, header.orientation)


def _header(data: bytes, max_bytes: int, max_pixels: int) -> PictureHeader:
    """Of a picture that may be decoded. Raises `DataError`."""
    if len(data) > max_bytes:
        raise DataError(
            ErrorCode.IMAGE_TOO_MANY_BYTES,
            f"the picture has {len(data):,} bytes, the limit is {max_bytes:,} (MONITOR_IMAGE_MAX_BYTES)",
        )
    header = read_header(data)
    wide = header.has_alpha and header.deep  # 8 bytes a pixel, which OpenCV holds twice
    if header.width * header.height * (2 if wide else 1) > max_pixels:
        raise DataError(
            ErrorCode.IMAGE_TOO_MANY_PIXELS,
            f"the picture says it is {header.width:,} x {header.height:,} pixels, "
            f"the limit is {max_pixels:,} in all (MONITOR_IMAGE_MAX_PIXELS)"
            f"{', half of it for transparent ones of 16 bits a channel' if wide else ''}",
        )
    if min(header.width, header.height) < SMALLEST_SIDE:
        raise DataError(
            ErrorCode.IMAGE_TOO_SMALL,
            f"the picture is {header.width} x {header.height} pixels; a side needs {SMALLEST_SIDE} or more",
        )
    return header


def _decode(data: bytes, header: PictureHeader, how: int) -> NDArray[np.uint8]:
    name = header.media_type.removeprefix("image/").upper()
    if header.media_type == "image/png":
        data = pixels_alone(data)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error as error:
        raise DataError(
            ErrorCode.IMAGE_CORRUPT, f"the {name} does not decode: {error.err or error}"
        ) from error
    if pixels is None or pixels.size == 0:
        raise DataError(
            ErrorCode.IMAGE_CORRUPT, f"the {name} header is fine, but its content does not decode"
        )
    if pixels.shape[:2] != (header.height, header.width):
        raise DataError(
            ErrorCode.IMAGE_CORRUPT,
            f"the {name} header says {header.width} x {header.height}, "
            f"its content is {pixels.shape[1]} x {pixels.shape[0]}",
        )
    return pixels  # type: ignore[return-value]  # 8-bit, but for IMREAD_UNCHANGED, whose callers look


def _alpha(stored: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8] | None:
    """The alpha channel of a picture as stored (8 or 16 bit), if it has one."""
    if stored.ndim != 3 or stored.shape[2] != 4:
        return None
    alpha = cv2.extractChannel(stored, 3)
    return np.asarray(alpha, np.uint8) if alpha.dtype == np.uint8 else _eight_bits(alpha)


def _eight_bits(values: NDArray[np.integer[Any] | np.floating[Any]]) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(values, alpha=1 / 257), np.uint8)


def _put_on_white(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> None:
    """Blend in place, a band at a time: a whole large picture as floats takes gigabytes."""
    for top in range(0, len(pixels), _BAND):
        band, shares = pixels[top : top + _BAND], alpha[top : top + _BAND]
        ink = cv2.multiply(cv2.bitwise_not(band), cv2.merge([shares] * 3), scale=1 / 255)
        band[:] = cv2.bitwise_not(ink)


def _upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What is stored, as it is to be seen. OpenCV would turn colours, but never what has transparency."""
    if orientation in _TRANSPOSED:
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    if orientation in _FLIPPED:
        pixels = np.asarray(cv2.flip(pixels, _FLIPPED[orientation]), np.uint8)
    return pixels
