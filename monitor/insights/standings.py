"""Where every watched brand stands: volume, share, health, net sentiment, beside before and its usual."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
import numpy as np
from sqlalchemy import Connection, text

from monitor.insights.compared import Compared, Move, Standing
from monitor.insights.expected import Past, expected, past_of
from monitor.insights.series import read
from monitor.insights.usual import FEWEST_WEEKS, WEEK, WEEKS
from monitor.reports.counts import brand_counts, values
from monitor.reports.filters import Filter
from monitor.reports.intervals import Z, newcombe

_KNOWN: Final = 0.9
"""Part of the period before that must lie after the first mention of all: else there is no such period."""

_DAY: Final = timedelta(days=1)


class _Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of a brand in a period of so many days."""

    days: float
    mentions: int = 0
    posts: int = 0
    all_posts: int
    """Of all watched brands."""
    positive: int = 0
    neutral: int = 0
    negative: int = 0


class _Period(msgspec.Struct, frozen=True):
    """The counts of a period, by brand."""

    days: float
    all_posts: int
    brands: Mapping[str, _Counts]

    def of(self, brand: str) -> _Counts:
        """Zeros of a brand that was not there."""
        return self.brands.get(brand) or _Counts(days=self.days, all_posts=self.all_posts)


class _Measured(msgspec.Struct, frozen=True):
    """A share or mean of a period."""

    value: float
    n: int
    worth: float
    """Independent ones that these n are worth."""
    variance: float
    """Of one of them."""


