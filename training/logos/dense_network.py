"""The compact network of the `logos` model: the talk's CNN behind a window, run on all windows at once.

One pass over a picture level answers, for every window centre of a grid 8 px apart: is a logo here, which
brand, and where exactly is its box. A window means a logo of about 40 to 112 px; larger and smaller logos are
found on other levels of the picture pyramid (`monitor.logos.windows`). So every training picture teaches all
logo sizes, which is what a few hundred pictures need.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (torch's own convention)

from training.logos.convolutions import ConvNorm
from training.logos.lite0 import CHANNELS, Lite0

STRIDE: Final = 8
"""Pixels between window centres; centres stand at (column + 0.5) * STRIDE."""
BOX_UNIT: Final = 32.0
"""Pixels that a box side of exp(0) means: half of a typical window, so that the head starts near its
targets."""
WIDTH: Final = 112
"""Channels of the head."""


def _separable(channels: int) -> list[nn.Module]:
    return [
        ConvNorm(channels, channels, 5, groups=channels),
        ConvNorm(channels, channels, 1),
        nn.ReLU6(inplace=True),
    ]


class DenseLogoNetwork(nn.Module):
    """Logits and boxes for every window centre.

    `forward` takes RGB (N, 3, H, W) normalised (x - 127) / 128, H and W multiples of 32, and returns
    objectness logits (N, H/8, W/8), brand logits (N, brands, H/8, W/8) and the distances in pixels from the
    centre to the box's left, top, right and bottom edge (N, 4, H/8, W/8).
    """

    def __init__(self, brands: int) -> None:
        super().__init__()
        self.backbone = Lite0()
        self.lateral = nn.ModuleList([ConvNorm(CHANNELS[stride], WIDTH, 1) for stride in (8, 16, 32)])
        self.merge16 = nn.Sequential(*_separable(WIDTH))
        self.merge8 = nn.Sequential(*_separable(WIDTH))
        self.where = nn.Sequential(*_separable(WIDTH), *_separable(WIDTH))
        self.which = nn.Sequential(*_separable(WIDTH), *_separable(WIDTH))
        self.objectness = nn.Conv2d(WIDTH, 1, 1)
        self.distances = nn.Conv2d(WIDTH, 4, 1)
        self.brand = nn.Conv2d(WIDTH, brands, 1)
        nn.init.constant_(self.objectness.bias, -4.0)  # type: ignore[arg-type]  # 2% of windows hold a logo
        for layer in (self.objectness, self.distances, self.brand):
            nn.init.normal_(layer.weight, std=0.01)
        nn.init.zeros_(self.distances.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Objectness logits, brand logits, distances."""
        return self.answers(*self.maps(x))

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What `answers` reads, (N, WIDTH, H/8, W/8) both: for "where is it", and for "which is it"."""
        return self.merged(*self.backbone(x))

    def merged(self, at8: Tensor, at16: Tensor, at32: Tensor) -> tuple[Tensor, Tensor]:
        """As `maps`, from the backbone's maps on."""
        y = self.lateral[1](at16) + F.interpolate(self.lateral[2](at32), scale_factor=2.0)
        y = self.lateral[0](at8) + F.interpolate(self.merge16(y), scale_factor=2.0)
        y = self.merge8(y)
        return self.where(y), self.which(y)

    def answers(self, where: Tensor, which: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As `forward`; in float32, even where the maps were made in less."""
        distances = BOX_UNIT * torch.exp(self.distances(where.float()).clamp(-4.0, 3.0))
        return self.objectness(where.float())[:, 0], self.brand(which.float()), distances

    def train(self, mode: bool = True) -> "DenseLogoNetwork":
        """Training mode, except that the backbone keeps ImageNet's batch statistics: batches here are
        small."""
        super().train(mode)
        for module in self.backbone.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


class DenseLogoGraph(nn.Module):
    """What is exported: pixels as OpenCV holds them in, probabilities and corner boxes out.

    Input uint8 (N, H, W, 3) BGR. Outputs: `objectness` (N, M) and `brands` (N, M, brands), both 0..1, and
    `boxes` (N, M, 4) as x1, y1, x2, y2 in input pixels; M = H/8 * W/8 window centres, row by row.
    """

    def __init__(self, network: DenseLogoNetwork) -> None:
        super().__init__()
        self.network = network
        self.stem = network.backbone.stem_of_pixels()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Objectness, brands, boxes."""
        maps = self.network.merged(*self.network.backbone.after_stem(self.stem(pixels)))
        objectness, brands, distances = self.network.answers(*maps)
        left, top, right, bottom = distances.unbind(1)
        y = (torch.arange(distances.shape[2], device=pixels.device).float()[:, None] + 0.5) * STRIDE
        x = (torch.arange(distances.shape[3], device=pixels.device).float() + 0.5) * STRIDE
        boxes = torch.stack([x - left, y - top, x + right, y + bottom], 3).flatten(1, 2)
        return objectness.flatten(1).sigmoid(), brands.flatten(2).transpose(1, 2).softmax(2), boxes
