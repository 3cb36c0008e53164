"""The wide half: linear n-gram experts, over a table of words and word pairs and one of parts of words.

Each expert is a TF-IDF logistic regression. The general ones judge every text; of those that know one kind
of text each (`training.sentiment.kinds`) a text is judged as far as it looks like that kind. The fusion
learns on dev whom to believe, so nothing at inference depends on where a text came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.feature_selection import chi2
from sklearn.linear_model import LogisticRegression

from monitor.sentiment.ngrams import OTHER_ROW, NgramTable, ngram_hashes, subword_hashes
from monitor.sentiment.tokenizer import Token, tokenize
from training.data.corrections import CORRECTIONS
from training.data.own_sentences import OWN
from training.data.texts import Example
from training.sentiment.kinds import EXPERT_SETS, SIDES


@dataclass(frozen=True)
class Expert:
    """One logistic regression: its sets, inverse regularisation `c`, and how many n-grams it may choose.

    `balanced`: the classes count alike, however many texts each has. `sides`: how many decision values it
    gives: `SIDES`, or 1 from negative to positive.
    """

    name: str
    corpora: tuple[str, ...]
    c: float
    ngrams: int
    balanced: bool = False
    sides: int = SIDES


_ADDED: Final = (OWN, CORRECTIONS)
"""Neither reviews nor posts: they teach the general experts on either."""
_POSTS: Final = ("semeval2017", "airline", "sxsw", "twitter_target", "vader_groundtruth", *_ADDED)
_SENTENCES: Final = ("sst", "sst_phrases", "semeval14_aspect", "financial_phrasebank", *_ADDED)
_KIND_NGRAMS: Final = (65_000, 25_000, 15_000, 15_000, 15_000, 10_000)
KIND_EXPERTS: Final = tuple(
    Expert(name, (name,), 10.0, ngrams, balanced=True)
    for name, ngrams in zip(EXPERT_SETS, _KIND_NGRAMS, strict=True)
)
"""Each knows the kind of text its set is of, in words and in parts of words."""
WORD_EXPERTS: Final = (
    Expert("reviews", ("imdb", "uci_sentences", "cr"), 30.0, 110_000, sides=1),
    Expert("sentences", _SENTENCES, 3.0, 45_000),
    Expert("posts", _POSTS, 3.0, 65_000),
    *KIND_EXPERTS,
)
"""Reviews were rated without neutral: their expert gives one decision value, the others two. UCI and CR are
short ones: what it says of a sentence counts, too. `c`: best on dev, of 3 and 10 for the kinds' own."""
SUBWORD_EXPERTS: Final = (Expert("parts of words", _POSTS, 3.0, 60_000), *KIND_EXPERTS)
"""Posts are spelt freely, and hashtags run together; on airline's dev tweets alone, parts of words gave a
macro-F1 of .761 where words and pairs gave .738."""

_DISAGREED: Final = 4
"""Power of the raters' agreement by which a text counts. Macro-F1 of the experts on words and parts of words
together, five folds over airline's training tweets, twice: .772, .774, .775, .774, .772 for 2, 3, 4, 6, 8."""
# An n-gram seen in fewer texts says more about those texts than about the next one.
_LEAST_TEXTS: Final = 3


@dataclass(frozen=True)
class LinearTable:
    """`table`: (rows of `ngrams`, decision values + 1) float16, weights times idf and, last, idf squared.

    `bias`: (decision values,).
    """

    ngrams: NgramTable
    table: NDArray[np.float16]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Wide:
    """The experts on words and word pairs, and those on parts of words."""

    words: LinearTable
    subwords: LinearTable

    def save(self, path: Path) -> None:
        """One .npz of plain arrays."""
        arrays: dict[str, NDArray[Any]] = {}
        for name, part in (("words", self.words), ("subwords", self.subwords)):
            arrays |= {
                f"{name}_hashes": part.ngrams.hashes,
                f"{name}_table": part.table,
                f"{name}_bias": part.bias,
            }
        np.savez(path, **arrays)  # type: ignore[arg-type]  # mypy takes them for numpy's own options

    @classmethod
    def load(cls, path: Path) -> "Wide":
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            parts = [
                LinearTable(NgramTable(file[f"{name}_hashes"]), file[f"{name}_table"], file[f"{name}_bias"])
                for name in ("words", "subwords")
            ]
        return cls(*parts)


def train_wide(examples: Sequence[Example], seed: int) -> Wide:
    """Choose the n-grams and fit every expert on its part of `examples`."""
    spelt = {name for expert in SUBWORD_EXPERTS for name in expert.corpora}
    return Wide(
        _train_table(examples, ngram_hashes, WORD_EXPERTS, seed),
        _train_table([one for one in examples if one.corpus in spelt], subword_hashes, SUBWORD_EXPERTS, seed),
    )


