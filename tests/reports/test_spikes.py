"""The rule for sudden criticism, against SciPy's negative binomial and against what people would say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom

from monitor.reports.spikes import is_spike, surprise

COUNTS = st.lists(st.integers(0, 3000), min_size=4, max_size=8)


@given(COUNTS, st.integers(0, 4000))
def test_the_probability_is_that_of_the_named_distribution(baseline, observed):
    expected, p_value = surprise(observed, baseline)
    average, n = np.mean(baseline), len(baseline)
    dispersion = max(1.5, np.var(baseline, ddof=1) / average) if average else 1.5
    variance = expected * dispersion * (1 + 1 / n)
    size, success = expected**2 / (variance - expected), expected / variance
    assert expected == pytest.approx(average + 0.5 / n)
    assert p_value == pytest.approx(nbinom.sf(observed - 1, size, success), abs=1e-9)


@given(COUNTS, st.integers(0, 3000))
def test_more_criticism_is_never_less_surprising(baseline, observed):
    assert surprise(observed + 1, baseline)[1] <= surprise(observed, baseline)[1] + 1e-12


@pytest.mark.parametrize(
    ("observed", "baseline", "alarming"),
    [
        (40, [3, 5, 4, 2, 6, 4, 3, 5], True),
        (900, [200, 210, 190, 205, 198, 202, 207, 195], True),
        (9, [3, 5, 4, 2, 6, 4, 3, 5], False),  # a bad day, not an alarm
        (300, [200, 210, 190, 205, 198, 202, 207, 195], False),  # sure, but less than twice the usual
        (300, [20, 600, 35, 700, 90, 15, 500, 60], False),  # a brand with such weeks anyway
        (4, [0, 0, 0, 0, 0, 0, 0, 0], False),  # four texts are nobody's emergency
        (12, [0, 0, 0, 0, 0, 0, 0, 0], True),
    ],
)
def test_alarms_are_what_people_would_call_so(observed, baseline, alarming):
    assert is_spike(observed, *surprise(observed, baseline)) is alarming
