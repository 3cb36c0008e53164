"""The shipped network in torch: word vectors -> BiLSTM -> max, mean, target attention -> 3 classes."""

import torch
from torch import Tensor, nn

from monitor.sentiment.encoding import IN_TARGET, RELATIONS


class Network(nn.Module):
    """Deep half of the shipped model.

    Inputs, all int64: `tokens` and `relation` (batch, length), `lengths` (batch,). Output: logits (batch, 3).
    Padding has no effect: the backward LSTM starts at each text's last token, pooling sees real tokens only.
    """

    def __init__(
        self,
        vectors: Tensor,
        *,
        hidden: int,
        relation_dims: int,
        head_dims: int,
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
        self.dropout = dropout

    def forward(self, tokens: Tensor, relation: Tensor, lengths: Tensor) -> Tensor:
        """Logits (batch, labels)."""
        vectors = torch.cat([self.words(tokens), self.relations(relation)], dim=2)
        if self.training:
            # One mask for all time steps of a text (Gal & Ghahramani 2016): per-step noise averages out.
            vectors = vectors * _keep((len(tokens), 1, vectors.shape[2]), self.dropout, vectors)
        mirror = _mirror(lengths, tokens.shape[1])
        ahead, _ = self.forwards(vectors)
        back, _ = self.backwards(_reorder(vectors, mirror))
        states = torch.cat([ahead, _reorder(back, mirror)], dim=2)
        pooled = self._pool(states, relation, lengths)
        features = torch.relu(self.head(nn.functional.dropout(pooled, self.dropout, self.training)))
        logits: Tensor = self.out(nn.functional.dropout(features, self.dropout, self.training))
        return logits

    def _pool(self, states: Tensor, relation: Tensor, lengths: Tensor) -> Tensor:
        real = (torch.arange(states.shape[1]) < lengths[:, None])[:, :, None]
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


class Fused(nn.Module):
    """The whole shipped model: the network beside linear n-gram experts, weighed by a small layer.

    The experts are TF-IDF logistic regressions over hashed words and word pairs of the *whole* text (a
    wide-and-deep model, Cheng et al. 2016): they remember rare phrases and the middle of long reviews, the
    LSTM reads order.
    """

    def __init__(self, deep: Network, table: Tensor, bias: Tensor, fusion: int) -> None:
        """`table`: (rows, decision values + 1), last column idf squared; row 0 is padding, all zeros."""
        super().__init__()
        self.deep = deep
        self.table = nn.Parameter(table, requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)
        labels = deep.out.out_features
        self.weigh = nn.Linear(labels + len(bias) + 2, fusion)
        self.decide = nn.Linear(fusion, labels)

    def forward(self, tokens: Tensor, relation: Tensor, lengths: Tensor, ngrams: Tensor) -> Tensor:
        """Probabilities (batch, labels)."""
        logits = self.deep(tokens, relation, lengths)
        return self.fuse(evidence(logits, self.experts(ngrams), relation, lengths)).softmax(1)

    def experts(self, ngrams: Tensor) -> Tensor:
        """(batch, decision values) of texts given as n-gram rows (batch, n-grams)."""
        total = nn.functional.embedding(ngrams, self.table).sum(1)
        return total[:, :-1] / total[:, -1:].clamp(min=1.0).sqrt() + self.bias

    def fuse(self, found: Tensor) -> Tensor:
        """Logits (batch, labels) from what `evidence` put together."""
        logits: Tensor = self.decide(torch.tanh(self.weigh(found)))
        return logits


def evidence(logits: Tensor, experts: Tensor, relation: Tensor, lengths: Tensor) -> Tensor:
    """What the fusion decides on: both halves, whether there is a target (experts see none), the length."""
    aimed = (relation == IN_TARGET).any(1, keepdim=True).float()
    return torch.cat([logits, experts, aimed, lengths[:, None].float().log()], dim=1)


def likelihood(logits: Tensor, labels: Tensor, two_class: Tensor, smoothing: float = 0.0) -> Tensor:
    """Negative log-likelihood of each text, between the sides alone where raters had no neutral."""
    three = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    sides = nn.functional.cross_entropy(
        logits[:, [0, 2]], labels // 2, label_smoothing=smoothing, reduction="none"
    )
    return torch.where(two_class, sides, three)
