"""Precision and recall at the shipped thresholds: what a user of the service meets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.logos.boxes import iou
from training.logos.average_precision import IOU_NEEDED, Scored


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Over all boxes of all labels together (micro average)."""

    precision: float
    recall: float
    hits: int
    false: int
    missed: int


def operating_point(pictures: Sequence[Scored], thresholds: Mapping[str, float]) -> OperatingPoint:
    """A detection hits an unclaimed box of its label at IoU .5 or more; one on an ignored box counts as
    neither."""
    hits = false = marked = 0
    for picture in pictures:
        found = sorted((f for f in picture.found if f.score >= thresholds[f.label]), key=lambda f: -f.score)
        free = [not box.ignore for box in picture.marked]
        marked += sum(free)
        if not found:
            continue
        overlap = np.zeros((len(found), 0), np.float32)
        if picture.marked:
            corners = np.array([box.corners for box in picture.marked], np.float32)
            overlap = iou(np.array([f.corners for f in found], np.float32), corners)
        for detection, row in zip(found, overlap, strict=True):
            fitting = [
                number
                for number, box in enumerate(picture.marked)
                if box.label == detection.label and row[number] >= IOU_NEEDED
            ]
            unclaimed = [number for number in fitting if free[number]]
            if unclaimed:
                free[max(unclaimed, key=lambda number: row[number])] = False
                hits += 1
            elif not any(picture.marked[number].ignore for number in fitting):
                false += 1
    return OperatingPoint(
        precision=hits / (hits + false) if hits + false else 1.0,
        recall=hits / marked if marked else 1.0,
        hits=hits,
        false=false,
        missed=marked - hits,
    )
