"""The deep half of the shipped model: vocabulary, word vectors, readers, trained on every set at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.sentiment.encoding import Encoder, Recipe
from monitor.sentiment.vocabulary import SPECIAL, Vocabulary
from training.data.own_sentences import own_sentences
from training.data.texts import Corpora, load_unlabelled
from training.sentiment.batches import Batch, Pool, Tensors, augmented, make_pool, plan_epoch, tensors
from training.sentiment.foresight import pieces_of, pretrain, seconds_trained
from training.sentiment.kinds import KINDS, gate_loss, own_verdict
from training.sentiment.lexicon import emoji_names, load_lexicon, with_names
from training.sentiment.loop import Progress, Run, limit_norm
from training.sentiment.metrics import figures, headline
from training.sentiment.network import READERS, Network, likelihood
from training.sentiment.recipe import Hyper
from training.sentiment.vectors import (
    Word2VecRecipe,
    WordVectors,
    load_glove,
    side_by_side,
    token_lists,
    train_word2vec,
)

# Words seen this often in our own texts are worth a row before the rest of GloVe's.
_OWN_COUNT = 8
_MEASURE_TEXTS = 256
_CHECKPOINT = "deep.pt"


@dataclass(frozen=True)
class Deep:
    """A trained network, the vocabulary its rows belong to; `seconds` of training include pre-training."""

    network: Network
    vocabulary: Vocabulary
    progress: Progress
    seconds: float


def own_vectors(corpora: Corpora, data: Path, work: Path, hyper: Hyper, threads: int) -> WordVectors:
    """word2vec over all unlabelled and training texts; kept in `work` for the next call."""
    kept = work / "word2vec.npz"
    if not kept.exists():
        sentences = token_lists(load_unlabelled(data, corpora))
        recipe = Word2VecRecipe(hyper.word_dims, skip_gram=True, min_count=3, epochs=hyper.word2vec_epochs)
        train_word2vec(sentences, recipe, hyper.seed, threads).save(kept)
    return WordVectors.load(kept)


def choose_words(own: WordVectors, glove: WordVectors, emoji: Iterable[str], limit: int) -> Vocabulary:
    """Our own frequent words first, then `emoji`, GloVe's words by frequency, our rarer ones."""
    candidates = [
        *SPECIAL,
        *(word for word, count in zip(own.words, own.counts, strict=True) if count >= _OWN_COUNT),
        *emoji,
        *glove.words,
        *own.words,
    ]
    frequent = list(dict.fromkeys(candidates))
    return Vocabulary(frequent[:limit])


def train_deep(corpora: Corpora, data: Path, work: Path, hyper: Hyper, threads: int) -> Deep:
    """Train, or go on from the checkpoint in `work`."""
    torch.set_num_threads(threads)
    own, glove = own_vectors(corpora, data, work, hyper, threads), load_glove(data)
    emoji = emoji_names()
    vocabulary = choose_words(own, glove, emoji, hyper.words)
    sources = [with_names(source, emoji) for source in (own, glove, load_lexicon())]
    torch.manual_seed(hyper.seed)
    network = _network(torch.from_numpy(side_by_side(vocabulary.words, sources)), hyper)
    _foresee(network, vocabulary, corpora, data, work, hyper)
    encoder = Encoder(vocabulary, Recipe(hyper.head, hyper.tail, targets=True))
    # Encoding 280,000 texts takes minutes, which a finished run that is only exported again need not spend.
    train = cache(lambda: make_pool({**corpora.train, **own_sentences(hyper.seed, "train")}, encoder))
    dev = cache(lambda: make_pool(corpora.dev, encoder))
    words = [network.words.weight]
    rest = [weight for name, weight in network.named_parameters() if not name.startswith("words.")]
    run = Run[Batch](
        network=network,
        optimizers=[torch.optim.Adam(rest, hyper.rate), torch.optim.SparseAdam(words, hyper.word_rate)],
        plan=lambda epoch: plan_epoch(train(), hyper, epoch),
        loss=lambda batch: _loss(network, augmented(train(), batch.rows, vocabulary, hyper), hyper),
        limit_gradients=lambda: limit_norm(rest, hyper.clip_norm),
        measure=lambda: headline(measure(dev(), predict(network, dev()))),
        rate=lambda share: _rate(share, hyper.warm_up),
        epochs=hyper.epochs,
        checkpoint=work / _CHECKPOINT,
    )
    progress = run.train()
    network.eval()
    return Deep(network, vocabulary, progress, progress.seconds + seconds_trained(work))


