"""What the dense network is trained towards: which window centres hold a logo, and how far they are from
saying so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from training.logos.canvases import Canvas
from training.logos.dense_network import STRIDE

LOGO_RANGE: Final = (30.0, 132.0)
"""Long sides in px that a window must find; a logo up to half as large again is left open, beyond it is
background."""
CORE: Final = 0.25
"""Window centres within this share of the box's sides from its middle are positive (at least the nearest
one)."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Per window centre, all (N, M): 1 logo / 0 background / -1 open; brand index; distances to the edges (N,
    M, 4)."""

    state: Tensor
    brand: Tensor
    distances: Tensor


def targets_of(canvases: Sequence[Canvas]) -> Targets:
    """Assign every window centre of every canvas; where boxes overlap the smaller one wins."""
    marked = [_assign(canvas) for canvas in canvases]
    state, brand, distances = (torch.from_numpy(np.stack(part)) for part in zip(*marked, strict=True))
    return Targets(state, brand, distances)


def _assign(canvas: Canvas) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    cells = canvas.pixels.shape[0] // STRIDE
    axis = (np.arange(cells, dtype=np.float32) + 0.5) * STRIDE
    x, y = np.tile(axis, cells), np.repeat(axis, cells)
    state = np.zeros(cells * cells, np.int64)
    brand = np.zeros(cells * cells, np.int64)
    distances = np.ones((cells * cells, 4), np.float32)
    sides = canvas.boxes[:, 2:] - canvas.boxes[:, :2]
    for number in np.argsort(-sides.prod(1)):  # the smallest last, so that it wins
        (x1, y1, x2, y2), (width, height), label = canvas.boxes[number], sides[number], canvas.labels[number]
        inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
        long_side = max(width, height)
        if label < 0 or long_side < LOGO_RANGE[0] or LOGO_RANGE[1] < long_side < 1.5 * LOGO_RANGE[1]:
            state[inside] = -1
        elif long_side <= LOGO_RANGE[1]:
            near_x = np.abs(x - (x1 + x2) / 2) <= max(CORE * width, STRIDE / 2)
            near_y = np.abs(y - (y1 + y2) / 2) <= max(CORE * height, STRIDE / 2)
            core = near_x & near_y
            state[inside & ~core] = 0
            state[core], brand[core] = 1, label
            distances[core] = np.stack([x - x1, y - y1, x2 - x, y2 - y], 1)[core]
    return state, brand, distances.clip(0.5)


def dense_loss(outputs: tuple[Tensor, Tensor, Tensor], targets: Targets) -> tuple[Tensor, dict[str, float]]:
    """Sum of three parts, and each alone for the log.

    `logo`: quality focal loss (Li et al. 2020, arXiv:2006.04388): the score of a logo shall be the IoU of its
    box. `box`: 1 - GIoU. `brand`: cross-entropy over the positive window centres.
    """
    objectness, brands, distances = (part.flatten(2 if part.dim() == 4 else 1) for part in outputs)
    found = distances.transpose(1, 2)
    positive = targets.state == 1
    count = positive.sum().clamp(min=1)
    giou, plain = _overlaps(found[positive], targets.distances[positive])
    quality = torch.zeros_like(objectness)
    quality[positive] = plain.detach().clamp(0, 1)
    beta = (objectness.sigmoid() - quality).abs().pow(2)
    focal = beta * F.binary_cross_entropy_with_logits(objectness, quality, reduction="none")
    logo = focal[targets.state >= 0].sum() / count
    box = (1 - giou).sum() / count
    brand = F.cross_entropy(
        brands.transpose(1, 2)[positive], targets.brand[positive], label_smoothing=0.05, reduction="sum"
    )
    brand = brand / count
    parts = {"logo": logo.item(), "box": box.item(), "brand": brand.item()}
    return logo + 2.0 * box + brand, parts


def _overlaps(found: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """GIoU and IoU of boxes given as distances (left, top, right, bottom) from a common centre."""
    shared = torch.minimum(found, wanted)
    hull = torch.maximum(found, wanted)
    area = (shared[:, 0] + shared[:, 2]) * (shared[:, 1] + shared[:, 3])
    union = _area(found) + _area(wanted) - area
    around = _area(hull)
    plain = area / union
    return plain - (around - union) / around, plain


def _area(distances: Tensor) -> Tensor:
    return (distances[:, 0] + distances[:, 2]) * (distances[:, 1] + distances[:, 3])
