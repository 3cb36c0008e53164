"""Word vectors: gensim word2vec on our own texts, MiniLM's of a word alone, and the two side by side."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from gensim.models import Word2Vec
from gensim.models.callbacks import CallbackAny2Vec
from numpy.typing import NDArray

from monitor.sentiment.encoding import Encoder, Recipe, collate
from monitor.sentiment.pieces import Pieces
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import NAME, SPECIAL, Vocabulary
from training.sentiment.pretrained import WIDTH, load_pretrained
from training.sentiment.recipe import StudentHyper

_DIMS: Final = 300
_LEAST_SEEN: Final = 3

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


def own_vectors(texts: Iterable[str], work: Path, hyper: StudentHyper, threads: int) -> WordVectors:
    """word2vec of `texts`, kept in `work`, which is made."""
    kept = work / "word2vec.npz"
    if not kept.exists():
        work.mkdir(parents=True, exist_ok=True)
        recipe = Word2VecRecipe(
            hyper.word2vec_dims, skip_gram=True, epochs=hyper.word2vec_epochs, min_count=_LEAST_SEEN
        )
        train_word2vec(token_lists(texts), recipe, hyper.seed, threads).save(kept)
    return WordVectors.load(kept)


def word_table(seen: WordVectors, most: int) -> tuple[Vocabulary, Matrix]:
    """The `most` frequent words of `seen`, and (words, 300) float32 vectors to begin with."""
    words = [word for word in seen.words if word not in (*SPECIAL, NAME) and not word.startswith("@")]
    vocabulary = Vocabulary([*SPECIAL, NAME, *words][:most])
    dims = _DIMS - seen.matrix.shape[1]
    table = side_by_side(vocabulary.words, [minilm_vectors(vocabulary.words, dims), seen])
    # Half as long: an LSTM's gates are in their linear part.
    return vocabulary, table / 2


def minilm_vectors(words: Sequence[str], dims: int) -> WordVectors:
    """MiniLM's mean state of each word read alone, cut to its `dims` principal components (Tulkens &
    van Dongen 2024, "Model2Vec", https://github.com/MinishLab/model2vec)."""
    pieces, network = load_pretrained()
    encoder = Encoder(Pieces(pieces), Recipe("pieces", head=32, tail=0, questions=False))
    network.eval()
    rows = [encoder.encode(word)[0] for word in words]
    found = np.zeros((len(words), WIDTH), np.float32)
    order = np.argsort([len(one.rows) for one in rows], kind="stable")
    with torch.inference_mode():
        for part in np.array_split(order, max(1, len(order) // 512)):
            feed = collate([rows[at] for at in part])
            tokens, lengths = (torch.from_numpy(feed[name]).long() for name in ("tokens", "lengths"))
            states = network(tokens, lengths)
            real = (torch.arange(tokens.shape[1]) < lengths[:, None])[:, :, None]
            found[part] = ((states * real).sum(1) / lengths[:, None]).numpy()
    found -= found.mean(0)
    directions, _, _ = np.linalg.svd(found.T @ found)
    return WordVectors(list(words), found @ directions[:, :dims], [0] * len(words))


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
