"""How sure a proportion is, and a difference of two: intervals at 95%."""

import math
from typing import Final

Z: Final = 1.96
"""95%: the two-sided quantile of the normal distribution."""


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's 95% score interval of a proportion (Wilson 1927): honest at small n, unlike the plain one."""
    if n == 0:
        return 0.0, 1.0
    p, zz = successes / n, Z * Z / n
    middle, half = p + zz / 2, Z * math.sqrt((p * (1 - p) + zz / 4) / n)
    # At 0 and n successes an end of the interval is the proportion itself; rounding may put it a hair inside.
    return min(p, max(0.0, (middle - half) / (1 + zz))), max(p, min(1.0, (middle + half) / (1 + zz)))


def newcombe(successes: float, n: float, successes_before: float, n_before: float) -> tuple[float, float]:
    """95% interval of the difference of two independent proportions, now - before, within -1..1.

    Newcombe 1998 ("Interval estimation for the difference between independent proportions"), method 10: the
    two Wilson intervals combined.
    """
    if n == 0 or n_before == 0:
        return -1.0, 1.0
    now, before = successes / n, successes_before / n_before
    low, high = wilson(successes, n)
    low_before, high_before = wilson(successes_before, n_before)
    difference = now - before
    return (
        max(-1.0, difference - math.hypot(now - low, high_before - before)),
        min(1.0, difference + math.hypot(high - now, before - low_before)),
    )
