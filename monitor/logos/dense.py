"""Dense detector: one network scores every window of a picture pyramid in a few convolutional passes.

Architecture "dense-pyramid" in the manifest. Its `preprocessing` holds a `DenseGeometry`, its `thresholds`
one score per label: the detection is reported from there on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.inference import Manifest, ModelSession
from monitor.logos.boxes import Boxes, areas, clip, relative, suppress, suppress_parts
from monitor.logos.evidence import Look
from monitor.logos.windows import Level, Pixels, build_level, pyramid, tiles
from monitor.messages import Detection
from monitor.settings import Device

DEFAULT_LEVELS: Final = (832, 416, 208, 104)
"""Long sides in px: octaves, so that a logo of 5% to 100% of the picture meets one where it is 40 to 112 px
long."""
LARGE_LEVELS: Final = (1024,)
"""Long sides for pictures that are at least as long: these have the detail for somewhat smaller logos."""
LEVEL_MARGIN: Final = 16
"""Grey px around the picture on every level, so that a logo that fills the picture has a border too."""
LEVEL_MULTIPLE: Final = 32
"""The network's coarsest stride; level sides are multiples of it."""
MOST_ENLARGED: Final = 2.2
"""A picture is not blown up further: beyond that there is only blur to look at."""
_LONGEST_RATIO: Final = 2.5
"""Longer pictures are looked at in parts."""
_TILE_OVERLAP: Final = 0.25
_PIXELS_A_RUN: Final = 4_000_000
"""Level pixels in one ONNX Runtime call; bounds memory (about 0.4 kB a pixel inside the network)."""
WEAKEST_LOOK: Final = 0.05
"""Score from which a place is worth asking other witnesses about; weaker ones outnumber the logos by far."""
_MOST_LOOKS: Final = 300
"""Best places of a picture that are weighed: a long page of print looks a little like a logo everywhere."""
_CANDIDATES: Final = 300
"""Best windows of a level that go on to non-maximum suppression."""


class DenseGeometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How pictures are presented to the network and its answers read; part of the manifest."""

    levels: tuple[int, ...] = DEFAULT_LEVELS
    large_levels: tuple[int, ...] = ()
    """Only for pictures at least as long: nothing is enlarged to these."""
    margin: int = LEVEL_MARGIN
    multiple: int = LEVEL_MULTIPLE
    most_enlarged: float = MOST_ENLARGED
    logo_from: float = 26.0
    """px, long side: smaller boxes on a level are left to the next larger level."""
    logo_to: float = 150.0
    """px, long side: larger boxes on a level are left to the next smaller level."""
    most_overlap: float = 0.45
    """IoU from which the weaker of two boxes goes."""
    most_inside: float = 0.8
    """Share of a box inside another of its brand from which the weaker of the two goes."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Places of one picture where the network sees a logo of whatever brand, best first."""

    boxes: Boxes
    """(N, 4) x1, y1, x2, y2 in px of the picture, inside it, none without area."""
    scores: NDArray[np.float32]
    """(N,) objectness, 0..1."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One picture: what the network names, weak finds too, and where it sees logos of whatever brand."""

    looks: tuple[Look, ...]
    proposals: Proposals


