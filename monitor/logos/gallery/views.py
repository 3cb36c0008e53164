"""How a logo may look in pictures to come: its reference on several grounds, near and far, a little askew.

One clean drawing is not what a camera sees. Embeddings of the reference alone lie some way from those of the
logo on a shirt; their mean over such views lies nearer (augmented support sets in few-shot learning).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.logos.crops import CropGeometry, cut_crops
from monitor.logos.gallery.references import Reference
from monitor.logos.windows import Pixels

_GROUNDS: Final = ((255, 255, 255), (190, 190, 190), (35, 35, 35), (150, 80, 40), (40, 40, 170))
"""BGR grounds of transparent logos: paper, concrete, night, a blue and a red shirt."""
_CONTRAST: Final = 40
"""Least difference, of 255, between ground and logo: nobody prints a logo where it cannot be seen."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A way to look at a logo."""

    long_side: int
    """px of the logo in the picture."""
    turned: float = 0.0
    """Degrees."""
    grown: float = 1.0
    """The box, by this factor: detectors place boxes a little loose or tight."""
    moved: float = 0.0
    """The box, by this share of its sides."""
    light: float = 1.0
    """Brightness by this factor."""


_LOOKS: Final = (
    _Look(200),
    _Look(112, turned=5, grown=1.1),
    _Look(80, turned=-7, moved=0.05, light=0.8),
    _Look(56, grown=0.9, moved=-0.04, light=1.15),
    _Look(36, grown=1.15),
)


def views(reference: Reference, geometry: CropGeometry) -> list[Pixels]:
    """Crops of a reference, (looks, side, side, 3) uint8 BGR for each ground it may stand on."""
    framed, box = _framed(reference)
    return [
        np.concatenate([_crop(picture, box, look, geometry) for look in _LOOKS])
        for picture in _on_grounds(framed)
    ]


def sheet(reference: Reference, geometry: CropGeometry) -> Pixels:
    """All views side by side, one ground a row: what is learnt from, for people to look at."""
    return np.concatenate([np.concatenate(list(row), axis=1) for row in views(reference, geometry)])


def _framed(reference: Reference) -> tuple[Pixels, NDArray[np.float32]]:
    """The reference, BGRA, with room around the logo to turn it in, and the logo's box in that."""
    height, width = reference.pixels.shape[:2]
    left, top, right, bottom = reference.box
    beside, above = (right - left) // 3, (bottom - top) // 3
    room_left, room_top = max(beside - left, 0), max(above - top, 0)
    room_right, room_bottom = max(beside - (width - right), 0), max(above - (height - bottom), 0)
    framed = cv2.copyMakeBorder(
        reference.pixels,
        *(room_top, room_bottom, room_left, room_right),
        # A photograph goes on as it ends; around a transparent logo there is nothing.
        cv2.BORDER_CONSTANT if reference.transparent else cv2.BORDER_REPLICATE,
        value=(0, 0, 0, 0),
    )
    box = np.array([left + room_left, top + room_top, right + room_left, bottom + room_top], np.float32)
    return np.asarray(framed, np.uint8), box


def _on_grounds(framed: Pixels) -> Iterator[Pixels]:
    """BGR: as it is, or a transparent logo on each ground it shows up on, at least on the best one."""
    colours = framed[..., :3].astype(np.float32)
    opacity = framed[..., 3:].astype(np.float32) / np.float32(255)
    if opacity.min() == 1:
        yield np.asarray(colours, np.uint8)
        return
    contrasts = [
        float((np.abs(colours - np.array(ground)).max(2) * opacity[..., 0]).sum() / opacity.sum())
        for ground in _GROUNDS
    ]
    enough = min(_CONTRAST, max(contrasts))
    for ground, contrast in zip(_GROUNDS, contrasts, strict=True):
        if contrast >= enough:
            yield np.asarray(np.rint(colours * opacity + np.array(ground) * (1 - opacity)), np.uint8)


def _crop(picture: Pixels, box: NDArray[np.float32], look: _Look, geometry: CropGeometry) -> Pixels:
    """(1, side, side, 3): the logo in `box`, looked at in that way."""
    middle, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
    scale = look.long_side / float(sides.max())
    size = max(round(picture.shape[1] * scale), 1), max(round(picture.shape[0] * scale), 1)
    turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), look.turned, scale)
    turn[:, 2] = turn[:, 2] + np.array(size) / 2 - middle  # the logo comes to lie in the middle
    if scale < 1:  # warping does not average: what the smaller picture cannot hold is blurred away first
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 / scale), np.uint8)
    seen = cv2.warpAffine(picture, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = np.asarray((seen.astype(np.float32) * look.light).clip(0, 255), np.uint8)
    shown = _turned(sides, look.turned) * scale * look.grown
    centre = np.array(size) / 2 + look.moved * shown
    corners = np.concatenate([centre - shown / 2, centre + shown / 2])
    return cut_crops(lit, np.asarray(corners[None], np.float32), geometry)


def _turned(sides: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    """Width and height of the upright box around a turned one."""
    sine, cosine = abs(np.sin(np.radians(degrees))), abs(np.cos(np.radians(degrees)))
    return np.asarray([sides[0] * cosine + sides[1] * sine, sides[0] * sine + sides[1] * cosine], np.float32)


def shown(reference: Reference) -> list[tuple[Pixels, NDArray[np.float32]]]:
    """The reference as pictures, BGR, with room around the logo, and its box (4,) px: on up to two of its
    grounds, the first and the last that suit it."""
    framed, box = _framed(reference)
    grounds = list(_on_grounds(framed))
    return [(ground, box) for ground in ([grounds[0], grounds[-1]] if len(grounds) > 1 else grounds)]


def scenes(reference: Reference) -> list[tuple[Pixels, NDArray[np.float32]]]:
    """The same with so much more around it that the logo is a third of the width."""
    pictures = []
    for ground, box in shown(reference):
        side = 3 * round(float((box[2:] - box[:2]).max()))
        height, width = ground.shape[:2]
        left, top = max(side - width, 0) // 2, max(side - height, 0) // 2
        right, bottom = max(side - width, 0) - left, max(side - height, 0) - top
        scene = cv2.copyMakeBorder(ground, top, bottom, left, right, cv2.BORDER_REPLICATE)
        pictures.append((np.asarray(scene, np.uint8), box + np.array([left, top] * 2, np.float32)))
    return pictures
