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

_FAR_OFF: Final = 4.0
"""Standard deviations as which a day counts that is farther off."""

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
OPINIONS: Final = Spread(1.05, 0.005, 0.001)
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


def restless_mentions(series: Series, mentions: Numbers, weight: Numbers) -> Restless:
    """From how far the mentions (or stories) of days are from the level of their eight weeks, and weeks from
    their neighbours."""
    days, weeks = _Told(len(series.brands)), _Told(len(series.brands))
    for counts, weighed in _eights(series, mentions, weight):
        use = usual(counts.sum(axis=2), weighed.sum(axis=2), weighed.sum(axis=2) > 0, WEEK)
        mean = _level(counts, weighed, use) * weighed
        days.add_days(counts - mean, MENTIONS.of(mean, 1), use)
        mean = mean.sum(axis=2)
        weeks.add_weeks(counts.sum(axis=2) - mean, MENTIONS.of(mean, WEEK), use)
    return _pooled(days, weeks)


def restless_opinions(series: Series) -> Restless:
    """The same of the positive ones among the opinions, copies left out."""
    days, weeks = _Told(len(series.brands)), _Told(len(series.brands))
    for positive, negative in _eights(series, series.praise, series.criticism):
        of_week = positive.sum(axis=2), negative.sum(axis=2)
        use = usual_health(*of_week, of_week[0] + of_week[1] > 1, WEEK)
        health = _health(of_week[0], of_week[0] + of_week[1], use)[..., None]
        part, opinions = health * (1 - health), positive + negative
        days.add_days(positive - health * opinions, part * OPINIONS.of(opinions, 1), use)
        opinions = opinions.sum(axis=2)
        apart = of_week[0] - health[..., 0] * opinions
        weeks.add_weeks(apart, part[..., 0] * OPINIONS.of(opinions, WEEK), use)
    return _pooled(days, weeks)


def usual_health(positive: Numbers, negative: Numbers, use: Chosen, days: float) -> Chosen:
    """Which windows (last axis) of so many days are usual in their health: not far from that of all."""
    opinions = positive + negative
    health = _health(positive, opinions, use)
    spread = health * (1 - health) * OPINIONS.of(opinions, days)
    found: Chosen = use & (np.abs(positive - health * opinions) <= _FAR * np.sqrt(spread) + 1)
    return found


def usual(counts: Numbers, weighed: Numbers, use: Chosen, days: float) -> Chosen:
    """Which windows (last axis) of so many days are usual ones: not far from their median."""
    rates = np.where(use & (weighed > 0), counts / np.maximum(weighed, 1e-9), np.nan)
    middle = np.nan_to_num(_median(rates))[..., None] * weighed
    near: Chosen = np.abs(counts - middle) <= _FAR * np.sqrt(MENTIONS.of(middle, days)) + 2
    return use & near


def _eights(series: Series, *figures: Numbers) -> Iterator[tuple[Numbers, ...]]:
    """Eight weeks at a time, the latest first: by brand, week and day of it."""
    brands, days = series.mentions.shape
    known = int(np.argmax(series.share > 0))
    for end in range(days, known, -WEEKS * WEEK):
        n = (end - max(known, end - WEEKS * WEEK)) // WEEK
        if n >= FEWEST:
            yield tuple(each[:, end - n * WEEK : end].reshape(brands, n, WEEK) for each in figures)


def _level(counts: Numbers, weighed: Numbers, use: Chosen) -> Numbers:
    """Mentions of a day that weighs 1, of the weeks chosen."""
    chosen = use[:, :, None]
    rate = ((counts * chosen).sum(axis=(1, 2)) + 0.5) / np.maximum((weighed * chosen).sum(axis=(1, 2)), 1e-9)
    return np.asarray(rate)[:, None, None]


def _health(positive: Numbers, opinions: Numbers, use: Chosen) -> Numbers:
    together = (opinions * use).sum(axis=-1, keepdims=True)
    health: Numbers = ((positive * use).sum(axis=-1, keepdims=True) + 1) / (together + 2)
    return health


class _Told:
    """Squares of how far windows are from their level, beside what `Spread` lets expect, by brand."""

    def __init__(self, brands: int) -> None:
        self.squares, self.hoped, self.n = (np.zeros(brands) for _ in range(3))

    def add_days(self, apart: Numbers, spread: Numbers, use: Chosen) -> None:
        """Days of usual weeks, by brand, week and day."""
        self._add(apart**2, spread, use[:, :, None] & (spread > 0), (1, 2))

    def add_weeks(self, apart: Numbers, spread: Numbers, use: Chosen) -> None:
        """Usual weeks beside their neighbours, so that a drift is no restlessness; by brand and week."""
        pairs = use[:, 1:] & use[:, :-1]
        self._add(np.diff(apart) ** 2 / 2, (spread[:, 1:] + spread[:, :-1]) / 2, pairs, (1,))

    def _add(self, squares: Numbers, spread: Numbers, use: Chosen, axes: tuple[int, ...]) -> None:
        # What is far off counts as if it were just that: an event is no restlessness.
        self.squares += (np.minimum(squares, _FAR_OFF**2 * spread) * use).sum(axis=axes)
        self.hoped += (spread * use).sum(axis=axes)
        self.n += use.sum(axis=axes)

    @property
    def own(self) -> Numbers:
        """c of each brand by itself."""
        return np.where(self.hoped > 0, self.squares / np.maximum(self.hoped, 1e-9), 1.0)

    @property
    def worth(self) -> Numbers:
        """Windows that it is known from: those of which little is expected say little."""
        found: Numbers = self.n * self.hoped / (self.hoped + self.n + 1e-9)
        return found


def _pooled(days: _Told, weeks: _Told) -> Restless:
    """A brand's own restlessness and that of all; whose days are restless, whose weeks are, too."""
    of_days = _shrunk(days, np.full(len(days.n), _together(days, np.ones(len(days.n)))))
    return Restless(of_days, _shrunk(weeks, of_days * _together(weeks, of_days)))


def _together(told: _Told, beside: Numbers) -> float:
    return float(((told.worth * told.own / beside).sum() + _BELIEF) / (told.worth.sum() + _BELIEF))


def _shrunk(told: _Told, towards: Numbers) -> Numbers:
    found: Numbers = (told.worth * told.own + _BELIEF * towards) / (told.worth + _BELIEF)
    return found


def _median(rates: Numbers) -> Numbers:
    """Of the last axis, without nan; nan where all is."""
    ordered = np.sort(rates, axis=-1)
    n = (~np.isnan(rates)).sum(axis=-1)
    low, high = (np.maximum(place, 0)[..., None] for place in ((n - 1) // 2, n // 2))
    middle = [np.take_along_axis(ordered, each, -1) for each in (low, high)]
    return np.asarray(np.concatenate(middle, axis=-1).mean(axis=-1))
