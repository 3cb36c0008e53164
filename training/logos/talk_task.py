"""The talk's own task on crops: is it this one brand, or anything else? Both answers count alike."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.logos.average_precision import Estimate
from training.logos.resampling import resampled
from training.logos.talk_training import confusion

NO_LOGO: Final = ""
"""What a crop without a logo is said to show."""


class TalkTask(msgspec.Struct, frozen=True):
    """One brand against the rest, as the talk measured: both classes count alike."""

    macro_precision: float
    macro_recall: float


def one_against_the_rest(told: NDArray[np.str_], wanted: NDArray[np.str_]) -> dict[str, TalkTask]:
    """The talk's task for each brand of `wanted` (N,): is a crop `told` (N,) to be of it, or not?"""
    tasks = {}
    for brand in _brands(wanted):
        counts = confusion(told == brand, wanted == brand)
        tasks[brand] = TalkTask(float(counts["macro_precision"]), float(counts["macro_recall"]))
    return tasks


def mean_of(tasks: Mapping[str, TalkTask]) -> TalkTask:
    """Over the brands, each counting alike."""
    return TalkTask(
        float(np.mean([task.macro_precision for task in tasks.values()])),
        float(np.mean([task.macro_recall for task in tasks.values()])),
    )


def mean_with_intervals(
    told: NDArray[np.str_], wanted: NDArray[np.str_], groups: NDArray[np.str_], draws: int, seed: int = 0
) -> tuple[Estimate, Estimate]:
    """Mean macro precision and recall over brands; the 95% intervals resample groups of near-duplicates.

    A brand that a draw has no crop of is left out of that draw's mean.
    """
    brands = np.array(_brands(wanted))
    member, times = resampled(groups, draws, seed)
    found, right = told[:, None] == brands, wanted[:, None] == brands

    def drawn(which: NDArray[np.bool_]) -> NDArray[np.float64]:
        counts = np.zeros((times.shape[1], len(brands)))
        np.add.at(counts, member, which)
        return np.asarray(times @ counts, np.float64)

    hit, missed = drawn(found & right), drawn(~found & right)
    false, silent = drawn(found & ~right), drawn(~found & ~right)
    precision = (_share(hit, hit + false) + _share(silent, silent + missed)) / 2
    recall = (_share(hit, hit + missed) + _share(silent, silent + false)) / 2
    absent = hit + missed == 0
    mean = mean_of(one_against_the_rest(told, wanted))
    return (
        _estimate(mean.macro_precision, precision, absent),
        _estimate(mean.macro_recall, recall, absent),
    )


def _brands(wanted: NDArray[np.str_]) -> list[str]:
    return sorted(set(wanted.tolist()) - {NO_LOGO})


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _estimate(value: float, drawn: NDArray[np.float64], absent: NDArray[np.bool_]) -> Estimate:
    """`drawn` (draws, brands) is averaged over the brands that are not `absent` first."""
    there = ~absent.all(1)
    means = drawn[there].mean(1, where=~absent[there])
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
