"""Trains the `logos` model: a dense network on drawn canvases, with hard negatives from its false alarms.

    brand-train logos --data DIR --out onnx_models/logos

A run writes a checkpoint every few hundred steps; the same command goes on from it. The learning rate stays
level and falls to zero over the last quarter, so that a run can be given more steps (`--set steps=...`) while
it is going on.
"""

import copy
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture
from training.logos.canvases import CanvasMix, CanvasSource
from training.logos.convolutions import AS_THE_CPU, in_half
from training.logos.dense_loss import dense_loss, targets_of
from training.logos.dense_network import DenseLogoNetwork
from training.logos.false_alarms import find_false_alarms


@dataclass(frozen=True)
class DenseHyper:
    """Everything a run depends on besides the data."""

    steps: int = 4000
    batch: int = 32  # canvases
    head_rate: float = 1.5e-3  # AdamW
    backbone_rate: float = 4e-4  # lower: it starts from ImageNet
    frozen_blocks: int = 3  # first blocks of the backbone, up to stride 4: a third less time a step
    weight_decay: float = 0.02
    warmup: int = 150  # steps of rising learning rate
    decay_share: float = 0.25  # last part of the run, in which the rate falls to zero
    average: float = 0.998  # of the weights that are exported (exponential moving average)
    clip: float = 10.0  # largest gradient norm
    mine_every: int = 800  # steps between two searches for false alarms
    checkpoint_every: int = 200
    seed: int = 1
    threads: int = 1
    bits: int = AS_THE_CPU  # of convolutions in training: 16 is bfloat16, 32 float32, 0 the faster of both
    export_bits: int = 8  # of the backbone in the file: half the time on a CPU; 32: as it was trained


_CHECKPOINT: Final = "checkpoint.pt"
_MOST_MINED: Final = 3000
"""Places kept; the oldest are forgotten first."""


def learning_rate_factor(step: int, hyper: DenseHyper) -> float:
    """Share of the full learning rate: rises, stays level, falls linearly to zero."""
    rising = min((step + 1) / hyper.warmup, 1.0)
    falling = (hyper.steps - step) / max(hyper.decay_share * hyper.steps, 1.0)
    return max(min(rising, falling, 1.0), 0.0)


def train_dense(
    pictures: Sequence[AnnotatedPicture], labels: Sequence[str], run: Path, hyper: DenseHyper, mix: CanvasMix
) -> DenseLogoNetwork:
    """Train (or go on training) in the folder `run`; returns the averaged network in evaluation mode."""
    torch.set_num_threads(hyper.threads)
    run.mkdir(parents=True, exist_ok=True)
    state = _Run.begin(labels, hyper, run)
    if state.step >= hyper.steps:
        return state.averaged.eval()
    source = CanvasSource(pictures, labels, mix, state.rng)
    source.learn_false_alarms(state.mined)
    started = time.monotonic()
    with (
        (run / "log.jsonl").open("a", encoding="utf-8") as log,
        tqdm(desc="training", initial=state.step, total=hyper.steps, unit="step", mininterval=5) as progress,
    ):
        for parts in _steps(state, source, hyper):
            progress.set_postfix(parts, refresh=False)
            progress.update()
            if state.step % hyper.mine_every == 0 and state.step < hyper.steps:
                # Older finds stay: what fooled once is worth showing again.
                state.mined = (state.mined + find_false_alarms(state.averaged, pictures, state.rng))[
                    -_MOST_MINED:
                ]
                source.learn_false_alarms(state.mined)
            if state.step % 20 == 0:
                line = {"step": state.step, **parts, "mined": len(state.mined)}
                print(json.dumps(line), file=log, flush=True)
            if state.step % hyper.checkpoint_every == 0 or state.step == hyper.steps:
                state.save(run, hyper, time.monotonic() - started)
                started = time.monotonic()
    return state.averaged.eval()


def hours_trained(run: Path) -> float:
    """Of all processes of the run together."""
    return float(torch.load(run / _CHECKPOINT, weights_only=True)["seconds"]) / 3600


