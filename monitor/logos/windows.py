"""Where the detectors look: picture pyramids, sliding windows, and the tiles of very long pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import Boxes

Pixels = NDArray[np.uint8]

MOST_TILES: Final = 64
"""Parts of one picture: enough for a screenshot 120 times as long as it is wide."""
PADDING_GREY: Final = 114
"""Fills what a level has beyond its picture; training canvases use the same grey, so it never looks like a
logo."""


@dataclass(frozen=True, slots=True)
class Level:
    """One scaled copy of a picture on a grey ground.

    The picture lies at (`margin`, `margin`); picture x = (level x - margin) / `scale_x`, the same for y.
    """

    pixels: Pixels
    scale_x: float
    scale_y: float
    margin: int

    def to_picture(self, boxes: Boxes) -> Boxes:
        """Corner boxes in level pixels -> in picture pixels."""
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        return np.asarray((boxes - np.float32(self.margin)) / scale, np.float32)


def level_shape(width: int, height: int, long_side: int, margin: int, multiple: int) -> tuple[int, int]:
    """Height and width of the level that shows a picture at `long_side`.

    The short side is rounded up in steps of a quarter of the long one, so that all pictures share a few fixed
    shapes (a GPU plans its kernels anew for every shape).
    """
    step = max(long_side // 4, 1)
    shorter = math.ceil(min(width, height) * long_side / max(width, height) / step - 1e-9) * step
    short, long = (math.ceil((side + 2 * margin) / multiple) * multiple for side in (shorter, long_side))
    return (short, long) if width >= height else (long, short)


def build_level(pixels: Pixels, long_side: int, margin: int, multiple: int) -> Level:
    """The picture scaled to `long_side` px on a grey level of a fixed shape."""
    height, width = pixels.shape[:2]
    scale = long_side / max(width, height)
    new_width, new_height = max(round(width * scale), 1), max(round(height * scale), 1)
    # INTER_AREA averages when shrinking (no aliasing); it cannot enlarge.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ground = np.full((*level_shape(width, height, long_side, margin, multiple), 3), PADDING_GREY, np.uint8)
    ground[margin : margin + new_height, margin : margin + new_width] = cv2.resize(
        pixels, (new_width, new_height), interpolation=how
    )
    return Level(ground, new_width / width, new_height / height, margin)


def pyramid(width: int, height: int, long_sides: Sequence[int], most_enlarged: float) -> list[int]:
    """The long sides worth looking at: a picture is not blown up more than `most_enlarged` times.

    The smallest is always kept, so that a tiny picture is looked at too.
    """
    longest = max(width, height)
    fitting = [side for side in long_sides if side <= longest * most_enlarged]
    return fitting or [min(long_sides)]


def tiles(width: int, height: int, longest_ratio: float, overlap: float) -> list[tuple[int, int, int, int]]:
    """Cut a picture longer than `longest_ratio` : 1 into overlapping parts, as x, y, width, height.

    Scaled to one long side whole, a banner or a long screenshot would lose its logos. `overlap` is the share
    of a part that the next one repeats; together the parts cover the picture. There are no more than
    `MOST_TILES`, longer ones where need be: a line of pixels may be a million long.
    """
    short, long = min(width, height), max(width, height)
    length = max(math.ceil(short * longest_ratio), math.ceil(long / (1 + (MOST_TILES - 1) * (1 - overlap))))
    if long <= length:
        return [(0, 0, width, height)]
    count = math.ceil((long - length) / (length * (1 - overlap))) + 1
    starts = [round(number * (long - length) / (count - 1)) for number in range(count)]
    if width >= height:
        return [(start, 0, length, height) for start in starts]
    return [(0, start, width, length) for start in starts]


def sliding_windows(
    width: int, height: int, window_width: float, window_height: float, step: float
) -> NDArray[np.float32]:
    """Windows of one size, (N, 4) x1, y1, x2, y2, that cover the picture; the last of a row ends at its edge.

    `step` is the distance of two windows as a share of the window. A window larger than the picture is cut to
    it.
    """
    window_width, window_height = min(window_width, width), min(window_height, height)
    xs = _starts(width, window_width, step)
    ys = _starts(height, window_height, step)
    x, y = (grid.ravel() for grid in np.meshgrid(xs, ys))
    return np.stack([x, y, x + window_width, y + window_height], 1).astype(np.float32)


def _starts(length: float, window: float, step: float) -> NDArray[np.float64]:
    count = math.ceil((length - window) / (window * step) - 1e-9) + 1
    return np.linspace(0, length - window, max(count, 1))
