"""Examples -> epochs of length-bucketed, augmented torch batches for the shipped network."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor.sentiment.encoding import IN_TARGET, Encoded, Encoder, collate, relations
from monitor.sentiment.vocabulary import UNKNOWN, Vocabulary
from training.data.own_sentences import OWN
from training.data.texts import TWO_CLASS, Example
from training.sentiment.kinds import kinds_of
from training.sentiment.recipe import Hyper

# Texts of one batch differ in length by chance as much as this factor: pure sorting would always
# put the same texts together.
_LENGTH_JITTER = 0.2
# Sets whose target is what the whole text is about: reading them without it teaches the same label.
_TARGET_OPTIONAL = frozenset({"airline", "sxsw", OWN})
# Short texts have one opinion, whatever is asked about; a random target there teaches that a target is no
# verdict.
_ONE_OPINION_TOKENS = 12
# Few texts each, and what the service is asked: what is said about something named.
_SMALL_AND_WANTED = frozenset({"twitter_target", "semeval14_aspect"})


@dataclass(frozen=True)
class Pool:
    """Encoded examples of one split. `two_class` marks labels from raters who had no neutral to choose.

    `kind` is each example's, as `training.sentiment.kinds` counts them; `weight` how much it counts in
    training.
    """

    encoded: list[Encoded]
    labels: NDArray[np.int64]
    weight: NDArray[np.float32]
    two_class: NDArray[np.bool_]
    corpus: NDArray[np.str_]
    kind: NDArray[np.int64]
    lengths: NDArray[np.int64]


def make_pool(corpora: dict[str, list[Example]], encoder: Encoder) -> Pool:
    """Encode every example of `corpora`."""
    examples = [example for rows in corpora.values() for example in rows]
    encoded = [encoder.encode(one.text, one.target) for one in examples]
    return Pool(
        encoded,
        np.array([one.label for one in examples]),
        np.array([one.weight for one in examples], np.float32),
        np.array([one.corpus in TWO_CLASS for one in examples]),
        np.array([one.corpus for one in examples]),
        kinds_of([one.corpus for one in examples]),
        np.array([len(one.rows) for one in encoded]),
    )


@dataclass(frozen=True)
class Batch:
    """Indices into a pool."""

    rows: NDArray[np.int64]


def plan_epoch(pool: Pool, hyper: Hyper, epoch: int) -> list[Batch]:
    """This epoch's batches: a sample of the large sets, all of the small ones, alike lengths together.

    Depends on the seed and the epoch alone, so that a resumed run sees the same batches.
    """
    random = np.random.default_rng([hyper.seed, epoch])
    chosen = np.concatenate([_sample(pool, name, hyper, random) for name in np.unique(pool.corpus)])
    jitter = random.uniform(1 - _LENGTH_JITTER, 1 + _LENGTH_JITTER, len(chosen))
    ordered = chosen[np.argsort(pool.lengths[chosen] * jitter)]
    batches = list(_cut(ordered, pool.lengths, hyper))
    random.shuffle(batches)
    return batches


def _sample(pool: Pool, name: str, hyper: Hyper, random: np.random.Generator) -> NDArray[np.int64]:
    rows = np.flatnonzero(pool.corpus == name)
    per_class = {"semeval2017": hyper.tweets_per_class, "sst_phrases": hyper.phrases_per_epoch // 3}.get(name)
    if per_class is not None:
        classes = [rows[pool.labels[rows] == label] for label in range(3)]
        return np.concatenate([random.permutation(one)[:per_class] for one in classes])
    if name in _SMALL_AND_WANTED:
        return np.tile(rows, hyper.repeats)
    return random.permutation(rows)[: hyper.reviews_per_epoch] if name == "imdb" else rows


def _cut(ordered: NDArray[np.int64], lengths: NDArray[np.int64], hyper: Hyper) -> Sequence[Batch]:
    """Batches of at most `batch_texts` texts and `batch_tokens` padded tokens."""
    batches, start = [], 0
    for end in range(1, len(ordered) + 1):
        full = end - start == hyper.batch_texts
        if end < len(ordered):
            longest = lengths[ordered[start : end + 1]].max()
            full = full or longest * (end + 1 - start) > hyper.batch_tokens
        if full or end == len(ordered):
            batches.append(Batch(ordered[start:end]))
            start = end
    return batches


@dataclass(frozen=True)
class Tensors:
    """What the network takes, and what the loss compares with."""

    tokens: Tensor
    relation: Tensor
    lengths: Tensor
    labels: Tensor
    weight: Tensor
    two_class: Tensor
    kind: Tensor


def tensors(pool: Pool, rows: NDArray[np.int64]) -> Tensors:
    """The batch as it is."""
    feed = collate([pool.encoded[row] for row in rows])
    tokens, relation, lengths = (
        torch.from_numpy(feed[name]).long() for name in ("tokens", "relation", "lengths")
    )
    told = (torch.from_numpy(part[rows]) for part in (pool.labels, pool.weight, pool.two_class, pool.kind))
    return Tensors(tokens, relation, lengths, *told)


def augmented(pool: Pool, rows: NDArray[np.int64], vocabulary: Vocabulary, hyper: Hyper) -> Tensors:
    """The batch with words hidden and targets varied; draws from torch's random state.

    A target's own words are hidden more often: which brand it is must not decide what is said about it.
    """
    batch = tensors(pool, rows)
    relation = batch.relation.clone()
    draw = torch.rand(len(rows)).tolist()
    place = torch.rand(len(rows)).tolist()
    for index, row in enumerate(rows):
        length, corpus = int(pool.lengths[row]), pool.corpus[row]
        if corpus in _TARGET_OPTIONAL and draw[index] < hyper.target_forgotten:
            relation[index] = 0
        elif (
            length <= _ONE_OPINION_TOKENS
            and not relation[index].any()
            and draw[index] < hyper.target_invented
        ):
            at = int(place[index] * length)
            relation[index, :length] = torch.from_numpy(relations(np.arange(length), (at, at))).long()
    hidden_share = torch.where(relation == IN_TARGET, hyper.target_hidden, hyper.words_hidden)
    hidden = torch.rand(relation.shape) < hidden_share
    hidden &= torch.arange(relation.shape[1]) < batch.lengths[:, None]
    unknown = vocabulary.rows([UNKNOWN])[0]
    tokens = batch.tokens.masked_fill(hidden, unknown)
    return dataclasses.replace(batch, tokens=tokens, relation=relation)
