"""Calibration: "0.8" should mean right eight times in ten; measures by how much it does not, and mends it.

The expected calibration error is that of Guo, Pleiss, Sun & Weinberger 2017, "On Calibration of Modern Neural
Networks" (ICML), arXiv:1706.04599.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

BINS: Final = 15
"""Equal-width confidence bins, the number Guo et al. use for their tables."""

_TEMPERATURES: Final = np.geomspace(0.6, 2.4, 36)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence bins, all (b,): upper edge, number of texts, mean confidence and accuracy, 0 where empty."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """Expected calibration error, 0..1: mean |accuracy - confidence|, bins weighted by texts."""
        gaps = np.abs(self.accuracy - self.confidence)
        return float((gaps * self.counts).sum() / self.counts.sum())


def reliability(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], bins: int = BINS
) -> Reliability:
    """Bin texts by the probability of their most probable class.

    `probabilities` is (n, classes) with rows that sum to 1, `labels` (n,) the right class indices; n >= 1.
    Bin i holds confidences in ((i-1)/bins, i/bins]. Raises `ValueError` for shapes that do not fit or n = 0.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            f"probabilities {probabilities.shape} and labels {labels.shape}: want (n, c) and (n,), n >= 1"
        )
    confidences = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    edges = np.arange(1, bins + 1) / bins
    # float32 sums may exceed 1 by a rounding; such a confidence belongs in the last bin.
    index = np.minimum(np.searchsorted(edges, confidences, side="left"), bins - 1)
    counts = np.bincount(index, minlength=bins)
    filled = np.maximum(counts, 1)
    return Reliability(
        edges,
        counts,
        np.bincount(index, confidences, bins) / filled,
        np.bincount(index, right, bins) / filled,
    )


@dataclass(frozen=True, slots=True)
class Prior:
    """How sure, and how neutral: logits are divided by `temperature`, then that of neutral rises by
    `neutral`."""

    temperature: float = 1.0
    neutral: float = 0.0

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 3) -> (n, 3)."""
        logits = np.log(probabilities.clip(1e-9)) / self.temperature + [0.0, self.neutral, 0.0]
        found = np.exp(logits - logits.max(1, keepdims=True))
        settled: NDArray[np.float64] = found / found.sum(1, keepdims=True)
        return settled

    def settle(self, answer: nn.Sequential) -> None:
        """Write it into the last layer of what gives the logits."""
        last = answer[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.div_(self.temperature)
            last.bias.div_(self.temperature)
            last.bias[1] += self.neutral


SHIPPED_PRIOR: Final = Prior()
LARGE_PRIOR: Final = Prior()
"""What leave-one-out found for questions toward a brand (`training.sentiment.leave_one_out`)."""

_NEUTRALS: Final = np.linspace(-1.5, 1.5, 61)


def fit_prior(sets: Sequence[tuple[NDArray[np.float64], NDArray[np.int64]]]) -> Prior:
    """The prior under which the labels (n,) of all sets are likeliest given their probabilities (n, 3); each
    set counts alike."""

    def surprise(prior: Prior) -> float:
        right = (prior.apply(found)[np.arange(len(labels)), labels] for found, labels in sets)
        return float(np.mean([-np.log(probabilities).mean() for probabilities in right]))

    priors = (Prior(float(warmth), float(neutral)) for warmth in _TEMPERATURES for neutral in _NEUTRALS)
    return min(priors, key=surprise)
