"""How crops are named by a trained embedder; chosen on val crops, in a run that held val back.

The `weight` of the nearest reference beside the learned vectors, and how much "no logo" is `lowered`: what
makes the right names of val crops the likeliest, logos and backgrounds counting alike, since how many
backgrounds there are is our choice. Likelihood and not the share of right names: of two hundred logos that
share moves in steps of half a percent. Telling one brand from the rest is asked to be right when it says yes:
`told_lowered` is where precision and recall of each folder stand farthest above what is wanted.
"""

import dataclasses
from collections.abc import Sequence
from operator import itemgetter
from typing import Final

import numpy as np

from monitor.inference.manifest import Metric
from training.logos.crop_decision import CropDecision
from training.logos.crop_figures import (
    CROP_SETS,
    LabelledCrops,
    brands_of,
    named_crops,
    told_crops,
)
from training.logos.talk_task import NO_LOGO, mean_of, one_against_the_rest

WEIGHTS: Final = (0.0, 0.5, 1.0, 2.0)
LOWERED: Final = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
_LEAST_CHANCE: Final = 1e-6
"""Under it a logarithm would let one crop decide."""
WANTED_PRECISION: Final = 0.98
WANTED_RECALL: Final = 0.95
"""Macro precision and recall of one brand against the rest, mean over a folder's brands."""


def choose(decision: CropDecision, crops: LabelledCrops, split: str) -> tuple[CropDecision, list[Metric]]:
    """`decision` with what is best on `crops` of `split`, and the figures of each weight at its best."""
    among = brands_of(crops)
    finalists = []
    for weight in WEIGHTS:
        tried = [dataclasses.replace(decision, weight=weight, lowered=lowered) for lowered in LOWERED]
        finalists.append(max(((_likelihood(one, crops, among), one) for one in tried), key=itemgetter(0)))
    _, best = max(finalists, key=itemgetter(0))
    metrics = [_metric(one, _right_shares(one, crops, among), crops, split) for _, one in finalists]
    return _safest(best, crops), metrics


def _likelihood(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> float:
    """Mean log-likelihood of the right names, over logos and over backgrounds, added up."""
    probabilities = decision.probabilities(crops.embeddings, among)
    names = [*among, NO_LOGO]
    right = probabilities[np.arange(len(crops.labels)), [names.index(label) for label in crops.labels]]
    logs, logo = np.log(right.clip(min=_LEAST_CHANCE)), np.array(crops.labels) != NO_LOGO
    return float(logs[logo].mean() + logs[~logo].mean())


def _right_shares(decision: CropDecision, crops: LabelledCrops, among: Sequence[str]) -> tuple[float, float]:
    """Of the logos and of the backgrounds."""
    wanted = np.array(crops.labels)
    right = named_crops(decision, crops, among) == wanted
    return float(right[wanted != NO_LOGO].mean()), float(right[wanted == NO_LOGO].mean())


def _metric(decision: CropDecision, shares: tuple[float, float], crops: LabelledCrops, split: str) -> Metric:
    logos = [label for label in crops.labels if label != NO_LOGO]
    return Metric(
        name="crop top-1",
        value=round(shares[0], 4),
        dataset="+".join(CROP_SETS),
        split=split,
        note=f"{len(logos)} true crops over {len(set(logos))} brands and none; weight of the nearest "
        f"reference {decision.weight}, no logo lowered by {decision.lowered}; "
        f"backgrounds right {shares[1]:.3f}",
    )


def _safest(decision: CropDecision, crops: LabelledCrops) -> CropDecision:
    """With most room above what is wanted, in the folder and figure with least, then in the next."""
    labels, folders = np.array(crops.labels), np.array(crops.folders)

    def rooms(tried: CropDecision) -> list[float]:
        told = told_crops(tried, crops)
        above = []
        for folder in sorted(set(crops.folders)):
            own = folders == folder
            mean = mean_of(one_against_the_rest(told[own], labels[own]))
            above += [mean.macro_precision - WANTED_PRECISION, mean.macro_recall - WANTED_RECALL]
        return sorted(above)

    return max((dataclasses.replace(decision, told_lowered=lowered) for lowered in LOWERED), key=rooms)
