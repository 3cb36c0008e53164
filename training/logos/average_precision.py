"""Average precision at IoU .5 or another as COCO defines it, with a bootstrap interval.

Matching happens within a picture, so it is done once; a bootstrap draw only weighs the pictures anew. That
the point estimate equals faster-coco-eval's is tested (tests/training/logos/test_average_precision.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import iou
from training.data.pictures import LogoBox

IOU_NEEDED: Final = 0.5
_RECALLS: Final = np.linspace(0, 1, 101)
_MOST_A_PICTURE: Final = 100
"""COCO looks at no more detections of a picture (and a label)."""


@dataclass(frozen=True, slots=True)
class Found:
    """One detection: label, score, corner box in pixels."""

    label: str
    score: float
    corners: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """A picture's detections and its true boxes; `group` joins near-duplicates, which a bootstrap draws
    together."""

    found: tuple[Found, ...]
    marked: tuple[LogoBox, ...]
    group: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class _Matches:
    """One label: per detection its picture, score and whether it hit; true boxes per picture."""

    picture: NDArray[np.intp]
    hit: NDArray[np.bool_]
    marked: NDArray[np.float64]


def mean_average_precision(
    pictures: Sequence[Scored], draws: int = 1000, seed: int = 0, needed: float = IOU_NEEDED
) -> Estimate:
    """mAP over the labels that are marked in `pictures`, a hit from IoU `needed` on; the interval resamples
    groups of pictures. Raises `ValueError` where nothing is marked."""
    matches = [_match(pictures, label, needed) for label in labels_marked(pictures)]
    if not matches:
        raise ValueError("no box to find in these pictures")
    point = _mean(matches, np.ones(len(pictures)))
    groups = [picture.group or str(number) for number, picture in enumerate(pictures)]
    member, times = resampled(groups, draws, seed)
    values = [_mean(matches, one[member].astype(np.float64)) for one in times]
    low, high = np.nanpercentile(values, [2.5, 97.5])  # few groups: some draws hold no box
    return Estimate(point, float(low), float(high))


def resampled(groups: Sequence[str], draws: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Number of each item's group (N,), and how often each group is in each draw (draws, groups).

    Near-duplicates come into a draw, or stay out of it, together.
    """
    names, member = np.unique(groups, return_inverse=True)
    chosen = np.random.default_rng(seed).integers(0, len(names), (draws, len(names)))
    return member, np.stack([np.bincount(one, minlength=len(names)) for one in chosen])


def average_precision(pictures: Sequence[Scored], label: str) -> float:
    """AP50 of one label; NaN where it is not marked."""
    return _area(_match(pictures, label), np.ones(len(pictures)))


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a user of the service meets: over all boxes of all labels together, at the shipped thresholds."""

    precision: float
    recall: float
    hits: int
    false: int
    missed: int


def operating_point(pictures: Sequence[Scored], thresholds: Mapping[str, float]) -> OperatingPoint:
    """A detection hits an unclaimed box of its label at IoU .5 or more; one on an ignored box counts as
    neither. Precision or recall of nothing is 1."""
    hits = false = marked = 0
    for picture in pictures:
        above = [f for f in picture.found if f.score >= thresholds[f.label]]
        marked += sum(not box.ignore for box in picture.marked)
        for label in {f.label for f in above}:
            found = sorted((f for f in above if f.label == label), key=lambda f: -f.score)
            results = _hits(found, [box for box in picture.marked if box.label == label], IOU_NEEDED)
            hits += results.count(True)
            false += results.count(False)
    return OperatingPoint(
        precision=hits / (hits + false) if hits + false else 1.0,
        recall=hits / marked if marked else 1.0,
        hits=hits,
        false=false,
        missed=marked - hits,
    )


def labels_marked(pictures: Sequence[Scored]) -> list[str]:
    """Labels with a box that counts, in alphabetical order."""
    return sorted({box.label for picture in pictures for box in picture.marked if not box.ignore})


def _mean(matches: Sequence[_Matches], weights: NDArray[np.float64]) -> float:
    return float(np.nanmean([_area(match, weights) for match in matches]))


def _match(pictures: Sequence[Scored], label: str, needed: float = IOU_NEEDED) -> _Matches:
    picture_of: list[int] = []
    scores: list[float] = []
    hits: list[bool] = []
    marked = np.zeros(len(pictures))
    for number, picture in enumerate(pictures):
        own = [box for box in picture.marked if box.label == label]
        marked[number] = sum(not box.ignore for box in own)
        found = sorted((f for f in picture.found if f.label == label), key=lambda f: -f.score)[
            :_MOST_A_PICTURE
        ]
        for detection, hit in zip(found, _hits(found, own, needed), strict=True):
            if hit is not None:
                picture_of.append(number)
                scores.append(detection.score)
                hits.append(hit)
    order = np.argsort(-np.array(scores), kind="stable")
    return _Matches(np.array(picture_of, np.intp)[order], np.array(hits, bool)[order], marked)


def _hits(found: Sequence[Found], marked: Sequence[LogoBox], needed: float) -> list[bool | None]:
    """Per detection, best first: hit, false, or None where it lies on an ignored box."""
    if not marked:
        return [False] * len(found)
    if not found:
        return []
    overlap = iou(
        np.array([f.corners for f in found], np.float32),
        np.array([box.corners for box in marked], np.float32),
    )
    free = np.array([not box.ignore for box in marked])
    ignored = ~free
    results: list[bool | None] = []
    for row in overlap:
        best = np.where(free, row, -1.0)
        if best.max() >= needed:
            free[best.argmax()] = False
            results.append(True)
        else:
            results.append(None if row[ignored].max(initial=0.0) >= needed else False)
    return results


def _area(match: _Matches, weights: NDArray[np.float64]) -> float:
    """101-point interpolated area under precision over recall, each picture counted `weights` times."""
    total = float(match.marked @ weights)
    if total == 0:
        return float("nan")
    weight = weights[match.picture]
    hits = np.cumsum(weight * match.hit)
    everything = np.cumsum(weight)
    recall = hits / total
    precision = np.divide(hits, everything, out=np.zeros_like(hits), where=everything > 0)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, _RECALLS - 1e-9, side="left")
    return float(np.append(envelope, 0.0)[np.minimum(places, len(envelope))].mean())
