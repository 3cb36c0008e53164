"""What the student learns: every labelled text, many without a label, and what the teacher answers to each.

A label is half of the truth about its question; the teacher's probabilities are the other half, and all of it
where nobody gave a label (Hinton, Vinyals & Dean 2015, arXiv 1503.02531).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.sentiment.encoding import Encoder
from monitor.sentiment.scorer import Asked, SentimentScorer
from training.data.corrections import CORRECTIONS
from training.data.own_sentences import own_sentences
from training.data.sets import REVIEWS, SHORT
from training.data.texts import Corpora, Example, Span
from training.sentiment.questions import Lesson, answered, by_text
from training.sentiment.recipe import StudentHyper

_UNLABELLED_WEIGHT: Final = 0.5
_WHOLE_TOO: Final = 0.6
"""Share of the texts with a label toward something that are asked about as a whole, too."""
_TOWARD_TOO: Final = 0.4
"""Share of those labelled as a whole that are asked about something in them …"""
_TOWARD_UNLABELLED: Final = 0.7
"""… and of those without a label."""
_PHRASES: Final = 2
"""Phrases of a treebank count for their number: they are short."""
_WORD: Final = re.compile(r"[^\W\d_][\w&'-]{3,}")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|<br\s*/?>")
_SHORTEST, _LONGEST = 20, 220
_AT_A_TIME: Final = 4096

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Exercise:
    """A text and its questions; `labels` has None where nobody answered. `two_sided`: its raters had no
    neutral to choose."""

    text: str
    questions: tuple[Span | None, ...]
    labels: tuple[int | None, ...]
    weights: tuple[float, ...]
    two_sided: bool = False


def with_own_sentences(corpora: Corpora, seed: int) -> Corpora:
    """`corpora` with our own sentences as one more training set, the last, named ""."""
    own = [one for part in own_sentences(seed, "train").values() for one in part]
    return replace(corpora, train={**corpora.train, "": own})


def two_sided(corpora: Corpora, name: str) -> bool:
    """Whether a set's raters had no neutral to choose; who corrects a label always has."""
    return name != CORRECTIONS and corpora.classes(name) == 2


def exercises(
    corpora: Corpora, unlabelled: Mapping[str, Sequence[str]], hyper: StudentHyper
) -> list[Exercise]:
    """Of each training set so many texts, and of those without labels; drawn by the seed."""
    random = np.random.default_rng(hyper.seed)
    made: list[Exercise] = []
    for name, examples in corpora.train.items():
        most = {"imdb": hyper.reviews, "sst_phrases": _PHRASES * hyper.texts}.get(name, hyper.texts)
        sided = two_sided(corpora, name)
        made += (_labelled(about, sided, random) for about in _drawn(by_text(examples), most, random))
    short, sentences = unlabelled.get(SHORT, ()), _sentences(unlabelled.get(REVIEWS, ()))
    made += (_unlabelled(text, random) for text in _drawn(short, hyper.short, random))
    made += (_unlabelled(text, random) for text in _drawn(sentences, hyper.sentences, random))
    return made


def ask(scorer: SentimentScorer, asked: Sequence[Exercise]) -> NDArray[np.float32]:
    """(questions of all exercises, 3): probabilities of the teacher."""
    found = []
    for start in tqdm(range(0, len(asked), _AT_A_TIME), "asking the teacher"):
        part = asked[start : start + _AT_A_TIME]
        for answers in scorer.answer([Asked(one.text, one.questions) for one in part]):
            found += [(one.p_negative, one.p_neutral, one.p_positive) for one in answers]
    return np.array(found, np.float32).reshape(-1, 3)


def taught(
    encoder: Encoder, asked: Sequence[Exercise], answers: NDArray[np.float32], label: float
) -> Iterator[Lesson]:
    """The exercises with answers: those of the teacher (of `ask`), mixed with the labels where there are
    any."""
    borders = np.cumsum([len(one.questions) for one in asked])[:-1]
    for one, probabilities in zip(asked, np.split(answers, borders), strict=True):
        mixed = probabilities.copy()
        for row, known in enumerate(one.labels):
            if known is not None:
                truth = np.eye(3, dtype=np.float32)[known]
                if one.two_sided:  # how neutral it is only the teacher can say
                    truth *= 1 - probabilities[row, 1]
                    truth[1] = probabilities[row, 1]
                mixed[row] = (1 - label) * probabilities[row] + label * truth
        yield from answered(encoder, one.text, one.questions, mixed, np.array(one.weights, np.float32))


def _labelled(examples: Sequence[Example], sided: bool, random: np.random.Generator) -> Exercise:
    text = examples[0].text
    questions = [example.target for example in examples]
    labels: list[int | None] = [example.label for example in examples]
    weights = [example.agreement**2 for example in examples]
    further: list[Span | None] = []
    if None not in questions:
        further = [None] if random.random() < _WHOLE_TOO else []
    elif questions == [None] and random.random() < _TOWARD_TOO:
        something = _something(text, random)
        further = [something] if something else []
    return Exercise(
        text,
        (*questions, *further),
        (*labels, *(None for _ in further)),
        (*weights, *(_UNLABELLED_WEIGHT for _ in further)),
        sided,
    )


def _unlabelled(text: str, random: np.random.Generator) -> Exercise:
    something = _something(text, random) if random.random() < _TOWARD_UNLABELLED else None
    questions = (None, something) if something else (None,)
    return Exercise(text, questions, (None,) * len(questions), (_UNLABELLED_WEIGHT,) * len(questions))


def _something(text: str, random: np.random.Generator) -> Span | None:
    """A word that could be a name: one of those with a capital letter, else any of four letters or more."""
    words = [match.span() for match in _WORD.finditer(text)]
    words = [span for span in words if text[span[0]].isupper()] or words
    return words[random.integers(len(words))] if words else None


def _sentences(texts: Iterable[str]) -> list[str]:
    parts = (part.strip() for text in texts for part in _SENTENCE_END.split(text))
    return [part for part in parts if _SHORTEST < len(part) < _LONGEST]


def _drawn(those: Sequence[T], most: int, random: np.random.Generator) -> Iterator[T]:
    return (those[at] for at in random.permutation(len(those))[:most])
