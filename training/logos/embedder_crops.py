"""Training crops for the embedder: logos cut as a detector would, backgrounds, and drawn vector logos."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.logos.boxes import iou
from monitor.logos.crops import CropGeometry, fit, grow
from training.data.pictures import AnnotatedPicture
from training.logos.canvases import recoloured
from training.logos.drawn_logos import DrawnLogos

Pixels = NDArray[np.uint8]

NONE: Final = -1
"""Label of a crop without a logo, or with too little of one."""
_LONG_SIDE: Final = 1024
"""Pictures are kept in memory no larger."""
_COVER: Final = (0.03, 0.25)
"""Share of a crop's area that is hidden at once (random erasing, arXiv:1708.04896)."""


@dataclass(frozen=True, slots=True)
class CropMix:
    """How a batch is made up, and how far boxes are moved."""

    brands: int = 14  # brands in a batch, drawn by (number of boxes) ** brand_power; two crops of each
    drawn: int = 12  # vector logos in a batch; two crops of each
    background: int = 12
    brand_power: float = 0.5
    clip_art: float = 0.4  # weight of a clip-art picture beside a photograph's 1
    tight: float = 0.5  # share of logo crops that are moved a little only; the others as a detector errs
    least_overlap: float = 0.5  # IoU that a moved box keeps with the true one: a detection that counts
    part: float = 0.25  # share of background crops that lie beside or inside a logo
    most_of_logo: float = 0.3  # IoU from which such a crop is left open rather than called background
    mined: float = 0.5  # share of background crops that fooled the network before, once there are some
    wordmark: float = 0.3  # share of a brand's crops that are drawn, where its vector logo is at hand
    other_colours: float = 0.0  # share of crops of pictures with their hue turned, grey or inverted
    covered: float = 0.0  # share of crops of pictures with something else in front of a part
    detailed: bool = False  # drawn out from their full detail, as in the service; else shrunk first: softer


@dataclass(frozen=True, slots=True)
class Place:
    """A box in a picture that is no logo, though the network thought so."""

    picture: int
    corners: tuple[float, float, float, float]


