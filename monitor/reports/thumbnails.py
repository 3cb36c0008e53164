"""Pictures for a file that has to stand alone: boxes drawn, made small, carried in the file itself."""

import base64
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, OutageError
from monitor.logos import annotate, decode_picture
from monitor.reports.pictures import ShownPicture
from monitor.storage.pictures import PictureStore

# Sharp on a phone and in a grid of four; 24 of them add about a megabyte to the page.
_LONGER_SIDE: Final = 520
_JPEG_QUALITY: Final = 78
# The pictures passed the service's own limits when they came in, which may have been higher than today's.
_MAX_BYTES: Final = 2**30
_MAX_PIXELS: Final = 2**28


class Thumbnail(msgspec.Struct, frozen=True):
    """A picture as JPEG, or why there is none."""

    jpeg: bytes | None
    width: int
    height: int
    fault: str | None = None

    @property
    def data_uri(self) -> str | None:
        """For a page that carries its pictures itself."""
        return None if self.jpeg is None else f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


def thumbnail(store: PictureStore, shown: ShownPicture) -> Thumbnail:
    """Fetch, annotate and shrink one picture; one that is away or broken says so instead of raising."""
    try:
        picture = decode_picture(store.get(shown.url), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
    except (OutageError, DataError) as error:
        return Thumbnail(None, 4, 3, str(error))
    drawn = annotate(_shrunk(picture.pixels), shown.detections, evidence=False)  # it stands below
    done, encoded = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    assert done, "OpenCV always encodes 8-bit BGR as JPEG"
    height, width = drawn.shape[:2]
    return Thumbnail(encoded.tobytes(), width, height)


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = _LONGER_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