def _foresee(
    network: Network, vocabulary: Vocabulary, corpora: Corpora, data: Path, work: Path, hyper: Hyper
) -> None:
    """Language-model pre-training, once: the checkpoint of the verdicts holds what came of it."""
    if (work / _CHECKPOINT).exists() or not hyper.foresight_reviews:
        return
    pieces = pieces_of(load_unlabelled(data, corpora), vocabulary, hyper)
    pretrain(network, pieces, len(vocabulary), work, hyper)
    torch.manual_seed(hyper.seed)


def predict(network: nn.Module, pool: Pool) -> NDArray[np.float32]:
    """Logits (examples, readers, 3) in the pool's order."""
    return read(network, pool)[0]


def read(network: nn.Module, pool: Pool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits (examples, readers, 3) and the gate (examples, kinds), in the pool's order.

    Alike lengths go together.
    """
    logits = np.zeros((len(pool.encoded), READERS, 3), np.float32)
    gate = np.zeros((len(pool.encoded), len(KINDS)), np.float32)
    order = np.argsort(pool.lengths)
    with torch.inference_mode():
        for start in range(0, len(order), _MEASURE_TEXTS):
            rows = order[start : start + _MEASURE_TEXTS]
            batch = tensors(pool, rows)
            readings = network(batch.tokens, batch.relation, batch.lengths)
            logits[rows], gate[rows] = readings.logits.numpy(), readings.gate.numpy()
    return logits, gate


def measure(pool: Pool, logits: NDArray[np.float32]) -> dict[str, dict[str, float]]:
    """Figures of every set in the pool, all readers taken together; `logits` as `predict` gives them."""
    probabilities = torch.from_numpy(logits).softmax(2).mean(1).numpy()
    return {
        str(name): figures(str(name), pool.labels[pool.corpus == name], probabilities[pool.corpus == name])
        for name in np.unique(pool.corpus)
    }


def _network(vectors: Tensor, hyper: Hyper) -> Network:
    return Network(
        vectors,
        hidden=hyper.hidden,
        relation_dims=hyper.relation_dims,
        head_dims=hyper.head_dims,
        filters=hyper.filters,
        dropout=hyper.dropout,
    )


def _loss(network: Network, batch: Tensors, hyper: Hyper) -> Tensor:
    """Each reader's own: what they make of a text together is learned afterwards, on dev.

    The reader by kinds learns each kind's verdict from that kind's texts, and their mixture.
    """
    readings = network(batch.tokens, batch.relation, batch.lengths)
    judged = [own_verdict(readings.verdicts, batch.kind), *readings.logits.unbind(1)]
    losses = [
        (batch.weight * likelihood(one, batch.labels, batch.two_class, hyper.label_smoothing)).mean()
        for one in judged
    ]
    by_kind, mixed, *others = losses
    return 0.5 * (by_kind + mixed) + sum(others) + hyper.gate_weight * gate_loss(readings.gate, batch.kind)


def _rate(share: float, warm_up: float) -> float:
    """Linear warm-up, then a cosine down to 0: the last epochs settle what the first ones found."""
    if share < warm_up:
        return share / warm_up
    return 0.5 * (1.0 + float(np.cos(np.pi * (share - warm_up) / (1.0 - warm_up))))
