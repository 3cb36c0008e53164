"""The rules that `monitor.insights` took the place of, kept to be measured beside it (detector.py).

Three things on pages and in messages said that something had happened: the change of a brand's share of
voice or health since the period before (two proportions, z test, Holm's correction over the brands), the
title of its health over time (the day that differs most from the others, Holm over the days), and the alert
of sudden criticism (24 hours against the same hours of up to eight weeks, negative binomial). The title of
the chart of mentions always named the day with most criticism, whatever had happened; it is left out.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SURE = 0.05
_SPIKE_SURE, _SPIKE_FEWEST, _SPIKE_FOLD = 1e-4, 5, 2.0
_LEAST_DISPERSION = 1.5

Counts = NDArray[np.int64]


class Claim(NamedTuple):
    """Something was said to have happened: good or bad for the brand, or only that it is talked about more
    (`up`) or less."""

    good: bool | None
    up: bool | None
    words: str


def claims(texts: Counts, positive: Counts, negative: Counts, since: int, hours: int) -> list[Claim | None]:
    """The loudest claim about each brand in the hours from `since` on; counts are (brands, hours)."""
    inside, before = slice(since, since + hours), slice(since - hours, since)
    share = _changes(texts[:, inside].sum(1), texts[:, before].sum(1), whole=True)
    opinions = positive + negative
    health = _changes(
        positive[:, inside].sum(1),
        positive[:, before].sum(1),
        n=opinions[:, inside].sum(1),
        n_before=opinions[:, before].sum(1),
    )
    found: list[Claim | None] = []
    for place in range(len(texts)):
        held = _held(
            positive[place, inside].reshape(-1, 24).sum(1), opinions[place, inside].reshape(-1, 24).sum(1)
        )
        if _spikes(negative[place], since, hours):
            found.append(Claim(good=False, up=None, words="alert: sudden criticism"))
        elif held is not None:
            found.append(Claim(good=held, up=None, words="health rose" if held else "health fell"))
        elif health[place] is not None:
            found.append(Claim(good=health[place], up=None, words="health changed"))
        elif share[place] is not None:
            found.append(Claim(good=None, up=share[place], words="share of voice changed"))
        else:
            found.append(None)
    return found


def _changes(
    now: Counts,
    before: Counts,
    n: Counts | None = None,
    n_before: Counts | None = None,
    *,
    whole: bool = False,
) -> list[bool | None]:
    """For each brand whether a proportion rose (True) or fell; None: may be chance."""
    totals = np.full_like(now, now.sum()) if whole or n is None else n
    totals_before = np.full_like(before, before.sum()) if whole or n_before is None else n_before
    told = [place for place in range(len(now)) if totals[place] and totals_before[place]]
    p_values = _holm(
        [_two_proportions(now[place], totals[place], before[place], totals_before[place]) for place in told]
    )
    rose: list[bool | None] = [None] * len(now)
    for place, p in zip(told, p_values, strict=True):
        if p < _SURE:
            rose[place] = bool(now[place] / totals[place] > before[place] / totals_before[place])
    return rose


def _held(positive: Counts, opinions: Counts) -> bool | None:
    """Whether one day's health is better or worse than that of the others; None: no day differs."""
    days = [day for day in range(len(opinions)) if opinions[day]]
    if len(days) < 2:
        return None
    liked, all_ = int(positive.sum()), int(opinions.sum())
    p_values = _holm(
        [_two_proportions(positive[d], opinions[d], liked - positive[d], all_ - opinions[d]) for d in days]
    )
    p, day = min(zip(p_values, days, strict=True))
    return None if p >= _SURE else bool(positive[day] / opinions[day] > liked / all_)


def _spikes(negative: Counts, since: int, hours: int) -> bool:
    """Whether an alert was raised in these hours, looked at every hour."""
    so_far = np.concatenate(([0], negative.cumsum()))
    for until in range(since + 1, since + hours + 1):
        windows = [until - week * 168 for week in range(9) if until - week * 168 >= 24]
        observed, *baseline = (int(so_far[end] - so_far[end - 24]) for end in windows)
        if observed < _SPIKE_FEWEST or len(baseline) < 4 or observed < _SPIKE_FOLD * np.mean(baseline):
            continue
        expected, p = _surprise(observed, baseline)
        if p < _SPIKE_SURE and observed >= max(_SPIKE_FEWEST, _SPIKE_FOLD * expected):
            return True
    return False


def _surprise(observed: int, baseline: Sequence[int]) -> tuple[float, float]:
    n = len(baseline)
    average = sum(baseline) / n
    mean, dispersion = average + 0.5 / n, _LEAST_DISPERSION
    if average:
        dispersion = max(dispersion, sum((count - average) ** 2 for count in baseline) / (n - 1) / average)
    variance = mean * dispersion * (1 + 1 / n)
    size, failure = mean * mean / (variance - mean), (variance - mean) / variance
    log_p, below = size * math.log(mean / variance), 0.0
    for k in range(observed):
        below += math.exp(log_p)
        log_p += math.log((size + k) / (k + 1) * failure)
    return mean, max(0.0, 1.0 - below)


def _two_proportions(successes: int, n: int, successes_before: int, n_before: int) -> float:
    if n == 0 or n_before == 0:
        return 1.0
    pooled = (successes + successes_before) / (n + n_before)
    variance = pooled * (1 - pooled) * (1 / n + 1 / n_before)
    if variance <= 0:
        return 1.0
    z = (successes / n - successes_before / n_before) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))


def _holm(p_values: Sequence[float]) -> list[float]:
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda place: p_values[place])):
        largest = max(largest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = largest
    return adjusted
