"""The shipped network in torch: word vectors -> BiLSTM -> max, mean, target attention -> 3 classes.

Beside the LSTM a small convolutional network (Kim 2014, arXiv:1408.5882) reads the same vectors: another kind
of reader makes other mistakes, and costs a fifth of the LSTM's time.
"""

from typing import Final

import torch
from torch import Tensor, nn

from monitor.sentiment.encoding import IN_TARGET, RELATIONS

READERS: Final = 2
"""The LSTM and the convolutions; each gives logits of its own."""
PHRASES: Final = (2, 3, 4)
"""Words that a convolution sees at once."""


class Network(nn.Module):
    """Deep half of the shipped model.

    Inputs, all int64: `tokens` and `relation` (batch, length), `lengths` (batch,). Output: each reader's
    logits (batch, `READERS`, 3), the LSTM's first.
    Padding has no effect: the backward LSTM starts at each text's last token, pooling sees real tokens only.
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
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.query = nn.Linear(2 * hidden, 2 * hidden)
        self.head = nn.Linear(8 * hidden, head_dims)
        self.out = nn.Linear(head_dims, labels)
        self.phrases = nn.ModuleList([nn.Conv1d(inputs, filters, width) for width in PHRASES])
        self.phrases_out = nn.Linear(len(PHRASES) * filters, labels)
        self.dropout = dropout

    def forward(self, tokens: Tensor, relation: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, `READERS`, labels)."""
        vectors = torch.cat([self.words(tokens), self.relations(relation)], dim=2)
        if self.training:
            # One mask for all time steps of a text (Gal & Ghahramani 2016): per-step noise averages out.
            vectors = vectors * _keep((len(tokens), 1, vectors.shape[2]), self.dropout, vectors)
        real = (torch.arange(tokens.shape[1]) < lengths[:, None])[:, :, None]
        return torch.stack(
            [self._by_lstm(vectors, relation, lengths, real), self._by_phrases(vectors, real)], 1
        )

    def _by_lstm(self, vectors: Tensor, relation: Tensor, lengths: Tensor, real: Tensor) -> Tensor:
        mirror = _mirror(lengths, vectors.shape[1])
        ahead, _ = self.forwards(vectors)
        back, _ = self.backwards(_reorder(vectors, mirror))
        states = torch.cat([ahead, _reorder(back, mirror)], dim=2)
        pooled = self._pool(states, relation, lengths, real)
        features = torch.relu(self.head(nn.functional.dropout(pooled, self.dropout, self.training)))
        logits: Tensor = self.out(nn.functional.dropout(features, self.dropout, self.training))
        return logits

    def _by_phrases(self, vectors: Tensor, real: Tensor) -> Tensor:
        # Zeros where a text has ended: a phrase that runs over its end sees the same in every batch.
        sequence = (vectors * real).transpose(1, 2)
        found = [
            torch.relu(convolve(nn.functional.pad(sequence, (0, width - 1)))).masked_fill(
                ~real.transpose(1, 2), 0.0
            )
            for width, convolve in zip(PHRASES, self.phrases, strict=True)
        ]
        strongest = torch.cat([one.amax(2) for one in found], dim=1)
        logits: Tensor = self.phrases_out(nn.functional.dropout(strongest, self.dropout, self.training))
        return logits

    def _pool(self, states: Tensor, relation: Tensor, lengths: Tensor, real: Tensor) -> Tensor:
        aimed = (relation == IN_TARGET)[:, :, None].float() * real
        target = (states * aimed).sum(1) / aimed.sum(1).clamp(min=1.0)
        # Without a target the query is the bias alone: attention learned for the whole text, no switch
        # needed.
        scores = (states * self.query(target)[:, None]).sum(2, keepdim=True) / states.shape[2] ** 0.5
        weights = scores.masked_fill(~real, -torch.inf).softmax(1)
        return torch.cat(
            [
                states.masked_fill(~real, -torch.inf).amax(1),
                (states * real).sum(1) / lengths[:, None],
                (states * weights).sum(1),
                target,
            ],
            dim=1,
        )


def _keep(shape: tuple[int, ...], dropout: float, like: Tensor) -> Tensor:
    return torch.bernoulli(torch.full(shape, 1.0 - dropout, dtype=like.dtype)) / (1.0 - dropout)


def _mirror(lengths: Tensor, width: int) -> Tensor:
    """(batch, width): the position each swaps with when a text is read backwards; padding stays."""
    position = torch.arange(width)[None, :]
    swapped = lengths[:, None] - 1 - position
    return torch.where(swapped >= 0, swapped, position)


def _reorder(values: Tensor, order: Tensor) -> Tensor:
    return values.gather(1, order[:, :, None].expand(-1, -1, values.shape[2]))


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
        values = len(words.bias) + len(subwords.bias)
        self.weigh = nn.Linear(READERS * labels + values + 2, fusion)
        self.decide = nn.Linear(fusion, labels)

    def forward(
        self, tokens: Tensor, relation: Tensor, lengths: Tensor, ngrams: Tensor, subwords: Tensor
    ) -> Tensor:
        """Probabilities (batch, labels)."""
        logits = self.deep(tokens, relation, lengths)
        experts = torch.cat([self.words(ngrams), self.subwords(subwords)], dim=1)
        return self.fuse(evidence(logits, experts, relation, lengths)).softmax(1)

    def fuse(self, found: Tensor) -> Tensor:
        """Logits (batch, labels) from what `evidence` put together."""
        logits: Tensor = self.decide(torch.tanh(self.weigh(found)))
        return logits


def evidence(logits: Tensor, experts: Tensor, relation: Tensor, lengths: Tensor) -> Tensor:
    """What the fusion decides on: both halves, whether there is a target (experts see none), the length."""
    aimed = (relation == IN_TARGET).any(1, keepdim=True).float()
    return torch.cat([logits.flatten(1), experts, aimed, lengths[:, None].float().log()], dim=1)


def likelihood(logits: Tensor, labels: Tensor, two_class: Tensor, smoothing: float = 0.0) -> Tensor:
    """Negative log-likelihood of each text, between the sides alone where raters had no neutral."""
    three = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    sides = nn.functional.cross_entropy(
        logits[:, [0, 2]], labels // 2, label_smoothing=smoothing, reduction="none"
    )
    return torch.where(two_class, sides, three)
