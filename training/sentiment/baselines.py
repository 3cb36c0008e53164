"""The models to beat: VADER, and TF-IDF logistic regression trained on the same train parts.

    brand-train evaluate sentiment --data DIR --baselines

One logistic regression per set is the column to beat. One over all corpora together is the fair rival of the
one shipped model where no set has a train part: behavioural suite, the talk's sentences, throughput.
Both learn from train and dev: they have no use for dev, and a rival is given what there is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from monitor.errors import SetupError
from training.data.texts import TWO_CLASS, Corpora, Example, Span
from training.sentiment.evaluation import TALK, Results
from training.sentiment.metrics import HEADLINE
from training.sentiment.raters import (
    NEGATIVE,
    NEUTRAL,
    POSITIVE,
    Rater,
    Ratings,
    VaderRater,
    measure,
    ratings_from,
)

# Chosen on dev parts out of {1, 3, 10}: best or within 0.8 points of the best on five of the six sets.
INVERSE_REGULARISATION: Final = 10.0
# lbfgs needs 60-150 iterations here; the bound is only there to end.
MAX_ITERATIONS: Final = 500
# The default pattern drops one-letter words: "t" of "don't" and "1" of "1 star" among them.
WORD: Final = r"(?u)\b\w+\b"
# Four of five words and pairs stand in one text only: without them nothing is lost and fitting takes a third.
LEAST_TEXTS: Final = 2
TWO_SIDED: Final = TWO_CLASS | {"sst"}
"""Sets whose headline asks only which side a text is on: SST is quoted so too."""

_ALSO_FOR: Final = {"sst": ("sst_phrases",)}
JOINT_CORPORA: Final = (
    "imdb",
    "sst",
    "semeval2017",
    "airline",
    "sxsw",
    "twitter_target",
    "semeval14_aspect",
    "uci_sentences",
    "cr",
)
"""What the logistic regression over everything learns from; phrases and finance news would drown the rest."""


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


def fit_for_set(corpora: Corpora, name: str) -> LogisticRater:
    """The column to beat: it learns from this set's own corpora alone, without neutral where the set is."""
    return fit_logistic(_judged(name, _learnable(corpora, (name, *_ALSO_FOR.get(name, ())))))


def fit_jointly(corpora: Corpora) -> LogisticRater:
    """One model over those of `JOINT_CORPORA` that were loaded; `SetupError` where none was."""
    examples = _learnable(corpora, JOINT_CORPORA)
    if not examples:
        raise SetupError(f"none of {', '.join(JOINT_CORPORA)} was loaded: nothing to train a baseline on")
    return fit_logistic(examples, "LR, all corpora")


def rivals(corpora: Corpora) -> tuple[Rater, Rater]:
    """VADER, and the logistic regression over all corpora: whom one model for everything is compared with."""
    return VaderRater(), fit_jointly(corpora)


def measure_baselines(corpora: Corpora, names: Iterable[str] = tuple(HEADLINE)) -> dict[str, Results]:
    """rater -> set -> figures on the test split: VADER, and each set's own logistic regression.

    SST's figures are those of its two-sided sentences. Sets that were not loaded are left out.
    """
    vader = VaderRater()
    results: dict[str, Results] = {LogisticRater.name: {}, vader.name: {}}
    for name in names:
        if name not in corpora.test:
            continue
        test = {name: _judged(name, corpora.test[name])}
        for rater in (fit_for_set(corpora, name), vader):
            results[rater.name] |= measure(rater, test)
    return results


def rate_talk(rater: Rater) -> tuple[bool, ...]:
    """Whether the rater is right about each of the talk's four sentences."""
    ratings = rater.rate([text for text, _, _ in TALK])
    pairs = zip(ratings.labels, TALK, strict=True)
    return tuple(bool(label == (POSITIVE if positive else NEGATIVE)) for label, (_, _, positive) in pairs)


def _judged(name: str, examples: Sequence[Example]) -> list[Example]:
    return [one for one in examples if name not in TWO_SIDED or one.label != NEUTRAL]


def _learnable(corpora: Corpora, names: Iterable[str]) -> list[Example]:
    parts = (part.get(name, []) for name in names for part in (corpora.train, corpora.dev))
    return [example for part in parts for example in part]
