"""Measures a committed sentiment model on the test splits, through the same scorer the service runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.inference import Metric
from monitor.sentiment.scorer import SentimentScorer
from training.data.texts import Example
from training.sentiment.metrics import figures

TALK: Final[tuple[tuple[str, float, bool], ...]] = (
    ("VMware Horizon rocks!", 0.976, True),
    ("I don't like it at all. It does not work the way I think it should", 0.976, False),
    ("It crashes. It's buggy. Don't waste your time on this", 0.0317, False),
    ("This software is market leading and will change the world", 0.976, True),
)
"""The talk's four sentences, the P(positive) its slide shows, and whether they are positive."""

_AT_A_TIME: Final = 2048
Results = dict[str, dict[str, float]]


@dataclass(frozen=True)
class TalkSentence:
    """One of the talk's sentences: its slide's P(positive), this model's, and P of the right side."""

    text: str
    talk: float
    found: float
    right: float


def evaluate(scorer: SentimentScorer, sets: Mapping[str, Sequence[Example]]) -> Results:
    """set -> figures, from the ONNX file; targets are given wherever a set names one in the text."""
    results = {}
    for name, examples in sets.items():
        results[name] = figures(name, truth(examples), probabilities(scorer, examples))
        print(
            f"{name}: " + ", ".join(f"{key} {value:.4f}" for key, value in results[name].items()), flush=True
        )
    return results


def truth(examples: Sequence[Example]) -> NDArray[np.int64]:
    """(examples,): 0 negative, 1 neutral, 2 positive."""
    return np.array([example.label for example in examples], np.int64)


def probabilities(scorer: SentimentScorer, examples: Sequence[Example]) -> NDArray[np.float64]:
    """(examples, 3)."""
    parts = [
        scorer.probabilities([one.text for one in part], [one.target for one in part])
        for part in (examples[start : start + _AT_A_TIME] for start in range(0, len(examples), _AT_A_TIME))
    ]
    return np.concatenate(parts)


def talk_sentences(scorer: SentimentScorer) -> list[TalkSentence]:
    """The talk's sentences as this model sees them."""
    found = scorer.probabilities([text for text, _, _ in TALK])
    return [
        TalkSentence(text, talk, float(row[2]), float(row[2] if positive else row[0]))
        for (text, talk, positive), row in zip(TALK, found, strict=True)
    ]


def as_metrics(results: Results, split: str) -> tuple[Metric, ...]:
    """`results` for a manifest."""
    return tuple(
        Metric(name=metric, value=round(value, 4), dataset=name, split=split)
        for name, found in results.items()
        for metric, value in found.items()
    )
