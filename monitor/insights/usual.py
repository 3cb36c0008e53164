"""What is usual for a count: the same hours of the same weekdays in the weeks before, and how likely a count
is beside them.

A count is compared with the predictive distribution of a negative binomial one: its mean is that of the
earlier windows, its variance theirs, too, but never less than 1.5 times what a Poisson count has, since eight
windows tell a variance badly; and as the mean is known from those windows only, by 1 + 1/n more.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

WEEK: Final = timedelta(days=7)
WEEKS: Final = 8
"""Long enough to know a variance, short enough to be the present."""

FEWEST_WEEKS: Final = 4
"""With fewer weeks behind it a brand's usual is not known, and nothing is said."""

_LEAST_DISPERSION: Final = 1.5


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a count is expected to be, before it is counted: a negative binomial distribution."""

    mean: float
    variance: float
    """Greater than the mean."""


def usual_windows(
    since: datetime, until: datetime, earliest: datetime | None
) -> tuple[tuple[datetime, datetime], ...]:
    """The same window of up to eight weeks before, the latest first: those that begin at `earliest`, the
    first moment anything is known of, or after it; none where that leaves fewer than four, or None is known.

    A window longer than a week steps by as many whole weeks as it takes not to hold itself.
    """
    step = -(-(until - since) // WEEK) * WEEK
    found = [(since - n * step, until - n * step) for n in range(1, WEEKS + 1)]
    if earliest is None:
        return ()
    known = tuple(window for window in found if window[0] >= earliest)
    return known if len(known) >= FEWEST_WEEKS else ()


def expectation(counts: Sequence[int]) -> Expectation:
    """What two or more earlier counts of the same kind of window lead one to expect of the next."""
    n = len(counts)
    average = sum(counts) / n
    # Half a text more than counted (Jeffreys' prior): eight silent days do not make one text impossible.
    mean = average + 0.5 / n
    dispersion = _LEAST_DISPERSION
    if average:
        scatter = sum((count - average) ** 2 for count in counts) / (n - 1)
        dispersion = max(dispersion, scatter / average)
    return Expectation(mean=mean, variance=mean * dispersion * (1 + 1 / n))


def at_least(count: int, expected: Expectation) -> float:
    """P(X >= count) of a count X that is as expected, 0..1."""
    return max(0.0, 1.0 - _below(count, expected))


def at_most(count: int, expected: Expectation) -> float:
    """P(X <= count), 0..1."""
    return min(1.0, _below(count + 1, expected))


def _below(count: int, expected: Expectation) -> float:
    mean, variance = expected.mean, expected.variance
    size, failure = mean * mean / (variance - mean), (variance - mean) / variance
    # P(0), then each from the one before; in logarithms, since P(0) underflows at large means.
    log_p = size * math.log(mean / variance)
    below = 0.0
    for k in range(count):
        below += math.exp(log_p)
        log_p += math.log((size + k) / (k + 1) * failure)
    return below
