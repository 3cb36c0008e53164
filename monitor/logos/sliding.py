"""The talk's detector: a CNN that classifies one window, slid over the picture at several window sizes.

Architecture "talk-cnn-sliding-windows" in the manifest. It is the measured baseline: every window costs a
whole pass.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.inference import Manifest, ModelSession
from monitor.logos.boxes import clip, relative, suppress
from monitor.logos.evidence import Look
from monitor.logos.windows import Pixels, sliding_windows, tiles
from monitor.messages import Detection
from monitor.settings import Device

_WINDOWS_A_RUN: Final = 64
"""Windows in one ONNX Runtime call: 64 are as fast per window as any number, and keep memory at some 100
MB."""
_LONGEST_RATIO: Final = 2.5
_TILE_OVERLAP: Final = 0.25


class WindowGeometry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which windows are looked at; part of the manifest."""

    window_width: int
    """px, of the network's input."""
    window_height: int
    """px, of the network's input."""
    aspect: float
    """Width by height of a window in the picture: the middle of the brand's boxes; it is squeezed to the
    input."""
    shares: tuple[float, ...] = (1.0, 0.65, 0.4, 0.25, 0.16)
    """Window widths as shares of the picture's long side."""
    step: float = 0.5
    """Distance of neighbouring windows as a share of the window."""
    most_overlap: float = 0.3
    """IoU from which the weaker of two boxes goes."""


class SlidingWindowDetector:
    """Finds the logos of one brand; see `monitor.logos.detector.LogoDetector` for the contract."""

    def __init__(
        self, model: ModelSession, names: Mapping[str, str], thresholds: Mapping[str, float]
    ) -> None:
        """`names`: model label -> brand name. The model's one label is the brand; output 1 is its
        probability."""
        self.manifest: Manifest = model.manifest
        self.device: Device = model.device
        self._model = model
        self.geometry = model.preprocessing(WindowGeometry)
        (label,) = model.manifest.labels
        self._name = names.get(label)
        self._threshold = thresholds[label]

    @property
    def identity(self) -> str:
        """The model's."""
        return self.manifest.identity

    def warm_up(self) -> None:
        """Run one full and one single window."""
        for count in (_WINDOWS_A_RUN, 1):
            self._model.run(
                pixels=np.zeros((count, self.geometry.window_height, self.geometry.window_width, 3), np.uint8)
            )

    def detect(self, pictures: Sequence[Pixels]) -> list[tuple[Detection, ...]]:
        """Detections of each picture, best first; blocking, thread-safe."""
        return [self._detect(picture) for picture in pictures]

    def look(self, pictures: Sequence[Pixels]) -> list[tuple[Look, ...]]:
        """The same: weak windows of this network are too many to be evidence of anything."""
        return [
            tuple(Look(found.brand, found.score, self._threshold, found.box) for found in detections)
            for detections in self.detect(pictures)
        ]

    def windows(self, picture: Pixels) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """For each window size: the windows' pixels at the network's input size, and their boxes in the
        picture."""
        for scaled, corners, boxes in self.levels(picture):
            yield self.cut(scaled, corners), boxes

    def cut(self, scaled: Pixels, corners: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The windows of a level, (N, height, width, 3), with these left and top edges (N, 2), N >= 1."""
        height, width = self.geometry.window_height, self.geometry.window_width
        return np.stack([scaled[top : top + height, left : left + width] for left, top in corners.tolist()])

    def levels(self, picture: Pixels) -> Iterator[tuple[Pixels, NDArray[np.int64], NDArray[np.float32]]]:
        """For each window size: the picture (or a tile of it) scaled so that a window has the network's input
        size, the windows' left and top edges in that (N, 2), and their boxes in the picture (N, 4)."""
        geometry = self.geometry
        height, width = picture.shape[:2]
        for x, y, tile_width, tile_height in tiles(width, height, _LONGEST_RATIO, _TILE_OVERLAP):
            tile = picture[y : y + tile_height, x : x + tile_width]
            for share in geometry.shares:
                window = share * max(tile_width, tile_height)
                window_width = min(window, tile_width)
                window_height = min(window / geometry.aspect, tile_height)
                # Scaling the picture once per window size costs less than scaling every window.
                scaled_width = max(
                    round(tile_width * geometry.window_width / window_width), geometry.window_width
                )
                scaled_height = max(
                    round(tile_height * geometry.window_height / window_height), geometry.window_height
                )
                how = cv2.INTER_AREA if scaled_width < tile_width else cv2.INTER_LINEAR
                scaled = cv2.resize(tile, (scaled_width, scaled_height), interpolation=how)
                boxes = np.rint(
                    sliding_windows(
                        scaled_width,
                        scaled_height,
                        geometry.window_width,
                        geometry.window_height,
                        geometry.step,
                    )
                )
                factor = np.array([tile_width / scaled_width, tile_height / scaled_height] * 2, np.float32)
                in_picture = np.asarray(boxes * factor + (x, y, x, y), np.float32)
                yield np.asarray(scaled, np.uint8), boxes[:, :2].astype(np.int64), in_picture

    def _detect(self, picture: Pixels) -> tuple[Detection, ...]:
        if self._name is None:
            return ()
        all_boxes, all_scores = [], []
        for pixels, boxes in self.windows(picture):
            for start in range(0, len(pixels), _WINDOWS_A_RUN):
                (probabilities,) = self._model.run(pixels=pixels[start : start + _WINDOWS_A_RUN])
                all_scores.append(probabilities[:, 1])
            all_boxes.append(boxes)
        height, width = picture.shape[:2]
        boxes, scores = clip(np.concatenate(all_boxes), width, height), np.concatenate(all_scores)
        above = scores >= self._threshold
        boxes, scores = boxes[above], scores[above]
        return tuple(
            Detection(
                brand=self._name,
                score=(score := min(float(scores[number]), 1.0)),
                box=relative(boxes[number], width, height),
                look=score,
            )
            for number in suppress(boxes, scores, self.geometry.most_overlap).tolist()
        )
