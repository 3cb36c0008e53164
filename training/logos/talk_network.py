"""The talk's CNN: exactly its layers, its initial weights, its optimiser and its regularisation.

From the talk's slides (DL4J): 75 x 22 x 3 input; conv 4x4x64 twice, max-pool 2, conv 4x4x96 twice, conv
3x3x128 twice, conv 2x2x256 twice, max-pool 2, dense 1024, dropout, dense 1024, dropout, softmax 2. "Same"
padding, ReLU, Xavier uniform, biases 0.01 (first dense layer 0.001), Adam, L1 1e-4, L2 5e-4, every layer's
gradient scaled to L2 norm 1.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

WIDTH: Final = 75
HEIGHT: Final = 22
_CONVOLUTIONS: Final = (
    (4, 64),
    (4, 64),
    (0, 0),
    (4, 96),
    (4, 96),
    (3, 128),
    (3, 128),
    (2, 256),
    (2, 256),
    (0, 0),
)
"""Kernel and channels of each layer; 0 is a max-pool of 2."""
_DENSE: Final = 1024


class SameConv2d(nn.Conv2d):
    """Stride 1, output as large as the input; an even kernel pads one more after than before, as DL4J
    does."""

    def forward(self, x: Tensor) -> Tensor:
        """Pads, then convolves."""
        total = self.kernel_size[0] - 1
        before = total // 2
        return F.conv2d(F.pad(x, (before, total - before, before, total - before)), self.weight, self.bias)


class TalkNetwork(nn.Module):
    """`forward` takes (N, 3, 22, 75) in 0..1 and returns logits (N, 2): not the brand, the brand.

    `dropout` is the share of activations set to zero while training. DL4J documents `dropOut(x)` as *keeping*
    with probability x; the slides' 0.2 is taken as the share dropped, as the word says.
    """

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels, width, height = 3, WIDTH, HEIGHT
        for kernel, outputs in _CONVOLUTIONS:
            if kernel == 0:
                layers.append(nn.MaxPool2d(2))
                width, height = width // 2, height // 2
            else:
                layers += [SameConv2d(channels, outputs, kernel), nn.ReLU(inplace=True)]
                channels = outputs
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(
            nn.Linear(channels * width * height, _DENSE),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(_DENSE, _DENSE),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(_DENSE, 2),
        )
        for layer in self.weighted_layers():
            nn.init.xavier_uniform_(layer.weight)
            assert layer.bias is not None
            nn.init.constant_(layer.bias, 1e-3 if layer is self.dense[0] else 1e-2)

    def weighted_layers(self) -> list[nn.Conv2d | nn.Linear]:
        """Layers with weights, first to last."""
        return [layer for layer in self.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.dense(self.convolutions(x).flatten(1))  # type: ignore[no-any-return]


class TalkGraph(nn.Module):
    """What is exported: uint8 windows (N, 22, 75, 3), BGR, in; softmax probabilities (N, 2) out."""

    def __init__(self, network: TalkNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """Probabilities of not the brand, the brand."""
        logits: Tensor = self.network(pixels.permute(0, 3, 1, 2).float() / 255.0)
        return logits.softmax(1)


def add_penalties(network: TalkNetwork, l1: float, l2: float) -> None:
    """Add the gradients of L1 and L2 on the weights (not the biases): l1 * sign(w) + l2 * w."""
    with torch.no_grad():
        for layer in network.weighted_layers():
            assert layer.weight.grad is not None
            layer.weight.grad.add_(layer.weight.sign(), alpha=l1).add_(layer.weight, alpha=l2)


def renormalise_layers(network: TalkNetwork) -> None:
    """Scale the gradient of each layer (weights and biases together) to L2 norm 1 (RenormalizeL2PerLayer)."""
    with torch.no_grad():
        for layer in network.weighted_layers():
            gradients = [p.grad for p in (layer.weight, layer.bias) if p is not None and p.grad is not None]
            norm = torch.sqrt(sum((g.square().sum() for g in gradients), torch.zeros(())))
            for gradient in gradients:
                gradient.div_(norm.clamp(min=1e-12))
