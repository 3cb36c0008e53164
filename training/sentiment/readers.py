"""What reads a text's word vectors: a bidirectional LSTM with attention to the target, and convolutions.

Beside the LSTMs a small convolutional network (Kim 2014, arXiv:1408.5882) reads the same vectors: another
kind of reader makes other mistakes.
"""

from typing import Final

import torch
from torch import Tensor, nn

from monitor.sentiment.encoding import IN_TARGET

PHRASES: Final = (2, 3, 4)
"""Words that a convolution sees at once."""


class Recurrent(nn.Module):
    """A BiLSTM whose states are pooled by maximum, mean, an attention asked by the target, and the target.

    Padding has no effect: the backward LSTM starts at each text's last token, pooling sees real tokens only.
    """

    def __init__(self, inputs: int, *, hidden: int, head_dims: int, dropout: float) -> None:
        """`inputs`: length of a token's vector; `hidden`: states of each direction."""
        super().__init__()
        self.forwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.backwards = nn.LSTM(inputs, hidden, batch_first=True)
        self.query = nn.Linear(2 * hidden, 2 * hidden)
        self.head = nn.Linear(8 * hidden, head_dims)
        self.dropout = dropout

    def forward(self, vectors: Tensor, relation: Tensor, lengths: Tensor, real: Tensor) -> Tensor:
        """Features (batch, head_dims) of `vectors` (batch, length, inputs); `real` marks tokens."""
        backward = mirror(lengths, vectors.shape[1])
        ahead, _ = self.forwards(vectors)
        back, _ = self.backwards(reorder(vectors, backward))
        states = torch.cat([ahead, reorder(back, backward)], dim=2)
        pooled = nn.functional.dropout(
            self._pool(states, relation, lengths, real), self.dropout, self.training
        )
        return nn.functional.dropout(torch.relu(self.head(pooled)), self.dropout, self.training)

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


class Phrases(nn.Module):
    """Convolutions over neighbouring words, the strongest answer of each anywhere in the text."""

    def __init__(self, inputs: int, *, filters: int, labels: int, dropout: float) -> None:
        """`filters` of each phrase length."""
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv1d(inputs, filters, width) for width in PHRASES])
        self.out = nn.Linear(len(PHRASES) * filters, labels)
        self.dropout = dropout

    def forward(self, vectors: Tensor, real: Tensor) -> Tensor:
        """Logits (batch, labels) of `vectors` (batch, length, inputs); `real` marks tokens."""
        # Zeros where a text has ended: a phrase that runs over its end sees the same in every batch.
        sequence = (vectors * real).transpose(1, 2)
        found = [
            torch.relu(convolve(nn.functional.pad(sequence, (0, width - 1)))).masked_fill(
                ~real.transpose(1, 2), 0.0
            )
            for width, convolve in zip(PHRASES, self.convolutions, strict=True)
        ]
        strongest = torch.cat([one.amax(2) for one in found], dim=1)
        logits: Tensor = self.out(nn.functional.dropout(strongest, self.dropout, self.training))
        return logits


def mirror(lengths: Tensor, width: int) -> Tensor:
    """(batch, width): the position each swaps with when a text is read backwards; padding stays."""
    position = torch.arange(width)[None, :]
    swapped = lengths[:, None] - 1 - position
    return torch.where(swapped >= 0, swapped, position)


def reorder(values: Tensor, order: Tensor) -> Tensor:
    """(batch, length, n) with the positions of each text in `order` (batch, length)."""
    return values.gather(1, order[:, :, None].expand(-1, -1, values.shape[2]))