class DenseDetector:
    """Finds logos by dense evaluation; see `monitor.logos.detector.LogoDetector` for the contract."""

    def __init__(
        self, model: ModelSession, names: Mapping[str, str], thresholds: Mapping[str, float]
    ) -> None:
        """`names`: model label -> brand name; labels without one are not reported."""
        self.manifest: Manifest = model.manifest
        self.device: Device = model.device
        self._model = model
        self.geometry = model.preprocessing(DenseGeometry)
        self._names = [names.get(label) for label in model.manifest.labels]
        self._thresholds = np.array([thresholds[label] for label in model.manifest.labels], np.float32)

    @property
    def identity(self) -> str:
        """The model's."""
        return self.manifest.identity

    def warm_up(self) -> None:
        """Run every level shape of a landscape, an upright and a square picture once."""
        longest = max(self.geometry.levels)
        shapes = ((longest * 3 // 4, longest), (longest, longest * 3 // 4), (longest, longest))
        self.detect([np.zeros((*shape, 3), np.uint8) for shape in shapes])

    def detect(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """Detections of each picture, best first; blocking, thread-safe."""
        weakest = float(self._thresholds.min())
        return [
            tuple(
                Detection(brand=look.brand, score=look.score, box=look.box, look=look.score)
                for look in self._named(windows, picture, weakest)
                if look.score >= look.threshold
            )
            for picture, windows in self._windows(pictures, weakest)
        ]

    def look(self, pictures: Sequence[Pixels]) -> list[tuple[Look, ...]]:
        """Places from `WEAKEST_LOOK` on, best first; blocking, thread-safe."""
        return [
            self._named(windows, picture, WEAKEST_LOOK)
            for picture, windows in self._windows(pictures, WEAKEST_LOOK)
        ]

    def scan(self, pictures: Sequence[Pixels], most: int, from_score: float) -> list[Scan]:
        """What `look` gives, and up to `most` proposals a picture of objectness `from_score` (0..1) or more.

        One run of the network serves both. Blocking, thread-safe.
        """
        return [
            Scan(self._named(windows, picture, WEAKEST_LOOK), self._proposed(windows, most, from_score))
            for picture, windows in self._windows(pictures, min(from_score, WEAKEST_LOOK))
        ]

    def _windows(self, pictures: Sequence[Pixels], from_objectness: float) -> "list[tuple[Pixels, _Windows]]":
        """Each picture with the windows of all its levels, in picture pixels."""
        levels = [self._levels(picture) for picture in pictures]
        found = self._score([level for own in levels for level, _, _ in own], from_objectness)
        return [
            (picture, _joined(picture, own, [next(found) for _ in own]))
            for picture, own in zip(pictures, levels, strict=True)
        ]

    def _levels(self, picture: Pixels) -> list[tuple[Level, int, int]]:
        """All levels of all parts of a picture, each with the part's offset."""
        height, width = picture.shape[:2]
        geometry, levels = self.geometry, []
        for x, y, tile_width, tile_height in tiles(width, height, _LONGEST_RATIO, _TILE_OVERLAP):
            tile = picture[y : y + tile_height, x : x + tile_width]
            levels += [
                (build_level(tile, long_side, geometry.margin, geometry.multiple), x, y)
                for long_side in self._long_sides(tile_width, tile_height)
            ]
        return levels

    def _long_sides(self, width: int, height: int) -> list[int]:
        large = [side for side in self.geometry.large_levels if side <= max(width, height)]
        return large + pyramid(width, height, self.geometry.levels, self.geometry.most_enlarged)

    def _score(self, levels: Sequence[Level], from_objectness: float) -> "_Answers":
        """Run all levels, those of one shape together; answers come in the order of `levels`."""
        by_shape: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number, level in enumerate(levels):
            by_shape[level.pixels.shape].append(number)
        answers = _Answers(len(levels))
        for shape, numbers in by_shape.items():
            at_once = max(_PIXELS_A_RUN // (shape[0] * shape[1]), 1)
            for start in range(0, len(numbers), at_once):
                chunk = numbers[start : start + at_once]
                outputs = self._model.run(pixels=np.stack([levels[number].pixels for number in chunk]))
                for number, objectness, brands, boxes in zip(chunk, *outputs, strict=True):
                    answers.parts[number] = self._best_windows(objectness, brands, boxes, from_objectness)
        return answers

    def _best_windows(
        self,
        objectness: NDArray[np.float32],
        brands: NDArray[np.float32],
        boxes: Boxes,
        from_objectness: float,
    ) -> "_Windows":
        """The windows of one level that may matter: good enough, and of this level's size."""
        best = np.argsort(-objectness, kind="stable")[:_CANDIDATES]
        best = best[objectness[best] >= from_objectness]
        sides = (boxes[best, 2:] - boxes[best, :2]).max(1)
        best = best[(sides >= self.geometry.logo_from) & (sides <= self.geometry.logo_to)]
        labels = brands[best].argmax(1)
        return _Windows(boxes[best], objectness[best], objectness[best] * brands[best, labels], labels)

    def _named(self, windows: "_Windows", picture: Pixels, weakest: float) -> tuple[Look, ...]:
        """Places of brands of score `weakest` or more, best first."""
        height, width = picture.shape[:2]
        enough = windows.scores >= weakest
        boxes, scores, labels = windows.boxes[enough], windows.scores[enough], windows.labels[enough]
        kept = suppress(boxes, scores, self.geometry.most_overlap)
        kept = kept[suppress_parts(boxes[kept], scores[kept], labels[kept], self.geometry.most_inside)]
        looks = []
        for number in kept[:_MOST_LOOKS].tolist():
            name, threshold = self._names[labels[number]], float(self._thresholds[labels[number]])
            box = relative(boxes[number], width, height)
            if name is not None and box.width * box.height > 0:
                looks.append(Look(name, min(float(scores[number]), 1.0), threshold, box))
        return tuple(looks)

    def _proposed(self, windows: "_Windows", most: int, from_score: float) -> Proposals:
        enough = (windows.objectness >= from_score) & (areas(windows.boxes) > 0)
        boxes, scores = windows.boxes[enough], windows.objectness[enough]
        kept = suppress(boxes, scores, self.geometry.most_overlap)[:most]
        return Proposals(boxes[kept], scores[kept])


class _Windows(msgspec.Struct):
    """Windows: boxes in px, logo or not 0..1, that times the best brand's probability, label indices."""

    boxes: NDArray[np.float32]
    objectness: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]


class _Answers:
    """Hands out the windows of each level in the order the levels were given."""

    def __init__(self, count: int) -> None:
        self.parts: dict[int, _Windows] = {}
        self._order = iter(range(count))

    def __next__(self) -> _Windows:
        return self.parts[next(self._order)]


def _joined(picture: Pixels, levels: Sequence[tuple[Level, int, int]], parts: Sequence[_Windows]) -> _Windows:
    """Windows of all levels of a picture as one, their boxes in its pixels."""
    height, width = picture.shape[:2]
    shifted = [
        level.to_picture(part.boxes) + np.array([x, y, x, y], np.float32)
        for (level, x, y), part in zip(levels, parts, strict=True)
    ]
    return _Windows(
        clip(np.concatenate(shifted), width, height),
        np.concatenate([part.objectness for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
