"""Dense detector: one network scores every window of a picture pyramid in a few convolutional passes.

Architecture "dense-pyramid" in the manifest. Its `preprocessing` holds a `DenseGeometry`, its `thresholds`
one score per label: the detection is reported from there on.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.inference import Manifest, ModelSession
from monitor.logos.boxes import Boxes, clip, relative, suppress, suppress_parts
from monitor.logos.windows import Level, Pixels, build_level, pyramid, tiles
from monitor.messages import Detection
from monitor.settings import Device

DEFAULT_LEVELS: Final = (832, 416, 208, 104)
"""Long sides in px: octaves, so that a logo of 5% to 100% of the picture meets one where it is 40 to 112 px
long."""
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
_CANDIDATES: Final = 300
"""Best windows of a level that go on to non-maximum suppression."""


class DenseGeometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How pictures are presented to the network and its answers read; part of the manifest."""

    levels: tuple[int, ...] = DEFAULT_LEVELS
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

    def warm_up(self) -> None:
        """Run every level shape of a landscape, an upright and a square picture once."""
        longest = max(self.geometry.levels)
        shapes = ((longest * 3 // 4, longest), (longest, longest * 3 // 4), (longest, longest))
        self.detect([np.zeros((*shape, 3), np.uint8) for shape in shapes])

    def detect(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """Detections of each picture, best first; blocking, thread-safe."""
        levels = [self._levels(picture) for picture in pictures]
        found = self._score([level for own in levels for level, _, _ in own])
        detections = []
        for picture, own in zip(pictures, levels, strict=True):
            parts = [next(found) for _ in own]
            detections.append(self._merged(picture, own, parts))
        return detections

    def _levels(self, picture: Pixels) -> list[tuple[Level, int, int]]:
        """All levels of all parts of a picture, each with the part's offset."""
        height, width = picture.shape[:2]
        geometry, levels = self.geometry, []
        for x, y, tile_width, tile_height in tiles(width, height, _LONGEST_RATIO, _TILE_OVERLAP):
            tile = picture[y : y + tile_height, x : x + tile_width]
            levels += [
                (build_level(tile, long_side, geometry.margin, geometry.multiple), x, y)
                for long_side in pyramid(tile_width, tile_height, geometry.levels, geometry.most_enlarged)
            ]
        return levels

    def _score(self, levels: Sequence[Level]) -> "_Answers":
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
                    answers.parts[number] = self._best_windows(objectness, brands, boxes)
        return answers

    def _best_windows(
        self, objectness: NDArray[np.float32], brands: NDArray[np.float32], boxes: Boxes
    ) -> "_Windows":
        """The windows of one level that may matter: good enough for some brand, and of this level's size."""
        best = np.argsort(-objectness, kind="stable")[:_CANDIDATES]
        best = best[objectness[best] >= self._thresholds.min()]
        labels = brands[best].argmax(1)
        scores = objectness[best] * brands[best, labels]
        sides = (boxes[best, 2:] - boxes[best, :2]).max(1)
        geometry = self.geometry
        keep = (
            (scores >= self._thresholds.min()) & (sides >= geometry.logo_from) & (sides <= geometry.logo_to)
        )
        return _Windows(boxes[best][keep], scores[keep], labels[keep])

    def _merged(
        self, picture: Pixels, levels: Sequence[tuple[Level, int, int]], parts: Sequence["_Windows"]
    ) -> tuple[Detection, ...]:
        """Windows of all levels -> detections of the picture."""
        height, width = picture.shape[:2]
        shifted = [
            level.to_picture(part.boxes) + np.array([x, y, x, y], np.float32)
            for (level, x, y), part in zip(levels, parts, strict=True)
        ]
        boxes = clip(np.concatenate(shifted), width, height)
        scores = np.concatenate([part.scores for part in parts])
        labels = np.concatenate([part.labels for part in parts])
        kept = suppress(boxes, scores, self.geometry.most_overlap)
        kept = kept[suppress_parts(boxes[kept], scores[kept], labels[kept], self.geometry.most_inside)]
        detections = []
        for number in kept.tolist():
            name = self._names[labels[number]]
            box = relative(boxes[number], width, height)
            if (
                name is not None
                and scores[number] >= self._thresholds[labels[number]]
                and box.width * box.height > 0
            ):
                detections.append(Detection(brand=name, score=min(float(scores[number]), 1.0), box=box))
        return tuple(detections)


class _Windows(msgspec.Struct):
    """Windows of one level: boxes in level pixels, scores 0..1, label indices."""

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]


class _Answers:
    """Hands out the windows of each level in the order the levels were given."""

    def __init__(self, count: int) -> None:
        self.parts: dict[int, _Windows] = {}
        self._order = iter(range(count))

    def __next__(self) -> _Windows:
        return self.parts[next(self._order)]
