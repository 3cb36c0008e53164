"""What the embedder is trained towards, in two parts: name the known brands, and keep any two logos apart.

`name`: softmax over cosines to one learned vector per brand, with an additive margin (Wang et al. 2018,
CosFace, arXiv:1801.09414), and several vectors for "no logo", which looks like many things.
`same`: supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362) over brands and vector logos,
against a memory of the last batches (Wang et al. 2020, arXiv:1912.06798): thousands of logos without a
learned vector teach what makes two crops the same logo.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.logos.embedder_crops import NONE
from training.logos.embedder_network import DIMENSIONS

NONE_VECTORS: Final = 16
SCALE: Final = 20.0
"""Cosines times this are the logits."""
MARGIN: Final = 0.15
"""Cosine that the true brand must lead by."""
TEMPERATURE: Final = 0.1
MEMORY: Final = 4096
"""Embeddings remembered: some 60 batches, in which the network changes little."""
_VOID: Final = -2


class BrandVectors(nn.Module):
    """One direction per brand, `NONE_VECTORS` for none; `name` gives logits (N, brands + 1), none last."""

    def __init__(self, brands: int) -> None:
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(brands + NONE_VECTORS, DIMENSIONS))
        self.brands = brands

    def logits(self, embeddings: Tensor) -> Tensor:
        """Scaled cosines; none's is that of its nearest vector."""
        cosines = embeddings @ F.normalize(self.vectors, dim=1).T
        none = cosines[:, self.brands :].amax(1, keepdim=True)
        return SCALE * torch.cat([cosines[:, : self.brands], none], 1)


class Memory(nn.Module):
    """The last embeddings with their labels, without gradients; part of a checkpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("embeddings", torch.zeros(MEMORY, DIMENSIONS))
        self.register_buffer("labels", torch.full((MEMORY,), _VOID))
        self.embeddings: Tensor
        self.labels: Tensor

    def remember(self, embeddings: Tensor, labels: Tensor) -> None:
        """Push a batch in; the oldest falls out."""
        self.embeddings = torch.cat([embeddings.detach(), self.embeddings])[:MEMORY]
        self.labels = torch.cat([labels, self.labels])[:MEMORY]


def embedder_loss(
    embeddings: Tensor, labels: Tensor, vectors: BrandVectors, memory: Memory
) -> tuple[Tensor, dict[str, float]]:
    """Sum of the two parts, and each alone for the log.

    `labels` (N,): a brand, a vector logo (from `vectors.brands` on), or `NONE`. The memory is not changed.
    """
    known = labels < vectors.brands
    logits = vectors.logits(embeddings[known])
    wanted = torch.where(labels[known] == NONE, vectors.brands, labels[known])
    margin = SCALE * MARGIN * F.one_hot(wanted, vectors.brands + 1)
    name = F.cross_entropy(logits - margin, wanted)
    same = _contrast(embeddings, labels, memory)
    return name + same, {"name": name.item(), "same": same.item()}


def _contrast(embeddings: Tensor, labels: Tensor, memory: Memory) -> Tensor:
    """Mean over the logos of the batch; backgrounds only stand against them."""
    filled = memory.labels != _VOID
    others = torch.cat([embeddings, memory.embeddings[filled]])
    other_labels = torch.cat([labels, memory.labels[filled]])
    anchors = labels != NONE
    similar = embeddings[anchors] @ others.T / TEMPERATURE
    itself = torch.zeros_like(similar, dtype=torch.bool)
    itself[torch.arange(len(similar)), anchors.nonzero()[:, 0]] = True
    similar = similar.masked_fill(itself, float("-inf"))
    chances = similar - similar.logsumexp(1, keepdim=True)
    positive = (labels[anchors][:, None] == other_labels[None]) & ~itself
    count = positive.sum(1)
    summed = torch.where(positive, chances, torch.zeros_like(chances)).sum(1)
    kept = count > 0
    return -(summed[kept] / count[kept]).mean()
