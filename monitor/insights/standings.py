"""Where every watched brand stands: volume, share, health, net sentiment, beside before and its usual."""

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

import msgspec
import numpy as np
from sqlalchemy import Connection, text

from monitor.insights.compared import Compared, Move, Standing
from monitor.insights.expected import Expected, Past, expected, learned
from monitor.reports.counts import FIRST_COUNTED
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
    """A share or mean."""

    value: float
    n: int
    worth: float
    """Independent ones that these n are worth."""
    variance: float = 0.0
    """Of one of them."""


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    """The four figures, now, before or as usual; None: not known."""

    mentions: float | None = None
    variance: float = 0.0
    share: _Measured | None = None
    health: _Measured | None = None
    net: _Measured | None = None


def standings(
    connection: Connection, chosen: Filter, zone: str, past: Past | None = None
) -> tuple[Standing, ...]:
    """Each brand of the filter (all watched ones if it names none) that was present now or before, the most
    present first. Days of the usual are those of the IANA time zone. `past`: as in `happened`."""
    past = past or learned(connection, chosen, zone)
    if past is None:
        return ()
    series = past.series
    now, earlier = _counted(connection, chosen), _before(connection, chosen)
    before = None if earlier is None else _counted(connection, earlier)
    usual = _usual(past, chosen, now)
    found = [
        _standing(
            name,
            series.own[row],
            _told(past, row, now.of(name)),
            _Told() if before is None else _told(past, row, before.of(name)),
            usual.get(name, _Told()),
        )
        for row, name in enumerate(series.brands)
        if name in now.brands or (before is not None and name in before.brands)
    ]
    return tuple(
        sorted(
            (each for each in found if not chosen.brands or each.brand in chosen.brands),
            key=lambda each: (-each.mentions.n, -each.mentions.n_before, each.brand),
        )
    )


def _before(connection: Connection, chosen: Filter) -> Filter | None:
    first = connection.execute(text(f"SELECT {FIRST_COUNTED}")).scalar_one()
    try:
        before = chosen.previous()
    except ValueError:
        return None
    return before if chosen.since - first >= _KNOWN * (before.until - before.since) else None


def _counted(connection: Connection, chosen: Filter) -> _Period:
    found = [row._asdict() for row in connection.execute(_COUNTED, chosen.values())]
    posts = sum(row["posts"] for row in found)
    days = (chosen.until - chosen.since) / _DAY
    return _Period(
        days, posts, {row.pop("name"): _Counts(days=days, all_posts=posts, **row) for row in found}
    )


_COUNTED: Final = text("""
    WITH counted AS (
        SELECT brand_id, sum(texts + images)::bigint AS mentions, sum(positive)::bigint AS positive,
               sum(neutral)::bigint AS neutral, sum(negative)::bigint AS negative
        FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories)
        GROUP BY 1 HAVING sum(texts + images) > 0
    ), twice AS (
        SELECT brand_id, sum(posts)::bigint AS posts
        FROM brand_twice(:since, :until, :sources, :kinds, :languages, :stories) GROUP BY 1
    )
    SELECT b.name, c.mentions, c.mentions - coalesce(t.posts, 0) AS posts, c.positive, c.neutral, c.negative
    FROM counted AS c JOIN brand AS b ON b.id = c.brand_id LEFT JOIN twice AS t ON t.brand_id = b.id
    WHERE b.watched OR b.name = ANY(:brands)
""")


def _told(past: Past, row: int, of: _Counts) -> _Told:
    """What a period's counts say of a brand (`row`), and what they are worth by how it varies."""
    opinions, sure = of.positive + of.negative, of.positive + of.neutral + of.negative
    variance = past.variance_of(row, max(of.mentions, 1), of.days)
    share = health = net = None
    if of.all_posts:
        p = of.posts / of.all_posts
        copies = max(1.0, variance / max(of.mentions, 1))
        share = _Measured(p, of.all_posts, of.all_posts / copies)
    if opinions:
        worth = past.worth_of(row, opinions, of.days)
        health = _Measured(of.positive / opinions, opinions, worth)
    if sure:
        value = (of.positive - of.negative) / sure
        worth = past.worth_of(row, sure, of.days)
        net = _Measured(value, sure, worth, opinions / sure - value**2)
    return _Told(mentions=of.mentions, variance=variance, share=share, health=health, net=net)


def _usual(past: Past, chosen: Filter, now: _Period) -> dict[str, _Told]:
    """What the weeks before lead one to expect of the brands of which enough is known."""
    series = past.series
    if series.starts[series.view] - chosen.since >= _DAY:
        return {}
    hoped = expected(past, len(series.share) - series.view)
    # Shares are of posts, where a text and its picture are one; the period itself tells how many that are.
    posts = np.array([(now.of(name).posts or 1) / (now.of(name).mentions or 1) for name in series.brands])
    means = hoped.mean[:, 0] * posts
    return {
        name: _hoped(hoped, row, float(means[row] / np.nansum(means)))
        for row, name in enumerate(series.brands)
        if not np.isnan(means[row])
    }


def _hoped(hoped: Expected, row: int, share: float) -> _Told:
    mean, unsure, health, worth = (
        float(of[row, 0]) for of in (hoped.mean, hoped.mean_variance, hoped.health, hoped.health_worth)
    )
    positive, neutral, negative = (
        float(of[row, 0]) for of in (hoped.positive, hoped.neutral, hoped.negative)
    )
    sure, opinions = positive + neutral + negative, positive + negative
    net = None
    if opinions:
        value = (positive - negative) / sure
        net = _Measured(value, round(sure), worth * sure / opinions, opinions / sure - value**2)
    return _Told(
        mentions=mean,
        variance=unsure,
        share=_Measured(share, round(mean / max(share, 1e-9)), (1 - share) / share * mean**2 / unsure),
        health=_Measured(health, round(opinions), worth) if opinions else None,
        net=net,
    )


def _standing(name: str, own: bool, now: _Told, before: _Told, usual: _Told) -> Standing:
    return Standing(
        brand=name,
        own=own,
        mentions=Compared(
            scale="count",
            now=now.mentions,
            before=before.mentions,
            usual=usual.mentions,
            n=round(now.mentions or 0),
            n_before=round(before.mentions or 0),
            since_before=_ratio(now, before),
            from_usual=_ratio(now, usual),
        ),
        share=_compared("share", now.share, before.share, usual.share),
        health=_compared("share", now.health, before.health, usual.health),
        net=_compared("net", now.net, before.net, usual.net),
    )


def _ratio(now: _Told, base: _Told) -> Move | None:
    """By the 95% interval of its logarithm (delta method)."""
    if now.mentions is None or not base.mentions:
        return None
    seen = max(now.mentions, 1.0)
    spread = math.exp(Z * math.sqrt(now.variance / seen**2 + base.variance / base.mentions**2))
    value = now.mentions / base.mentions
    return Move(scale="count", value=value, low=value / spread, high=seen / base.mentions * spread)


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
    value = now.value - base.value
    if scale == "share":
        low, high = newcombe(now.value * now.worth, now.worth, base.value * base.worth, base.worth)
    else:
        half = Z * math.sqrt(now.variance / now.worth + base.variance / base.worth)
        low, high = value - half, value + half
    return Move(scale=scale, value=value, low=low, high=high)
