"""A crop as the same logo looks in another colour or material: printed grey, dyed, inverted, stamped.

Goods carry logos in any colour, and in none: embossed in leather, cast in metal, stitched. A few photographs
of a brand show few of these, and a network would learn the leather in place of the letters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_TINT: Final = 0.7
"""Of a relief's ground: how much is one colour, the rest is its texture."""
_DEPTH: Final = (50.0, 140.0)
"""Brightness of a relief's steepest edge over its ground; of 255."""


@dataclass(frozen=True, slots=True)
class Restyling:
    """Shares of the crops that are shown in another way, each crop in one at most."""

    grey: float = 0.12
    hue: float = 0.18
    inverted: float = 0.06
    relief: float = 0.08


def restyled(
    crop: Pixels, ground: Callable[[], Pixels], shares: Restyling, rng: np.random.Generator
) -> Pixels:
    """`crop` (H, W, 3) uint8 BGR as it is or in another style; `ground` gives what a relief is cut into."""
    drawn = rng.random()
    for share, style in (
        (shares.grey, _grey),
        (shares.hue, lambda pixels: _dyed(pixels, rng)),
        (shares.inverted, lambda pixels: 255 - pixels),
        (shares.relief, lambda pixels: _relief(pixels, ground(), rng)),
    ):
        if drawn < share:
            return np.asarray(style(crop), np.uint8)
        drawn -= share
    return crop


def _grey(crop: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[:, :, None], 3, 2).astype(np.uint8)


def _dyed(crop: Pixels, rng: np.random.Generator) -> Pixels:
    """All hues turned by one angle, more or less vivid."""
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV).astype(np.int32)
    hsv[..., 0] = (hsv[..., 0] + int(rng.integers(180))) % 180
    hsv[..., 1] = (hsv[..., 1] * rng.uniform(0.3, 1.4)).clip(0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR), np.uint8)


def _relief(crop: Pixels, ground: Pixels, rng: np.random.Generator) -> Pixels:
    """Edges lit from one side."""
    height, width = crop.shape[:2]
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 1.2)), np.float32)
    light = rng.uniform(0, 2 * np.pi)
    slope = cv2.Sobel(grey, cv2.CV_32F, 1, 0) * np.cos(light) + cv2.Sobel(grey, cv2.CV_32F, 0, 1) * np.sin(
        light
    )
    slope = slope / max(float(np.abs(slope).max()), 1e-3)
    below = cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    below = _TINT * below.mean((0, 1)) + (1 - _TINT) * below
    return np.asarray((below + slope[..., None] * rng.uniform(*_DEPTH)).clip(0, 255), np.uint8)
