"""The shipped network in torch: word vectors -> three readers -> 3 classes, beside linear n-gram experts.

Two BiLSTMs (one with a verdict for each kind of text, one with a verdict for all) and a convolutional network
share the word vectors; the fusion weighs them and the experts.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from monitor.sentiment.encoding import IN_TARGET, RELATIONS
from training.sentiment.kinds import EXPERT_KINDS, KINDS, SIDES, ByKind, by_likeness, mixture
from training.sentiment.readers import Phrases, Recurrent

READERS = 3
"""The LSTM by kinds, the LSTM for all, the convolutions; each gives logits of its own."""


class Readings(NamedTuple):
    """What the readers make of a batch: `logits` (batch, `READERS`, labels), and of the first reader the
    log-probabilities `verdicts` (batch, kinds, labels) and `gate` (batch, kinds)."""

    logits: Tensor
    verdicts: Tensor
    gate: Tensor


class Network(nn.Module):
    """Deep half of the shipped model.

    Inputs, all int64: `tokens` and `relation` (batch, length), `lengths` (batch,). Padding has no effect.
    """

    def __init__(
        self,
        vectors: Tensor,
        *,
        hidden: int,
        relation_dims: int,
        head_dims: int,
        filters: int,
        dropout: float,
        labels: int = 3,
    ) -> None:
        super().__init__()
        # Sparse gradients: a batch touches a few thousand of the rows, and Adam would go over all of them.
        self.words = nn.Embedding(len(vectors), vectors.shape[1], sparse=True, _weight=vectors)
        self.relations = nn.Embedding(RELATIONS, relation_dims)
        inputs = vectors.shape[1] + relation_dims
        self.by_kind = Recurrent(inputs, hidden=hidden, head_dims=head_dims, dropout=dropout)
        self.kinds = ByKind(head_dims, labels)
        self.for_all = Recurrent(inputs, hidden=hidden, head_dims=head_dims, dropout=dropout)
        self.out = nn.Linear(head_dims, labels)
        self.phrases = Phrases(inputs, filters=filters, labels=labels, dropout=dropout)
        self.dropout = dropout

    def forward(self, tokens: Tensor, relation: Tensor, lengths: Tensor) -> Readings:
        """Every reader's logits."""
        vectors = torch.cat([self.words(tokens), self.relations(relation)], dim=2)
        real = (torch.arange(tokens.shape[1]) < lengths[:, None])[:, :, None]
        # Each reader misses other dimensions: they share the vectors and shall not share their mistakes.
        verdicts, gate = self.kinds(self.by_kind(self.noisy(vectors), relation, lengths, real))
        for_all = self.out(self.for_all(self.noisy(vectors), relation, lengths, real))
        by_phrases = self.phrases(self.noisy(vectors), real)
        return Readings(torch.stack([mixture(verdicts, gate), for_all, by_phrases], 1), verdicts, gate)

    def noisy(self, vectors: Tensor) -> Tensor:
        """In training, one dropout mask for all time steps of a text: per-step noise averages out
        (Gal & Ghahramani 2016)."""
        if not self.training:
            return vectors
        keep = torch.full((len(vectors), 1, vectors.shape[2]), 1.0 - self.dropout, dtype=vectors.dtype)
        return vectors * (torch.bernoulli(keep) / (1.0 - self.dropout))


class Experts(nn.Module):
    """Linear experts over one table of n-grams: TF-IDF logistic regressions of the *whole* text."""

    def __init__(self, table: Tensor, bias: Tensor) -> None:
        """`table`: (rows, decision values + 1), last column idf squared; row 0 is padding, all zeros."""
        super().__init__()
        self.table = nn.Parameter(table, requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(batch, decision values) of texts given as table rows (batch, n-grams)."""
        total = nn.functional.embedding(rows, self.table).sum(1)
        return total[:, :-1] / total[:, -1:].clamp(min=1.0).sqrt() + self.bias


class Fused(nn.Module):
    """The whole shipped model: the network beside linear n-gram experts, weighed by a small layer.

    (A wide-and-deep model, Cheng et al. 2016.) The experts remember rare phrases, spellings and the middle of
    long reviews; the LSTM reads order.
    """

    def __init__(self, deep: Network, words: Experts, subwords: Experts, fusion: int) -> None:
        super().__init__()
        self.deep = deep
        self.words = words
        self.subwords = subwords
        labels = deep.out.out_features
        # Of each table's experts on a kind of text, all give one verdict together.
        values = sum(len(part.bias) - SIDES * (len(EXPERT_KINDS) - 1) for part in (words, subwords))
        self.weigh = nn.Linear(READERS * labels + values + 2, fusion)
        self.decide = nn.Linear(fusion, labels)
        # Of each kind of text: how sure of itself the fusion may be.
        self.temperatures = nn.Parameter(torch.ones(len(KINDS)), requires_grad=False)

    def forward(
        self, tokens: Tensor, relation: Tensor, lengths: Tensor, ngrams: Tensor, subwords: Tensor
    ) -> Tensor:
        """Probabilities (batch, labels)."""
        readings = self.deep(tokens, relation, lengths)
        experts = [self.words(ngrams), self.subwords(subwords)]
        logits = self.fuse(evidence(readings.logits, readings.gate, experts, relation, lengths))
        return self.calibrated(logits, readings.gate).softmax(1)

    def calibrated(self, logits: Tensor, gate: Tensor) -> Tensor:
        """Logits divided by the temperatures' geometric mean, each kind counting by the gate."""
        return logits / (gate.exp() @ self.temperatures.log())[:, None].exp()

    def fuse(self, found: Tensor) -> Tensor:
        """Logits (batch, labels) from what `evidence` put together, not calibrated yet."""
        logits: Tensor = self.decide(torch.tanh(self.weigh(found)))
        return logits


def evidence(
    logits: Tensor, gate: Tensor, experts: Sequence[Tensor], relation: Tensor, lengths: Tensor
) -> Tensor:
    """What the fusion decides on: readers, experts, whether there is a target (experts see none), length."""
    aimed = (relation == IN_TARGET).any(1, keepdim=True).float()
    judged = [by_likeness(values, gate) for values in experts]
    return torch.cat([logits.flatten(1), *judged, aimed, lengths[:, None].float().log()], dim=1)


def likelihood(logits: Tensor, labels: Tensor, two_class: Tensor, smoothing: float = 0.0) -> Tensor:
    """Negative log-likelihood of each text, between the sides alone where raters had no neutral."""
    three = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    sides = nn.functional.cross_entropy(
        logits[:, [0, 2]], labels // 2, label_smoothing=smoothing, reduction="none"
    )
    return torch.where(two_class, sides, three)
