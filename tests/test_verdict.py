"""When a verdict is unsure: the best probability is below what is asked for, and nothing else counts."""

import pytest

from monitor.verdict import verdict


@pytest.mark.parametrize(
    ("probabilities", "min_confidence", "label"),
    [
        ((0.2, 0.2, 0.6), 0.0, "positive"),
        ((0.2, 0.2, 0.6), 0.6, "positive"),
        ((0.2, 0.2, 0.6), 0.601, "unsure"),
        ((0.39, 0.23, 0.38), 0.5, "unsure"),
        ((0.39, 0.23, 0.38), 0.0, "negative"),
        ((0.1, 0.8, 0.1), 0.5, "neutral"),
        ((1.0, 0.0, 0.0), 1.0, "negative"),
        ((0.4, 0.2, 0.4), 0.0, "negative"),
    ],
)
def test_the_most_probable_label_counts_where_it_is_probable_enough(
    probabilities: tuple[float, float, float], min_confidence: float, label: str
) -> None:
    found = verdict(*probabilities, min_confidence)
    assert found.label == label
    assert (found.p_negative, found.p_neutral, found.p_positive) == probabilities
