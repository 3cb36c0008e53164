"""Which brands of the gallery a box may show, and which of two finds of one box counts."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import corners_of, suppress, suppress_parts
from monitor.logos.evidence import Look
from monitor.logos.gallery.entries import Embeddings, Gallery, GalleryEntry

WEAKEST_STRENGTH: Final = -0.5
"""`Look.strength` from which a likeness is worth asking other witnesses about: .55 where .7 would suffice."""


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

    def match(self, embeddings: Embeddings) -> list[list[tuple[GalleryEntry, float]]]:
        """The brands that each box may show, weak ones too, each with its similarity; strongest first."""
        similarities = self.similarities(embeddings)
        strengths = (similarities - self._thresholds) / np.maximum(1 - self._thresholds, 1e-6)
        return [
            [
                (self._entries[number], float(row[number]))
                for number in np.argsort(-own, kind="stable")
                if own[number] >= WEAKEST_STRENGTH
            ]
            for row, own in zip(similarities, strengths, strict=True)
        ]


def merge(looks: Sequence[Look], most_overlap: float, most_inside: float) -> tuple[Look, ...]:
    """One picture's finds of the detector and, after them, of the gallery; best score first, each box once.

    Where two overlap by more than `most_overlap` (IoU), the stronger stays (`Look.strength`), and of two
    equally strong ones the trained brand's. Of two of one brand, one of them inside the other by more than
    `most_inside`, the weaker goes as well.
    """
    if not looks:
        return ()
    boxes = np.stack([corners_of(look.box) for look in looks])
    strengths = np.array([look.strength for look in looks], np.float32)
    names = sorted({look.brand for look in looks})
    labels = np.array([names.index(look.brand) for look in looks], np.int64)
    kept = suppress(boxes, strengths, most_overlap)
    kept = kept[suppress_parts(boxes[kept], strengths[kept], labels[kept], most_inside)]
    return tuple(sorted((looks[number] for number in kept.tolist()), key=lambda look: -look.score))
