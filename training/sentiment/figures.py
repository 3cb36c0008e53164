"""Figures of a rater on labelled sets: accuracy, macro-F1, macro recall, calibration; the same for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, recall_score

from training.data.sets import SETS
from training.data.texts import Example
from training.sentiment.calibration import reliability
from training.sentiment.raters import NEGATIVE, NEUTRAL, POSITIVE, Rater, Ratings, rate, truth

Results = dict[str, dict[str, float]]
"""set -> metric -> value."""

HEADLINE: Final[dict[str, str]] = {
    "imdb": "accuracy",
    "sst": "accuracy_two_class",
    "semeval2017": "macro_recall",
    "airline": "macro_f1",
    "twitter_target": "macro_f1",
    "semeval14_aspect": "macro_f1",
}
"""The figure each set is usually quoted by."""

TALK: Final[tuple[tuple[str, float, int], ...]] = (
    ("VMware Horizon rocks!", 0.976, POSITIVE),
    ("I don't like it at all. It does not work the way I think it should", 0.976, NEGATIVE),
    ("It crashes. It's buggy. Don't waste your time on this", 0.0317, NEGATIVE),
    ("This software is market leading and will change the world", 0.976, POSITIVE),
)
"""The talk's four sentences, the P(positive) its slide shows, and what they are."""


def evaluate(rater: Rater, sets: Mapping[str, Sequence[Example]]) -> Results:
    """The figures of a rater, each told on the terminal when it is there."""
    results = {}
    for name, examples in sets.items():
        results[name] = figures(name, truth(examples), rate(rater, examples))
        told = ", ".join(f"{metric} {value:.4f}" for metric, value in results[name].items())
        print(f"{rater.name}, {name}: {told}", flush=True)
    return results


def figures(corpus: str, labels: NDArray[np.int64], ratings: Ratings) -> dict[str, float]:
    """The figures of one set, of SST also on its pos/neg sentences; no `ece` without probabilities."""
    two_class = SETS[corpus].classes == 2 if corpus in SETS else NEUTRAL not in labels
    found = decide(ratings, two_class=two_class)
    present = np.unique(labels)
    result = {
        "accuracy": float(accuracy_score(labels, found)),
        "macro_f1": float(f1_score(labels, found, average="macro", labels=present)),
        "macro_recall": float(recall_score(labels, found, average="macro", labels=present)),
    }
    if ratings.calibratable and not two_class:
        result["ece"] = reliability(ratings.scores, labels).error
    if corpus == "sst":
        sided = labels != NEUTRAL
        result["accuracy_two_class"] = float((decide(ratings, two_class=True) == labels)[sided].mean())
    return result


def decide(ratings: Ratings, *, two_class: bool) -> NDArray[np.int64]:
    """The most probable label; where the truth is never neutral, the more probable side."""
    if not two_class:
        return ratings.labels
    return np.where(ratings.scores[:, POSITIVE] > ratings.scores[:, NEGATIVE], POSITIVE, NEGATIVE)


@dataclass(frozen=True)
class TalkSentence:
    """One of the talk's sentences: its slide's P(positive), this rater's, and P of the right side."""

    text: str
    talk: float
    found: float
    right: float


def talk_sentences(rater: Rater) -> list[TalkSentence]:
    """The talk's sentences as a model sees them."""
    scores = rater.rate([text for text, _, _ in TALK]).scores
    return [
        TalkSentence(text, talk, float(row[POSITIVE]), float(row[label]))
        for (text, talk, label), row in zip(TALK, scores, strict=True)
    ]


def talk_right(rater: Rater) -> int:
    """How many of the talk's sentences a rater gets right."""
    return int((rater.rate([text for text, _, _ in TALK]).labels == [label for _, _, label in TALK]).sum())


def figures_table(results: Results) -> str:
    """Markdown: every figure of every set, a row a set."""
    names = list(dict.fromkeys(metric for found in results.values() for metric in found))
    lines = ["| set | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for corpus, found in results.items():
        cells = [f"{found[name]:.4f}" if name in found else "" for name in names]
        lines.append(f"| {corpus} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def headline_table(columns: Mapping[str, Results]) -> str:
    """Markdown: the quoted figure of each set, a column for each model; empty where it was not measured."""
    lines = [f"| set | metric | {' | '.join(columns)} |", f"|---|---|{'---:|' * len(columns)}"]
    for corpus, metric in HEADLINE.items():
        found = [results.get(corpus, {}).get(metric) for results in columns.values()]
        if any(value is not None for value in found):
            cells = ["" if value is None else f"{value:.4f}" for value in found]
            lines.append(f"| {corpus} | {metric} | {' | '.join(cells)} |")
    return "\n".join(lines)


def talk_table(sentences: Sequence[TalkSentence]) -> str:
    """Markdown: the talk's figure beside ours."""
    rows = [f"| {one.text} | {one.talk:.3f} | {one.found:.3f} | {one.right:.3f} |" for one in sentences]
    head = ["| sentence | the talk | this model | P(right side) |", "|---|---:|---:|---:|"]
    return "\n".join([*head, *rows])
