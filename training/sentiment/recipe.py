"""Hyper-parameters of the shipped sentiment model, each with its reason; overrides from the command line."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from monitor.errors import SetupError


@dataclass(frozen=True)
class Hyper:
    """The shipped three-class model."""

    seed: int = 1
    epochs: int = 5

    # vocabulary and vectors
    word_dims: int = 200  # beside 100 of GloVe: 300 as the talk had, and 1 of a lexicon
    words: int = 42_000  # as 8-bit rows of 301 they take 12.8 of the 25 MB a folder may have
    word2vec_epochs: int = 3  # of skip-gram over 22 million tokens; later ones changed little on dev

    # what is read
    head: int = 50  # of a long review: its opening …
    tail: int = 150  # … and its verdict; reading all costs 1.4 times the time for nothing on dev

    # network
    hidden: int = 96  # per direction, in each of two LSTMs; one of 256 overfits the short sets
    relation_dims: int = 16
    head_dims: int = 96
    filters: int = 100  # of each phrase length, Kim's number
    dropout: float = 0.4

    # foreseeing words before there are verdicts (`training.sentiment.foresight`)
    foresight_reviews: int = (
        22_000  # 5 of 18 million tokens, beside 2 million of posts and sentences; 0: none
    )
    foresight_tokens: int = 40  # of a piece at most
    foresight_rate: float = 2e-3

    # an epoch's sample: the largest sets would drown the others and cost most of the time
    reviews_per_epoch: int = 6_000
    phrases_per_epoch: int = 24_000  # a third of each class; most phrases are neutral fragments
    tweets_per_class: int = (
        10_000  # negative tweets are a sixth of the set and a third of what people want found
    )

    repeats: int = 2  # of the small sets with targets

    # augmentation, shares of tokens or texts
    words_hidden: float = 0.08
    target_hidden: float = 0.4
    target_forgotten: float = 0.4
    target_invented: float = 0.15

    # optimisation
    batch_texts: int = 64
    batch_tokens: int = 6_400
    rate: float = 1.5e-3
    word_rate: float = 6e-4
    label_smoothing: float = 0.05
    gate_weight: float = 0.1  # of telling the kinds of text apart, beside the verdicts' 1
    warm_up: float = 0.03  # share of the run
    clip_norm: float = 1.0

    # fusion of the two halves
    fusion: int = 16  # hidden units of each …
    fusions: int = 12  # … of so many networks whose mean is taken
    fusion_decay: float = 1e-4


RecipeT = TypeVar("RecipeT")


def override(recipe: RecipeT, assignments: Sequence[str]) -> RecipeT:
    """`recipe` with `KEY=VALUE` applied, each value read as its field's type.

    Raises `SetupError` for an unknown key or a value of another type.
    """
    fields: dict[str, Any] = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}  # type: ignore[arg-type]
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
