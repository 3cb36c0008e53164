"""Words and word pairs of a whole text, and parts of its words, as rows of a model's n-gram tables.

An n-gram is known by a 24-bit hash. A table's file (`ngrams.npy`, `subwords.npy`) holds the hashes a model
has weights for, ascending; whatever else a text says counts as "other" and still dilutes the rest, as a rare
word does in TF-IDF.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.sentiment.tokenizer import Token

NGRAMS_FILE: Final = "ngrams.npy"
SUBWORDS_FILE: Final = "subwords.npy"
PADDING_ROW: Final = 0
OTHER_ROW: Final = 1
FIRST_ROW: Final = 2

_HASHES: Final = 2**24
# N-grams of a text longer than this (a megabyte of pasted log) would cost more than they tell.
_TOKENS: Final = 4000
# Parts of words are for posts, where spelling is free; a review needs no more of them than that.
_SUBWORD_TOKENS: Final = 400
_SUBWORD_LETTERS: Final = (3, 4, 5)
_REMEMBERED_WORDS: Final = 50_000


class NgramTable:
    """Maps a text's n-grams to table rows."""

    def __init__(self, hashes: NDArray[np.int32]) -> None:
        """`hashes` (known n-grams,), ascending."""
        self.hashes = hashes

    def __len__(self) -> int:
        """Rows of the table, padding and "other" among them."""
        return FIRST_ROW + len(self.hashes)

    def rows_of(self, hashes: NDArray[np.int32]) -> NDArray[np.int32]:
        """int32 (hashes,): a row each; `OTHER_ROW` may repeat, the others do not where no hash does."""
        if not len(self.hashes):
            return np.full(len(hashes), OTHER_ROW, np.int32)
        at = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, at + FIRST_ROW, OTHER_ROW).astype(np.int32)

    def save(self, path: Path) -> None:
        """Write the hashes as one array."""
        np.save(path, self.hashes, allow_pickle=False)

    @classmethod
    def load(cls, path: Path) -> "NgramTable":
        """Read what `save` wrote. Raises `SetupError` where it is not that."""
        try:
            return cls(np.load(path, allow_pickle=False))
        except (OSError, EOFError, ValueError) as error:
            raise SetupError(f"{path}: {error}; copy the model folder again or retrain it") from error


def ngram_hashes(tokens: Sequence[Token]) -> NDArray[np.int32]:
    """Distinct hashes of the words and word pairs, ascending; of a very long text its two ends'."""
    words = _ends(tokens, _TOKENS)
    grams = [*words, *(f"{first} {second}" for first, second in pairwise(words))]
    return _ascending({_hash(gram) for gram in grams})


def subword_hashes(tokens: Sequence[Token]) -> NDArray[np.int32]:
    """Distinct hashes of all runs of 3 to 5 letters within a word and its borders, ascending.

    They recognise a word by its parts: "delaaayed", "#flightfail". Of a long text its two ends'.
    """
    return _ascending({part for word in _ends(tokens, _SUBWORD_TOKENS) for part in _subwords(word)})


@lru_cache(_REMEMBERED_WORDS)
def _subwords(word: str) -> tuple[int, ...]:
    bordered = f" {word} "
    return tuple(
        {
            _hash(bordered[start : start + letters])
            for letters in _SUBWORD_LETTERS
            for start in range(len(bordered) - letters + 1)
        }
    )


def _ends(tokens: Sequence[Token], most: int) -> list[str]:
    kept = tokens if len(tokens) <= most else [*tokens[: most // 2], *tokens[-(most // 2) :]]
    return [token.text for token in kept]


def _hash(gram: str) -> int:
    # CRC-32 is the same on every machine and Python, which `hash` is not.
    return zlib.crc32(gram.encode("utf-8", "surrogatepass")) % _HASHES


def _ascending(hashes: set[int]) -> NDArray[np.int32]:
    return np.fromiter(sorted(hashes), np.int32, len(hashes))
