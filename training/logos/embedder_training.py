"""Trains the `logos-embedder` model: a crop becomes a point near those of the same logo.

    brand-train logos --arch embedder --data DIR

A run writes a checkpoint every few steps; the same command goes on from it. As in the dense run, the learning
rate stays level until the last part, so that a run can be given more steps while it is going on.
"""

import copy
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.errors import SetupError
from monitor.logos.crops import CropGeometry
from training.data.pictures import AnnotatedPicture
from training.logos.convolutions import AS_THE_CPU, in_half
from training.logos.dense_training import as_input
from training.logos.drawn_logos import DrawnLogos
from training.logos.embedder_crops import CropMix, CropSource, Place
from training.logos.embedder_loss import BrandVectors, Memory, embedder_loss
from training.logos.embedder_network import CropEmbedder

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class EmbedderHyper:
    """Everything a run depends on besides the data."""

    steps: int = 1500  # of 64 crops (`CropMix`); with more, logos held back are named worse
    networks: int = 3  # embeddings side by side; each but the first with another seed
    further_steps: int = 3000  # of each network but the first, whose crops are harder (`HARDER`)
    close_ups: str = (
        "cars_close"  # folders whose labels without a box mean the whole picture; comma-separated
    )
    vectors: int = 2000  # vector logos, chosen by a hash of their names
    head_rate: float = 2e-3  # AdamW
    backbone_rate: float = 4e-4  # lower: it starts from ImageNet
    frozen_blocks: int = 3  # first blocks of the backbone, up to stride 4: a third less time a step
    weight_decay: float = 0.02
    warmup: int = 60  # steps of rising learning rate
    decay_share: float = 0.4  # last part of the run, in which the rate falls to zero
    average: float = 0.99  # of the weights that are exported (exponential moving average)
    clip: float = 10.0  # largest gradient norm
    mine_every: int = 200  # steps between two searches for backgrounds that look like a brand
    mine_looks: int = 1500  # backgrounds looked at in a search
    mine_keeps: int = 150  # of those, how many are remembered
    checkpoint_every: int = 50
    seed: int = 1
    threads: int = 1
    export_bits: int = 8  # of the convolutions in the file: half the time on a CPU; 32: as trained
    bits: int = AS_THE_CPU  # of convolutions in training: 16 is bfloat16, 32 float32, 0 the faster of both


_CHECKPOINT: Final = "checkpoint.pt"
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
    torch.set_num_threads(hyper.threads)
    run.mkdir(parents=True, exist_ok=True)
    identity = [*labels, f"{len(pictures)} pictures", f"{len(drawings)} drawings", str(geometry)]
    state = _Run.begin(len(labels), identity, hyper, run)
    if state.step >= hyper.steps:
        return state.averaged.eval()
    drawn = DrawnLogos(drawings, geometry)
    source = CropSource(pictures, labels, drawn, wordmarks, mix, geometry, state.rng)
    source.mined = state.mined
    half, started = in_half(hyper.bits), time.monotonic()
    with (
        (run / "log.jsonl").open("a", encoding="utf-8") as log,
        tqdm(desc=run.name, initial=state.step, total=hyper.steps, unit="step", mininterval=5) as progress,
    ):
        while state.step < hyper.steps:
            parts = _one_step(state, source, hyper, half)
            progress.set_postfix(parts, refresh=False)
            progress.update()
            if state.step % hyper.mine_every == 0 and state.step < hyper.steps:
                state.mined += _find_lookalikes(state, source, hyper)
                source.mined = state.mined
            if state.step % 20 == 0:
                print(json.dumps({"step": state.step, **parts}), file=log, flush=True)
            if state.step % hyper.checkpoint_every == 0 or state.step == hyper.steps:
                state.save(run, time.monotonic() - started)
                started = time.monotonic()
    return state.averaged.eval()


def _one_step(state: "_Run", source: CropSource, hyper: EmbedderHyper, half: bool) -> dict[str, float]:
    crops, numbers = source.draw()
    labels = torch.from_numpy(numbers)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        maps = state.network.maps(as_input(list(crops)))
    embeddings = state.network.embedded(*maps)
    loss, parts = embedder_loss(embeddings, labels, state.vectors, state.memory)
    loss.backward()  # type: ignore[no-untyped-call]
    state.memory.remember(embeddings, labels)
    torch.nn.utils.clip_grad_norm_(state.network.parameters(), hyper.clip)
    rising = min((state.step + 1) / hyper.warmup, 1.0)
    falling = (hyper.steps - state.step) / max(hyper.decay_share * hyper.steps, 1.0)
    for group, rate in zip(state.optimizer.param_groups, (hyper.backbone_rate, hyper.head_rate), strict=True):
        group["lr"] = rate * min(rising, falling, 1.0)
    state.optimizer.step()
    state.optimizer.zero_grad(set_to_none=False)
    state.step += 1
    state.average(hyper)
    return {name: round(value, 4) for name, value in parts.items()}