class CropSource:
    """Draws batches from pictures held in memory."""

    def __init__(
        self,
        pictures: Sequence[AnnotatedPicture],
        labels: Sequence[str],
        drawn: DrawnLogos,
        wordmarks: Mapping[str, Pixels],
        mix: CropMix,
        geometry: CropGeometry,
        rng: np.random.Generator,
    ) -> None:
        """`labels` number the brands; vector logos are numbered on from there.

        `wordmarks`: drawings of brands with few photographs.
        """
        self.mix, self.geometry, self.rng, self._drawn = mix, geometry, rng, drawn
        self._brands = len(labels)
        index = {label: number for number, label in enumerate(labels)}
        self._pixels: list[Pixels] = []
        self._boxes: list[NDArray[np.float32]] = []
        self._by_brand: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._weights: dict[int, list[float]] = defaultdict(list)
        for number, picture in enumerate(tqdm(pictures, desc="reading", unit="picture", mininterval=5)):
            pixels, scale = _held(picture.load())
            self._pixels.append(pixels)
            corners = [box.corners for box in picture.boxes]
            self._boxes.append(np.array(corners, np.float32).reshape(-1, 4) * scale)
            for place, box in enumerate(picture.boxes):
                if not box.ignore:
                    self._by_brand[index[box.label]].append((number, place))
                    self._weights[index[box.label]].append(1.0 if picture.is_photograph else mix.clip_art)
        self._wordmarks = {index[label]: DrawnLogos([w], geometry) for label, w in wordmarks.items()}
        self._without = [number for number, picture in enumerate(pictures) if picture.logo_free]
        # What lies outside the boxes is background only where every logo has one.
        self._is_known = [picture.boxed for picture in pictures]
        self._known = [number for number, known in enumerate(self._is_known) if known]
        if not self._known:
            raise SetupError("every picture may show logos without a box: there is no background to learn")
        self._names = sorted(self._by_brand)
        sizes = np.array([sum(self._weights[name]) for name in self._names]) ** mix.brand_power
        self._chances = sizes / sizes.sum()
        self.mined: list[Place] = []

    def draw(self) -> tuple[Pixels, NDArray[np.int64]]:
        """A batch: crops (N, side, side, 3) uint8 BGR, and labels (N,)."""
        crops, labels = [], []
        wanted = min(self.mix.brands, len(self._names))
        for place in self.rng.choice(len(self._names), wanted, replace=False, p=self._chances).tolist():
            crops += [self._logo(self._names[place]) for _ in range(2)]
            labels += [self._names[place]] * 2
        for number in self.rng.choice(len(self._drawn), min(self.mix.drawn, len(self._drawn)), replace=False):
            crops += [self._drawn.draw(int(number), self._ground(), self.rng) for _ in range(2)]
            labels += [self._brands + int(number)] * 2
        crops += [self._background() for _ in range(self.mix.background)]
        labels += [NONE] * self.mix.background
        return np.stack([self._fitted(crop) for crop in crops]), np.array(labels, np.int64)

    def _logo(self, brand: int) -> Pixels:
        if brand in self._wordmarks and self.rng.random() < self.mix.wordmark:
            return self._wordmarks[brand].draw(0, self._ground(), self.rng)
        weights = np.array(self._weights[brand])
        number, place = self._by_brand[brand][self.rng.choice(len(weights), p=weights / weights.sum())]
        box = self._boxes[number][place]
        moved = self._moved(box, *((0.04, 0.06) if self.rng.random() < self.mix.tight else (0.12, 0.2)))
        return self._changed(self._cut(number, moved))

    def _moved(self, box: NDArray[np.float32], shift: float, scale: float) -> NDArray[np.float32]:
        """A box that a detector might have given for `box`."""
        centre, sides = (box[:2] + box[2:]) / 2, box[2:] - box[:2]
        for _ in range(20):
            moved_centre = centre + self.rng.normal(0, shift, 2) * sides
            moved_sides = sides * np.exp(self.rng.normal(0, scale) + self.rng.normal(0, scale / 2, 2))
            moved = np.concatenate([moved_centre - moved_sides / 2, moved_centre + moved_sides / 2])
            if iou(box[None], moved[None].astype(np.float32))[0, 0] >= self.mix.least_overlap:
                return np.asarray(moved, np.float32)
        return box

    def _background(self) -> Pixels:
        if self.mined and self.rng.random() < self.mix.mined:
            place = self.mined[int(self.rng.integers(len(self.mined)))]
            box = self._moved(np.array(place.corners, np.float32), 0.08, 0.1)
            return self._changed(self._cut(place.picture, box))
        number, box = self.anywhere(self.rng.random() < self.mix.part)
        return self._changed(self._cut(number, box))

    def anywhere(self, near_logo: bool) -> tuple[int, NDArray[np.float32]]:
        """Picture and box of a background; `near_logo`: beside a logo, or a part of one."""
        while True:
            if near_logo:
                brand = self._names[int(self.rng.integers(len(self._names)))]
                number, place = self._by_brand[brand][int(self.rng.integers(len(self._by_brand[brand])))]
                if not self._is_known[number]:
                    continue
                x1, y1, x2, y2 = self._boxes[number][place]
                sides = np.array([x2 - x1, y2 - y1]) * np.exp(self.rng.uniform(np.log(0.25), np.log(2.5), 2))
                centre = np.array([x1, y1]) + self.rng.uniform(-0.3, 1.3, 2) * [x2 - x1, y2 - y1]
            else:
                number = (
                    self._without[int(self.rng.integers(len(self._without)))]
                    if (self._without and self.rng.random() < 0.6)
                    else self._known[int(self.rng.integers(len(self._known)))]
                )
                height, width = self._pixels[number].shape[:2]
                long_side = np.exp(self.rng.uniform(np.log(20), np.log(0.8 * max(height, width))))
                aspect = np.exp(self.rng.normal(0, 0.6))
                sides = np.array([min(1.0, aspect), min(1.0, 1 / aspect)]) * long_side
                centre = self.rng.uniform(0, 1, 2) * [width, height]
            height, width = self._pixels[number].shape[:2]
            limits = np.array([width, height, width, height], np.float32)
            box = np.concatenate([centre - sides / 2, centre + sides / 2]).astype(np.float32)
            box = np.minimum(box.clip(0), limits)
            if (box[2:] - box[:2]).min() < 8:
                continue
            if (
                not len(self._boxes[number])
                or iou(box[None], self._boxes[number]).max() < self.mix.most_of_logo
            ):
                return number, box

    def cut(self, number: int, box: NDArray[np.float32]) -> Pixels:
        """The crop as the service would cut it, (side, side, 3)."""
        return self._fitted(self._cut(number, box))

    def _fitted(self, crop: Pixels) -> Pixels:
        return fit(crop, self.geometry.side, self.geometry.stretch)

    def _cut(self, number: int, box: NDArray[np.float32]) -> Pixels:
        """With its margin, no larger than the input shows it: what is small stays so for now."""
        picture = self._pixels[number]
        left, top, right, bottom = grow(box, self.geometry.margin, picture.shape[1], picture.shape[0])
        crop = picture[top:bottom, left:right]
        if not self.mix.detailed:
            return _shrunk(crop, self.geometry.side)
        ratio = max(crop.shape[:2]) / min(crop.shape[:2])
        return _shrunk(crop, round(self.geometry.side * ratio**self.geometry.stretch))

    def _changed(self, crop: Pixels) -> Pixels:
        """Turned and stretched a little, now and then seen from farther away, recoloured.

        In other colours, and covered in part, as often as `mix` says.
        """
        height, width = crop.shape[:2]
        angle = np.deg2rad(self.rng.normal(0, 5))
        stretch, shear = np.exp(self.rng.normal(0, 0.08)), self.rng.normal(0, 0.06)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ np.array([[stretch, shear], [0, 1 / stretch]])
        centre = np.array([width / 2, height / 2])
        matrix = np.concatenate([linear, (centre - linear @ centre)[:, None]], 1)
        crop = np.asarray(
            cv2.warpAffine(crop, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        if self.rng.random() < 0.25:
            crop = _shrunk(crop, int(self.rng.uniform(24, 80)))
        if self._happens(self.mix.other_colours):
            crop = _in_other_colours(crop, self.rng)
        if self._happens(self.mix.covered):
            self._cover(crop)
        return recoloured(crop, self.rng)

    def _happens(self, chance: float) -> bool:
        """Without a draw where it never does: seeds draw the batches they always drew."""
        return chance > 0 and self.rng.random() < chance

    def _cover(self, crop: Pixels) -> None:
        """Put a place in another picture, or one colour, in front of a part of `crop`."""
        height, width = crop.shape[:2]
        area, aspect = self.rng.uniform(*_COVER) * width * height, np.exp(self.rng.normal(0, 0.6))
        across = max(round(min(np.sqrt(area * aspect), 0.7 * width)), 1)
        down = max(round(min(np.sqrt(area / aspect), 0.7 * height)), 1)
        left = int(self.rng.integers(width - across + 1))
        top = int(self.rng.integers(height - down + 1))
        cover = cv2.resize(self._ground(), (across, down), interpolation=cv2.INTER_AREA)
        crop[top : top + down, left : left + across] = cover

    def _ground(self) -> Pixels:
        """Something to put a drawn logo on: a place in a picture, or one colour."""
        if self.rng.random() < 0.4:
            return np.full((64, 64, 3), self.rng.uniform(0, 255, 3), np.uint8)
        number, box = self.anywhere(near_logo=False)
        left, top, right, bottom = box.astype(int).tolist()
        return self._pixels[number][top:bottom, left:right]


def _in_other_colours(crop: Pixels, rng: np.random.Generator) -> Pixels:
    """Hue turned, grey or inverted; a copy."""
    way = rng.random()
    if way < 0.5:
        hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
        # OpenCV keeps the hue of 8-bit pictures in steps of two degrees.
        hsv[:, :, 0] = (hsv[:, :, 0].astype(np.int64) + rng.integers(180)) % 180
        return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR), np.uint8)
    if way < 0.75:
        return np.repeat(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)[:, :, None], 3, 2).astype(np.uint8)
    return np.asarray(255 - crop, np.uint8)


def _held(pixels: Pixels) -> tuple[Pixels, float]:
    """The picture as it is kept, and its scale."""
    scale = min(_LONG_SIDE / max(pixels.shape[:2]), 1.0)
    return (pixels, 1.0) if scale == 1.0 else (_shrunk(pixels, _LONG_SIDE), scale)


def _shrunk(pixels: Pixels, side: int) -> Pixels:
    """At most `side` px long."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
