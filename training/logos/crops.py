"""Cuts crops out of annotated pictures, as the talk did: logos, and everything that is not one.

A crop of a logo is its box (and, for more of them, boxes moved a little). Background crops come from places
without logos; the hard ones lie beside a logo or hold a part of it, which a sliding window meets all the
time.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import iou
from training.data.pictures import AnnotatedPicture

Pixels = NDArray[np.uint8]


class CropKind(StrEnum):
    """Why a crop was cut."""

    LOGO = "logo"
    NEAR = "near"
    """Hard negative: beside a logo, or a part of one."""
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class CropPlan:
    """How many crops of what, per picture."""

    moved: int = 0
    """Moved copies of each logo box, besides the box itself."""
    near: int = 1
    """Hard negatives per logo."""
    background: int = 2
    """Per picture."""
    aspect: float = 0.0
    """Width by height of crops that are no logo; 0 draws it anew for each."""
    shift: float = 0.08
    """Largest move of a moved copy, as a share of the box."""
    zoom: float = 0.12
    """Largest growth or shrinkage of a moved copy."""


@dataclass(frozen=True, slots=True)
class Crop:
    """`label` is the brand, or "background"; `box` is x1, y1, x2, y2 in the picture."""

    picture: AnnotatedPicture
    kind: CropKind
    label: str
    box: tuple[float, float, float, float]

    def cut(self, pixels: Pixels) -> Pixels:
        """The crop's pixels; a box that reaches over the edge is cut there."""
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = self.box
        left, top = min(max(int(x1), 0), width - 1), min(max(int(y1), 0), height - 1)
        right, bottom = max(min(round(x2), width), left + 1), max(min(round(y2), height), top + 1)
        return pixels[top:bottom, left:right]


_MOST_SHARED = 0.25
"""IoU with a logo up to which a crop counts as no logo; the talk's windows at half a step stay under it."""
_TRIES = 30
"""Draws for a place free of logos before a picture is taken to be full of them."""


def plan_crops(pictures: Sequence[AnnotatedPicture], plan: CropPlan, seed: int) -> Iterator[Crop]:
    """All crops of all pictures, in a fixed order for a fixed seed; no background where a logo may have no
    box."""
    rng = np.random.default_rng(seed)
    for picture in pictures:
        for box in picture.targets:
            yield Crop(picture, CropKind.LOGO, box.label, box.corners)
            for _ in range(plan.moved):
                yield Crop(picture, CropKind.LOGO, box.label, _moved(box.corners, plan, rng))
            for _ in range(plan.near if picture.boxed else 0):
                yield from _free(picture, _beside(box.corners, rng), CropKind.NEAR)
        for _ in range(plan.background if picture.boxed else 0):
            for _ in range(_TRIES):
                crop = list(_free(picture, _anywhere(picture, plan.aspect, rng), CropKind.BACKGROUND))
                if crop:
                    yield from crop
                    break


Corners = tuple[float, float, float, float]


def _free(picture: AnnotatedPicture, corners: Corners, kind: CropKind) -> Iterator[Crop]:
    """The crop, if it is large enough and meets no logo."""
    x1, y1 = max(corners[0], 0.0), max(corners[1], 0.0)
    x2, y2 = min(corners[2], picture.width), min(corners[3], picture.height)
    if x2 - x1 < 8 or y2 - y1 < 8:
        return
    if picture.boxes:
        marked = np.array([box.corners for box in picture.boxes], np.float32)
        if iou(np.array([(x1, y1, x2, y2)], np.float32), marked).max() > _MOST_SHARED:
            return
    yield Crop(picture, kind, "background", (x1, y1, x2, y2))


def _moved(corners: Corners, plan: CropPlan, rng: np.random.Generator) -> Corners:
    x1, y1, x2, y2 = corners
    width, height = x2 - x1, y2 - y1
    cx = (x1 + x2) / 2 + width * rng.uniform(-plan.shift, plan.shift)
    cy = (y1 + y2) / 2 + height * rng.uniform(-plan.shift, plan.shift)
    width *= 1 + rng.uniform(-plan.zoom, plan.zoom)
    height *= 1 + rng.uniform(-plan.zoom, plan.zoom)
    return cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2


def _beside(corners: Corners, rng: np.random.Generator) -> Corners:
    """A box of about the logo's size that is off by half of it or more, or a part of the logo."""
    x1, y1, x2, y2 = corners
    width, height = x2 - x1, y2 - y1
    if rng.random() < 0.35:
        share = rng.uniform(0.25, 0.45)
        left, top = x1 + width * rng.uniform(0, 1 - share), y1 + height * rng.uniform(0, 1 - share)
        return left, top, left + width * share, top + height * share
    angle = rng.uniform(0, 2 * np.pi)
    reach = rng.uniform(0.65, 1.1)
    dx, dy = width * reach * float(np.cos(angle)), height * reach * float(np.sin(angle))
    return x1 + dx, y1 + dy, x2 + dx, y2 + dy


def _anywhere(picture: AnnotatedPicture, aspect: float, rng: np.random.Generator) -> Corners:
    ratio = aspect or float(np.exp(rng.uniform(np.log(0.5), np.log(4.0))))
    longest = max(picture.width, picture.height)
    width = longest * float(np.exp(rng.uniform(np.log(0.08), np.log(0.8))))
    width = min(width, picture.width, picture.height * ratio)
    height = width / ratio
    x, y = rng.uniform(0, picture.width - width), rng.uniform(0, max(picture.height - height, 0))
    return x, y, x + width, y + height


def write_crops(crops: Sequence[Crop], out: Path) -> int:
    """Write each crop as `out/LABEL/NAME.png`, and `out/crops.csv` that says where each came from.

    Returns how many there are.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / "crops.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "kind", "split", "picture", "x1", "y1", "x2", "y2"])
        path, pixels = None, None
        for number, crop in enumerate(crops):
            if crop.picture.path != path or pixels is None:
                path, pixels = crop.picture.path, crop.picture.load()
            name = f"{crop.label}/{crop.picture.folder}-{path.stem}-{number:06d}.png"
            (out / crop.label).mkdir(exist_ok=True)
            cv2.imwrite(str(out / name), crop.cut(pixels))
            row = [name, crop.label, crop.kind.value, crop.picture.split.value, str(path)]
            writer.writerow([*row, *(f"{edge:.1f}" for edge in crop.box)])
    return len(crops)
