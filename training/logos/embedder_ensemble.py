"""Several embedders as one: what each network of a model is trained with, and what they know together.

Networks that differ in their random start, in how long they learn and in how hard their crops are err on
other crops. An embedding of all is theirs side by side, so that the cosine of two embeddings is the mean of
theirs (docs/training-logos.md has what that gains).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from training.logos.embedder_crops import CropMix
from training.logos.embedder_training import EmbedderHyper

HARDER: Final = CropMix(other_colours=0.3, covered=0.35, detailed=True)
"""Of every network but the first: it may learn for longer before it knows the crops by heart.

Wide crops in their full detail, where the first network learns from softer ones: they err on other crops.
"""


@dataclass(frozen=True)
class Member:
    """One network of a model: where it is trained, and with what."""

    run: Path
    hyper: EmbedderHyper
    mix: CropMix


def members(run: Path, hyper: EmbedderHyper) -> list[Member]:
    """The networks of a run; each but the first in a folder of its own under `run`."""
    further = [
        Member(
            run / f"network-{number + 1}",
            replace(hyper, seed=hyper.seed + number, steps=hyper.further_steps),
            HARDER,
        )
        for number in range(1, hyper.networks)
    ]
    return [Member(run, hyper, CropMix()), *further]
