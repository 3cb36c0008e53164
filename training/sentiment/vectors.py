"""Word vectors: gensim word2vec on our own texts, a GloVe file from outside, and the two side by side."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from numpy.typing import NDArray

from monitor.sentiment.tokenizer import tokenize

GLOVE: Final = "glove/glove_6b_100d_subset_f16.npz"
"""GloVe 6B, 100 dimensions, the words our corpora use (PDDL 1.0), relative to the data folder."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """`matrix[i]` is the vector of `words[i]`; `counts[i]` how often it was seen (0: not counted)."""

    words: list[str]
    matrix: Matrix
    counts: list[int]

    def save(self, path: Path) -> None:
        """One .npz of plain arrays."""
        np.savez(path, words=np.array(self.words), matrix=self.matrix, counts=np.array(self.counts))

    @classmethod
    def load(cls, path: Path) -> "WordVectors":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            return cls(file["words"].tolist(), file["matrix"], file["counts"].tolist())


def token_lists(texts: Iterable[str]) -> list[list[str]]:
    """Every text as token strings, equal ones shared: 20 million tokens take 160 MB and not 1.3 GB."""
    shared: dict[str, str] = {}
    return [[shared.setdefault(token.text, token.text) for token in tokenize(text)] for text in texts]


@dataclass(frozen=True)
class Word2VecRecipe:
    """How word vectors are trained.

    Skip-gram treats rare words better and costs about four times CBOW; `sample` thins out frequent words
    (Mikolov et al. 2013, section 2.3).
    """

    dims: int = 300
    skip_gram: bool = False
    window: int = 5
    negative: int = 5
    min_count: int = 5
    epochs: int = 5
    sample: float = 1e-4


def train_word2vec(
    sentences: Sequence[Sequence[str]], recipe: Word2VecRecipe, seed: int, threads: int
) -> WordVectors:
    """Train with gensim; the same seed gives the same vectors when `threads` is 1."""
    model = Word2Vec(
        sentences,
        vector_size=recipe.dims,
        sg=int(recipe.skip_gram),
        window=recipe.window,
        negative=recipe.negative,
        min_count=recipe.min_count,
        epochs=recipe.epochs,
        sample=recipe.sample,
        seed=seed,
        workers=threads,
        callbacks=[_Progress(recipe.epochs)],
    )
    words: list[str] = model.wv.index_to_key
    counts = [int(model.wv.get_vecattr(word, "count")) for word in words]
    return WordVectors(words, model.wv.vectors.astype(np.float32), counts)


def load_glove(data: Path) -> WordVectors:
    """The GloVe subset of the data folder."""
    with np.load(data / GLOVE, allow_pickle=False) as file:
        words: list[str] = file["words"].tolist()
        return WordVectors(words, file["vectors"].astype(np.float32), [0] * len(words))


def side_by_side(words: Sequence[str], sources: Sequence[WordVectors]) -> Matrix:
    """(len(words), sum of dims) float32: each source's vector of the word, zeros where it has none.

    Each source is scaled to a mean vector length of 1, so that neither drowns the other.
    """
    columns = []
    for source in sources:
        row_of = {word: row for row, word in enumerate(source.words)}
        scale = 1.0 / float(np.linalg.norm(source.matrix, axis=1).mean())
        part = np.zeros((len(words), source.matrix.shape[1]), np.float32)
        for row, word in enumerate(words):
            found = row_of.get(word)
            if found is not None:
                part[row] = source.matrix[found] * scale
        columns.append(part)
    return np.hstack(columns)


class _Progress(CallbackAny2Vec):  # type: ignore[misc]  # gensim has no types
    """One line an epoch: gensim itself says nothing for minutes."""

    def __init__(self, epochs: int) -> None:
        self._epochs, self._done, self._started = epochs, 0, time.monotonic()

    def on_epoch_end(self, model: Word2Vec) -> None:  # noqa: ARG002  # gensim's signature
        self._done += 1
        print(
            f"word2vec: epoch {self._done}/{self._epochs}, {time.monotonic() - self._started:.0f} s",
            flush=True,
        )
