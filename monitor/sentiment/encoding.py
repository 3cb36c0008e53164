"""Tokens -> the integer arrays a sentiment model takes, for one text and for a batch.

A model's manifest fixes the recipe (`preprocessing`): how many tokens from the beginning and the end of a
long text the LSTM reads, and whether it takes n-grams and targets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.sentiment.ngrams import NgramTable, ngram_hashes, subword_hashes
from monitor.sentiment.tokenizer import Token, tokenize
from monitor.sentiment.vocabulary import EMPTY, Vocabulary
from monitor.texts import Reading

Span = tuple[int, int]

NO_TARGET: Final = 0
IN_TARGET: Final = 1
_DISTANCES: Final = (2, 5, 10)
"""Upper bounds of near, middle and far, in tokens; what lies beyond is the fourth ring, on each side."""
RELATIONS: Final = 2 + 2 * (len(_DISTANCES) + 1)
"""How many values `Encoded.relation` can take."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How texts become arrays; stands in the manifest under `preprocessing`.

    `head` + `tail`: tokens the LSTM reads of a longer text, from its beginning and its end.
    `ngrams`: whether the model takes words and word pairs of the whole text.
    `subwords`: whether it takes parts of words, of the whole text.
    `targets`: whether it takes the span a sentiment is toward.
    """

    head: int
    tail: int
    ngrams: bool = False
    subwords: bool = False
    targets: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text, all int32: `rows` and `relation` (tokens,), `ngrams` and `subwords` (distinct ones,)."""

    rows: NDArray[np.int32]
    relation: NDArray[np.int32]
    ngrams: NDArray[np.int32]
    subwords: NDArray[np.int32]


_NONE: Final = np.zeros(0, np.int32)


class Encoder:
    """Turns texts into arrays for one model; immutable, safe to share between threads."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        recipe: Recipe,
        ngrams: NgramTable | None = None,
        subwords: NgramTable | None = None,
    ) -> None:
        """Raises `ValueError` where the recipe wants n-grams or subwords and there is no table of them."""
        if (recipe.ngrams and ngrams is None) or (recipe.subwords and subwords is None):
            raise ValueError("the recipe wants n-grams or subwords: give the table of them")
        self.vocabulary = vocabulary
        self.recipe = recipe
        self._ngrams = ngrams if recipe.ngrams else None
        self._subwords = subwords if recipe.subwords else None

    def encode(self, text: str | Reading, target: Span | None = None) -> Encoded:
        """Any text becomes at least one token; a `target` that covers no token counts as none."""
        tokens = tokenize(text)
        aimed = _covered(tokens, target) if self.recipe.targets and target is not None else None
        kept = _crop(len(tokens), self.recipe, aimed)
        rows = self.vocabulary.rows([tokens[i].text for i in kept] or [EMPTY])
        relation = relations(kept if tokens else np.zeros(1, np.int64), aimed)
        ngrams = self._ngrams.rows_of(ngram_hashes(tokens)) if self._ngrams else _NONE
        subwords = self._subwords.rows_of(subword_hashes(tokens)) if self._subwords else _NONE
        return Encoded(np.array(rows, np.int32), relation, ngrams, subwords)


def collate(batch: Sequence[Encoded]) -> dict[str, NDArray[Any]]:
    """Zero-padded inputs, all int32.

    `tokens` and `relation` (batch, length), `lengths` (batch,), `ngrams` and `subwords`
    (batch, n-grams).
    """
    return {
        "tokens": _padded([one.rows for one in batch]),
        "relation": _padded([one.relation for one in batch]),
        "lengths": np.array([len(one.rows) for one in batch], np.int32),
        "ngrams": _padded([one.ngrams for one in batch]),
        "subwords": _padded([one.subwords for one in batch]),
    }


def _padded(rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    padded = np.zeros((len(rows), max(1, *(len(row) for row in rows), 1)), np.int32)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded


def _covered(tokens: Sequence[Token], target: Span) -> tuple[int, int] | None:
    """First and last token that `target` touches."""
    inside = [i for i, token in enumerate(tokens) if token.start < target[1] and token.end > target[0]]
    return (inside[0], inside[-1]) if inside else None


def _crop(count: int, recipe: Recipe, aimed: tuple[int, int] | None) -> NDArray[np.int64]:
    """Which tokens the LSTM reads: all, or head and tail; the tail moves to a target that it would miss."""
    positions = np.arange(count)
    head, tail = recipe.head, recipe.tail
    if count <= head + tail:
        return positions
    begin = count - tail
    if aimed is not None and aimed[1] >= head and aimed[0] < begin:
        begin = max(head, aimed[0] - tail // 2)
    return np.concatenate([positions[:head], positions[begin : begin + tail]])


def relations(positions: NDArray[np.int64], aimed: tuple[int, int] | None) -> NDArray[np.int32]:
    """Where each token stands to the target: none, inside, or one of four rings before or after it."""
    if aimed is None:
        return np.full(len(positions), NO_TARGET, np.int32)
    before = np.maximum(aimed[0] - positions, 0)
    after = np.maximum(positions - aimed[1], 0)
    ring = np.searchsorted(_DISTANCES, before + after)  # one of the two is 0
    outside = 2 + ring + np.where(after > 0, len(_DISTANCES) + 1, 0)
    return np.where(before + after == 0, IN_TARGET, outside).astype(np.int32)
