"""From which similarity a new brand is reported: so high that other boxes seldom reach it by chance.

The rate is stated for pictures: at most a share `rate` of those without the brand may be said to show it. A
picture brings up to K boxes, so each box may err at most with `rate` / K; by Bonferroni's inequality this
holds however much the boxes of a picture depend on each other. The threshold for that box rate p comes from
the M similarities of boxes known not to show the brand (the negatives), in one of two ways:

* *order-statistic*, where M is large enough: the (k + 1)-th largest similarity, with the largest k for which
  P(Binomial(M, p) <= k) <= 1 - confidence. It has the asked confidence whatever the distribution (Wilks 1941,
  "Determination of sample sizes for setting tolerance limits"). p = 0.0001 at 90% takes M >= 23,025.
* *tail-extrapolation*, where it is not: what exceeds a high level follows a generalised Pareto distribution
  (Pickands 1975, "Statistical inference using extreme order statistics"), fitted to the largest similarities
  by probability-weighted moments (Hosking and Wallis 1987), its (1 - p)-quantile taken. The confidence comes
  from resampling the exceedances: the threshold is that quantile of the refitted thresholds.

Neither can know what your pictures hold: the confidence is about boxes like the negatives.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.logos.gallery.entries import Method

FEWEST_NEGATIVES: Final = 200
"""Under it a tail of one in ten thousand is anybody's guess."""
_TAIL_SHARE: Final = 0.02
"""Largest similarities that count as the tail: the limit law is about few, the fit wants many."""
_TAIL_LEAST: Final = 50
_RESAMPLES: Final = 500
_HIGHEST: Final = 0.99
"""A threshold above it would refuse the reference pictures themselves."""

Similarities = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked for; see the module's first lines."""

    rate: float = 0.001
    """Share of pictures without the brand: 20 gallery brands together stay near 2%."""
    proposals: int
    confidence: float = 0.9

    @property
    def box_rate(self) -> float:
        """Share of boxes without the brand."""
        return self.rate / self.proposals


def threshold_for(negatives: Similarities, target: Target) -> tuple[float, Method]:
    """The threshold, and how it was found; rounded up to three digits.

    `negatives` (M,) are similarities of boxes without the brand, in any order. Raises `SetupError` for fewer
    than `FEWEST_NEGATIVES`.
    """
    if len(negatives) < FEWEST_NEGATIVES:
        raise SetupError(
            f"{len(negatives)} negatives say too little about rare false alarms, {FEWEST_NEGATIVES} are "
            "needed: train the embedder with more logo-free pictures"
        )
    descending = np.sort(negatives.astype(np.float64))[::-1]
    above = allowed_above(len(descending), target.box_rate, target.confidence)
    if above is not None:
        return _rounded_up(float(descending[above])), "order-statistic"
    return _rounded_up(_extrapolated(descending, target)), "tail-extrapolation"


def _rounded_up(threshold: float) -> float:
    return min(math.floor(threshold * 1000 + 1) / 1000, _HIGHEST)


def allowed_above(count: int, rate: float, confidence: float) -> int | None:
    """The largest k with P(Binomial(count, rate) <= k) <= 1 - confidence; None where 0 is too many."""
    cumulated, allowed = 0.0, None
    for k in range(count):
        log_mass = (
            math.lgamma(count + 1)
            - math.lgamma(k + 1)
            - math.lgamma(count - k + 1)
            + k * math.log(rate)
            + (count - k) * math.log1p(-rate)
        )
        cumulated += math.exp(log_mass)
        if cumulated > 1 - confidence:
            break
        allowed = k
    return allowed


def _extrapolated(descending: NDArray[np.float64], target: Target) -> float:
    tail = min(max(round(_TAIL_SHARE * len(descending)), _TAIL_LEAST), len(descending) - 1)
    level = descending[tail]
    exceedances = descending[:tail] - level
    # Seeded: the same logo gets the same threshold tomorrow.
    drawn = np.random.default_rng(0).choice(exceedances, (_RESAMPLES, tail))
    return_level = tail / (len(descending) * target.box_rate)
    estimates = level + _pareto_quantile(np.sort(drawn, axis=1), return_level)
    return max(float(np.quantile(estimates, target.confidence)), float(descending[0]))


def _pareto_quantile(ascending: NDArray[np.float64], return_level: float) -> NDArray[np.float64]:
    """Generalised Pareto quantile exceeded once in `return_level`, fitted to each row (Hosking and Wallis
    1987, section 2.3: k is their shape, positive for bounded tails)."""
    count = ascending.shape[1]
    a0 = ascending.mean(1)
    a1 = (ascending * (count - np.arange(1, count + 1)) / (count - 1)).mean(1)
    spread = np.maximum(a0 - 2 * a1, 1e-12)
    k = a0 / spread - 2
    heavy = k < 1e-6
    k = np.where(heavy, 1.0, k)
    bounded = (1 + k) * a0 / k * (1 - return_level**-k)  # a0 is the mean, scale / (1 + k)
    return np.asarray(np.where(heavy, a0 * math.log(return_level), bounded), np.float64)
