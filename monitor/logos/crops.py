"""Cuts boxes out of pictures for the logo embedder: one size, the whole logo, a little of what is around it.

Training and the service both cut with these functions, so the network meets in the stream what it learnt
from.
"""

import math
from typing import Annotated, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import Boxes
from monitor.logos.windows import Pixels

CROP_GREY: Final = 127
"""Fills what a crop's short side leaves: the middle of the range, so near 0 once pixels are normalised."""


class CropGeometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a box becomes the embedder's input; part of the manifest (architecture "crop-embedder")."""

    side: Annotated[int, msgspec.Meta(ge=16, le=1024)] = 128
    """px of the square input."""
    margin: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.12
    """Context around the box: this share of its width left and right, of its height above and below."""
    stretch: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0
    """How far a crop is drawn toward a square: 0 keeps its shape, 1 fills the input, 0.5 shows one of 4:1 as
    2:1."""


def grow(box: NDArray[np.float32], margin: float, width: int, height: int) -> tuple[int, int, int, int]:
    """Whole pixels x1, y1, x2, y2 of a box with its margin, cut at the picture's edges; at least 1 x 1 px.

    `box` is (4,) x1, y1, x2, y2 in px of a picture of `width` x `height`; it may reach beyond the picture.
    """
    x1, y1, x2, y2 = (float(value) for value in box)
    beside, above = margin * max(x2 - x1, 0.0), margin * max(y2 - y1, 0.0)
    left = min(max(math.floor(x1 - beside), 0), width - 1)
    top = min(max(math.floor(y1 - above), 0), height - 1)
    right = min(max(math.ceil(x2 + beside), left + 1), width)
    bottom = min(max(math.ceil(y2 + above), top + 1), height)
    return left, top, right, bottom


def fit(pixels: Pixels, side: int, stretch: float = 0.0) -> Pixels:
    """`pixels` (height, width, 3) with the long side scaled to `side` px, in the middle of a grey square.

    The short side is drawn out as `CropGeometry.stretch` says: a wordmark of 6:1 is 16 of 96 px high by its
    shape, which a network with strides of 16 and 32 hardly sees.
    """
    height, width = pixels.shape[:2]
    short = max(round(side * (min(width, height) / max(width, height)) ** (1 - stretch)), 1)
    new_width, new_height = (side, short) if width >= height else (short, side)
    # INTER_AREA averages when shrinking (no aliasing), but only where neither side is enlarged.
    shrunk = cv2.resize(
        pixels, (min(width, new_width), min(height, new_height)), interpolation=cv2.INTER_AREA
    )
    square = np.full((side, side, 3), CROP_GREY, np.uint8)
    left, top = (side - new_width) // 2, (side - new_height) // 2
    square[top : top + new_height, left : left + new_width] = cv2.resize(
        shrunk, (new_width, new_height), interpolation=cv2.INTER_LINEAR
    )
    return square


def cut_crops(picture: Pixels, boxes: Boxes, geometry: CropGeometry) -> Pixels:
    """The embedder's input for each box: (N, side, side, 3) uint8 BGR.

    `picture` is (height, width, 3) uint8 BGR, `boxes` (N, 4) x1, y1, x2, y2 in its pixels, best clipped to
    it.
    """
    height, width = picture.shape[:2]
    crops = np.empty((len(boxes), geometry.side, geometry.side, 3), np.uint8)
    for number, box in enumerate(boxes):
        left, top, right, bottom = grow(box, geometry.margin, width, height)
        crops[number] = fit(picture[top:bottom, left:right], geometry.side, geometry.stretch)
    return crops
