"""Several embedders as one: what each network of a model is trained with, and what they know together.

Networks that differ in their random start and in how long they learn err on other crops. An embedding of all
is theirs side by side, so that the cosine of two embeddings is the mean of theirs (docs/training-logos.md has
what that gains).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from monitor.logos.crops import CropGeometry
from training.data.pictures import AnnotatedPicture
from training.logos.embedder_training import EmbedderHyper, TrainedEmbedder, seconds_trained, train_embedder

Pixels = NDArray[np.uint8]


def train_ensemble(
    pictures: Sequence[AnnotatedPicture],
    labels: Sequence[str],
    drawings: Sequence[Pixels],
    wordmarks: Mapping[str, Pixels],
    run: Path,
    hyper: EmbedderHyper,
    geometry: CropGeometry,
) -> list[TrainedEmbedder]:
    """Train (or go on training) one network after the other, each in a folder of its own under `run`."""
    return [
        train_embedder(pictures, labels, drawings, wordmarks, folder, own, geometry)
        for folder, own in zip(_folders(run, hyper), _hypers(hyper), strict=True)
    ]


def hours_trained(run: Path, hyper: EmbedderHyper) -> float:
    """Of all networks and all processes of the run together."""
    return sum(seconds_trained(folder) for folder in _folders(run, hyper)) / 3600


def brand_vectors(
    trained: Sequence[TrainedEmbedder], brands: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The learned vectors of the brands (brands, networks * D), and of none (networks, V, D), of length 1."""
    parts = np.stack([F.normalize(one.vectors.vectors.detach(), dim=1).numpy() for one in trained])
    joined = np.concatenate(parts[:, :brands], 1) / np.sqrt(len(parts))
    return np.asarray(joined, np.float32), parts[:, brands:]


def _folders(run: Path, hyper: EmbedderHyper) -> list[Path]:
    return [run, *(run / f"network-{number}" for number in range(2, hyper.networks + 1))]


def _hypers(hyper: EmbedderHyper) -> list[EmbedderHyper]:
    further = [
        replace(hyper, seed=hyper.seed + number, steps=hyper.further_steps)
        for number in range(1, hyper.networks)
    ]
    return [hyper, *further]
