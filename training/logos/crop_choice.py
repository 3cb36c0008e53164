"""How crops are named by a trained embedder; chosen on val crops, in a run that held val back.

The `weight` of the nearest reference beside the learned vectors, and how much "no logo" is `lowered`: what
names most val crops rightly, logos and backgrounds counting alike, since how many backgrounds there are is
our choice. `sure`, the least probability at which one brand is told from the rest: the lowest that reaches
the precision wanted in each folder.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np

from monitor.inference.manifest import Metric
from training.logos.crop_decision import CropDecision
from training.logos.crop_figures import (
    CROP_SETS,
    NO_LOGO,
    LabelledCrops,
    brands_of,
    named_crops,
    one_against_the_rest,
)

WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0)
LOWERED: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
SURE: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
WANTED_PRECISION: Final = 0.98
"""Macro precision of one brand against the rest, mean over a folder's brands."""


def choose(decision: CropDecision, crops: LabelledCrops) -> tuple[CropDecision, list[Metric]]:
    """`decision` with what is best on `crops` of val, and the figures of each weight at its best."""
    among = brands_of(crops)
    finalists = []
    for weight in WEIGHTS:
        tried = [dataclasses.replace(decision, weight=weight, lowered=lowered) for lowered in LOWERED]
        finalists.append(max(((_right_shares(one, crops, among), one) for one in tried), key=_both))
    _, best = max(finalists, key=_both)
    metrics = [_metric(one, shares, crops) for shares, one in finalists]
    return dataclasses.replace(best, sure=_least_sure(best, crops, among)), metrics


def _both(measured: tuple[tuple[float, float], CropDecision]) -> float:
    return sum(measured[0])


def _right_shares(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> tuple[float, float]:
    """Of the logos and of the backgrounds."""
    wanted = np.array(crops.labels)
    right = named_crops(decision, crops, among)[0] == wanted
    return float(right[wanted != NO_LOGO].mean()), float(right[wanted == NO_LOGO].mean())


def _metric(decision: CropDecision, shares: tuple[float, float], crops: LabelledCrops) -> Metric:
    logos = [label for label in crops.labels if label != NO_LOGO]
    return Metric(
        name="crop top-1",
        value=round(shares[0], 4),
        dataset="+".join(CROP_SETS),
        split="val",
        note=f"{len(logos)} true crops over {len(set(logos))} brands and none; weight of the nearest "
        f"reference {decision.weight}, no logo lowered by {decision.lowered}; "
        f"backgrounds right {shares[1]:.3f}",
    )


def _least_sure(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> float:
    """The lowest of `SURE` that is precise enough in each folder; where none is, the most precise."""
    named, chances = named_crops(decision, crops, among)
    labels, folders = np.array(crops.labels), np.array(crops.folders)

    def precision(sure: float) -> float:
        """Of the folder where it is lowest."""
        return min(
            float(np.mean([task.macro_precision for task in tasks.values()]))
            for tasks in (
                one_against_the_rest(named[own], chances[own], labels[own], sure)
                for own in (folders == folder for folder in sorted(set(crops.folders)))
            )
        )

    enough = [sure for sure in SURE if precision(sure) >= WANTED_PRECISION]
    return enough[0] if enough else max(SURE, key=precision)