def _steps(state: "_Run", source: CanvasSource, hyper: DenseHyper) -> Iterator[dict[str, float]]:
    """One optimiser step each; yields the parts of its loss."""
    half = in_half(hyper.bits)
    while state.step < hyper.steps:
        canvases = [source.draw() for _ in range(hyper.batch)]
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            maps = state.network.maps(as_input([canvas.pixels for canvas in canvases]))
        loss, parts = dense_loss(state.network.answers(*maps), targets_of(canvases))
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.network.parameters(), hyper.clip)
        factor = learning_rate_factor(state.step, hyper)
        for group, rate in zip(
            state.optimizer.param_groups, (hyper.backbone_rate, hyper.head_rate), strict=True
        ):
            group["lr"] = rate * factor
        state.optimizer.step()
        state.optimizer.zero_grad(set_to_none=False)
        state.step += 1
        state.average(hyper)
        yield {name: round(value, 4) for name, value in parts.items()}


def as_input(pixels: Sequence[np.ndarray[Any, np.dtype[np.uint8]]]) -> Tensor:
    """BGR pictures of one size -> the network's input, (N, 3, H, W), RGB, (x - 127) / 128, channels last in
    memory."""
    x = torch.from_numpy(np.stack(pixels)[..., ::-1].copy()).permute(0, 3, 1, 2)
    return ((x.float() - 127.0) / 128.0).contiguous(memory_format=torch.channels_last)


class _Run:
    """What a checkpoint holds."""

    def __init__(self, labels: Sequence[str], hyper: DenseHyper) -> None:
        torch.manual_seed(hyper.seed)
        self.labels = tuple(labels)
        self.network = DenseLogoNetwork(len(labels))
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.backbone.load_imagenet()
        self.network.backbone.freeze(hyper.frozen_blocks)
        self.averaged = copy.deepcopy(self.network).eval()
        backbone = list(self.network.backbone.parameters())
        own = {id(parameter) for parameter in backbone}
        head = [parameter for parameter in self.network.parameters() if id(parameter) not in own]
        self.optimizer = torch.optim.AdamW(
            [{"params": backbone}, {"params": head}], lr=hyper.head_rate, weight_decay=hyper.weight_decay
        )
        self.rng = np.random.default_rng(hyper.seed)
        self.mined: list[tuple[int, float, float, float]] = []
        self.step, self.seconds = 0, 0.0
        self.network.train()

    @classmethod
    def begin(cls, labels: Sequence[str], hyper: DenseHyper, run: Path) -> "_Run":
        """A new run, or the one whose checkpoint lies in `run`."""
        state = cls(labels, hyper)
        if not (run / _CHECKPOINT).exists():
            return state
        stored = torch.load(run / _CHECKPOINT, weights_only=True)
        if tuple(stored["labels"]) != state.labels or stored["hyper"]["batch"] != hyper.batch:
            raise SetupError(
                f"{run} holds a run with other labels or batch size; give another --run or remove it"
            )
        state.network.load_state_dict(stored["network"])
        state.averaged.load_state_dict(stored["averaged"])
        state.optimizer.load_state_dict(stored["optimizer"])
        state.rng.bit_generator.state = json.loads(stored["rng"])
        state.mined = [tuple(place) for place in stored["mined"]]
        state.step, state.seconds = stored["step"], stored["seconds"]
        return state

    def save(self, run: Path, hyper: DenseHyper, seconds: float) -> None:
        """Write the checkpoint, `seconds` after the last; a kill while writing leaves the old one."""
        self.seconds += seconds
        partial = run / (_CHECKPOINT + ".partial")
        torch.save(
            {
                "labels": list(self.labels),
                "hyper": asdict(hyper),
                "network": self.network.state_dict(),
                "averaged": self.averaged.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "rng": json.dumps(self.rng.bit_generator.state),
                "mined": [list(place) for place in self.mined],
                "step": self.step,
                "seconds": self.seconds,
            },
            partial,
        )
        partial.replace(run / _CHECKPOINT)

    def average(self, hyper: DenseHyper) -> None:
        """Move the averaged weights a little toward the current ones (faster at the start of a run)."""
        keep = min(hyper.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            pairs = zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True)
            for mean, current in pairs:
                if mean.dtype.is_floating_point:
                    mean.lerp_(current, 1 - keep)
                else:
                    mean.copy_(current)
