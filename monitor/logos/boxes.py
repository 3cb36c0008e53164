"""Box arithmetic: overlap, non-maximum suppression, clipping. Boxes are (N, 4) float32 x1, y1, x2, y2."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from monitor.messages import Box

Boxes = NDArray[np.float32]


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """Area of each box; a box turned inside out has none."""
    sides = (boxes[:, 2:] - boxes[:, :2]).clip(0)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def iou(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every box of `a` with every box of `b`: (len(a), len(b)), each 0..1.

    Two boxes without area have 0.
    """
    shared = _shared(a, b)
    union = areas(a)[:, None] + areas(b)[None] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)


def covered(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Share of every box of `b` that lies in every box of `a`: (len(a), len(b)), each 0..1.

    A box of `b` without area has 0.
    """
    shared, whole = _shared(a, b), np.broadcast_to(areas(b)[None], (len(a), len(b)))
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0), np.float32)


def _shared(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Area of every box of `a` with every box of `b`, (len(a), len(b))."""
    corner1 = np.maximum(a[:, None, :2], b[None, :, :2])
    corner2 = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = (corner2 - corner1).clip(0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def suppress(boxes: Boxes, scores: NDArray[np.float32], most_overlap: float) -> NDArray[np.intp]:
    """Non-maximum suppression: indices of the boxes to keep, best score first.

    A box goes when it overlaps a better one by more than `most_overlap` (IoU). Equal scores keep their order.
    """
    return _kept(scores, lambda best, others: iou(boxes[[best]], boxes[others])[0] <= most_overlap)


def suppress_parts(
    boxes: Boxes, scores: NDArray[np.float32], labels: NDArray[np.int64], most_inside: float
) -> NDArray[np.intp]:
    """Of two boxes of one label, one inside the other, the weaker goes: half a wordmark is no second logo.

    `most_inside` is the share of the smaller box that may lie in the larger. Returns indices, best first.
    """
    size = areas(boxes)

    def apart(best: np.intp, others: NDArray[np.intp]) -> NDArray[np.bool_]:
        inside = _shared(boxes[[best]], boxes[others])[0] > most_inside * np.minimum(size[best], size[others])
        return np.asarray(~inside | (labels[others] != labels[best]), np.bool_)

    return _kept(scores, apart)


def _kept(
    scores: NDArray[np.float32], stay: Callable[[np.intp, NDArray[np.intp]], NDArray[np.bool_]]
) -> NDArray[np.intp]:
    """Indices from the best score on, without those that do not `stay` beside a better one.

    One box at a time: a long strip has tens of thousands, and a table of them all by them all would fill the
    memory.
    """
    kept: list[np.intp] = []
    left = np.argsort(-scores, kind="stable")
    while len(left):
        best, others = left[0], left[1:]
        kept.append(best)
        left = others[stay(best, others)]
    return np.array(kept, np.intp)


def clip(boxes: Boxes, width: float, height: float) -> Boxes:
    """Boxes cut at the picture's edges."""
    limits = np.array([width, height, width, height], np.float32)
    return np.asarray(np.minimum(boxes.clip(0), limits), np.float32)


def relative(corners: NDArray[np.float32], width: int, height: int) -> Box:
    """One corner box in pixels as the contract's relative box, inside 0..1 whatever rounding does."""
    x1, x2 = (min(max(float(value) / width, 0.0), 1.0) for value in corners[[0, 2]])
    y1, y2 = (min(max(float(value) / height, 0.0), 1.0) for value in corners[[1, 3]])
    return Box(x1, y1, min(max(x2 - x1, 0.0), 1.0 - x1), min(max(y2 - y1, 0.0), 1.0 - y1))


def corners_of(box: Box) -> NDArray[np.float32]:
    """x1, y1, x2, y2 of one box, in its own units."""
    return np.array([box.x, box.y, box.x + box.width, box.y + box.height], np.float32)
