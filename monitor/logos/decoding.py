"""Safe decoding: a publisher's bytes become pixels, or a `DataError` that says what is wrong with them.

The order keeps hostile files cheap: byte limit, magic bytes, size from the header, pixel limit, and only then
OpenCV.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, ErrorCode
from monitor.logos.headers import PictureHeader, read_header

SMALLEST_SIDE: Final = 8
"""Pixels; below it are tracking pixels and spacers, on which no logo can be told."""


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

    Transparent pictures are put on white, as a page would show them. Blocking; releases the GIL while
    decoding. Raises `DataError` with one of the image-* codes and a detail for the person who has to mend the
    publisher.
    """
    if len(data) > max_bytes:
        raise DataError(
            ErrorCode.IMAGE_TOO_MANY_BYTES,
            f"the picture has {len(data):,} bytes, the limit is {max_bytes:,} (MONITOR_IMAGE_MAX_BYTES)",
        )
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise DataError(
            ErrorCode.IMAGE_TOO_MANY_PIXELS,
            f"the picture says it is {header.width:,} x {header.height:,} pixels, "
            f"the limit is {max_pixels:,} in all (MONITOR_IMAGE_MAX_PIXELS)",
        )
    if min(header.width, header.height) < SMALLEST_SIDE:
        raise DataError(
            ErrorCode.IMAGE_TOO_SMALL,
            f"the picture is {header.width} x {header.height} pixels; a side needs {SMALLEST_SIDE} or more",
        )
    pixels = _decode(data, header, cv2.IMREAD_COLOR)
    if header.has_alpha:
        pixels = _on_white(_decode(data, header, cv2.IMREAD_UNCHANGED), pixels)
    return Picture(pixels, header.media_type)


def _decode(data: bytes, header: PictureHeader, how: int) -> NDArray[np.uint8]:
    name = header.media_type.removeprefix("image/").upper()
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
    if sorted(pixels.shape[:2]) != sorted((header.width, header.height)):
        raise DataError(
            ErrorCode.IMAGE_CORRUPT,
            f"the {name} header says {header.width} x {header.height}, "
            f"its content is {pixels.shape[1]} x {pixels.shape[0]}",
        )
    return pixels  # type: ignore[return-value]  # 8-bit, but for IMREAD_UNCHANGED, which only _on_white gets


def _on_white(stored: NDArray[np.uint8] | NDArray[np.uint16], opaque: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`opaque` blended onto white by the alpha channel of `stored` (8 or 16 bit), if it has one.

    A picture that is both transparent and turned by EXIF is left opaque: no camera writes one.
    """
    if stored.ndim != 3 or stored.shape[2] != 4 or stored.shape[:2] != opaque.shape[:2]:
        return opaque
    alpha = stored[:, :, 3:].astype(np.float32) / np.iinfo(stored.dtype).max
    return np.asarray(np.rint(opaque * alpha + 255 * (1 - alpha)), np.uint8)
