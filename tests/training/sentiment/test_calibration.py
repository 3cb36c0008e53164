from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import softmax
from torch import nn

from training.sentiment.calibration import Prior, fit_prior, reliability
from training.sentiment.card import draw_reliability

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


def probable(count: int, seed: int) -> np.ndarray:
    return softmax(np.random.default_rng(seed).normal(0, 2, (count, 3)), axis=1)


def labels_by(probabilities: np.ndarray, seed: int = 1) -> np.ndarray:
    drawn = np.random.default_rng(seed).uniform(size=(len(probabilities), 1))
    return (drawn > probabilities.cumsum(1)).sum(1).clip(max=2)


@pytest.mark.parametrize("planted", [Prior(1.0, 0.0), Prior(1.6, 0.5), Prior(0.8, -0.75)])
def test_the_prior_is_that_by_which_labels_were_drawn(planted: Prior) -> None:
    sets = []
    for seed in range(2):
        probabilities = probable(3_000, seed)
        sets.append((probabilities, labels_by(planted.apply(probabilities), seed)))
    found = fit_prior(sets)
    assert found.temperature == pytest.approx(planted.temperature, rel=0.1)
    assert found.neutral == pytest.approx(planted.neutral, abs=0.15)


def test_each_set_counts_alike_however_large() -> None:
    small, large = probable(300, 1), probable(6_000, 2)
    cold, warm = Prior(0.7), Prior(2.2)
    found = fit_prior([(small, labels_by(cold.apply(small))), (large, labels_by(warm.apply(large)))])
    assert 0.8 < found.temperature < 2.0


def test_applied_probabilities_are_probabilities() -> None:
    found = Prior(0.7, 1.0).apply(np.array([[1.0, 0.0, 0.0], [0.2, 0.3, 0.5]]))
    np.testing.assert_allclose(found.sum(1), 1)
    assert (found >= 0).all()
    assert found[1, 1] > 0.3
    np.testing.assert_allclose(Prior().apply(probable(9, 3)), probable(9, 3), atol=1e-9)


def test_a_settled_network_answers_as_the_prior_applied_to_its_answers() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))
    features, prior = torch.randn(20, 4) * 3, Prior(1.7, -0.4)
    before = layers(features).softmax(1).detach().double().numpy()
    prior.settle(layers)
    after = layers(features).softmax(1).detach().numpy()
    np.testing.assert_allclose(after, prior.apply(before), atol=1e-6)
    assert np.abs(after - before).max() > 0.05
