"""Looks through all windows of days for those that a brand's own past does not explain.

How far a window's mentions and its health are from what is expected is measured by signed roots of deviance:
of a negative binomial count, and of a binomial one with as many opinions as are worth independent ones. Where
nothing happens both are close to standard normal (McCullagh and Nelder 1989), their squares together close to
a chi-square of two degrees of freedom.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from monitor.insights.expected import Expected, Past, expected, sums
from monitor.insights.series import Numbers

LENGTHS: Final = (1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 28, 42, 56, 84)
"""Days: a crisis of an afternoon, and a drift of a quarter."""

SURE: Final = 8.0
"""A score from which a window is told, in a period of a week: squared deviations that count by their size."""

_EVENT: Final = 1.3
"""The effect from which they count in full, in events: 1 is a week with twice or with none of the usual
mentions, or with 15 points of health more or less; a shorter window is looked at as the week around it would
be. Below, they count by its fourth power: what is small has to be very sure. benchmarks/detector.py."""

_POINTS: Final = 0.15

_SILENT: Final = 0.1
"""Of the usual mentions: less is silence, and told after a day."""

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
    opinions: int
    """Those that are no copies."""
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
    looked = [_look(past, days, longest) for days in LENGTHS if days <= longest]
    found = sorted(
        (
            (-each.score[row, column], each.days, series.view + int(column), int(row), each)
            for each in looked
            for row, column in zip(*np.nonzero(each.score >= each.sure), strict=True)
        ),
        key=lambda found: found[:4],
    )
    told: list[Window] = []
    for _, days, first, brand, each in found:
        others = [window for window in told if window.brand == brand]
        if len(others) < _MOST and not any(_beside(first, days, window) for window in others):
            told.append(each.window(brand, first - series.view))
    return tuple(told)


def _beside(first: int, days: int, other: Window) -> bool:
    return first < other.first + other.days + _APART and other.first < first + days + _APART


@dataclass(frozen=True)
class _Looked:
    """All windows of a length: by brand, and by first day from the period's."""

    past: Past
    days: int
    sure: float
    """The score from which they are told."""
    hoped: Expected
    mentions: Numbers
    positive: Numbers
    negative: Numbers
    opinions: Numbers
    volume: Numbers
    health: Numbers
    score: Numbers

    def window(self, row: int, column: int) -> Window:
        """One of them."""
        mentions, positive, negative, opinions = (
            int(of[row, column]) for of in (self.mentions, self.positive, self.negative, self.opinions)
        )
        hoped = self.hoped
        return Window(
            brand=row,
            first=self.past.series.view + column,
            days=self.days,
            mentions=mentions,
            positive=positive,
            negative=negative,
            opinions=opinions,
            usual=float(hoped.mean[row, column]),
            usual_variance=float(hoped.mean_variance[row, column]),
            usual_positive=float(hoped.positive[row, column]),
            usual_negative=float(hoped.negative[row, column]),
            health_usual=float(hoped.health[row, column]),
            health_worth=float(hoped.health_worth[row, column]),
            volume=float(self.volume[row, column]),
            health=float(self.health[row, column]),
            score=float(self.score[row, column]),
        )


def _look(past: Past, days: int, longest: int) -> _Looked:
    series = past.series
    hoped = expected(past, days)
    first = np.arange(series.view, len(series.share) - days + 1)
    mentions, stories, positive, negative, praise, criticism = (
        sums(of, first, days)
        for of in (
            *(series.mentions, series.stories, series.positive, series.negative),
            *(series.praise, series.criticism),
        )
    )
    part = sums(series.share[None], first, days)
    with np.errstate(all="ignore"):
        variance = past.variance(hoped.mean, days) + hoped.mean_variance
        volume = _volume(hoped.mean, variance, mentions)
        variance = past.variance_of_stories(hoped.stories, days) + hoped.stories_variance
        of_stories = _volume(hoped.stories, variance, stories)
        # A story that everybody passes on stands out by mentions, a brand that many speak of by stories.
        volume = np.where(np.abs(of_stories) > np.abs(volume), of_stories, volume)
        health = _health(past, hoped, praise, criticism, days)
        score = volume**2 + health**2
        score *= np.clip(_effect(hoped, mentions, praise, criticism, days) / _EVENT, 0, 1) ** 4
    enough = np.maximum(mentions, hoped.mean) >= _FEWEST
    return _Looked(
        past=past,
        days=days,
        # A longer period has more windows of a length that chance could pick.
        sure=SURE + 2 * max(0.0, math.log(longest / max(days, 7))),
        hoped=hoped,
        mentions=mentions,
        positive=positive,
        negative=negative,
        opinions=praise + criticism,
        volume=volume,
        health=health,
        score=np.where((part > 0) & enough, np.nan_to_num(score), 0.0),
    )


def _effect(hoped: Expected, mentions: Numbers, praise: Numbers, criticism: Numbers, days: int) -> Numbers:
    """How many events it is worth."""
    rest = max(0.0, 7 / days - 1)
    week = hoped.mean * (1 + rest)
    volume = np.abs(mentions - hoped.mean) / week
    opinions = praise + criticism
    of_week = opinions + rest * (hoped.positive + hoped.negative)
    points = np.abs(praise - hoped.health * opinions) / np.maximum(of_week, 1.0)
    silent = (mentions <= _SILENT * hoped.mean) & (hoped.mean >= 3 * _FEWEST)
    return np.where(silent, _EVENT, volume + np.nan_to_num(points) / _POINTS)


def _volume(mean: Numbers, variance: Numbers, mentions: Numbers) -> Numbers:
    variance = np.maximum(variance, 1.01 * mean)
    size = mean**2 / (variance - mean)
    # Half a mention nearer: counts are whole.
    x = np.where(mentions > mean, np.maximum(mentions - 0.5, mean), np.minimum(mentions + 0.5, mean))
    deviance = 2 * (x * np.log(x / mean) - (x + size) * np.log((x + size) / (mean + size)))
    return np.asarray(np.sign(x - mean) * np.sqrt(np.maximum(deviance, 0.0)))


def _health(past: Past, hoped: Expected, praise: Numbers, criticism: Numbers, days: int) -> Numbers:
    opinions = praise + criticism
    worth = 1 / (1 / past.worth(opinions, days) + 1 / hoped.health_worth)
    p = hoped.health
    # Half an opinion nearer.
    share = praise / np.maximum(opinions, 1)
    step = 0.5 / np.maximum(opinions, 1)
    x = np.where(share > p, np.maximum(share - step, p), np.minimum(share + step, p))
    x = np.clip(x, 1e-9, 1 - 1e-9)
    deviance = 2 * worth * (x * np.log(x / p) + (1 - x) * np.log((1 - x) / (1 - p)))
    found = np.where(opinions > 0, np.sign(x - p) * np.sqrt(np.maximum(deviance, 0.0)), 0.0)
    return np.asarray(found)