def _train_table(
    examples: Sequence[Example],
    hashes_of: Callable[[Sequence[Token]], NDArray[np.int32]],
    experts: Sequence[Expert],
    seed: int,
) -> LinearTable:
    hashes = [hashes_of(tokenize(example.text)) for example in examples]
    labels = np.array([example.label for example in examples])
    counting = np.array([example.agreement for example in examples]) ** _DISAGREED
    corpus = np.array([example.corpus for example in examples])
    parts = [_part(corpus, expert) for expert in experts]
    table = NgramTable(_chosen(hashes, labels, parts, experts))
    rows = [table.rows_of(one) for one in hashes]
    counts = _matrix(rows, len(table))
    idf = _idf(counts)
    weighted = _normalised(counts, idf)
    weights, biases = [], []
    for expert, mine in zip(experts, parts, strict=True):
        weight = "balanced" if expert.balanced else None
        model = LogisticRegression(C=expert.c, class_weight=weight, max_iter=300, random_state=seed)
        model.fit(weighted[mine], labels[mine], sample_weight=counting[mine])
        coefficients, bias = _decision(model, expert.sides)
        weights.append(coefficients * idf)
        biases.append(bias)
        print(f"expert {expert.name}: {len(mine):,} texts, {int(model.n_iter_.max())} iterations", flush=True)
    columns = np.vstack([*weights, idf**2]).T
    columns[OTHER_ROW, :-1] = 0.0
    columns[:OTHER_ROW] = 0.0
    return LinearTable(table, columns.astype(np.float16), np.concatenate(biases).astype(np.float32))


def _decision(model: LogisticRegression, sides: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients (sides, n-grams) and bias (sides,) of a fitted model, whatever classes it saw."""
    fitted, biases = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # scikit-learn gives the second class's alone
        fitted, biases = np.vstack([-fitted, fitted]) / 2, np.concatenate([-biases, biases]) / 2
    coefficients, bias = np.zeros((3, fitted.shape[1])), np.zeros(3)
    coefficients[model.classes_], bias[model.classes_] = fitted, biases
    if sides == 1:
        return coefficients[[2]] - coefficients[[0]], bias[[2]] - bias[[0]]
    return (coefficients - coefficients.mean(0))[[0, 2]], (bias - bias.mean())[[0, 2]]


def _part(corpus: NDArray[np.str_], expert: Expert) -> NDArray[np.int64]:
    """Rows of the texts an expert learns from: of its sets, or of all where none of those is there."""
    mine = np.flatnonzero(np.isin(corpus, expert.corpora))
    return mine if len(mine) else np.arange(len(corpus))


def _chosen(
    hashes: Sequence[NDArray[np.int32]],
    labels: NDArray[np.int64],
    parts: Sequence[NDArray[np.int64]],
    experts: Sequence[Expert],
) -> NDArray[np.int32]:
    """Each expert's n-grams that depend most on the label (chi-squared), ascending."""
    known, inverse, seen = np.unique(np.concatenate(hashes), return_inverse=True, return_counts=True)
    frequent = seen >= _LEAST_TEXTS
    column = np.cumsum(frequent) - 1
    ends = np.cumsum([0] + [len(one) for one in hashes])
    everything = sparse.csr_matrix(
        (frequent[inverse].astype(np.float32), column[inverse].clip(min=0), ends),
        shape=(len(hashes), int(frequent.sum())),
    )
    everything.eliminate_zeros()
    chosen: set[int] = set()
    for expert, mine in zip(experts, parts, strict=True):
        score = np.nan_to_num(chi2(everything[mine], labels[mine])[0])
        best = np.argsort(-score, kind="stable")[: expert.ngrams]
        chosen.update(best[score[best] > 0].tolist())
    return np.sort(known[frequent][sorted(chosen)]).astype(np.int32)


def _matrix(rows: Sequence[NDArray[np.int32]], width: int) -> sparse.csr_matrix:
    """(texts, table rows): how often a text has each row; above 1 only for `OTHER_ROW`."""
    ends = np.cumsum([0] + [len(one) for one in rows])
    columns = np.concatenate(rows)
    matrix = sparse.csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(rows), width))
    matrix.sum_duplicates()
    return matrix


def _idf(counts: sparse.csr_matrix) -> NDArray[np.float32]:
    """Smoothed inverse document frequency; "other" n-grams count as seen in one text."""
    seen = np.asarray((counts > 0).sum(0)).ravel()
    seen[OTHER_ROW] = 1
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + seen)) + 1, np.float32)


def _normalised(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """TF-IDF rows of length 1, "other" counting in the length and then left out."""
    squared = np.asarray(counts @ (idf**2))
    keep = idf.copy()
    keep[OTHER_ROW] = 0.0
    scaled = sparse.diags(1.0 / np.sqrt(np.maximum(squared, 1e-6))) @ counts @ sparse.diags(keep)
    return sparse.csr_matrix(scaled, dtype=np.float32)
