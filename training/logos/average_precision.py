"""Average precision at IoU .5 as COCO defines it, with a bootstrap interval.

Matching happens within a picture, so it is done once; a bootstrap draw only weighs the pictures anew. That
the point estimate equals faster-coco-eval's is tested (tests/training/logos/test_average_precision.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.logos.boxes import iou
from training.data.pictures import LogoBox
from training.logos.resampling import resampled

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


@dataclass(frozen=True, slots=True)
class _Matches:
    """One label: per detection its picture, score and whether it hit; true boxes per picture."""

    picture: NDArray[np.intp]
    hit: NDArray[np.bool_]
    marked: NDArray[np.float64]


def mean_average_precision(pictures: Sequence[Scored], draws: int = 1000, seed: int = 0) -> Estimate:
    """mAP50 over the labels that are marked in `pictures`; the interval resamples groups of pictures."""
    matches = [_match(pictures, label) for label in labels_marked(pictures)]
    if not matches:
        raise ValueError("no box to find in these pictures")
    point = _mean(matches, np.ones(len(pictures)))
    groups = [picture.group or str(number) for number, picture in enumerate(pictures)]
    member, times = resampled(groups, draws, seed)
    values = [_mean(matches, one[member].astype(np.float64)) for one in times]
    low, high = np.nanpercentile(values, [2.5, 97.5])  # few groups: some draws hold no box
    return Estimate(point, float(low), float(high))


def average_precision(pictures: Sequence[Scored], label: str) -> float:
    """AP50 of one label; NaN where it is not marked."""
    return _area(_match(pictures, label), np.ones(len(pictures)))


def labels_marked(pictures: Sequence[Scored]) -> list[str]:
    """Labels with a box that counts, in alphabetical order."""
    return sorted({box.label for picture in pictures for box in picture.marked if not box.ignore})


def _mean(matches: Sequence[_Matches], weights: NDArray[np.float64]) -> float:
    return float(np.nanmean([_area(match, weights) for match in matches]))


def _match(pictures: Sequence[Scored], label: str) -> _Matches:
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
        for detection, hit in zip(found, _hits(found, own), strict=True):
            if hit is not None:
                picture_of.append(number)
                scores.append(detection.score)
                hits.append(hit)
    order = np.argsort(-np.array(scores), kind="stable")
    return _Matches(np.array(picture_of, np.intp)[order], np.array(hits, bool)[order], marked)


def _hits(found: Sequence[Found], marked: Sequence[LogoBox]) -> list[bool | None]:
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
        if best.max() >= IOU_NEEDED:
            free[best.argmax()] = False
            results.append(True)
        else:
            results.append(None if row[ignored].max(initial=0.0) >= IOU_NEEDED else False)
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
