"""Training canvases for the dense network: a piece of a picture at a drawn scale, or a wordmark put on one.

Each canvas shows a logo at a window's size, or background: drawn at random, or where an earlier network was
fooled.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.logos.boxes import covered
from monitor.logos.windows import PADDING_GREY
from training.data.pictures import AnnotatedPicture

Pixels = NDArray[np.uint8]

VMWARE_WORDMARK: Final = Path(__file__).parent / "vectors" / "vmware.svg"


@dataclass(frozen=True, slots=True)
class Canvas:
    """One training input: BGR pixels and boxes as x1, y1, x2, y2; `labels` are indices, -1 means ignore."""

    pixels: Pixels
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class CanvasMix:
    """How canvases are drawn."""

    side: int = 160  # px; the largest window (112) with some context
    logo_from: float = 34.0  # px, long side of the logo; a little beyond the window on both sides,
    logo_to: float = 124.0  # so that a logo between two pyramid levels is found on both
    background: float = 0.28  # share of canvases without a chosen logo
    mined: float = 0.5  # of those, how many show a place that fooled an earlier network, once there are some
    wordmark: float = 0.06  # share with a drawn VMware wordmark: its photographs are few
    brand_power: float = 0.5  # brands are drawn by (number of boxes) ** this: 1 as they come, 0 all alike
    full_canvas: float = (
        0.75  # share whose canvas is moved into the picture as far as it goes: less grey to look at
    )
    clip_art: float = 0.4  # weight of a clip-art picture beside a photograph's 1


class CanvasSource:
    """Draws canvases from pictures held in memory (with halves and quarters, so that shrinking does not
    alias)."""

    def __init__(
        self,
        pictures: Sequence[AnnotatedPicture],
        labels: Sequence[str],
        mix: CanvasMix,
        rng: np.random.Generator,
    ) -> None:
        self.mix, self.rng = mix, rng
        self._index = {label: number for number, label in enumerate(labels)}
        self._pictures = list(pictures)
        self._pixels = [
            _halvings(p.load()) for p in tqdm(pictures, desc="reading", unit="picture", mininterval=5)
        ]
        self._boxes = [np.array([b.corners for b in p.boxes], np.float32).reshape(-1, 4) for p in pictures]
        self._labels = [
            np.array([-1 if b.ignore else self._index[b.label] for b in p.boxes], np.int64) for p in pictures
        ]
        self._targets, self._chances = self._drawing_chances()
        self._mined: list[tuple[int, float, float, float]] = []
        self._wordmark = draw_svg(VMWARE_WORDMARK, 512) if "vmware" in self._index else None
        self._without = [n for n, picture in enumerate(pictures) if picture.logo_free]

    def _drawing_chances(self) -> tuple[list[tuple[int, int]], NDArray[np.float64]]:
        targets: list[tuple[int, int]] = []
        weights: list[float] = []
        per_brand: dict[int, float] = defaultdict(float)
        for number, (picture, labels) in enumerate(zip(self._pictures, self._labels, strict=True)):
            for box, label in enumerate(labels.tolist()):
                if label >= 0:
                    targets.append((number, box))
                    weights.append(1.0 if picture.is_photograph else self.mix.clip_art)
                    per_brand[label] += weights[-1]
        chances = np.array(weights)
        for position, (number, box) in enumerate(targets):
            chances[position] *= per_brand[int(self._labels[number][box])] ** (self.mix.brand_power - 1.0)
        return targets, chances / chances.sum()

    def learn_false_alarms(self, places: Sequence[tuple[int, float, float, float]]) -> None:
        """Places that fooled a network: picture number, centre x and y in its pixels, long side of the found
        box."""
        self._mined = list(places)

    def draw(self) -> Canvas:
        """One random canvas."""
        if self.rng.random() >= self.mix.background:
            return self._augmented(*self._around_logo())
        if self._mined and self.rng.random() < self.mix.mined:
            return self._augmented(*self._around_false_alarm())
        return self._augmented(*self._anywhere())

    def _around_logo(self) -> tuple[int, float, float, float]:
        """Picture, centre of the canvas in the picture, and scale (canvas px per picture px)."""
        number, box = self._targets[self.rng.choice(len(self._targets), p=self._chances)]
        x1, y1, x2, y2 = self._boxes[number][box]
        long_side = max(x2 - x1, y2 - y1, 1.0)
        scale = self._log_uniform(self.mix.logo_from, self.mix.logo_to) / long_side
        # The logo's centre may stand anywhere that keeps nearly all of it on the canvas.
        free_x = max(self.mix.side / scale - 0.85 * (x2 - x1), 0.0) / 2
        free_y = max(self.mix.side / scale - 0.85 * (y2 - y1), 0.0) / 2
        cx = (x1 + x2) / 2 + self.rng.uniform(-free_x, free_x)
        cy = (y1 + y2) / 2 + self.rng.uniform(-free_y, free_y)
        if self.rng.random() < self.mix.full_canvas:
            picture, half = self._pictures[number], self.mix.side / scale / 2
            cx, cy = _inward(cx, half, picture.width), _inward(cy, half, picture.height)
        return number, cx, cy, scale

    def _around_false_alarm(self) -> tuple[int, float, float, float]:
        number, cx, cy, long_side = self._mined[self.rng.integers(len(self._mined))]
        scale = self._log_uniform(self.mix.logo_from, self.mix.logo_to) / max(long_side, 8.0)
        shift = 0.3 * self.mix.side / scale
        return number, cx + self.rng.uniform(-shift, shift), cy + self.rng.uniform(-shift, shift), scale

    def _anywhere(self) -> tuple[int, float, float, float]:
        """Half of the time in a picture without any logo, else in any (its logos stay marked)."""
        if self._without and self.rng.random() < 0.6:
            number = self._without[self.rng.integers(len(self._without))]
        else:
            number = int(self.rng.integers(len(self._pictures)))
        picture = self._pictures[number]
        shortest = max(min(picture.width, picture.height), 1)
        scale = self._log_uniform(min(0.5 * self.mix.side / shortest, 2.0), 2.0)
        return number, self.rng.uniform(0, picture.width), self.rng.uniform(0, picture.height), scale

    def _log_uniform(self, low: float, high: float) -> float:
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def _augmented(self, number: int, cx: float, cy: float, scale: float) -> Canvas:
        """Cut, turn, stretch and recolour; boxes follow."""
        rng, side = self.rng, self.mix.side
        angle = np.deg2rad(rng.normal(0, 5))
        stretch = np.exp(rng.normal(0, 0.10))
        shear = rng.normal(0, 0.05)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ np.array([[scale * stretch, scale * shear], [0.0, scale / stretch]])
        shift = np.array([side / 2, side / 2]) - linear @ np.array([cx, cy])
        levels = self._pixels[number]
        halved = int(np.clip(np.floor(-np.log2(max(scale, 1e-6))), 0, len(levels) - 1))
        source = levels[halved]
        factor = self._pictures[number].width / source.shape[1]
        matrix = np.concatenate([linear * factor, shift[:, None]], 1)
        pixels = cv2.warpAffine(
            source, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=(PADDING_GREY,) * 3
        )
        boxes = _moved(self._boxes[number], linear, shift, float(np.degrees(angle)))
        labels = self._labels[number]
        if self._wordmark is not None and rng.random() < self.mix.wordmark:
            pixels, boxes, labels = self._with_wordmark(np.asarray(pixels, np.uint8), boxes, labels)
        kept, visible = _clipped(boxes, side)
        labels = np.where(visible > 0.6, labels, -1)
        keep = visible > 0.05
        return Canvas(recoloured(np.asarray(pixels, np.uint8), rng), kept[keep], labels[keep])

    def _with_wordmark(
        self, pixels: Pixels, boxes: NDArray[np.float32], labels: NDArray[np.int64]
    ) -> tuple[Pixels, NDArray[np.float32], NDArray[np.int64]]:
        """Draw the VMware wordmark on the canvas: any colour, tilted, in perspective, as on booths and
        shirts."""
        assert self._wordmark is not None
        rng, side = self.rng, self.mix.side
        alpha = self._wordmark[:, :, 3]
        height, width = alpha.shape
        long_side = self._log_uniform(self.mix.logo_from, self.mix.logo_to)
        w, h = long_side, long_side * height / width * np.exp(rng.normal(0, 0.15))
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
        corners += rng.normal(0, 0.06 * h, (4, 2)).astype(np.float32)
        angle = np.deg2rad(rng.normal(0, 8))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
        corners = corners @ turn.T
        extent = corners.max(0) - corners.min(0)
        corners += rng.uniform(0, np.maximum(side - extent, 1.0)).astype(np.float32) - corners.min(0)
        # Shrinking the drawing first keeps thin strokes from aliasing away.
        small = cv2.resize(alpha, (max(int(2 * w), 8), max(int(2 * h), 4)), interpolation=cv2.INTER_AREA)
        edges = np.array([[0, 0], [small.shape[1], 0], [small.shape[1], small.shape[0]], [0, small.shape[0]]])
        warp = cv2.getPerspectiveTransform(edges.astype(np.float32), corners)
        mask = (
            cv2.warpPerspective(small, warp, (side, side), flags=cv2.INTER_AREA).astype(np.float32)[
                :, :, None
            ]
            / 255
        )
        x1, y1 = corners.min(0)
        x2, y2 = corners.max(0)
        canvas = pixels.astype(np.float32)
        if rng.random() < 0.4:  # on a sign of one colour, as most are
            margin = h * rng.uniform(0.3, 1.5)
            sign = cv2.boundingRect(
                np.array([[x1 - margin, y1 - margin], [x2 + margin, y2 + margin]], np.float32)
            )
            left, top, wide, high = sign
            canvas[max(top, 0) : top + high, max(left, 0) : left + wide] = rng.uniform(0, 255, 3)
        under = canvas[max(int(y1), 0) : int(y2) + 1, max(int(x1), 0) : int(x2) + 1].reshape(-1, 3).mean(0)
        ink = _ink_against(under, rng)
        drawn = canvas * (1 - mask) + ink * mask
        box = np.array([[x1, y1, x2, y2]], np.float32)
        hidden = covered(box, boxes)[0] > 0.3
        return (
            drawn.astype(np.uint8),
            np.concatenate([boxes[~hidden], box]),
            np.concatenate([labels[~hidden], [self._index["vmware"]]]),
        )


def draw_svg(path: Path, width: int) -> Pixels:
    """Rasterise a vector logo: uint8 (height, width, 4), BGRA."""
    import resvg_py

    drawn = bytes(resvg_py.svg_to_bytes(svg_string=path.read_text("utf-8"), width=width))
    return np.asarray(cv2.imdecode(np.frombuffer(drawn, np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def _inward(centre: float, half: float, length: float) -> float:
    """The canvas centre nearest to `centre` that keeps the canvas inside the picture, or the picture inside
    it."""
    low, high = sorted((half, length - half))
    return min(max(centre, low), high)


def _ink_against(under: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour that can be read on `under`: mostly white, grey or black, sometimes any."""
    while True:
        ink = (
            np.repeat(rng.choice([255.0, 235.0, 115.0, 40.0, 5.0]), 3)
            if rng.random() < 0.8
            else rng.uniform(0, 255, 3)
        )
        if np.abs(ink - under).mean() > 45:
            return ink.astype(np.float32)


