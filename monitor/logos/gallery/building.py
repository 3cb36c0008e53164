"""Makes a brand's gallery entry from its references: embeddings, threshold, and how sure one can be of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.logos.boxes import corners_of, iou
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery.calibration import Target, threshold_for
from monitor.logos.gallery.embedder import Embedder, unit
from monitor.logos.gallery.entries import Calibration, Embeddings, Gallery, GalleryEntry
from monitor.logos.gallery.references import Reference
from monitor.logos.gallery.views import scenes, views

PULL: Final = 0.5
"""How far each reference is moved toward the mean of all: what they have in common is the logo, what they
differ in is light, ground and angle. Half-way keeps an old and a new logo apart. Over val photographs of the
ten brands held out of training, five references each: AP50 .456 without, .565 at 0.3, .584 at 0.5, .577 at
1 (the mean alone)."""
_USUAL_VIEWS: Final = 0.1
"""Share of views that may be harder than the margin says: the odd one is hard by design."""


def build_entry(
    brand: str, references: Sequence[Reference], embedder: Embedder, target: Target
) -> GalleryEntry:
    """The entry of a brand; takes some 20 runs of the embedder a reference.

    One embedding for each ground a reference may stand on: the mean over its views there, moved toward that
    of all (`PULL`). Raises `SetupError` where the embedder brings too few negatives.
    """
    groups = [crops for reference in references for crops in views(reference, embedder.geometry)]
    embedded = embedder.embed(np.concatenate(groups))
    parts = np.split(embedded, np.cumsum([len(crops) for crops in groups])[:-1])
    plain = unit(np.stack([part.mean(0) for part in parts]))
    embeddings = _pulled(plain, plain.mean(0))
    compared = (embedder.negatives @ embeddings.T).max(1)
    threshold, method = threshold_for(compared, target)
    return GalleryEntry(
        brand=brand,
        embeddings=embeddings,
        threshold=threshold,
        calibration=Calibration(
            false_alarm_rate=target.rate,
            confidence=target.confidence,
            proposals=target.proposals,
            negatives=len(compared),
            nearest_negative=float(compared.max()),
            method=method,
            margin=_recognised(parts, plain) - threshold,
        ),
    )


def _pulled(embeddings: Embeddings, mean: Embeddings) -> Embeddings:
    """Rows moved toward `mean`, which need not be of length 1."""
    return unit((1 - PULL) * embeddings + PULL * unit(mean[None]))


def _recognised(parts: Sequence[Embeddings], plain: Embeddings) -> float:
    """The similarity that most views reach to an entry made without them; `plain` are the means of `parts`,
    not moved."""
    reached = []
    for number, part in enumerate(parts):
        others = np.delete(plain, number, axis=0)
        for view in part:
            without = unit((part.sum(0) - view)[None])  # all zero where it is the only view: like nothing
            rows = np.concatenate([others, without])
            reached.append(float((_pulled(rows, rows.mean(0)) @ view).max()))
    return float(np.quantile(reached, _USUAL_VIEWS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """A brand that is there already and may be taken for the new one."""

    brand: str
    score: float
    """Similarity of the two, or the detector's score for that brand on a reference of the new one."""
    threshold: float
    """From which it counts."""
    trained: bool
    """Whether the logo model knows it; else it is in the gallery."""


def alike(entry: GalleryEntry, gallery: Gallery) -> list[Likeness]:
    """Brands of the gallery that this entry cannot be told from: their references reach a threshold of one of
    the two. Most alike first."""
    found = []
    for other in gallery.entries:
        similarity = float((entry.embeddings @ other.embeddings.T).max())
        threshold = min(entry.threshold, other.threshold)
        if other.brand != entry.brand and similarity >= threshold:
            found.append(Likeness(brand=other.brand, score=similarity, threshold=threshold, trained=False))
    return sorted(found, key=lambda likeness: -likeness.score)


def named_already(references: Sequence[Reference], detector: DenseDetector) -> list[Likeness]:
    """Trained brands that the logo model reports where a reference shows the new one. Surest first."""
    pictures, boxes = zip(*(scene for reference in references for scene in scenes(reference)), strict=True)
    best: dict[str, Likeness] = {}
    for picture, box, scan in zip(pictures, boxes, detector.scan(pictures, 0, 1.0), strict=True):
        height, width = picture.shape[:2]
        for look in scan.looks:
            corners = corners_of(look.box) * np.array([width, height, width, height], np.float32)
            overlaps = iou(box[None], corners[None])[0, 0] >= detector.geometry.most_overlap
            known = best.get(look.brand)
            if look.score >= look.threshold and overlaps and (known is None or look.score > known.score):
                best[look.brand] = Likeness(
                    brand=look.brand, score=look.score, threshold=look.threshold, trained=True
                )
    return sorted(best.values(), key=lambda likeness: -likeness.score)
