"""Where lines of text lie in a picture: the network's map of text -> quadrilaterals -> lines cut out.

The map says for each pixel how likely it is to be text, inside the letters' core: lines are its islands, made
wider again by the share that training took away ("DB", Liao et al. 2020).
"""

from collections.abc import Iterator
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

FINDER: Final = "reader-lines"
"""Name of the model's folder."""

MULTIPLE: Final = 32
"""px, the network's coarsest stride: its input's sides are multiples of it."""

_TEXT_FROM: Final = 0.3
"""Probability from which a pixel belongs to an island."""
_LINE_FROM: Final = 0.5
"""Mean probability from which an island is a line."""
_WIDER: Final = 1.6
"""Area by circumference times this is what an island is made wider by on each side."""
_THINNEST: Final = 3
"""px: thinner islands hold no letters."""

Pixels = NDArray[np.uint8]
"""height x width x 3, BGR."""

Quad = NDArray[np.float32]
"""(4, 2) x and y of corners, from the top left one clockwise."""


def find_lines(text: NDArray[np.float32]) -> Iterator[Quad]:
    """Lines in a map of text (height x width, 0..1), their corners in shares of its width and height, 0..1.

    Islands are joined over a gap of one pixel.
    """
    height, width = text.shape
    islands = cv2.dilate((text > _TEXT_FROM).astype(np.uint8), np.ones((2, 2), np.uint8))
    outlines, _ = cv2.findContours(islands, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        centre, (along, across), angle = cv2.minAreaRect(outline)
        if min(along, across) < _THINNEST:
            continue
        if _mean(text, cv2.boxPoints((centre, (along, across), angle))) < _LINE_FROM:
            continue
        wider = _WIDER * along * across / (along + across)
        corners = cv2.boxPoints((centre, (along + wider, across + wider), angle))
        yield np.clip(_from_top_left(corners) / (width, height), 0, 1).astype(np.float32)


def sides(quad: Quad) -> tuple[float, float]:
    """Width and height of a quadrilateral, the longer of each two edges."""
    edges = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    return float(max(edges[0], edges[2])), float(max(edges[1], edges[3]))


def cut_line(pixels: Pixels, quad: Quad, upright: bool, size: tuple[int, int]) -> Pixels:
    """The quadrilateral (px of the picture) as a line from left to right, `size` = width, height in px.

    An upright one is turned: what stood above comes first.
    """
    width, height = (max(round(side), 1) for side in sides(quad))
    corners = np.array(((0, 0), (width, 0), (width, height), (0, height)), np.float32)
    line = cv2.warpPerspective(
        pixels,
        cv2.getPerspectiveTransform(quad, corners),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if upright:
        line = cv2.rotate(line, cv2.ROTATE_90_COUNTERCLOCKWISE)
    how = cv2.INTER_AREA if line.shape[0] > size[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(line, size, interpolation=how), np.uint8)


def _mean(text: NDArray[np.float32], corners: NDArray[Any]) -> float:
    """Mean of the map inside a quadrilateral."""
    height, width = text.shape
    most = np.array((width - 1, height - 1))
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, most)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, most)
    inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(inside, [(corners - (left, top)).astype(np.int32)], (1,))
    return float(cv2.mean(text[top : bottom + 1, left : right + 1], inside)[0])


def _from_top_left(corners: NDArray[Any]) -> NDArray[Any]:
    """The same corners from the top left one clockwise: two leftmost and two rightmost, each by height."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.stack((left[0], right[0], right[1], left[1]))
