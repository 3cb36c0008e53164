from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax

from training.sentiment.calibration import best_temperature, draw_reliability, reliability

RANDOM = np.random.default_rng(7)


def test_by_hand() -> None:
    probabilities = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0], [0.5, 0.3, 0.2], [0.0, 0.0, 1.0]])
    bins = reliability(probabilities, np.array([0, 1, 0, 2]), bins=10)
    assert bins.counts.tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 2, 1]
    assert bins.accuracy[[4, 8, 9]].tolist() == [1.0, 0.5, 1.0]
    # 1/4 of |1 - .5|, 2/4 of |.5 - .9|, 1/4 of |1 - 1|
    assert bins.error == pytest.approx(0.25 * 0.5 + 0.5 * 0.4)


def test_a_model_that_says_how_often_it_is_right_has_no_error() -> None:
    p = RANDOM.uniform(0.5, 1.0, 200_000)
    labels = (RANDOM.uniform(size=len(p)) > p).astype(np.int64)
    assert reliability(np.stack([p, 1 - p], axis=1), labels).error < 0.01


def test_one_that_is_always_sure_is_off_by_how_often_it_is_wrong() -> None:
    labels = np.array([0] * 70 + [1] * 30)
    assert reliability(np.tile([1.0, 0.0], (100, 1)), labels).error == pytest.approx(0.3)


@given(
    arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-8, 8)),
    st.randoms(use_true_random=False),
)
def test_every_text_is_in_the_bin_of_its_confidence(logits: np.ndarray, draw: object) -> None:
    probabilities = softmax(logits, axis=1)
    labels = np.array([draw.randrange(3) for _ in logits])  # type: ignore[attr-defined]
    bins = reliability(probabilities, labels)
    assert bins.counts.sum() == len(labels)
    assert 0 <= bins.error <= 1
    lower = bins.edges - 1 / len(bins.edges)
    filled = bins.counts > 0
    assert (bins.confidence[filled] >= lower[filled] - 1e-12).all()
    assert (bins.confidence[filled] <= bins.edges[filled] + 1e-12).all()


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"want \(n, c\) and \(n,\)"):
        reliability(np.ones((3, 2)), np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="n >= 1"):
        reliability(np.ones((0, 2)), np.zeros(0, np.int64))


def test_draws_one_diagram_a_set(tmp_path: Path) -> None:
    p = RANDOM.uniform(0.4, 1.0, 500)
    bins = reliability(np.stack([p, 1 - p], axis=1), (RANDOM.uniform(size=500) > p).astype(np.int64))
    path = tmp_path / "reliability.png"
    draw_reliability({"airline": bins, "semeval2017": bins}, path)
    picture = cv2.imread(str(path))
    height, width, _ = picture.shape
    assert width > 1.5 * height
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


@pytest.mark.parametrize("true", [0.8, 1.0, 1.6])
def test_the_temperature_is_that_by_which_labels_were_drawn(true: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(4_000, 3) * 2
    labels = torch.multinomial((logits / true).softmax(1), 1)[:, 0]
    assert best_temperature(logits, labels) == pytest.approx(true, rel=0.1)
