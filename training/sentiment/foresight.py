"""Before verdicts the LSTMs learn to foresee words: language-model pre-training.

Dai & Le 2015, "Semi-supervised Sequence Learning" (arXiv:1511.01432): a recurrent network that has learned
to predict the next word of unlabelled texts learns from labels faster and better. Here each direction of each
LSTM foresees the word that comes next in its own reading order, out of a sample of others (sampled softmax,
Jean et al. 2015, arXiv:1412.2007), with the word vectors themselves as what is to be found; they stay as they
are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from monitor.sentiment.vocabulary import Vocabulary
from training.sentiment.loop import Run, limit_norm
from training.sentiment.network import Network
from training.sentiment.readers import mirror, reorder
from training.sentiment.recipe import Hyper
from training.sentiment.vectors import token_lists

_CHECKPOINT: Final = "foresight.pt"
_OTHERS: Final = 512
"""Words that the right one is to be told from, the same for a whole batch."""
_FLATTER: Final = 0.75
"""Power of the frequency by which they are drawn, word2vec's."""
_SHORT: Final = 300
"""Characters of a post or a sentence at most."""
_MEASURED: Final = 2_000
"""Pieces held out, on which the loss is told; of few a tenth."""


@dataclass(frozen=True)
class Pieces:
    """Rows of the vocabulary of many texts behind one another; piece i is `rows[ends[i]:ends[i + 1]]`."""

    rows: NDArray[np.int32]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def batch(self, numbers: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """`tokens` (batch, length), zero-padded, and `lengths` (batch,)."""
        parts = [torch.from_numpy(self.rows[self.ends[n] : self.ends[n + 1]]).long() for n in numbers]
        return nn.utils.rnn.pad_sequence(parts, batch_first=True), torch.tensor([len(one) for one in parts])


def cut_pieces(texts: Iterable[Sequence[str]], vocabulary: Vocabulary, longest: int) -> Pieces:
    """Token lists cut into pieces of at most `longest` tokens, and of two at least."""
    rows: list[NDArray[np.int32]] = []
    lengths = [0]
    for tokens in texts:
        own = np.array(vocabulary.rows(tokens), np.int32)
        for start in range(0, len(own) - 1, longest):
            piece = own[start : start + longest]
            if len(piece) > 1:
                rows.append(piece)
                lengths.append(len(piece))
    return Pieces(np.concatenate(rows), np.cumsum(lengths))


class Foresight(nn.Module):
    """The LSTMs of `network` with what turns their states into a word's vector."""

    def __init__(self, network: Network, counts: NDArray[np.int64]) -> None:
        """`counts` (words,): how often each word stands in the texts."""
        super().__init__()
        self.network = network
        words = network.words.weight.detach()
        self.readers = (network.by_kind, network.for_all)
        self.ahead = nn.ModuleList([nn.Linear(r.forwards.hidden_size, words.shape[1]) for r in self.readers])
        self.back = nn.ModuleList([nn.Linear(r.backwards.hidden_size, words.shape[1]) for r in self.readers])
        chances = (torch.from_numpy(counts).float() + 1.0) ** _FLATTER
        self.register_buffer("found", nn.functional.normalize(words, dim=1), persistent=False)
        self.register_buffer("chances", chances / chances.sum(), persistent=False)
        self.found: Tensor
        self.chances: Tensor
        self.bias = nn.Parameter(torch.log(torch.from_numpy(counts).float() + 1.0))

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Mean negative log-likelihood of the words to come, over both directions of both LSTMs."""
        vectors, backward = self._seen(tokens), mirror(lengths, tokens.shape[1])
        reversed_tokens = tokens.gather(1, backward)
        others = torch.multinomial(self.chances, _OTHERS, replacement=True)
        told = torch.arange(tokens.shape[1] - 1) < lengths[:, None] - 1
        losses = []
        for reader, ahead, back in zip(self.readers, self.ahead, self.back, strict=True):
            noisy = self.network.noisy(vectors)
            for lstm, head, seen, wanted in (
                (reader.forwards, ahead, noisy, tokens),
                (reader.backwards, back, reorder(noisy, backward), reversed_tokens),
            ):
                states, _ = lstm(seen[:, :-1])
                losses.append(self._loss(head(states[told]), wanted[:, 1:][told], others))
        return torch.stack(losses).mean()

    def _seen(self, tokens: Tensor) -> Tensor:
        """What the LSTMs read, as in `Network.forward`, of texts without a target."""
        with torch.no_grad():
            none = self.network.relations(torch.zeros_like(tokens))
            return torch.cat([self.network.words(tokens), none], dim=2)

    def _loss(self, foreseen: Tensor, wanted: Tensor, others: Tensor) -> Tensor:
        """Of `foreseen` (n, dims): is the word `wanted` (n,) told from `others`?"""
        # What is drawn often is met as another word often: its logit is lowered by that.
        bias = self.bias - self.chances.log()
        right = (foreseen * self.found[wanted]).sum(1) + bias[wanted]
        wrong = foreseen @ self.found[others].T + bias[others]
        wrong = wrong.masked_fill(wanted[:, None] == others[None], -torch.inf)
        every = torch.cat([right[:, None], wrong], 1)
        return nn.functional.cross_entropy(every, torch.zeros_like(wanted))


def pretrain(network: Network, pieces: Pieces, words: int, work: Path, hyper: Hyper) -> None:
    """Train the LSTMs of `network`, which has vectors of `words`, or go on from the checkpoint in `work`."""
    model = Foresight(network, np.bincount(pieces.rows, minlength=words))
    order = np.random.default_rng(hyper.seed).permutation(len(pieces))
    held_out, learned = np.split(order, [min(_MEASURED, len(order) // 10)])
    lstms = [lstm for reader in model.readers for lstm in (reader.forwards, reader.backwards)]
    weights = [weight for part in (*lstms, model.ahead, model.back) for weight in part.parameters()]
    weights.append(model.bias)
    Run[NDArray[np.int64]](
        network=model,
        optimizers=[torch.optim.Adam(weights, hyper.foresight_rate)],
        plan=lambda epoch: _plan(pieces, learned, [hyper.seed, epoch], hyper.batch_texts),
        loss=lambda numbers: model(*pieces.batch(numbers)),
        limit_gradients=lambda: limit_norm(weights, hyper.clip_norm),
        measure=lambda: {"foresight": _measured(model, pieces, held_out)},
        rate=lambda share: min(share / hyper.warm_up, 0.5 * (1.0 + float(np.cos(np.pi * share)))),
        epochs=1,
        checkpoint=work / _CHECKPOINT,
    ).train()
    network.zero_grad(set_to_none=True)


def seconds_trained(work: Path) -> float:
    """Of all processes that foresaw words for the run in `work`."""
    if not (work / _CHECKPOINT).exists():
        return 0.0
    stored = torch.load(work / _CHECKPOINT, weights_only=True, mmap=True)
    return float(stored["progress"]["seconds"])


def pieces_of(texts: Sequence[str], vocabulary: Vocabulary, hyper: Hyper) -> Pieces:
    """Of `texts` all short ones (posts, sentences), and `hyper.foresight_reviews` of the long ones."""
    long = np.array([len(text) > _SHORT for text in texts])
    reviews = np.random.default_rng(hyper.seed).permutation(np.flatnonzero(long))[: hyper.foresight_reviews]
    chosen = [texts[number] for number in [*np.flatnonzero(~long), *reviews]]
    return cut_pieces(token_lists(chosen), vocabulary, hyper.foresight_tokens)


def _plan(
    pieces: Pieces, learned: NDArray[np.int64], seed: Sequence[int], texts: int
) -> list[NDArray[np.int64]]:
    """Batches of alike lengths in a random order."""
    random = np.random.default_rng(seed)
    lengths = np.diff(pieces.ends)[learned] * random.uniform(0.9, 1.1, len(learned))
    batches = np.array_split(learned[np.argsort(lengths)], max(len(learned) // texts, 1))
    random.shuffle(batches)
    return batches


def _measured(model: Foresight, pieces: Pieces, held_out: NDArray[np.int64]) -> float:
    with torch.inference_mode():
        parts = np.array_split(held_out, max(len(held_out) // 100, 1))
        return float(np.mean([float(model(*pieces.batch(part))) for part in parts]))
