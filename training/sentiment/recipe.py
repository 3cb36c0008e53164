"""Hyper-parameters of the sentiment models, each with its reason; overrides from the command line."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from monitor.errors import SetupError

SHARES: Final[Mapping[str, float]] = {
    "imdb": 0.25,
    "sst": 0.5,
    "goemotions": 0.5,
    "vader_groundtruth": 0.5,
    "financial_phrasebank": 0.5,
    "uci_sentences": 0.25,
    "cr": 0.25,
}
"""Of `TeacherHyper.texts`, what a set that is not about brands may take; the others take all."""


@dataclass(frozen=True)
class TeacherHyper:
    """MiniLM-L6, fine-tuned."""

    seed: int = 1
    epochs: int = 1
    texts: int = 6_000  # of each set an epoch: the largest would drown the others
    rate: float = 1e-4
    decay: float = 0.01
    dropout: float = 0.1  # of the answers; inside MiniLM it costs a fifth of the time
    tokens: int = 2048  # a batch, padded
    smoothing: float = 0.05
    warm_up: float = 0.06  # share of the run
    clip: float = 1.0


@dataclass(frozen=True)
class StudentHyper:
    """The model that ships."""

    seed: int = 1
    epochs: int = 3

    # words
    words: int = 42_000  # as 8-bit rows of 300 they take 12.6 of the 25 MB a folder may have
    word2vec_dims: int = 100  # of 300, as the talk's; the others are MiniLM's of the word alone
    word2vec_epochs: int = 2

    # network
    head: int = 50  # tokens of a long review: its opening …
    tail: int = 150  # … and its verdict
    hidden: int = 150  # a direction: both together cost what the talk's one of 256 does
    heads: int = 4
    answer: int = 128
    dropout: float = 0.3
    words_hidden: float = 0.06  # share of tokens read as unknown

    # texts
    texts: int = 8_000  # of each labelled set
    reviews: int = 8_000  # of IMDB's, ten times as long as the others
    short: int = 60_000  # without labels
    sentences: int = 30_000  # cut from reviews without labels
    label: float = 0.5  # how much the label counts beside the teacher's answer, where there are both

    # optimisation
    tokens: int = 2048
    rate: float = 1.5e-3
    word_rate: float = 6e-4
    clip: float = 1.0


@dataclass(frozen=True)
class TalkHyper:
    """The talk's hyper-parameters; those its slides leave open say so."""

    seed: int = 1
    epochs: int = 3  # open
    dims: int = 300
    hidden: int = 256
    rate: float = 2e-2
    l2: float = 1e-5
    clip: float = 1.0  # element-wise
    batch: int = 64  # open; of full length, more where they are shorter
    tokens: int = 256  # open: how much of a review is read, from its beginning
    words: int = 60_000  # open; 8-bit rows of 300 keep the folder under 30 MB
    word2vec_epochs: int = 5  # open


QUICK_TEACHER: Final = TeacherHyper(epochs=1, texts=1_000)
QUICK_STUDENT: Final = StudentHyper(
    epochs=2,
    words=20_000,
    word2vec_epochs=1,
    texts=1_500,
    reviews=500,
    short=5_000,
    sentences=5_000,
)
"""What `--quick` takes: minutes, for a first look."""

RecipeT = TypeVar("RecipeT")


def override(recipe: RecipeT, assignments: Sequence[str]) -> RecipeT:
    """`recipe` with `KEY=VALUE` applied, each value read as its field's type.

    Raises `SetupError` for an unknown key or a value of another type.
    """
    fields: dict[str, Any] = dict(vars(recipe))
    changes: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals or key not in fields:
            known = ", ".join(fields)
            raise SetupError(f"--set {assignment!r}: write KEY=VALUE with a KEY of {known}")
        kind = type(fields[key])
        try:
            changes[key] = kind(value)
        except ValueError as error:
            raise SetupError(f"--set {assignment!r}: {key} is {kind.__name__}, e.g. {fields[key]}") from error
    return dataclasses.replace(recipe, **changes)  # type: ignore[type-var]
