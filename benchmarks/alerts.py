"""False alarms and missed alarms of the rule for sudden criticism, on simulated brands.

    python benchmarks/alerts.py [--years 12] [--days 200]

Negative texts arrive as a Poisson stream with a daily and a weekly rhythm; on top, each day's rate varies by
a gamma factor (coefficient of variation 0, 22% or 35%). False alarms: a quiet year, looked at every hour, an
alert silencing the brand for 24 hours. Found: days on which the rate is fourfold, looked at every hour.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from monitor.reports.spikes import is_spike, surprise

_DAY, _WEEK, _WEEKS = 24, 168, 8


def stream(
    rng: np.random.Generator, weeks: int, mean: float, scatter: float, *, spike: bool
) -> NDArray[np.int64]:
    """Negative texts per hour; with `spike`, four times as many on one day of the last week but one."""
    hours = 1 + 0.8 * np.sin(np.arange(_DAY) / _DAY * 2 * np.pi)
    rhythm = (np.array([1, 1, 1.1, 1, 0.9, 0.6, 0.5])[:, None] * hours).ravel()
    shape = 1 / scatter**2 if scatter else np.inf
    days = rng.gamma(shape, 1 / shape, weeks * 7) if scatter else np.ones(weeks * 7)
    if spike:
        days[(weeks - 2) * 7 + int(rng.integers(0, 6))] *= 4
    rate = np.tile(rhythm / rhythm.mean(), weeks) * mean / _DAY * np.repeat(days, _DAY)
    return rng.poisson(rate)


def alerts(texts: NDArray[np.int64]) -> list[int]:
    """Hours, from the first one with eight weeks before it, at which the rule speaks up."""
    window = np.convolve(texts, np.ones(_DAY, np.int64), "valid")
    found: list[int] = []
    for hour in range(_WEEKS * _WEEK, len(window)):
        before = [int(window[hour - week * _WEEK]) for week in range(1, _WEEKS + 1)]
        observed = int(window[hour])
        # Cheap refusals first: most hours are nowhere near.
        if observed < 5 or observed < 2 * np.mean(before) or (found and hour - found[-1] < _DAY):
            continue
        if is_spike(observed, *surprise(observed, before)):
            found.append(hour)
    return found


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--years", type=int, default=12, help="quiet years simulated a row")
    options.add_argument("--days", type=int, default=200, help="bad days simulated a row")
    chosen = options.parse_args()
    rng = np.random.default_rng(1)
    print("| negative texts a day | variation of days | false alarms a year | fourfold days found |")
    print("|---:|---:|---:|---:|")
    for mean in (4, 20, 200, 2000):
        for scatter in (0.0, 0.22, 0.35):
            quiet = sum(
                len(alerts(stream(rng, 52 + _WEEKS, mean, scatter, spike=False))) for _ in range(chosen.years)
            )
            hits = sum(
                bool(alerts(stream(rng, _WEEKS + 2, mean, scatter, spike=True))) for _ in range(chosen.days)
            )
            print(f"| {mean:,} | {scatter:.0%} | {quiet / chosen.years:.1f} | {hits / chosen.days:.0%} |")


if __name__ == "__main__":
    main()
