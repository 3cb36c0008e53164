"""Trains the `logos` model: a dense network on drawn canvases, with hard negatives from its false alarms.

    brand-train logos --data DIR --out onnx_models/logos

A run writes a checkpoint every few hundred steps; the same command goes on from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from training.data.pictures import AnnotatedPicture
from training.logos.canvases import CanvasMix, CanvasSource
from training.logos.dense_loss import dense_loss, targets_of
from training.logos.dense_network import DenseLogoNetwork
from training.logos.false_alarms import find_false_alarms
from training.logos.training_run import LoopHyper, TrainingRun


@dataclass(frozen=True)
class DenseHyper(LoopHyper):
    """Everything a run depends on besides the data."""

    steps: int = 4000
    batch: int = 32  # canvases
    warmup: int = 150
    average: float = 0.998
    mine_every: int = 800
    checkpoint_every: int = 200


_MOST_MINED: Final = 3000
"""Places kept; the oldest are forgotten first."""


def train_dense(
    pictures: Sequence[AnnotatedPicture], labels: Sequence[str], run: Path, hyper: DenseHyper, mix: CanvasMix
) -> DenseLogoNetwork:
    """Train (or go on training) in the folder `run`; returns the averaged network in evaluation mode."""
    torch.manual_seed(hyper.seed)
    network = DenseLogoNetwork(len(labels))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.backbone.load_imagenet()
    network.backbone.freeze(hyper.frozen_blocks)
    identity = [*labels, f"{len(pictures)} pictures", f"{hyper.batch} canvases"]
    state = TrainingRun(run, identity, hyper, network, list(network.backbone.parameters()))
    averaged = state.averaged["network"]
    assert isinstance(averaged, DenseLogoNetwork)
    if state.step >= hyper.steps:
        return averaged
    source = CanvasSource(pictures, labels, mix, state.rng)
    source.learn_false_alarms(state.mined)

    def loss(half: bool) -> tuple[Tensor, dict[str, float]]:
        canvases = [source.draw() for _ in range(hyper.batch)]
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            maps = network.maps(as_input([canvas.pixels for canvas in canvases]))
        return dense_loss(network.answers(*maps), targets_of(canvases))

    def mine() -> None:
        # Older finds stay: what fooled once is worth showing again.
        state.mined = [*state.mined, *find_false_alarms(averaged, pictures, state.rng)][-_MOST_MINED:]
        source.learn_false_alarms(state.mined)

    state.train(loss, mine)
    return averaged.eval()


def as_input(pixels: Sequence[np.ndarray[Any, np.dtype[np.uint8]]]) -> Tensor:
    """BGR pictures of one size -> the network's input, (N, 3, H, W), RGB, (x - 127) / 128, channels last in
    memory."""
    x = torch.from_numpy(np.stack(pixels)[..., ::-1].copy()).permute(0, 3, 1, 2)
    return ((x.float() - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)
