"""Figures for sentiment: accuracy, macro-F1, macro recall, calibration; one policy for every set."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, recall_score

from training.data.texts import TWO_CLASS
from training.sentiment.calibration import reliability

Probabilities = NDArray[np.floating]
Labels = NDArray[np.integer]


def decide(probabilities: Probabilities, *, two_class: bool) -> Labels:
    """The most probable label; where the truth is never neutral, the more probable side."""
    if two_class:
        return np.where(probabilities[:, 2] > probabilities[:, 0], 2, 0)
    most_probable: Labels = probabilities.argmax(1)
    return most_probable


def figures(corpus: str, truth: Labels, probabilities: Probabilities) -> dict[str, float]:
    """The figures of one set; keys are the metric's name, for SST also on its pos/neg sentences."""
    two_class = corpus in TWO_CLASS
    found = decide(probabilities, two_class=two_class)
    present = sorted(set(truth.tolist()))
    result = {
        "accuracy": float(accuracy_score(truth, found)),
        "macro_f1": float(f1_score(truth, found, average="macro", labels=present)),
        "macro_recall": float(recall_score(truth, found, average="macro", labels=present)),
    }
    if not two_class:
        result["ece"] = reliability(probabilities, truth).error
    if corpus == "sst":
        sided = truth != 1
        result["accuracy_two_class"] = float(
            accuracy_score(truth[sided], decide(probabilities[sided], two_class=True))
        )
    return result


HEADLINE: Final[dict[str, str]] = {
    "imdb": "accuracy",
    "sst": "accuracy_two_class",
    "semeval2017": "macro_recall",
    "airline": "macro_f1",
    "twitter_target": "macro_f1",
    "semeval14_aspect": "macro_f1",
}
"""The figure each set is usually quoted by."""


def headline(results: dict[str, dict[str, float]]) -> dict[str, float]:
    """set -> its quoted figure, for sets in `results`."""
    pick: Callable[[str], float] = lambda name: results[name][HEADLINE[name]]  # noqa: E731
    return {name: pick(name) for name in HEADLINE if name in results}