def _find_lookalikes(state: "_Run", source: CropSource, hyper: EmbedderHyper) -> list[Place]:
    """Of random backgrounds, those that the averaged network takes for a brand with most conviction."""
    places, crops = [], []
    for number in range(hyper.mine_looks):
        picture, box = source.anywhere(near_logo=number % 4 == 0)
        places.append(Place(picture, tuple(box.tolist())))
        crops.append(source.cut(picture, box))
    embeddings = torch.from_numpy(embed(state.averaged, np.stack(crops)))
    with torch.inference_mode():
        logits = state.averaged_vectors.logits(embeddings)
    lead = (logits[:, :-1].amax(1) - logits[:, -1]).numpy()
    return [places[number] for number in np.argsort(-lead, kind="stable")[: hyper.mine_keeps].tolist()]


def embed(network: CropEmbedder, crops: Pixels) -> NDArray[np.float32]:
    """(N, side, side, 3) uint8 BGR -> (N, DIMENSIONS), with the network as it is."""
    network.eval()
    with torch.inference_mode():
        parts = [network(as_input(list(crops[at : at + _CHUNK]))) for at in range(0, len(crops), _CHUNK)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)


def seconds_trained(run: Path) -> float:
    """Of all processes of the run together."""
    stored = torch.load(run / _CHECKPOINT, weights_only=True)
    return float(stored["seconds"])


class _Run:
    """What a checkpoint holds."""

    def __init__(self, brands: int, identity: list[str], hyper: EmbedderHyper) -> None:
        torch.manual_seed(hyper.seed)
        self.identity = identity
        self.network = CropEmbedder()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.load_imagenet()
        self.network.backbone.freeze(hyper.frozen_blocks)
        self.vectors = BrandVectors(brands)
        self.memory = Memory()
        self.averaged, self.averaged_vectors = copy.deepcopy(self.network), copy.deepcopy(self.vectors)
        own = [p for part in (self.network.backbone, self.network.head) for p in part.parameters()]
        new = [*self.network.embed.parameters(), *self.vectors.parameters()]
        self.optimizer = torch.optim.AdamW(
            [{"params": own}, {"params": new}], lr=hyper.head_rate, weight_decay=hyper.weight_decay
        )
        self.rng = np.random.default_rng(hyper.seed)
        self.mined: list[Place] = []
        self.step, self.seconds = 0, 0.0
        self.network.train()

    @classmethod
    def begin(cls, brands: int, identity: list[str], hyper: EmbedderHyper, run: Path) -> "_Run":
        """A new run, or the one whose checkpoint lies in `run`."""
        state = cls(brands, identity, hyper)
        if not (run / _CHECKPOINT).exists():
            return state
        stored = torch.load(run / _CHECKPOINT, weights_only=True)
        if stored["identity"] != state.identity:
            raise SetupError(
                f"{run} holds a run with other labels, pictures, vector logos or crops; "
                "give another --work or remove it"
            )
        for name, part in state.parts().items():
            part.load_state_dict(stored[name])
        state.rng.bit_generator.state = json.loads(stored["rng"])
        state.mined = [Place(picture, tuple(corners)) for picture, corners in stored["mined"]]
        state.step, state.seconds = stored["step"], stored["seconds"]
        return state

    def parts(self) -> dict[str, Any]:
        """Everything with a state of tensors."""
        return {
            "network": self.network,
            "vectors": self.vectors,
            "averaged": self.averaged,
            "averaged_vectors": self.averaged_vectors,
            "memory": self.memory,
            "optimizer": self.optimizer,
        }

    def save(self, run: Path, seconds: float) -> None:
        """Write the checkpoint, `seconds` after the last; a kill while writing leaves the old one."""
        self.seconds += seconds
        partial = run / (_CHECKPOINT + ".partial")
        stored = {name: part.state_dict() for name, part in self.parts().items()}
        stored |= {
            "identity": self.identity,
            "rng": json.dumps(self.rng.bit_generator.state),
            "mined": [[place.picture, list(place.corners)] for place in self.mined],
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(stored, partial)
        partial.replace(run / _CHECKPOINT)

    def average(self, hyper: EmbedderHyper) -> None:
        """Move the averaged weights a little toward the current ones (faster at the start of a run)."""
        keep = min(hyper.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in ((self.averaged, self.network), (self.averaged_vectors, self.vectors)):
                pairs = zip(mean.state_dict().values(), now.state_dict().values(), strict=True)
                for old, new in pairs:
                    if old.dtype.is_floating_point:
                        old.lerp_(new, 1 - keep)
                    else:
                        old.copy_(new)
