"""Trains the `logos-embedder` model: a crop becomes a point near those of the same logo.

    brand-train logos --arch embedder --data DIR

A run writes a checkpoint every few steps; the same command goes on from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from monitor.logos.crops import CropGeometry
from training.data.pictures import AnnotatedPicture
from training.logos.dense_training import as_input
from training.logos.drawn_logos import DrawnLogos
from training.logos.embedder_crops import CropMix, CropSource, Place
from training.logos.embedder_loss import BrandVectors, Memory, embedder_loss
from training.logos.embedder_network import CropEmbedder
from training.logos.training_run import LoopHyper, TrainingRun

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class EmbedderHyper(LoopHyper):
    """Everything a run depends on besides the data."""

    steps: int = 1500  # of 64 crops (`CropMix`); with more, logos held back are named worse
    networks: int = 3  # embeddings side by side; each but the first with another seed
    further_steps: int = 3000  # of each network but the first, whose crops are harder (`HARDER`)
    close_ups: str = "cars_close"  # folders whose labels without a box mean the whole picture, by comma
    vectors: int = 2000  # vector logos, chosen by a hash of their names
    head_rate: float = 2e-3
    warmup: int = 60
    decay_share: float = 0.4
    mine_every: int = 200  # steps between two searches for backgrounds that look like a brand
    mine_looks: int = 1500  # backgrounds looked at in a search
    mine_keeps: int = 150  # of those, how many are remembered
    checkpoint_every: int = 50


_CHUNK: Final = 64


def train_embedder(
    pictures: Sequence[AnnotatedPicture],
    labels: Sequence[str],
    drawings: Sequence[Pixels],
    wordmarks: Mapping[str, Pixels],
    run: Path,
    hyper: EmbedderHyper,
    geometry: CropGeometry,
    mix: CropMix,
) -> CropEmbedder:
    """Train (or go on training) in the folder `run`; returns the averaged network in evaluation mode."""
    torch.manual_seed(hyper.seed)
    network = CropEmbedder()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.load_imagenet()
    network.backbone.freeze(hyper.frozen_blocks)
    vectors, memory = BrandVectors(len(labels)), Memory()
    identity = [*labels, f"{len(pictures)} pictures", f"{len(drawings)} drawings", str(geometry)]
    pretrained = [p for part in (network.backbone, network.head) for p in part.parameters()]
    beside, kept = {"vectors": vectors}, {"memory": memory}
    state = TrainingRun(run, identity, hyper, network, pretrained, beside, kept)
    averaged, averaged_vectors = state.averaged["network"], state.averaged["vectors"]
    assert isinstance(averaged, CropEmbedder)
    assert isinstance(averaged_vectors, BrandVectors)
    if state.step >= hyper.steps:
        return averaged
    source = CropSource(pictures, labels, DrawnLogos(drawings, geometry), wordmarks, mix, geometry, state.rng)
    source.mined = [Place(number, tuple(corners)) for number, corners in state.mined]

    def loss(half: bool) -> tuple[Tensor, dict[str, float]]:
        crops, numbers = source.draw()
        own = torch.from_numpy(numbers)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            maps = network.maps(as_input(list(crops)))
        embeddings = network.embedded(*maps)
        value, parts = embedder_loss(embeddings, own, vectors, memory)
        memory.remember(embeddings, own)
        return value, parts

    def mine() -> None:
        found = _find_lookalikes(averaged, averaged_vectors, source, hyper)
        state.mined += [(place.picture, list(place.corners)) for place in found]
        source.mined = [*source.mined, *found]

    state.train(loss, mine)
    return averaged.eval()


def _find_lookalikes(
    network: CropEmbedder, vectors: BrandVectors, source: CropSource, hyper: EmbedderHyper
) -> list[Place]:
    """Of random backgrounds, those that the averaged network takes for a brand with most conviction."""
    places, crops = [], []
    for number in range(hyper.mine_looks):
        picture, box = source.anywhere(near_logo=number % 4 == 0)
        places.append(Place(picture, tuple(box.tolist())))
        crops.append(source.cut(picture, box))
    embeddings = torch.from_numpy(embed(network, np.stack(crops)))
    with torch.inference_mode():
        logits = vectors.logits(embeddings)
    lead = (logits[:, :-1].amax(1) - logits[:, -1]).numpy()
    return [places[number] for number in np.argsort(-lead, kind="stable")[: hyper.mine_keeps].tolist()]


def embed(network: CropEmbedder, crops: Pixels) -> NDArray[np.float32]:
    """(N, side, side, 3) uint8 BGR -> (N, DIMENSIONS), with the network as it is."""
    network.eval()
    with torch.inference_mode():
        parts = [network(as_input(list(crops[at : at + _CHUNK]))) for at in range(0, len(crops), _CHUNK)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)
