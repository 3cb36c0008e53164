"""Which brand of the gallery a box shows, and which of two finds of one box counts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import suppress, suppress_parts
from monitor.logos.gallery.entries import Embeddings, Gallery, GalleryEntry
from monitor.messages import Detection


@dataclass(frozen=True, slots=True)
class Find:
    """A detection and the score it had to reach."""

    detection: Detection
    threshold: float

    @property
    def strength(self) -> float:
        """How far the score lies on the way from the threshold to certainty, 0..1.

        This makes the trained brands' probabilities and the gallery's similarities comparable: both are 0
        where a brand's false alarms are just rare enough.
        """
        return strength(self.detection.score, self.threshold)


def strength(score: float, threshold: float) -> float:
    """See `Find.strength`."""
    return (score - threshold) / max(1 - threshold, 1e-6)


class Matcher:
    """A gallery laid out for comparison: all references in one matrix."""

    def __init__(self, gallery: Gallery) -> None:
        self._entries: Sequence[GalleryEntry] = gallery.entries
        self._references = (
            np.concatenate([entry.embeddings for entry in gallery.entries]).T
            if gallery.entries
            else np.empty((0, 0), np.float32)
        )
        counts = [len(entry.embeddings) for entry in gallery.entries]
        self._starts = np.cumsum([0, *counts[:-1]]) if counts else np.empty(0, np.intp)
        self._thresholds = np.array([entry.threshold for entry in gallery.entries], np.float32)

    def similarities(self, embeddings: Embeddings) -> NDArray[np.float32]:
        """(N, brands) cosine similarity of each box to the brand's nearest reference, -1..1.

        The nearest and not their mean: references differ on purpose (an old logo and a new one, the mark
        alone and with its name), and a picture shows one of them.
        """
        if not self._entries or not len(embeddings):
            return np.empty((len(embeddings), len(self._entries)), np.float32)
        each = embeddings @ self._references
        return np.asarray(np.maximum.reduceat(each, self._starts, axis=1), np.float32)

    def match(self, embeddings: Embeddings) -> list[tuple[GalleryEntry, float] | None]:
        """The brand of each box with its similarity, or None where none reaches its threshold.

        Of several, the brand whose threshold is exceeded most (`strength`).
        """
        matches: list[tuple[GalleryEntry, float] | None] = []
        for row in self.similarities(embeddings):
            strengths = (row - self._thresholds) / np.maximum(1 - self._thresholds, 1e-6)
            best = int(strengths.argmax()) if len(strengths) else -1
            found = best >= 0 and strengths[best] >= 0
            matches.append((self._entries[best], float(row[best])) if found else None)
        return matches


def merge(
    trained: Sequence[Find], matched: Sequence[Find], most_overlap: float, most_inside: float
) -> tuple[Detection, ...]:
    """One picture's finds of the detector and of the gallery, best score first, each box once.

    Where two overlap by more than `most_overlap` (IoU), the stronger stays (`Find.strength`), and of two
    equally strong ones the trained brand's. Of two of one brand, one of them inside the other by more than
    `most_inside`, the weaker goes as well.
    """
    finds = [*trained, *matched]
    if not matched:
        return tuple(find.detection for find in finds)
    boxes = np.array([_corners(find.detection) for find in finds], np.float32)
    strengths = np.array([find.strength for find in finds], np.float32)
    names = sorted({find.detection.brand for find in finds})
    labels = np.array([names.index(find.detection.brand) for find in finds], np.int64)
    kept = suppress(boxes, strengths, most_overlap)
    kept = kept[suppress_parts(boxes[kept], strengths[kept], labels[kept], most_inside)]
    detections = (finds[number].detection for number in kept.tolist())
    return tuple(sorted(detections, key=lambda detection: -detection.score))


def _corners(detection: Detection) -> tuple[float, float, float, float]:
    box = detection.box
    return box.x, box.y, box.x + box.width, box.y + box.height
