"""What each brand's own past lets expect of any window of days: its mentions, and its health.

A window is compared with the eight weeks before it, without those far from the others; where fewer than four
are known, weeks after it stand in.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from monitor.insights.series import Numbers, Series, read
from monitor.insights.spread import (
    FEWEST,
    MENTIONS,
    OPINIONS,
    WEEK,
    Chosen,
    Restless,
    restless_mentions,
    restless_opinions,
    usual,
    usual_health,
)
from monitor.insights.usual import WEEKS
from monitor.reports.filters import Filter

_ENOUGH: Final = 4
"""Weeks before a window with which those after it are not asked."""

_HINDSIGHT: Final = 14
"""Days: a longer window is not judged by the weeks after it."""

_WEEKDAYS: Final = 100.0
"""Mentions that the week of all brands together weighs in that of one."""

_LENT: Final = 8.0
"""Opinions that the health of all brands together weighs in that of one."""

_FAR: Final = 3.0
"""Standard deviations at which a week's health is no part of what is usual."""

_GROWTH: Final = 0.03
"""Part by which a brand grows or shrinks between its eight weeks and the window without an event."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """The days of all brands, and how they vary."""

    series: Series
    weight: Numbers
    """What each day of a brand counts: 1 on average, less on quiet weekdays, less of a day not over."""
    mentions: Restless
    stories: Restless
    opinions: Restless
    health: float
    """Of all brands together."""

    def variance(self, mean: Numbers, days: float) -> Numbers:
        """Of mentions over so many days; brands in rows."""
        return self.mentions.at(days) * MENTIONS.of(mean, days)

    def variance_of_stories(self, mean: Numbers, days: float) -> Numbers:
        """Of those that are the first of their story."""
        return self.stories.at(days) * MENTIONS.of(mean, days)

    def worth(self, opinions: Numbers, days: float) -> Numbers:
        """Independent opinions that those of a window are worth, at most as many; brands in rows."""
        n = np.maximum(opinions, 0.5)
        found: Numbers = n**2 / (
            np.maximum(self.opinions.at(days), 1 / OPINIONS.copies) * OPINIONS.of(n, days)
        )
        return found

    def variance_of(self, brand: int, mean: float, days: float) -> float:
        """`variance` of one brand, by its row."""
        return float(self.variance(self._alike(mean), days)[brand, 0])

    def worth_of(self, brand: int, opinions: float, days: float) -> float:
        """`worth` of one brand's."""
        return float(self.worth(self._alike(opinions), days)[brand, 0])

    def _alike(self, value: float) -> Numbers:
        return np.full((len(self.series.brands), 1), float(value))

    @cached_property
    def weeks_before(self) -> "_Weeks":
        """The eight weeks before each day of the period."""
        first = np.arange(self.series.view, len(self.series.share))
        begin, known = _weeks_beside(self.series, first, 1)
        return _weeks(self, begin[:, :WEEKS], known[:, :WEEKS])


@dataclass(frozen=True)
class Expected:
    """Of windows of one length, by brand (rows) and first day (columns, from the period's first).

    nan where too little is known.
    """

    mean: Numbers
    mean_variance: Numbers
    """How well that is known."""
    stories: Numbers
    stories_variance: Numbers
    """The same of those that are the first of their story."""
    positive: Numbers
    neutral: Numbers
    negative: Numbers
    health: Numbers
    """Of those that are no copies."""
    health_worth: Numbers
    """Independent opinions that this is worth."""


def learned(connection: Connection, chosen: Filter, zone: str) -> Past | None:
    """What happened and standings of one page are told from the same past; None where nothing is known."""
    series = read(connection, chosen, zone)
    return None if series is None else past_of(series)


def past_of(series: Series) -> Past:
    """Learn how the brands vary."""
    weight = _weights(series)
    positive, opinions = series.praise.sum(), (series.praise + series.criticism).sum()
    return Past(
        series=series,
        weight=weight,
        mentions=restless_mentions(series, series.mentions, weight),
        stories=restless_mentions(series, series.stories, weight),
        opinions=restless_opinions(series),
        health=float((positive + 1) / (opinions + 2)),
    )


def expected(past: Past, days: int) -> Expected:
    """What to expect of each window of `days` days inside the period."""
    series = past.series
    first = np.arange(series.view, len(series.share) - days + 1)
    begin, known = _weeks_beside(series, first, days)
    after = bool(known[:, WEEKS:].any())
    # Those before do not depend on how long the window is.
    weeks = _weeks(past, begin, known) if after else past.weeks_before.cut(len(first))
    window = sums(past.weight, first, days)
    mean = weeks.rate * window
    return Expected(
        mean=mean,
        mean_variance=weeks.unsure * mean**2,
        stories=weeks.stories * window,
        stories_variance=weeks.stories_unsure * (weeks.stories * window) ** 2,
        positive=weeks.positive * window,
        neutral=weeks.neutral * window,
        negative=weeks.negative * window,
        health=weeks.health,
        health_worth=weeks.health_worth,
    )


