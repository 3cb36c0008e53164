"""How much a brand's mentions and opinions vary where nothing happens.

The variance of a count with mean m over L days is c (d m + (v/L + w) m^2). d: mentions that come together, as
copies and threads do; v: how days differ; w: how weeks differ; c: how restless the brand is beside that, told
by its own days and weeks and, while these are few, by those of all brands (partial pooling by the method of
moments). The same holds for the positive ones among m opinions, as a part of p (1 - p).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.insights.series import Numbers, Series
from monitor.insights.usual import WEEKS

WEEK: Final = 7

FEWEST: Final = 3
"""Windows; with fewer, nothing is told."""

_FAR: Final = 3.0
"""Standard deviations from the middle at which a window is no part of what is usual: something happened."""

_BELIEF: Final = 20.0
"""Windows that the other brands weigh in how restless one is, and that c = 1 weighs in theirs."""

Chosen = NDArray[np.bool_]


class Spread(NamedTuple):
    """d, v and w."""

    copies: float
    days: float
    weeks: float

    def of(self, mean: Numbers, days: float) -> Numbers:
        """The variance with c = 1, over so many days."""
        return self.copies * mean + (self.days / days + self.weeks) * mean**2


MENTIONS: Final = Spread(1.3, 0.05, 0.01)
OPINIONS: Final = Spread(1.25, 0.015, 0.002)
"""benchmarks/detector.py makes brands of which some are twice as restless."""


class Restless(NamedTuple):
    """c of days and c of weeks, one number a brand."""

    days: Numbers
    weeks: Numbers

    def at(self, days: float) -> Numbers:
        """c of windows of so many days: brands in rows, one column."""
        part = min(1.0, float(np.log(max(days, 1.0)) / np.log(WEEK)))
        c: Numbers = self.days ** (1 - part) * self.weeks**part
        return c[:, None]


def restless_mentions(series: Series, weight: Numbers) -> Restless:
    """From how far the mentions of days are from the level of their eight weeks, and weeks from their
    neighbours."""
    found = []
    for length in (1, WEEK):
        told = _Told(len(series.brands))
        for counts, weighed in _eights(series, length, series.mentions, weight):
            use = usual(counts, weighed, weighed > 0, length)
            rate = ((counts * use).sum(axis=1) + 0.5) / np.maximum((weighed * use).sum(axis=1), 1e-9)
            mean = rate[:, None] * weighed
            told.add(counts - mean, MENTIONS.of(mean, length), use, length)
        # A brand of few mentions says little about how much they vary.
        found.append(told.pooled(told.n * told.hoped / (told.hoped + told.n + 1e-9)))
    return Restless(*found)


def restless_opinions(series: Series) -> Restless:
    """The same of the positive ones among the opinions."""
    found = []
    for length in (1, WEEK):
        told = _Told(len(series.brands))
        for positive, negative in _eights(series, length, series.positive, series.negative):
            opinions = positive + negative
            use = usual_health(positive, negative, opinions > 1, length)
            health = _health(positive, opinions, use)
            spread = health * (1 - health) * OPINIONS.of(opinions, length)
            told.add(positive - health * opinions, spread, use, length)
        found.append(told.pooled(told.n))
    return Restless(*found)


def usual_health(positive: Numbers, negative: Numbers, use: Chosen, days: float) -> Chosen:
    """Which windows (last axis) of so many days are usual in their health: not far from that of all."""
    opinions = positive + negative
    health = _health(positive, opinions, use)
    spread = health * (1 - health) * OPINIONS.of(opinions, days)
    found: Chosen = use & (np.abs(positive - health * opinions) <= _FAR * np.sqrt(spread) + 1)
    return found


def _health(positive: Numbers, opinions: Numbers, use: Chosen) -> Numbers:
    together = (opinions * use).sum(axis=-1, keepdims=True)
    health: Numbers = ((positive * use).sum(axis=-1, keepdims=True) + 1) / (together + 2)
    return health


class _Told:
    """Sums of squares of each brand beside what they were hoped to be."""

    def __init__(self, brands: int) -> None:
        self.squares, self.hoped, self.n = (np.zeros(brands) for _ in range(3))

    def add(self, apart: Numbers, spread: Numbers, use: Chosen, length: int) -> None:
        """What is far off counts as if it were just far: events are no restlessness. Weeks are compared with
        their neighbours: a drift is none, either."""
        if length == WEEK:
            apart, spread = np.diff(apart) ** 2 / 2, (spread[:, 1:] + spread[:, :-1]) / 2
            use = use[:, 1:] & use[:, :-1]
        else:
            apart = apart**2
            use = spread > 0
        self.squares += (np.minimum(apart, _FAR**2 * spread) * use).sum(axis=1)
        self.hoped += (spread * use).sum(axis=1)
        self.n += use.sum(axis=1)

    def pooled(self, worth: Numbers) -> Numbers:
        """c of each brand; `worth`: windows that its own is known from."""
        own = np.where(self.hoped > 0, self.squares / np.maximum(self.hoped, 1e-9), 1.0)
        together = ((worth * own).sum() + _BELIEF) / (worth.sum() + _BELIEF)
        found: Numbers = (worth * own + _BELIEF * together) / (worth + _BELIEF)
        return found


def usual(counts: Numbers, weighed: Numbers, use: Chosen, days: float) -> Chosen:
    """Which windows (last axis) of so many days are usual ones: not far from their median."""
    rates = np.where(use & (weighed > 0), counts / np.maximum(weighed, 1e-9), np.nan)
    middle = np.nan_to_num(_median(rates))[..., None] * weighed
    near: Chosen = np.abs(counts - middle) <= _FAR * np.sqrt(MENTIONS.of(middle, days)) + 2
    return use & near


def _eights(series: Series, length: int, *figures: Numbers) -> Iterator[tuple[Numbers, ...]]:
    """The sums of windows of a length, eight weeks at a time, the latest first: by brand and window."""
    brands, days = series.mentions.shape
    known = int(np.argmax(series.share > 0))
    for end in range(days, known, -WEEKS * WEEK):
        n = (end - max(known, end - WEEKS * WEEK)) // length
        if n >= FEWEST:
            cut = slice(end - n * length, end)
            yield tuple(each[:, cut].reshape(brands, n, length).sum(axis=2) for each in figures)


def _median(rates: Numbers) -> Numbers:
    """Of the last axis, without nan; nan where all is."""
    ordered = np.sort(rates, axis=-1)
    n = (~np.isnan(rates)).sum(axis=-1)
    low, high = (np.maximum(place, 0)[..., None] for place in ((n - 1) // 2, n // 2))
    middle = [np.take_along_axis(ordered, each, -1) for each in (low, high)]
    return np.asarray(np.concatenate(middle, axis=-1).mean(axis=-1))
