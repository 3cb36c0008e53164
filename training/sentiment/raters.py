"""What every rival of the shipped model looks like to the measurements: texts in, three scores each out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from training.data.texts import Example, Span
from training.sentiment.metrics import figures

NEGATIVE, NEUTRAL, POSITIVE = range(3)

_VADER_THRESHOLD: Final = 0.05
"""Compound scores this far from 0 take a side: its authors' value."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a rater says of n texts: `scores` (n, 3) for negative, neutral, positive; the highest wins.

    `polarity` (n,) runs from -1 (negative) to 1 (positive). `calibratable`: the scores are probabilities.
    """

    scores: NDArray[np.float64]
    polarity: NDArray[np.float64]
    calibratable: bool

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,): 0 negative, 1 neutral, 2 positive."""
        labels: NDArray[np.int64] = self.scores.argmax(axis=1)
        return labels


def ratings_from(probabilities: NDArray[np.float64]) -> Ratings:
    """Ratings of a model that gives P(negative), P(neutral), P(positive), shape (n, 3)."""
    return Ratings(probabilities, probabilities[:, POSITIVE] - probabilities[:, NEGATIVE], calibratable=True)


class Rater(Protocol):
    """Anything that can be measured on texts: the shipped model, a baseline, a model in training."""

    @property
    def name(self) -> str:
        """How tables call it."""
        ...

    def rate(self, texts: Sequence[str], targets: Sequence[Span | None] | None = None) -> Ratings:
        """Rate texts of any number and length; `targets` may be ignored by raters that know none."""
        ...


class Scorer(Protocol):
    """The part of `monitor.sentiment.SentimentScorer` that the measurements call."""

    def probabilities(
        self, texts: Sequence[str], targets: Sequence[Span | None] | None = None
    ) -> NDArray[np.float64]:
        """(texts, 3), rows summing to 1."""
        ...


@dataclass(frozen=True)
class ModelRater:
    """A model folder as the service loads and runs it, ONNX file and tokenizer included."""

    scorer: Scorer
    name: str = "this model"

    def rate(self, texts: Sequence[str], targets: Sequence[Span | None] | None = None) -> Ratings:
        """Rate texts, toward `targets` where there are any."""
        return ratings_from(self.scorer.probabilities(texts, targets))


class VaderRater:
    """VADER (Hutto & Gilbert 2014): a lexicon with rules. It has no probabilities and knows no target.

    Labels by its authors' thresholds: compound >= 0.05 is positive, <= -0.05 negative, neutral between. The
    scores are (-compound, just under 0.05, compound): their highest is that label, and where a set knows no
    neutral the higher of the outer two is the compound's sign.
    """

    name = "VADER"

    def __init__(self) -> None:
        self._analyzer = SentimentIntensityAnalyzer()

    def rate(self, texts: Sequence[str], targets: Sequence[Span | None] | None = None) -> Ratings:  # noqa: ARG002
        """Rate whole texts."""
        compound = np.array([self._analyzer.polarity_scores(text)["compound"] for text in texts], np.float64)
        between = np.full_like(compound, np.nextafter(_VADER_THRESHOLD, 0.0))
        return Ratings(np.stack([-compound, between, compound], axis=1), compound, calibratable=False)


def measure(rater: Rater, sets: Mapping[str, Sequence[Example]]) -> dict[str, dict[str, float]]:
    """set -> `training.sentiment.metrics.figures` of the rater on it; no `ece` without probabilities."""
    results = {}
    for name, examples in sets.items():
        ratings = rater.rate([one.text for one in examples], [one.target for one in examples])
        truth = np.array([one.label for one in examples], np.int64)
        results[name] = figures(name, truth, ratings.scores)
        if not ratings.calibratable:
            results[name].pop("ece", None)
    return results
