"""Draws detections on pictures, for reports and for people who check results by eye."""

import unicodedata
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.messages import Box, Detection, WrittenBrand

# Told apart by people with red-green blindness too (Okabe and Ito 2008), BGR.
_COLOURS = (
    (0, 159, 230),
    (233, 180, 86),
    (115, 158, 0),
    (66, 228, 240),
    (178, 114, 0),
    (0, 94, 213),
    (167, 121, 204),
)


def annotate(
    pixels: NDArray[np.uint8], detections: Sequence[Detection], written: Sequence[WrittenBrand] = ()
) -> NDArray[np.uint8]:
    """A copy of `pixels` (uint8, height x width x 3, BGR) with box, brand and score of each detection; brand
    names read have theirs with the caption underneath, in quotation marks.

    A brand keeps its colour from picture to picture.
    """
    drawn = pixels.copy()
    for name in written:
        _draw(drawn, name.box, name.brand, f'"{_plain(name.matched)}" {name.score:.2f}', underneath=True)
    for detection in sorted(detections, key=lambda found: found.score):  # the best on top
        caption = f"{_plain(detection.brand)} {detection.score:.2f}"
        _draw(drawn, detection.box, detection.brand, caption, underneath=False)
    return drawn


def _draw(drawn: NDArray[np.uint8], box: Box, brand: str, caption: str, *, underneath: bool) -> None:
    """Draw one box and its caption, above or underneath it, wherever there is room."""
    height, width = drawn.shape[:2]
    line = max(round(max(height, width) / 300), 1)
    font = max(max(height, width) / 1200, 0.35)
    left, top = round(box.x * width), round(box.y * height)
    right, bottom = round((box.x + box.width) * width), round((box.y + box.height) * height)
    colour = _COLOURS[zlib.crc32(brand.encode()) % len(_COLOURS)]
    cv2.rectangle(drawn, (left, top), (right, bottom), colour, line)
    (text_width, text_height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, font, line)
    x = min(left, max(width - text_width, 0))
    room_above = top >= text_height + 2 * below
    room_underneath = bottom + text_height + 2 * below <= height
    if room_above and not (underneath and room_underneath):
        y = top - below
    else:
        y = min(bottom + text_height + below, height - below)
    cv2.rectangle(drawn, (x, y - text_height - below), (x + text_width, y + below), colour, cv2.FILLED)
    cv2.putText(drawn, caption, (x, y), cv2.FONT_HERSHEY_SIMPLEX, font, (0, 0, 0), line, cv2.LINE_AA)


def _plain(name: str) -> str:
    """OpenCV's fonts hold ASCII only: accents are dropped, other letters shown as `?`."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).encode("ascii", "replace").decode()
