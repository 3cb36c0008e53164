"""Word vectors: gensim word2vec on our own texts, MiniLM's of a word alone, and the two side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from gensim.models import Word2Vec
from numpy.typing import NDArray

from monitor.sentiment.encoding import Encoder, Recipe, collate
from monitor.sentiment.pieces import Pieces
from monitor.sentiment.scorer import SentimentScorer
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import NAME, SPECIAL, WORDS_FILE, Vocabulary
from monitor.settings import packaged
from training.sentiment.pretrained import WIDTH, load_pretrained
from training.sentiment.recipe import StudentHyper
from training.sentiment.work import kept

_DIMS: Final = 300

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """`matrix[i]` is the vector of `words[i]`; the most frequent first."""

    words: list[str]
    matrix: Matrix


def train_word2vec(
    texts: Iterable[str],
    path: Path,
    *,
    dims: int,
    epochs: int,
    least_seen: int,
    skip_gram: bool,
    seed: int,
    threads: int,
) -> WordVectors:
    """Train with gensim, kept at `path`; the same seed gives the same vectors when `threads` is 1.

    Skip-gram treats rare words better and costs about four times CBOW.
    """

    def train() -> dict[str, NDArray[np.generic]]:
        # Equal tokens shared: 20 million take 160 MB and not 1.3 GB.
        shared: dict[str, str] = {}
        sentences = [
            [shared.setdefault(token.text, token.text) for token in tokenize(text)] for text in texts
        ]
        print(f"word2vec: {epochs} epochs of {len(sentences):,} texts, minutes", flush=True)
        model = Word2Vec(
            sentences,
            vector_size=dims,
            sg=int(skip_gram),
            min_count=least_seen,
            epochs=epochs,
            sample=1e-4,  # thins out frequent words (Mikolov et al. 2013, section 2.3)
            seed=seed,
            workers=threads,
        )
        return {"words": np.array(model.wv.index_to_key), "matrix": model.wv.vectors.astype(np.float32)}

    found = kept(path, train)
    return WordVectors(found["words"].tolist(), found["matrix"])


def own_vectors(texts: Iterable[str], work: Path, hyper: StudentHyper, threads: int) -> WordVectors:
    """The student's word2vec, of `texts`."""
    return train_word2vec(
        texts,
        work / "word2vec.npz",
        dims=hyper.word2vec_dims,
        epochs=hyper.word2vec_epochs,
        least_seen=3,
        skip_gram=True,
        seed=hyper.seed,
        threads=threads,
    )


def word_table(
    seen: WordVectors, most: int, teacher: SentimentScorer, further: Sequence[str] = ()
) -> tuple[Vocabulary, Matrix]:
    """The `most` frequent words of `seen`, then `further` ones, and (words, 300) float32 vectors to begin
    with: those of `seen`, MiniLM's, and what the teacher says of each word alone, a lexicon that knows rare
    words, too."""
    words = [word for word in seen.words if word not in (*SPECIAL, NAME) and not word.startswith("@")]
    vocabulary = Vocabulary([*dict.fromkeys([*SPECIAL, NAME, *words, *further])][:most])
    said = np.log(teacher.probabilities(vocabulary.words)).astype(np.float32)
    lexicon = WordVectors(list(vocabulary.words), said - said.mean(0))
    dims = _DIMS - seen.matrix.shape[1] - said.shape[1]
    table = side_by_side(vocabulary.words, [minilm_vectors(vocabulary.words, dims), seen, lexicon])
    # Half as long: an LSTM's gates are in their linear part.
    return vocabulary, table * np.float32(0.5)


def shipped_words() -> tuple[str, ...]:
    """Those of the model that ships, by frequency: a small file of one's own has few."""
    folder = packaged("onnx_models") / "sentiment"
    return Vocabulary.load(folder).words if (folder / WORDS_FILE).exists() else ()


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
    return WordVectors(list(words), found @ directions[:, :dims])


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