def _halvings(pixels: Pixels) -> list[Pixels]:
    """The picture, its half, quarter and eighth."""
    levels = [pixels]
    for _ in range(3):
        height, width = levels[-1].shape[:2]
        if min(height, width) < 16:
            break
        half = cv2.resize(levels[-1], ((width + 1) // 2, (height + 1) // 2), interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(half, np.uint8))
    return levels


def _moved(
    boxes: NDArray[np.float32], linear: NDArray[np.float64], shift: NDArray[np.float64], degrees: float
) -> NDArray[np.float32]:
    """Axis-aligned boxes around the moved ones.

    A turned box's hull is too wide for the logo inside (which seldom fills its corners): it is taken for an
    ellipse.
    """
    if not len(boxes):
        return boxes
    centre = np.stack([boxes[:, [0, 2]].mean(1), boxes[:, [1, 3]].mean(1)], 1) @ linear.T + shift
    half = np.stack([(boxes[:, 2] - boxes[:, 0]) / 2, (boxes[:, 3] - boxes[:, 1]) / 2], 1)
    ellipse = np.sqrt((half**2) @ (linear**2).T)
    hull = half @ np.abs(linear).T
    blend = 0.5 if abs(degrees) > 1e-3 else 1.0
    extent = blend * hull + (1 - blend) * ellipse
    return np.concatenate([centre - extent, centre + extent], 1).astype(np.float32)


def _clipped(boxes: NDArray[np.float32], side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes cut at the canvas edge, and the share of each that is left."""
    inside = boxes.clip(0, side)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = (inside[:, 2] - inside[:, 0]) * (inside[:, 3] - inside[:, 1])
    return inside, left / np.maximum(area, 1e-6)


def recoloured(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Light, contrast, tint, grey, blur, noise and JPEG as cameras and sites leave them."""
    x = pixels.astype(np.float32)
    x = (x - 127) * np.exp(rng.normal(0, 0.2)) + 127 + rng.normal(0, 18)
    x = x * np.exp(rng.normal(0, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.08:
        x = np.repeat(x.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.15:
        x = np.asarray(cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.4)), np.float32)
    if rng.random() < 0.15:
        x = x + rng.normal(0, rng.uniform(2, 10), x.shape).astype(np.float32)
    out = x.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 85))]
        out = np.asarray(cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR), np.uint8)
    return out
