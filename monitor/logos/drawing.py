"""Draws detections on pictures, for reports and for people who check results by eye."""

import unicodedata
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.messages import Detection

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


def annotate(pixels: NDArray[np.uint8], detections: Sequence[Detection]) -> NDArray[np.uint8]:
    """A copy of `pixels` (uint8, height x width x 3, BGR) with box, brand and score of each detection.

    A brand keeps its colour from picture to picture.
    """
    drawn = pixels.copy()
    height, width = drawn.shape[:2]
    line = max(round(max(height, width) / 300), 1)
    font = max(max(height, width) / 1200, 0.35)
    for detection in sorted(detections, key=lambda found: found.score):  # the best on top
        box = detection.box
        left, top = round(box.x * width), round(box.y * height)
        right, bottom = round((box.x + box.width) * width), round((box.y + box.height) * height)
        colour = _COLOURS[zlib.crc32(detection.brand.encode()) % len(_COLOURS)]
        cv2.rectangle(drawn, (left, top), (right, bottom), colour, line)
        caption = f"{_plain(detection.brand)} {detection.score:.2f}"
        (text_width, text_height), below = cv2.getTextSize(caption, cv2.FONT_HERSHEY_SIMPLEX, font, line)
        x = min(left, max(width - text_width, 0))
        y = (
            top - below
            if top >= text_height + 2 * below
            else min(bottom + text_height + below, height - below)
        )
        cv2.rectangle(drawn, (x, y - text_height - below), (x + text_width, y + below), colour, cv2.FILLED)
        cv2.putText(drawn, caption, (x, y), cv2.FONT_HERSHEY_SIMPLEX, font, (0, 0, 0), line, cv2.LINE_AA)
    return drawn


def _plain(name: str) -> str:
    """OpenCV's fonts hold ASCII only: accents are dropped, other letters shown as `?`."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).encode("ascii", "replace").decode()
