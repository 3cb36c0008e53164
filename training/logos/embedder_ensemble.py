"""Several embedders as one: what each network of a model is trained with, and what they know together.

Networks that differ in their random start and in how long they learn err on other crops. An embedding of all
is theirs side by side, so that the cosine of two embeddings is the mean of theirs (docs/training-logos.md has
what that gains).
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.nn import functional as F  # noqa: N812

from training.logos.embedder_training import EmbedderHyper, TrainedEmbedder, seconds_trained


def members(run: Path, hyper: EmbedderHyper) -> list[tuple[Path, EmbedderHyper]]:
    """Of each network its own folder under `run`, and what it is trained with."""
    further = [
        (
            run / f"network-{number + 1}",
            replace(hyper, seed=hyper.seed + number, steps=hyper.further_steps),
        )
        for number in range(1, hyper.networks)
    ]
    return [(run, hyper), *further]


def hours_trained(run: Path, hyper: EmbedderHyper) -> float:
    """Of all networks and all processes of the run together."""
    return sum(seconds_trained(folder) for folder, _ in members(run, hyper)) / 3600


def brand_vectors(
    trained: Sequence[TrainedEmbedder], brands: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The learned vectors of the brands (brands, networks * D), and of none (networks, V, D), of length 1."""
    parts = np.stack([F.normalize(one.vectors.vectors.detach(), dim=1).numpy() for one in trained])
    joined = np.concatenate(parts[:, :brands], 1) / np.sqrt(len(parts))
    return np.asarray(joined, np.float32), parts[:, brands:]
