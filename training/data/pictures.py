"""Annotated pictures: the one form that every annotation file is read into and written from.

Boxes are in pixels of the picture as `cv2.imread` gives it, x and y of the top left corner, then width and
height.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError


class Split(StrEnum):
    """What a picture may be used for. Nothing is trained, tuned or thresholded on `test`."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class LogoBox:
    """One marked logo, in pixels. `ignore`: neither a hit nor a miss (cut off, doubtful, a crowd)."""

    label: str
    x: float
    y: float
    width: float
    height: float
    ignore: bool = False

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2."""
        return self.x, self.y, self.x + self.width, self.y + self.height


@dataclass(frozen=True, slots=True)
class AnnotatedPicture:
    """A picture file with its boxes, and with the labels of what it shows somewhere.

    `group` joins near-duplicates, `flat` is the share of flat colour (above 0.5 it is mostly clip-art).
    """

    path: Path
    width: int
    height: int
    boxes: tuple[LogoBox, ...]
    split: Split
    folder: str
    group: str = ""
    flat: float = 0.0
    labels: tuple[str, ...] = ()
    """Brands of the whole picture: it shows them, no box says where."""
    boxed: bool = True
    """Every logo has its box; else a place without one says nothing, as it may hold a logo."""

    @property
    def is_photograph(self) -> bool:
        """Not clip-art, as far as flat colour tells."""
        return self.flat <= 0.5

    @property
    def targets(self) -> tuple[LogoBox, ...]:
        """The boxes that count."""
        return tuple(box for box in self.boxes if not box.ignore)

    @property
    def shown(self) -> frozenset[str]:
        """Labels of the picture and of the boxes that count."""
        return frozenset([*self.labels, *(box.label for box in self.targets)])

    @property
    def logo_free(self) -> bool:
        """Known to show no logo at all: what may teach, and set thresholds, as a picture without any."""
        return self.boxed and not self.boxes and not self.labels

    def load(self) -> NDArray[np.uint8]:
        """Pixels, uint8 (height, width, 3), BGR. Raises `SetupError` when the file is missing or no
        picture."""
        pixels = cv2.imread(str(self.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if pixels is None:
            raise SetupError(
                f"{self.path} is missing or no picture; its annotation file lists it: restore or unlist it"
            )
        return np.asarray(pixels, np.uint8)


def name_hash(name: str) -> str:
    """SHA-1 in hex: an order that nobody chose."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def hashed_split(name: str) -> Split:
    """A fixed split for files that come without one: 15% val, 15% test, by SHA-1 of the name."""
    share = int(name_hash(name)[:8], 16) / 2**32
    if share < 0.15:
        return Split.VAL
    return Split.TEST if share < 0.30 else Split.TRAIN
