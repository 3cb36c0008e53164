"""Whether a rule has something to tell at one moment: the one function that alerts and previews both ask.

Counts are compared with those of the same hours of the same weekdays in up to eight weeks before
(`monitor.insights.usual`). A share is compared with that of these windows, by a beta-binomial count: what is
usual is known as well as half as many texts tell it, since copies of a story do not judge independently.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from monitor.alerts.rules import Rule
from monitor.alerts.series import Series
from monitor.insights.usual import at_least, at_most, expectation, usual_windows

WINDOW: Final = timedelta(hours=24)
"""So long that every hour of a day is in it, so short that an alert comes the same day."""

_SILENCES: Final = (timedelta(hours=6), WINDOW)
"""A source that sends all day is missed after a few hours."""

EVERY_SOURCE: Final = "every source"

_INDEPENDENT: Final = 0.5
"""Of texts with a verdict, the part that is worth as much as an independent one."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something a rule watched for, in the window [since, until). Counts are what `Alert` says they are."""

    subject: str
    brand: str | None
    since: datetime
    until: datetime
    observed: int
    expected: float | None = None
    baseline_windows: int = 0
    p_value: float | None = None
    share: float | None = None
    usual_share: float | None = None
    reach: int | None = None


def windows(rule: Rule, until: datetime) -> list[tuple[datetime, datetime]]:
    """Every window that `find` looks at to judge the one that ends at `until`."""
    since = until - WINDOW
    if rule.kind == "reach":
        return [(since, until)]
    return [(since, until), *usual_windows(since, until, datetime.min.replace(tzinfo=until.tzinfo))]


def find(rule: Rule, series: Series, until: datetime, last: datetime | None) -> Finding | None:
    """What a rule has to tell of a subject at `until`, a whole hour; None: nothing.

    `last` is the end of the window of the subject's latest alert: it is left alone for the rule's cool-down.
    """
    if last is not None and until - last < timedelta(hours=rule.cool_down):
        return None
    match rule.kind:
        case "reach":
            return _reached(series, until, last)
        case "silence":
            found = (_few(rule, series, until, length, silent=True) for length in _SILENCES)
            return next((each for each in found if each is not None), None)
        case "volume-down":
            return _few(rule, series, until, WINDOW, silent=False)
        case "negative-share":
            return _larger_share(rule, series, until)
        case _:
            return _many(rule, series, until)


def together(found: Sequence[Finding], series: Sequence[Series], until: datetime) -> list[Finding]:
    """Findings of one rule at one moment; where every source has fallen silent, one for all of them."""
    silent = [each for each in found if each.brand is None and each.observed == 0]
    if len(silent) < 2:
        return list(found)
    since = max(each.since for each in silent)
    if any(each.counted(since, until)[0] for each in series):
        return list(found)
    return [
        Finding(
            subject=EVERY_SOURCE,
            brand=None,
            since=since,
            until=until,
            observed=0,
            expected=sum(each.expected or 0 for each in silent),
            baseline_windows=min(each.baseline_windows for each in silent),
            p_value=min(each.p_value or 0 for each in silent),
        )
    ]


def _many(rule: Rule, series: Series, until: datetime) -> Finding | None:
    since, level = until - WINDOW, rule.level
    observed, _ = series.counted(since, until)
    if observed < level.fewest:
        return None
    before = [count for count, _ in series.before(since, until)]
    # The cheap half of the rule first: most hours are nowhere near.
    if not before or observed * len(before) < level.fold * sum(before):
        return None
    expected = expectation(before)
    p = at_least(observed, expected)
    return _finding(series, since, until, observed, expected.mean, len(before), p) if p < level.p else None


def _few(rule: Rule, series: Series, until: datetime, length: timedelta, *, silent: bool) -> Finding | None:
    since, level = until - length, rule.level
    observed, _ = series.counted(since, until)
    if silent and observed:
        return None
    before = [count for count, _ in series.before(since, until)]
    usual = sum(before)
    if usual < level.fewest * len(before) or observed * level.fold * len(before) > usual or not usual:
        return None
    expected = expectation(before)
    p = at_most(observed, expected)
    return _finding(series, since, until, observed, expected.mean, len(before), p) if p < level.p else None


def _larger_share(rule: Rule, series: Series, until: datetime) -> Finding | None:
    since, level = until - WINDOW, rule.level
    negative, texts = series.counted(since, until)
    if negative < level.fewest:
        return None
    before = series.before(since, until)
    usually, of = (sum(counts) for counts in zip(*before, strict=True)) if before else (0, 0)
    if not of or negative / texts - usually / of < level.points:
        return None
    p = _share_at_least(negative, texts, usually, of)
    if p >= level.p:
        return None
    return Finding(
        subject=series.subject,
        brand=series.brand,
        since=since,
        until=until,
        observed=negative,
        expected=texts * usually / of,
        baseline_windows=len(before),
        p_value=p,
        share=negative / texts,
        usual_share=usually / of,
    )


def _reached(series: Series, until: datetime, last: datetime | None) -> Finding | None:
    since = until - WINDOW if last is None else max(until - WINDOW, last)
    observed, _ = series.counted(since, until)
    if not observed:
        return None
    return Finding(
        subject=series.subject,
        brand=series.brand,
        since=since,
        until=until,
        observed=observed,
        reach=series.reach(since, until),
    )


def _finding(
    series: Series,
    since: datetime,
    until: datetime,
    observed: int,
    expected: float,
    weeks: int,
    p: float,
) -> Finding:
    return Finding(
        subject=series.subject,
        brand=series.brand,
        since=since,
        until=until,
        observed=observed,
        expected=expected,
        baseline_windows=weeks,
        p_value=p,
    )


def _share_at_least(k: int, n: int, k_before: int, n_before: int) -> float:
    """P(K >= k) of K negative texts among n, where k_before of n_before were: beta-binomial, both samples
    worth `_INDEPENDENT` of their texts."""
    k, n = round(k * _INDEPENDENT), max(1, round(n * _INDEPENDENT))
    a = k_before * _INDEPENDENT + 0.5
    b = (n_before - k_before) * _INDEPENDENT + 0.5
    terms: Iterable[float] = (_log_beta_binomial(each, n, a, b) for each in range(k, n + 1))
    return min(1.0, math.fsum(map(math.exp, terms)))


def _log_beta_binomial(k: int, n: int, a: float, b: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
