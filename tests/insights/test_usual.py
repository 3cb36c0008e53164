"""What is usual for a count, against SciPy's negative binomial."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from monitor.insights.usual import Expectation, at_least, at_most, expectation, usual_windows

COUNTS = st.lists(st.integers(0, 3000), min_size=4, max_size=8)
NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)


@given(COUNTS, st.integers(0, 4000))
def test_tails_are_those_of_the_named_distribution(counts, observed):
    expected = expectation(counts)
    average, n = np.mean(counts), len(counts)
    dispersion = max(1.5, np.var(counts, ddof=1) / average) if average else 1.5
    assert expected.mean == pytest.approx(average + 0.5 / n)
    assert expected.variance == pytest.approx(expected.mean * dispersion * (1 + 1 / n))
    size = expected.mean**2 / (expected.variance - expected.mean)
    success = expected.mean / expected.variance
    assert at_least(observed, expected) == pytest.approx(nbinom.sf(observed - 1, size, success), abs=1e-9)
    assert at_most(observed, expected) == pytest.approx(nbinom.cdf(observed, size, success), abs=1e-9)


@given(COUNTS, st.integers(0, 3000))
def test_more_is_never_less_surprising(counts, observed):
    expected = expectation(counts)
    assert at_least(observed + 1, expected) <= at_least(observed, expected) + 1e-12


def test_the_mean_of_thousands_does_not_underflow():
    assert at_least(30_000, Expectation(mean=20_000.0, variance=60_000.0)) == pytest.approx(0, abs=1e-9)


def test_a_day_is_compared_with_the_same_day_of_eight_weeks():
    windows = usual_windows(NOON, NOON + timedelta(days=1), NOON - timedelta(weeks=20))
    assert len(windows) == 8
    assert windows[0] == (NOON - timedelta(days=7), NOON - timedelta(days=6))
    assert {since.weekday() for since, _ in windows} == {NOON.weekday()}


def test_a_longer_window_is_compared_with_none_that_holds_it():
    windows = usual_windows(NOON, NOON + timedelta(days=10), NOON - timedelta(weeks=20))
    assert windows[0] == (NOON - timedelta(days=14), NOON - timedelta(days=4))


@pytest.mark.parametrize(("weeks", "known"), [(0, 0), (3, 0), (4, 4), (6, 6), (9, 8)])
def test_a_short_past_is_no_usual(weeks, known):
    earliest = NOON - timedelta(weeks=weeks)
    assert len(usual_windows(NOON, NOON + timedelta(hours=6), earliest)) == known
    assert usual_windows(NOON, NOON + timedelta(hours=6), None) == ()
