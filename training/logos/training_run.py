"""The loop in which both compact networks learn: seeded, resumable to the step, with progress from the first.

The learning rate stays level and falls to zero over the last part, so that a run can be given more steps
(`--set steps=...`) while it is going on.
"""

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from monitor.errors import SetupError
from training.logos.convolutions import AS_THE_CPU, in_half

_CHECKPOINT: Final = "checkpoint.pt"
_LOGGED_EVERY: Final = 20


@dataclass(frozen=True)
class LoopHyper:
    """What both networks' runs depend on; each says what differs."""

    steps: int = 1000
    head_rate: float = 1.5e-3  # AdamW
    backbone_rate: float = 4e-4  # lower: it starts from ImageNet
    frozen_blocks: int = 3  # first blocks of the backbone, up to stride 4: a third less time a step
    weight_decay: float = 0.02
    warmup: int = 100  # steps of rising learning rate
    decay_share: float = 0.25  # last part of the run, in which the rate falls to zero
    average: float = 0.99  # of the weights that are exported (exponential moving average)
    clip: float = 10.0  # largest gradient norm
    mine_every: int = 400  # steps between two searches for what fools the network
    checkpoint_every: int = 100
    seed: int = 1
    threads: int = 1
    bits: int = AS_THE_CPU  # of convolutions in training: 16 is bfloat16, 32 float32, 0 the faster of both
    export_bits: int = 8  # of convolutions in the file: half the time on a CPU; 32: as they were trained


def learning_rate_factor(step: int, hyper: LoopHyper) -> float:
    """Share of the full learning rate: rises, stays level, falls linearly to zero."""
    rising = min((step + 1) / hyper.warmup, 1.0)
    falling = (hyper.steps - step) / max(hyper.decay_share * hyper.steps, 1.0)
    return max(min(rising, falling, 1.0), 0.0)


class TrainingRun:
    """What a checkpoint in the folder `run` holds, and the loop over it.

    `network` and what is `beside` it learn, from ImageNet on where a parameter is one of `pretrained`;
    `averaged` are the moving averages of theirs, which are exported. `kept` only goes into the checkpoint.
    `mined` are places that fooled the network.
    """

    def __init__(
        self,
        run: Path,
        identity: Sequence[str],
        hyper: LoopHyper,
        network: nn.Module,
        pretrained: Sequence[nn.Parameter],
        beside: Mapping[str, nn.Module] | None = None,
        kept: Mapping[str, nn.Module] | None = None,
    ) -> None:
        """A new run, or the one whose checkpoint lies in `run`.

        Raises `SetupError` where that is of another `identity`: labels, pictures and what else must be alike.
        """
        torch.set_num_threads(hyper.threads)
        self.run, self.identity, self.hyper = run, list(identity), hyper
        self.network = network
        self.learned = {"network": network, **(beside or {})}
        self.averaged = {name: copy.deepcopy(part).eval() for name, part in self.learned.items()}
        own = {id(parameter) for parameter in pretrained}
        parameters = [parameter for part in self.learned.values() for parameter in part.parameters()]
        head = [parameter for parameter in parameters if id(parameter) not in own]
        self.optimizer = torch.optim.AdamW(
            [{"params": list(pretrained)}, {"params": head}],
            lr=hyper.head_rate,
            weight_decay=hyper.weight_decay,
        )
        self._stateful: dict[str, Any] = {
            **self.learned,
            **{f"averaged {name}": part for name, part in self.averaged.items()},
            **(kept or {}),
            "optimizer": self.optimizer,
        }
        self.rng = np.random.default_rng(hyper.seed)
        self.mined: list[tuple[Any, ...]] = []
        self.step, self.seconds = 0, 0.0
        for part in self.learned.values():
            part.train()
        run.mkdir(parents=True, exist_ok=True)
        if (run / _CHECKPOINT).exists():
            self._restore()

    def train(
        self, loss: Callable[[bool], tuple[Tensor, dict[str, float]]], mine: Callable[[], None]
    ) -> None:
        """To the last step. `loss(half)` gives a batch's loss and its parts for the log, convolutions in
        bfloat16 where `half`; `mine()` moves `mined` on."""
        if self.step >= self.hyper.steps:
            return
        half, started = in_half(self.hyper.bits), time.monotonic()
        with (
            (self.run / "log.jsonl").open("a", encoding="utf-8") as log,
            tqdm(
                desc=self.run.name,
                initial=self.step,
                total=self.hyper.steps,
                unit="step",
                mininterval=5,
            ) as progress,
        ):
            while self.step < self.hyper.steps:
                value, parts = loss(half)
                value.backward()  # type: ignore[no-untyped-call]
                self._move()
                rounded = {name: round(part, 4) for name, part in parts.items()}
                progress.set_postfix(rounded, refresh=False)
                progress.update()
                if self.step % self.hyper.mine_every == 0 and self.step < self.hyper.steps:
                    mine()
                if self.step % _LOGGED_EVERY == 0:
                    print(json.dumps({"step": self.step, **rounded}), file=log, flush=True)
                if self.step % self.hyper.checkpoint_every == 0 or self.step == self.hyper.steps:
                    self.save(time.monotonic() - started)
                    started = time.monotonic()

    def _move(self) -> None:
        """One step of the optimiser, and a little of the averages toward the weights (more at the start)."""
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.hyper.clip)
        factor = learning_rate_factor(self.step, self.hyper)
        rates = (self.hyper.backbone_rate, self.hyper.head_rate)
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=False)
        self.step += 1
        keep = min(self.hyper.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, part in self.learned.items():
                pairs = zip(
                    self.averaged[name].state_dict().values(), part.state_dict().values(), strict=True
                )
                for mean, current in pairs:
                    if mean.dtype.is_floating_point:
                        mean.lerp_(current, 1 - keep)
                    else:
                        mean.copy_(current)

    def save(self, seconds: float) -> None:
        """Write the checkpoint, `seconds` after the last; a kill while writing leaves the old one."""
        self.seconds += seconds
        partial = self.run / (_CHECKPOINT + ".partial")
        stored = {name: part.state_dict() for name, part in self._stateful.items()}
        stored |= {
            "identity": self.identity,
            "rng": json.dumps(self.rng.bit_generator.state),
            "mined": [list(place) for place in self.mined],
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(stored, partial)
        partial.replace(self.run / _CHECKPOINT)

    def _restore(self) -> None:
        stored = torch.load(self.run / _CHECKPOINT, weights_only=True)
        if stored["identity"] != self.identity:
            raise SetupError(
                f"{self.run} holds a run with other labels, pictures or settings; "
                "give another --work or remove it"
            )
        for name, part in self._stateful.items():
            part.load_state_dict(stored[name])
        self.rng.bit_generator.state = json.loads(stored["rng"])
        self.mined = [tuple(place) for place in stored["mined"]]
        self.step, self.seconds = stored["step"], stored["seconds"]


def hours_trained(*runs: Path) -> float:
    """Of all processes of these runs together."""
    return sum(float(torch.load(run / _CHECKPOINT, weights_only=True)["seconds"]) for run in runs) / 3600
