"""False alarms and missed alarms of alerts, by how sensitive they are, on simulated brands.

    python benchmarks/alerts.py [--years 12] [--days 200]

Mentions arrive as a Poisson stream with a daily and a weekly rhythm; on top, each day's rate varies by a
gamma factor (coefficient of variation 0, 22% or 35%). A quarter of the mentions are negative texts. False
alarms: quiet years, looked at every hour by the function that alerts and previews ask, an alert silencing the
brand for 24 hours. Found: days on which the rate is twofold, fourfold or a quarter, or on which half of the
texts are negative.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.findings import WINDOW, find
from monitor.alerts.rules import SENSITIVITIES, Rule, SensitivityName
from monitor.alerts.series import HOUR, Series
from monitor.insights.usual import WEEK, WEEKS
from monitor.messages import AlertKind

_DAY = 24
_START = datetime(2025, 1, 6, tzinfo=UTC)
_NEGATIVE = 0.25

Streams = list[tuple[NDArray[np.int64], NDArray[np.int64]]]
"""Mentions per hour and the negative ones among them, of several years."""

# What is looked for: the kind of alert, by how much the rate rises on the bad day, the negative part then.
_BAD_DAYS: tuple[tuple[AlertKind, float, float], ...] = (
    ("volume-up", 2.0, _NEGATIVE),
    ("volume-up", 4.0, _NEGATIVE),
    ("volume-down", 0.25, _NEGATIVE),
    ("negative-share", 1.0, 2 * _NEGATIVE),
)


def stream(
    rng: np.random.Generator, weeks: int, mean: float, scatter: float, fold: float, negative: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Mentions per hour and the negative ones among them; one day of the last week but one is the bad one."""
    hours = 1 + 0.8 * np.sin(np.arange(_DAY) / _DAY * 2 * np.pi)
    rhythm = (np.array([1, 1, 1.1, 1, 0.9, 0.6, 0.5])[:, None] * hours).ravel()
    shape = 1 / scatter**2 if scatter else np.inf
    days = rng.gamma(shape, 1 / shape, weeks * 7) if scatter else np.ones(weeks * 7)
    shares = np.full(weeks * 7, _NEGATIVE)
    bad = (weeks - 2) * 7 + int(rng.integers(0, 6))
    days[bad] *= fold
    shares[bad] = negative
    rate = np.tile(rhythm / rhythm.mean(), weeks) * mean / _DAY * np.repeat(days, _DAY)
    mentions = rng.poisson(rate)
    return mentions, rng.binomial(mentions, np.repeat(shares, _DAY))


def alerts(
    kind: AlertKind, level: SensitivityName, mentions: NDArray[np.int64], negative: NDArray[np.int64]
) -> Iterator[datetime]:
    """When an alert speaks up, looked at every hour from the first one with eight weeks before it."""
    counts, of = (
        tuple(accumulate(each.tolist(), initial=0))
        for each in (negative if kind == "negative-share" else mentions, mentions)
    )
    series = Series("brand", "brand", _START, _START, counts, of, ())
    rule = Rule(name=kind, kind=kind, scope="own", sensitivity=level)
    until, last = _START + WEEKS * WEEK + WINDOW, None
    while until <= _START + len(mentions) * HOUR:
        if find(rule, series, until, last) is not None:
            last = until
            yield until
        until += HOUR


def _cell(kind: AlertKind, level: SensitivityName, quiet: Streams, bad: Streams) -> str:
    """False alarms a year, and the part of the bad days found."""
    false = sum(sum(1 for _ in alerts(kind, level, *each)) for each in quiet)
    found = sum(next(alerts(kind, level, *each), None) is not None for each in bad)
    return f"{false / len(quiet):.1f}, {found / len(bad):.0%}"


def main() -> None:
    """Print one table a kind of bad day."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--years", type=int, default=12, help="quiet years simulated a row")
    options.add_argument("--days", type=int, default=200, help="bad days simulated a row")
    chosen = options.parse_args()
    rng = np.random.default_rng(1)
    names = " | ".join(f"{level.words}: a year, found" for level in SENSITIVITIES.values())
    for kind, fold, negative in _BAD_DAYS:
        print(f"\n{kind}, {fold:g} times the mentions, {negative:.0%} negative\n")
        print(f"| mentions a day | variation of days | {names} |")
        print("|---:|---:|" + "---:|" * len(SENSITIVITIES))
        for mean in (5, 20, 100, 1000):
            for scatter in (0.0, 0.22, 0.35):
                quiet = [stream(rng, 52 + WEEKS, mean, scatter, 1, _NEGATIVE) for _ in range(chosen.years)]
                bad = [stream(rng, WEEKS + 2, mean, scatter, fold, negative) for _ in range(chosen.days)]
                cells = [_cell(kind, level, quiet, bad) for level in SENSITIVITIES]
                print(f"| {mean:,} | {scatter:.0%} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
