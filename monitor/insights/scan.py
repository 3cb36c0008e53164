"""Looks through all windows of days for those that a brand's own past does not explain.

How far a window's mentions and its health are from what is expected is measured by signed roots of deviance:
of a negative binomial count, and of a binomial one with as many opinions as are worth independent ones. Where
nothing happens both are close to standard normal (McCullagh and Nelder 1989). Both together may be far where
neither is: a chi-square of two degrees of freedom, which is that much stricter.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.insights.expected import Expected, Past, expected, sums
from monitor.insights.series import Numbers

LENGTHS: Final = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84)
"""Days: a crisis of an afternoon, and a drift of a quarter."""

SURE: Final = 10.0
"""A squared deviation beyond this is told: about 4 standard deviations; benchmarks/detector.py."""

_BOTH: Final = 3.5
"""What the deviations of mentions and health together must have more than one alone, at the same odds."""

_MORE, _LESS, _POINTS = 1.5, 0.6, 0.08
"""Less than this is nobody's event, however sure: the ratio to the usual, and the health's difference."""

_OF_WEEK: Final = 0.3
"""And what came beside the usual in under four days, as a part of a usual week: a busy day is no event."""

_SILENT: Final = 0.1

_FEWEST: Final = 5
"""Mentions or opinions; in less, nothing happened."""

_MOST: Final = 5
"""Windows a brand: the rest is in the chart."""

_APART: Final = 2
"""Days between two of them: what ebbs away is no second event."""


@dataclass(frozen=True)
class Window:
    """Days [first, first + days) of a brand, by their places in the series."""

    brand: int
    first: int
    days: int
    mentions: int
    positive: int
    negative: int
    usual: float
    usual_variance: float
    """How well `usual` is known."""
    usual_positive: float
    usual_negative: float
    health_usual: float
    health_worth: float
    volume: float
    """Signed deviations, in standard ones."""
    health: float
    score: float


def windows(past: Past) -> tuple[Window, ...]:
    """The windows that stand out, no two of a brand overlapping, the surest of each brand first."""
    series = past.series
    longest = len(series.share) - series.view
    found = [each for days in LENGTHS if days <= longest for each in _of_length(past, days)]
    told: list[Window] = []
    for window in sorted(found, key=lambda each: (-each.score, each.days, each.first)):
        others = [each for each in told if each.brand == window.brand]
        if len(others) < _MOST and not any(_beside(window, each) for each in others):
            told.append(window)
    return tuple(told)


def _beside(one: Window, other: Window) -> bool:
    return one.first < other.first + other.days + _APART and other.first < one.first + one.days + _APART


def _of_length(past: Past, days: int) -> list[Window]:
    series = past.series
    hoped = expected(past, days)
    first = np.arange(series.view, len(series.share) - days + 1)
    mentions, positive, negative = (
        sums(of, first, days) for of in (series.mentions, series.positive, series.negative)
    )
    part = sums(series.share[None], first, days)
    with np.errstate(all="ignore"):
        volume = _volume(past, hoped, mentions, days)
        health = _health(past, hoped, positive, negative, days)
        ratio = mentions / hoped.mean
        share = positive / (positive + negative)
        more = max(_MORE, 1 + _OF_WEEK * 7 / days)
        less = min(_LESS, max(1 - _OF_WEEK * 7 / days, _SILENT))
        louder = (ratio >= more) & (mentions >= _FEWEST) | (ratio <= less) & (hoped.mean >= _FEWEST)
        other = (np.abs(share - hoped.health) >= _POINTS) & (positive + negative >= _FEWEST)
        v, h = np.where(louder, volume**2, 0.0), np.where(other, health**2, 0.0)
        both = np.where(louder | other, volume**2 + health**2 - _BOTH, 0.0)
        score = np.where(part > 0, np.nan_to_num(np.maximum(np.maximum(v, h), both)), 0.0)
    return [
        Window(
            brand=int(row),
            first=series.view + int(column),
            days=days,
            mentions=int(mentions[row, column]),
            positive=int(positive[row, column]),
            negative=int(negative[row, column]),
            usual=float(hoped.mean[row, column]),
            usual_variance=float(hoped.mean_variance[row, column]),
            usual_positive=float(hoped.positive[row, column]),
            usual_negative=float(hoped.negative[row, column]),
            health_usual=float(hoped.health[row, column]),
            health_worth=float(hoped.health_worth[row, column]),
            volume=float(volume[row, column]),
            health=float(health[row, column]),
            score=float(score[row, column]),
        )
        for row, column in zip(*np.nonzero(score >= SURE), strict=True)
    ]


def _volume(past: Past, hoped: Expected, mentions: Numbers, days: int) -> Numbers:
    mean = hoped.mean
    variance = np.maximum(past.variance(mean, days) + hoped.mean_variance, 1.01 * mean)
    size = mean**2 / (variance - mean)
    # Half a mention nearer: counts are whole.
    x = np.where(mentions > mean, np.maximum(mentions - 0.5, mean), np.minimum(mentions + 0.5, mean))
    deviance = 2 * (x * np.log(x / mean) - (x + size) * np.log((x + size) / (mean + size)))
    return np.asarray(np.sign(x - mean) * np.sqrt(np.maximum(deviance, 0.0)))


def _health(past: Past, hoped: Expected, positive: Numbers, negative: Numbers, days: int) -> Numbers:
    opinions = positive + negative
    worth = 1 / (1 / past.worth(opinions, days) + 1 / hoped.health_worth)
    p = hoped.health
    # Half an opinion nearer.
    share = positive / opinions
    step = 0.5 / opinions
    x = np.where(share > p, np.maximum(share - step, p), np.minimum(share + step, p))
    x = np.clip(x, 1e-9, 1 - 1e-9)
    deviance = 2 * worth * (x * np.log(x / p) + (1 - x) * np.log((1 - x) / (1 - p)))
    found = np.where(opinions > 0, np.sign(x - p) * np.sqrt(np.maximum(deviance, 0.0)), 0.0)
    return np.asarray(found)
