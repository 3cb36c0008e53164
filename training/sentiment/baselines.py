"""The models to beat: VADER, and a TF-IDF logistic regression trained on the same texts.

    brand-train evaluate sentiment --data DIR --baselines
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from training.data.texts import Corpora, Example, Span
from training.sentiment.evaluation import TALK
from training.sentiment.raters import (
    NEGATIVE,
    POSITIVE,
    Rater,
    Ratings,
    VaderRater,
    ratings_from,
)

# Chosen on dev parts out of {1, 3, 10}.
INVERSE_REGULARISATION: Final = 10.0
# lbfgs needs 60-150 iterations here; the bound is only there to end.
MAX_ITERATIONS: Final = 500
# The default pattern drops one-letter words: "t" of "don't" and "1" of "1 star" among them.
WORD: Final = r"(?u)\b\w+\b"
# Four of five words and pairs stand in one text only: without them nothing is lost and fitting takes a third.
LEAST_TEXTS: Final = 2
_TEXTS: Final = 12_000
"""Of each set: the largest would drown the others."""


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


def fit_logistic(examples: Sequence[Example], name: str = LogisticRater.name) -> LogisticRater:
    """Fit on labelled texts; deterministic, no random state involved."""
    words = TfidfVectorizer(
        ngram_range=(1, 2), min_df=LEAST_TEXTS, sublinear_tf=True, token_pattern=WORD, strip_accents="unicode"
    )
    # balanced: every set but imdb has one class two to four times as large as another, and all metrics but
    # accuracy count classes alike.
    model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=MAX_ITERATIONS, class_weight="balanced")
    pipeline: Any = make_pipeline(words, model)
    return LogisticRater(pipeline.fit([e.text for e in examples], [e.label for e in examples]), name)


def rivals(corpora: Corpora) -> tuple[Rater, Rater]:
    """VADER, and one logistic regression over every training text, at most `_TEXTS` of a set."""
    return VaderRater(), fit_logistic([one for part in corpora.train.values() for one in part[:_TEXTS]])


def rate_talk(rater: Rater) -> tuple[bool, ...]:
    """Whether the rater is right about each of the talk's four sentences."""
    ratings = rater.rate([text for text, _, _ in TALK])
    pairs = zip(ratings.labels, TALK, strict=True)
    return tuple(bool(label == (POSITIVE if positive else NEGATIVE)) for label, (_, _, positive) in pairs)
