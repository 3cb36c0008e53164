"""Thresholds keep the false-alarm rate they promise, on distributions whose true rate is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitor.errors import SetupError
from monitor.logos.gallery.calibration import FEWEST_NEGATIVES, Target, allowed_above, threshold_for

TARGET = Target(rate=0.001, proposals=10, confidence=0.9)


@given(st.integers(1, 60_000), st.floats(1e-5, 0.2), st.sampled_from([0.5, 0.9, 0.99]))
def test_allowed_above_is_the_binomial_bound(count: int, rate: float, confidence: float) -> None:
    allowed = allowed_above(count, rate, confidence)
    if allowed is None:
        assert stats.binom.cdf(0, count, rate) > 1 - confidence - 1e-9
    else:
        assert stats.binom.cdf(allowed, count, rate) <= 1 - confidence + 1e-9
        assert stats.binom.cdf(allowed + 1, count, rate) > 1 - confidence - 1e-9


def test_with_many_negatives_no_distribution_is_assumed() -> None:
    assert allowed_above(23_024, 0.0001, 0.9) is None
    assert allowed_above(23_025, 0.0001, 0.9) == 0


@pytest.mark.parametrize(
    ("count", "method"),
    [(2_000, "tail-extrapolation"), (8_000, "tail-extrapolation"), (40_000, "order-statistic")],
)
def test_the_rate_is_kept(count: int, method: str) -> None:
    """Cosines of random directions in 128 dimensions with a fixed one are such a beta distribution."""
    cosine = stats.beta(63.5, 63.5, loc=-1, scale=2)
    rng = np.random.default_rng(7)
    kept, typical = 0, []
    for _ in range(40):
        negatives = cosine.rvs(count, random_state=rng).astype(np.float32)
        threshold, used = threshold_for(negatives, TARGET)
        assert used == method
        kept += cosine.sf(threshold) <= TARGET.box_rate
        typical.append(cosine.sf(threshold))
    assert kept >= 28, "asked for nine in ten, seven in ten of them at the least"
    assert np.median(typical) > TARGET.box_rate / 100, "a threshold nobody reaches keeps any rate"


@given(st.integers(FEWEST_NEGATIVES, 3_000), st.integers(0, 2**32 - 1), st.floats(0, 0.5))
def test_thresholds_lie_above_all_negatives_they_were_made_from_and_below_one(
    count: int, seed: int, spread: float
) -> None:
    negatives = (np.random.default_rng(seed).normal(0, spread, count)).clip(-1, 1).astype(np.float32)
    threshold, _ = threshold_for(negatives, TARGET)
    assert threshold <= 0.99
    assert threshold > min(float(negatives.max()), 0.98)


def test_a_lower_rate_asks_for_more() -> None:
    negatives = np.random.default_rng(1).normal(0, 0.1, 5_000).astype(np.float32)
    rates = (0.1, 0.01, 0.001, 0.0001)
    thresholds = [threshold_for(negatives, Target(rate=rate, proposals=10))[0] for rate in rates]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


def test_the_same_negatives_give_the_same_threshold_in_any_order() -> None:
    negatives = np.random.default_rng(2).normal(0, 0.1, 1_000).astype(np.float32)
    assert threshold_for(negatives, TARGET) == threshold_for(negatives[::-1], TARGET)


def test_a_handful_of_negatives_is_refused() -> None:
    with pytest.raises(SetupError, match="199 negatives say too little"):
        threshold_for(np.zeros(FEWEST_NEGATIVES - 1, np.float32), TARGET)


def test_equal_negatives_have_no_tail_and_do_no_harm() -> None:
    threshold, _ = threshold_for(np.full(500, 0.25, np.float32), TARGET)
    assert 0.25 < threshold < 0.26
