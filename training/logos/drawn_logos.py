"""Crops of vector logos as a camera might have seen them: in perspective, recoloured, blurred, covered."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.logos.crops import CropGeometry
from training.logos.canvases import recoloured

Pixels = NDArray[np.uint8]

_FROM, _TO = 26.0, 128.0
"""px, long side of a logo before it is enlarged to the input: logos in pictures are mostly small."""
_OWN_COLOURS: Final = 0.6
"""Share drawn in the colours of the file; the others in one, as on shirts and glass."""
_CONTRAST: Final = 40.0
"""Mean difference between ink and ground below which nobody could read the logo."""


class DrawnLogos:
    """Drawings (BGRA), each a class of its own."""

    def __init__(self, drawings: Sequence[Pixels], geometry: CropGeometry) -> None:
        self._drawings, self._geometry = drawings, geometry

    def __len__(self) -> int:
        return len(self._drawings)

    def draw(self, number: int, ground: Pixels, rng: np.random.Generator) -> Pixels:
        """One crop of drawing `number` on `ground`, not yet fitted to the input's side."""
        drawing = self._drawings[number]
        long_side = float(np.exp(rng.uniform(np.log(_FROM), np.log(_TO))))
        scale = long_side / max(drawing.shape[:2])
        sides = np.array([drawing.shape[1], drawing.shape[0]]) * scale * np.exp(rng.normal(0, 0.06, 2))
        corners = _perspective(sides.clip(3), rng)
        # The box a detector would give: around the drawing, not exactly.
        low, high = corners.min(0), corners.max(0)
        extent = high - low
        low = low - extent * (self._geometry.margin + rng.normal(0, 0.05, 2))
        high = high + extent * (self._geometry.margin + rng.normal(0, 0.05, 2))
        width, height = np.maximum(np.rint(high - low), 4).astype(int).tolist()
        canvas = cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        ink, mask = _warped(drawing, corners - low, width, height)
        if rng.random() > _OWN_COLOURS or not _readable(ink, mask, canvas):
            ink = np.broadcast_to(_ink_against(canvas.reshape(-1, 3).mean(0), rng), ink.shape)
        if rng.random() < 0.15:
            _hide_a_part(mask, rng)
        mixed = canvas * (1 - mask) + ink * mask
        return recoloured(np.asarray(mixed.clip(0, 255), np.uint8), rng)


def _perspective(sides: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """The four corners of the drawing, turned and seen from aside."""
    w, h = sides
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]])
    corners = corners + rng.normal(0, 0.05 * min(w, h), (4, 2))
    angle = np.deg2rad(rng.normal(0, 8))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(corners @ turn.T, np.float32)


def _warped(
    drawing: Pixels, corners: NDArray[np.float64], width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Colours and opacity (0..1) of the drawing put on a crop with its corners at `corners`."""
    extent = np.maximum(np.rint(corners.max(0) - corners.min(0)), 2)
    if max(extent) < max(drawing.shape[:2]) / 2:  # shrunk first, so that thin strokes do not alias away
        size = (max(int(2 * extent[0]), 4), max(int(2 * extent[1]), 4))
        drawing = np.asarray(cv2.resize(drawing, size, interpolation=cv2.INTER_AREA), np.uint8)
    rows, columns = drawing.shape[:2]
    edges = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    warp = cv2.getPerspectiveTransform(edges, corners.astype(np.float32))
    # Colours are weighed by opacity while they are averaged, so that the black under clear pixels stays out.
    flat = drawing.astype(np.float32) / 255
    flat[:, :, :3] *= flat[:, :, 3:]
    seen = np.asarray(cv2.warpPerspective(flat, warp, (width, height), flags=cv2.INTER_LINEAR), np.float32)
    mask = seen[:, :, 3:]
    ink = seen[:, :, :3] / np.maximum(mask, np.float32(1e-3)) * np.float32(255)
    return np.asarray(ink, np.float32), mask.copy()


def _readable(ink: NDArray[np.float32], mask: NDArray[np.float32], canvas: NDArray[np.float32]) -> bool:
    weight = max(float(mask.sum()), 1e-3)
    return float((np.abs(ink - canvas).mean(2, keepdims=True) * mask).sum()) / weight > _CONTRAST


def _ink_against(under: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour that can be read on `under`."""
    while True:
        ink = np.repeat(rng.uniform(0, 255), 3) if rng.random() < 0.6 else rng.uniform(0, 255, 3)
        if np.abs(ink - under).mean() > _CONTRAST:
            return ink.astype(np.float32)


def _hide_a_part(mask: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Cover up to a third from one side."""
    height, width = mask.shape[:2]
    share = rng.uniform(0.1, 0.33)
    side = int(rng.integers(4))
    if side == 0:
        mask[: round(share * height)] = 0
    elif side == 1:
        mask[height - round(share * height) :] = 0
    elif side == 2:
        mask[:, : round(share * width)] = 0
    else:
        mask[:, width - round(share * width) :] = 0
