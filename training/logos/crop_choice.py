"""How crops are named by a trained embedder; chosen on val crops, in a run that held val back.

`weight` of the nearest reference beside the learned vectors: the one that names most val crops rightly, logos
and backgrounds counting alike, since how many backgrounds there are is our choice. `sure`, the least
probability at which one brand is told from the rest: the lowest that reaches the precision wanted in each
folder.
"""

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
SURE: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
WANTED_PRECISION: Final = 0.98
"""Macro precision of one brand against the rest, mean over a folder's brands."""


def choose(decision: CropDecision, crops: LabelledCrops) -> tuple[CropDecision, list[Metric]]:
    """`decision` with the best weight and certainty, and what each weight gave; `crops` are of val."""
    wanted, among = np.array(crops.labels), brands_of(crops)
    logos = wanted != NO_LOGO
    right = {
        weight: named_crops(dataclasses.replace(decision, weight=weight), crops, among)[0] == wanted
        for weight in WEIGHTS
    }
    best = max(WEIGHTS, key=lambda weight: (_balanced(right[weight], logos), -weight))
    weighed = dataclasses.replace(decision, weight=best)
    sure = _least_sure(weighed, crops, among)
    metrics = [
        Metric(
            name="crop top-1",
            value=round(float(right[weight][logos].mean()), 4),
            dataset="+".join(CROP_SETS),
            split="val",
            note=f"{logos.sum()} true crops over {len(among)} brands and none; weight of the "
            f"nearest reference {weight}; backgrounds right {right[weight][~logos].mean():.3f}"
            + (f"; chosen, one brand against the rest from {sure}" if weight == best else ""),
        )
        for weight in WEIGHTS
    ]
    return dataclasses.replace(weighed, sure=sure), metrics


def _balanced(right: NDArray[np.bool_], logos: NDArray[np.bool_]) -> float:
    return float(right[logos].mean() + right[~logos].mean())


def _least_sure(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> float:
    """The lowest of `SURE` that is precise enough in each folder; where none is, the most precise."""
    folders = sorted(set(crops.folders))
    precision = {}
    for sure in SURE:
        tried = dataclasses.replace(decision, sure=sure)
        tasks = [one_against_the_rest(tried, crops, among, folder) for folder in folders]
        precision[sure] = min(
            float(np.mean([task.macro_precision for task in each.values()])) for each in tasks
        )
    enough = [sure for sure in SURE if precision[sure] >= WANTED_PRECISION]
    return enough[0] if enough else max(SURE, key=lambda sure: precision[sure])