@dataclass(frozen=True)
class _Weeks:
    """The usual weeks beside windows, by brand and window; rates are of a day that weighs 1."""

    rate: Numbers
    unsure: Numbers
    """The relative variance of `rate`."""
    stories: Numbers
    stories_unsure: Numbers
    positive: Numbers
    neutral: Numbers
    negative: Numbers
    health: Numbers
    health_worth: Numbers

    def cut(self, windows: int) -> "_Weeks":
        """The first so many windows."""
        return _Weeks(*(getattr(self, each.name)[:, :windows] for each in fields(self)))


def _weeks(past: Past, begin: Places, known: Chosen) -> _Weeks:
    series = past.series
    counts, stories, positive, neutral, negative, praise, criticism, weighed = (
        sums(of, begin, WEEK)
        for of in (
            *(series.mentions, series.stories, series.positive, series.neutral, series.negative),
            *(series.praise, series.criticism, past.weight),
        )
    )
    use = usual(counts, weighed, known[None], WEEK)
    n = np.where(use.sum(axis=2) >= FEWEST, use.sum(axis=2), np.nan)
    weight = np.where(np.isnan(n), np.nan, (weighed * use).sum(axis=2))
    rate = ((counts * use).sum(axis=2) + 0.5) / weight
    stories_rate = ((stories * use).sum(axis=2) + 0.5) / weight
    of_week, stories_of_week = rate * weight / n, stories_rate * weight / n
    use = usual_health(praise, criticism, use, WEEK)
    weight = np.maximum((weighed * use).sum(axis=2), 1.0)
    liked = (praise * use).sum(axis=2) + _LENT * past.health
    opinions = ((praise + criticism) * use).sum(axis=2) + _LENT
    health_weeks = np.maximum(use.sum(axis=2), 1)
    return _Weeks(
        rate=rate,
        unsure=past.variance(of_week, WEEK) / n / of_week**2 + _GROWTH**2,
        stories=stories_rate,
        stories_unsure=past.variance_of_stories(stories_of_week, WEEK) / n / stories_of_week**2 + _GROWTH**2,
        positive=(positive * use).sum(axis=2) / weight,
        neutral=(neutral * use).sum(axis=2) / weight,
        negative=(negative * use).sum(axis=2) / weight,
        health=np.where(np.isnan(rate), np.nan, liked / opinions),
        health_worth=health_weeks * past.worth(opinions / health_weeks, WEEK),
    )


def sums(of: Numbers, begin: Places, days: int) -> Numbers:
    """Sums of `days` days from each of `begin`, brands first."""
    so_far = np.concatenate([np.zeros((len(of), 1)), np.cumsum(of, axis=1)], axis=1)
    found: Numbers = so_far[:, np.minimum(begin + days, of.shape[1])] - so_far[:, begin]
    return found


def _weights(series: Series) -> Numbers:
    """By weekday, from whole days, of which one far above the others counts like a busy one."""
    full = series.share >= 1
    weekday = np.array([start.weekday() for start in series.starts[:-1]])
    days = np.array([(full & (weekday == day)).sum() for day in range(WEEK)])
    if days.min() < FEWEST:
        return np.broadcast_to(series.share, series.mentions.shape).copy()
    middle = np.median(series.mentions[:, full], axis=1, keepdims=True)
    calm = np.minimum(series.mentions, middle + _FAR * np.sqrt(MENTIONS.of(middle, 1)) + 2)
    found = np.stack([calm[:, full & (weekday == day)].sum(axis=1) for day in range(WEEK)], axis=1)
    rates = found / days + 1e-9
    together = rates.sum(axis=0) / rates.sum(axis=0).mean()
    own = rates / rates.mean(axis=1, keepdims=True)
    mass = found.sum(axis=1, keepdims=True)
    mixed: Numbers = (mass * own + _WEEKDAYS * together) / (mass + _WEEKDAYS)
    return mixed[:, weekday] * series.share


def _weeks_beside(series: Series, first: Places, days: int) -> tuple[Places, Chosen]:
    """First days of the weeks to compare each window with, by window and week; and whether each is known."""
    total = len(series.share)
    back = np.arange(1, WEEKS + 1) * WEEK
    begin = np.concatenate([first[:, None] - back, first[:, None] + days + back - WEEK], axis=1)
    inside = (begin >= 0) & (begin + WEEK <= total)
    begin = np.where(inside, begin, 0)
    full = np.concatenate(([0], np.cumsum(series.share >= 1)))
    known = inside & (full[np.minimum(begin + WEEK, total)] - full[begin] == WEEK)
    known[:, WEEKS:] &= known[:, :WEEKS].sum(axis=1, keepdims=True) < _ENOUGH
    known[:, WEEKS:] &= days <= _HINDSIGHT
    return begin, known
