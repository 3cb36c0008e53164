"""Words and word pairs of a whole text as rows of a model's n-gram table (known ones: `ngrams.npy`).

An n-gram is known by a 24-bit hash. The file holds the hashes a model has weights for, ascending; whatever
else a text says counts as "other" and still dilutes the rest, as a rare word does in TF-IDF.
"""

import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.sentiment.tokenizer import Token

NGRAMS_FILE: Final = "ngrams.npy"
PADDING_ROW: Final = 0
OTHER_ROW: Final = 1
FIRST_ROW: Final = 2

_HASHES: Final = 2**24
# N-grams of a text longer than this (a megabyte of pasted log) would cost more than they tell.
_TOKENS: Final = 4000


class NgramTable:
    """Maps a text's n-grams to table rows."""

    def __init__(self, hashes: NDArray[np.int32]) -> None:
        """`hashes` (known n-grams,), ascending."""
        self.hashes = hashes

    def __len__(self) -> int:
        """Rows of the table, padding and "other" among them."""
        return FIRST_ROW + len(self.hashes)

    def rows(self, tokens: Sequence[Token]) -> NDArray[np.int32]:
        """int32 (distinct n-grams,): a row each; `OTHER_ROW` repeats, the others do not."""
        return self.rows_of(ngram_hashes(tokens))

    def rows_of(self, hashes: NDArray[np.int32]) -> NDArray[np.int32]:
        """The row of each hash."""
        if not len(self.hashes):
            return np.full(len(hashes), OTHER_ROW, np.int32)
        at = np.searchsorted(self.hashes, hashes).clip(max=len(self.hashes) - 1)
        return np.where(self.hashes[at] == hashes, at + FIRST_ROW, OTHER_ROW).astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write `ngrams.npy`."""
        np.save(folder / NGRAMS_FILE, self.hashes, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "NgramTable":
        """Read `ngrams.npy`. Raises `SetupError` where it is not one."""
        path = folder / NGRAMS_FILE
        try:
            return cls(np.load(path, allow_pickle=False))
        except (OSError, EOFError, ValueError) as error:
            raise SetupError(f"{path}: {error}; copy the model folder again or retrain it") from error


def ngram_hashes(tokens: Sequence[Token]) -> NDArray[np.int32]:
    """Distinct hashes of the words and word pairs, ascending; of a very long text its two ends'.

    CRC-32 is the same on every machine and Python, which `hash` is not.
    """
    half = _TOKENS // 2
    words = [
        token.text for token in (tokens if len(tokens) <= _TOKENS else [*tokens[:half], *tokens[-half:]])
    ]
    grams = [*words, *(f"{first} {second}" for first, second in pairwise(words))]
    hashed = {zlib.crc32(gram.encode("utf-8", "surrogatepass")) % _HASHES for gram in grams}
    return np.fromiter(sorted(hashed), np.int32, len(hashed))
