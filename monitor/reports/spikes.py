"""Sudden criticism: whether a day has more negative texts about a brand than its own past explains.

A window of 24 hours is compared with the same 24 hours of the week in up to eight weeks before, by the
predictive distribution of a negative binomial count: its mean is that of the earlier windows, its variance
theirs, too, but never less than 1.5 times what a Poisson count has, since eight windows tell a variance
badly. What is usual is thus learned from each brand itself.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Counting, Filter
from monitor.storage.tables import mention

WINDOW: Final = timedelta(hours=24)
_WEEK: Final = timedelta(days=7)
_WEEKS: Final = 8

_FEWEST_WEEKS: Final = 4
"""With fewer weeks behind it a brand's usual day is not known, and nothing is said."""

_LEAST_DISPERSION: Final = 1.5
_SURE: Final = 1e-4
"""benchmarks/alerts.py: 0 to 2 false alarms a brand and year with this, checked every hour."""

_FEWEST: Final = 5
_FOLD: Final = 2.0
"""Fewer texts, or less than twice the usual, are nobody's emergency, however sure."""


class Spike(msgspec.Struct, frozen=True, kw_only=True):
    """A window [since, until) with far more negative texts about a brand than usual. Counts are texts."""

    brand: str
    since: datetime
    until: datetime
    observed: int
    expected: float
    baseline_windows: int
    p_value: float
    """How often chance alone would give as many, 0..1."""


def negative_spike(connection: Connection, brand: str, until: datetime) -> Spike | None:
    """The spike of the 24 hours before `until`, or None: nothing unusual, or too short a past to tell."""
    since = until - WINDOW
    first = connection.execute(select(func.min(mention.c.published_at))).scalar_one()
    weeks = 0 if first is None else min(_WEEKS, (since - first) // _WEEK)
    if weeks < _FEWEST_WEEKS:
        return None
    observed = _negative(connection, brand, since, until)
    if observed < _FEWEST:
        return None
    baseline = [
        _negative(connection, brand, since - week * _WEEK, until - week * _WEEK)
        for week in range(1, weeks + 1)
    ]
    expected, p_value = surprise(observed, baseline)
    if not is_spike(observed, expected, p_value):
        return None
    return Spike(
        brand=brand,
        since=since,
        until=until,
        observed=observed,
        expected=expected,
        baseline_windows=weeks,
        p_value=p_value,
    )


def negative_stories(connection: Connection, brand: str, since: datetime, until: datetime) -> int:
    """The negative texts about a brand in [since, until) that are no copies of an earlier one. Alerts count
    all of them: that a story is passed on is what makes it urgent."""
    return _negative(connection, brand, since, until, "stories")


def surprise(observed: int, baseline: Sequence[int]) -> tuple[float, float]:
    """The count expected after two or more earlier ones, and the probability of `observed` or more."""
    n = len(baseline)
    average = sum(baseline) / n
    # Half a text more than counted (Jeffreys' prior): eight silent days do not make one text impossible.
    mean = average + 0.5 / n
    dispersion = _LEAST_DISPERSION
    if average:
        scatter = sum((count - average) ** 2 for count in baseline) / (n - 1)
        dispersion = max(dispersion, scatter / average)
    # The mean itself is known from n windows only: hence 1 + 1/n.
    return mean, _at_least(observed, mean, mean * dispersion * (1 + 1 / n))


def is_spike(observed: int, expected: float, p_value: float) -> bool:
    """Unlikely enough, and large enough to matter."""
    return p_value < _SURE and observed >= max(_FEWEST, _FOLD * expected)


def _at_least(count: int, mean: float, variance: float) -> float:
    """P(X >= count) of a negative binomial X; `variance` is greater than `mean`."""
    size, failure = mean * mean / (variance - mean), (variance - mean) / variance
    # P(0), then each from the one before; in logarithms, since P(0) underflows at large means.
    log_p = size * math.log(mean / variance)
    below = 0.0
    for k in range(count):
        below += math.exp(log_p)
        log_p += math.log((size + k) / (k + 1) * failure)
    return max(0.0, 1.0 - below)


def _negative(
    connection: Connection, brand: str, since: datetime, until: datetime, counting: Counting = "posts"
) -> int:
    found = net_sentiment(connection, Filter(since, until, brands=(brand,), counting=counting))
    return found[0].negative if found else 0