class _Brand:
    """What the figures of one brand are worth, by how it varies."""

    def __init__(self, past: Past, row: int) -> None:
        self._past = past
        self._row = row

    def share(self, of: _Counts) -> _Measured | None:
        """Of voice."""
        if not of.all_posts:
            return None
        p = of.posts / of.all_posts
        copies = self.variance(max(of.posts, 1), of.days) / max(of.posts, 1)
        return _Measured(p, of.all_posts, of.all_posts / max(copies, 1.0), p * (1 - p))

    def health(self, of: _Counts) -> _Measured | None:
        """Of opinions."""
        n = of.positive + of.negative
        if not n:
            return None
        p = of.positive / n
        return _Measured(p, n, self._worth(n, of.days), p * (1 - p))

    def net(self, of: _Counts) -> _Measured | None:
        """Sentiment."""
        n = of.positive + of.neutral + of.negative
        if not n:
            return None
        net = (of.positive - of.negative) / n
        return _Measured(net, n, self._worth(n, of.days), (of.positive + of.negative) / n - net**2)

    def variance(self, mentions: float, days: float) -> float:
        """Of a count of mentions."""
        return float(self._past.variance(self._column(mentions), days)[self._row, 0])

    def _worth(self, opinions: int, days: float) -> float:
        return float(self._past.worth(self._column(opinions), days)[self._row, 0])

    def _column(self, value: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.full((len(self._past.series.brands), 1), float(value))


def standings(connection: Connection, chosen: Filter, zone: str) -> tuple[Standing, ...]:
    """Each brand of the filter (all watched ones if it names none) that was present now or before, the most
    present first. Days of the usual are those of the IANA time zone."""
    series = read(connection, chosen, zone)
    if series is None:
        return ()
    first = connection.execute(text("SELECT min(published_at) FROM mention")).scalar_one()
    now = _counted(connection, chosen)
    before, usual = (
        _and_counted(connection, each) for each in (_before(chosen, first), _weeks(chosen, first))
    )
    past = past_of(series)
    present = now.brands.keys() | (before.brands.keys() if before is not None else set())
    found = [
        _standing(_Brand(past, row), name, own, (now, before, usual), level)
        for row, (name, own, level) in enumerate(
            zip(series.brands, series.own, _levels(past, chosen), strict=True)
        )
        if name in present
    ]
    return tuple(sorted(found, key=lambda each: (-each.mentions.n, -each.mentions.n_before, each.brand)))


def _before(chosen: Filter, first: datetime) -> Filter | None:
    try:
        before = chosen.previous()
    except ValueError:
        return None
    return before if chosen.since - first >= _KNOWN * (before.until - before.since) else None


def _weeks(chosen: Filter, first: datetime) -> Filter | None:
    """The weeks before that are known, eight at most."""
    weeks = min(WEEKS, (chosen.since - first) // WEEK)
    if weeks < FEWEST_WEEKS:
        return None
    return msgspec.structs.replace(chosen, since=chosen.since - weeks * WEEK, until=chosen.since)


def _levels(past: Past, chosen: Filter) -> list[tuple[float, float] | None]:
    """The mentions to expect of each brand, and their variance; None where too little is known."""
    series = past.series
    if series.starts[series.view] - chosen.since >= _DAY:
        return [None] * len(series.brands)
    hoped = expected(past, len(series.share) - series.view)
    return [
        None if np.isnan(mean) else (float(mean), float(variance))
        for mean, variance in zip(hoped.mean[:, 0], hoped.mean_variance[:, 0], strict=True)
    ]


def _and_counted(connection: Connection, chosen: Filter | None) -> _Period | None:
    return None if chosen is None else _counted(connection, chosen)


def _counted(connection: Connection, chosen: Filter) -> _Period:
    query = f"""
        SELECT b.name, sum(texts + images)::bigint AS mentions,
               sum(texts + images - twice)::bigint AS posts,
               sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
               sum(negative)::bigint AS negative
        FROM {brand_counts(chosen)} AS c JOIN brand AS b ON b.id = c.brand_id
        WHERE b.watched OR b.name = ANY(:brands)
        GROUP BY b.id HAVING sum(texts + images) > 0
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    found = [row._asdict() for row in connection.execute(text(query), values(chosen))]
    posts = sum(row["posts"] for row in found)
    days = (chosen.until - chosen.since) / _DAY
    return _Period(
        days, posts, {row.pop("name"): _Counts(days=days, all_posts=posts, **row) for row in found}
    )


def _standing(
    brand: _Brand,
    name: str,
    own: bool,
    periods: tuple[_Period, _Period | None, _Period | None],
    level: tuple[float, float] | None,
) -> Standing:
    told = tuple(None if period is None else period.of(name) for period in periods)
    now, before, _ = told
    assert now is not None
    return Standing(
        brand=name,
        own=own,
        mentions=_volume(brand, now, before, level),
        share=_compared("share", *(None if each is None else brand.share(each) for each in told)),
        health=_compared("share", *(None if each is None else brand.health(each) for each in told)),
        net=_compared("net", *(None if each is None else brand.net(each) for each in told)),
    )


def _volume(
    brand: _Brand, now: _Counts, before: _Counts | None, level: tuple[float, float] | None
) -> Compared:
    variance = brand.variance(max(now.mentions, 1), now.days)
    then = (before.mentions, brand.variance(before.mentions, before.days)) if before is not None else None
    return Compared(
        scale="count",
        now=now.mentions,
        before=then[0] if then else None,
        usual=level[0] if level else None,
        n=now.mentions,
        n_before=then[0] if then else 0,
        since_before=_ratio((now.mentions, variance), then),
        from_usual=_ratio((now.mentions, variance), level),
    )


def _ratio(now: tuple[float, float], base: tuple[float, float] | None) -> Move | None:
    """By the 95% interval of its logarithm (delta method); counts with their variances."""
    if base is None or not base[0]:
        return None
    seen = max(now[0], 1.0)
    spread = math.exp(Z * math.sqrt(now[1] / seen**2 + base[1] / base[0] ** 2))
    return Move(
        scale="count", value=now[0] / base[0], low=now[0] / base[0] / spread, high=seen / base[0] * spread
    )


def _compared(
    scale: Literal["share", "net"], now: _Measured | None, before: _Measured | None, usual: _Measured | None
) -> Compared:
    return Compared(
        scale=scale,
        now=now.value if now else None,
        before=before.value if before else None,
        usual=usual.value if usual else None,
        n=now.n if now else 0,
        n_before=before.n if before else 0,
        since_before=_move(scale, now, before),
        from_usual=_move(scale, now, usual),
    )


def _move(scale: Literal["share", "net"], now: _Measured | None, base: _Measured | None) -> Move | None:
    if now is None or base is None:
        return None
    if scale == "share":
        low, high = newcombe(now.value * now.worth, now.worth, base.value * base.worth, base.worth)
    else:
        half = Z * math.sqrt(now.variance / now.worth + base.variance / base.worth)
        low, high = now.value - base.value - half, now.value - base.value + half
    return Move(scale=scale, value=now.value - base.value, low=low, high=high)
