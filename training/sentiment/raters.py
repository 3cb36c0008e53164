"""The sentiment models and their rivals, as the measurements see them: texts in, three scores each out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from training.data.texts import Corpora, Example, Span

NEGATIVE, NEUTRAL, POSITIVE = range(3)

_VADER_THRESHOLD: Final = 0.05
"""Compound scores this far from 0 take a side: its authors' value."""
_LOGISTIC_TEXTS: Final = 12_000
"""Of each set: the largest would drown the others."""


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
    """Anything that can be measured on texts: a model, a baseline."""

    @property
    def name(self) -> str:
        """How tables call it."""
        ...

    def rate(self, texts: Sequence[str], targets: Sequence[Span | None] | None = None) -> Ratings:
        """Rate texts of any number and length; `targets` may be ignored by raters that know none."""
        ...


def rate(rater: Rater, examples: Sequence[Example]) -> Ratings:
    """The examples' texts, toward their targets."""
    return rater.rate([one.text for one in examples], [one.target for one in examples])


def truth(examples: Sequence[Example]) -> NDArray[np.int64]:
    """(examples,): 0 negative, 1 neutral, 2 positive."""
    return np.array([example.label for example in examples], np.int64)


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


@dataclass(frozen=True)
class LogisticRater:
    """TF-IDF of words and pairs of words into logistic regression. It knows no target."""

    pipeline: Pipeline
    name: str = "LR"

    def rate(self, texts: Sequence[str], targets: Sequence[Span | None] | None = None) -> Ratings:  # noqa: ARG002
        """Rate whole texts. A model that saw two classes in training gives the third probability 0."""
        probabilities = np.zeros((len(texts), 3))
        probabilities[:, self.pipeline.classes_] = self.pipeline.predict_proba(texts)
        return ratings_from(probabilities)


def fit_logistic(corpora: Corpora) -> LogisticRater:
    """Fit on the train split of every set; deterministic, no random state involved."""
    examples = [one for part in corpora.train.values() for one in part[:_LOGISTIC_TEXTS]]
    words = TfidfVectorizer(
        ngram_range=(1, 2),
        min_df=2,  # four of five words and pairs stand in one text: without them fitting takes a third
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b",  # noqa: S106  # the default drops the "t" of "don't" and the 1 of "1 star"
        strip_accents="unicode",
    )
    # C: of 1, 3 and 10 the best on dev. balanced: most sets have one class two to four times as large as
    # another, and all metrics but accuracy count classes alike.
    model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced")
    pipeline: Any = make_pipeline(words, model)
    return LogisticRater(pipeline.fit([one.text for one in examples], truth(examples)))
