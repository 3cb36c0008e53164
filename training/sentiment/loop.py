"""The training loop all sentiment models share: seeded, resumable to the step, with progress.

A checkpoint holds everything the next step depends on (weights, optimisers, random state, position), so that
a run that was cut off and resumed takes the same steps as one that was not.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

from monitor.sentiment.encoding import Encoder

BatchT = TypeVar("BatchT")
NetworkT = TypeVar("NetworkT", bound=nn.Module)

CHECKPOINT_SECONDS: Final = 180.0
"""A cut costs at most this much work; writing 200 MB much more often would be noticed."""


@dataclass
class Progress:
    """Where a run stands. `history`: one dictionary of figures an epoch; `seconds` of training so far."""

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Learned(Generic[NetworkT]):
    """What a run taught, with how it reads."""

    network: NetworkT
    encoder: Encoder
    progress: Progress


@dataclass
class Run(Generic[BatchT]):
    """One training run. `plan(epoch)` gives an epoch's batches and must depend on nothing but the epoch.

    `rate(share)` scales the learning rates, `share` of the run done in 0..1; `measure()` runs after each
    epoch.
    """

    network: nn.Module
    optimizers: Sequence[torch.optim.Optimizer]
    plan: Callable[[int], Sequence[BatchT]]
    loss: Callable[[BatchT], Tensor]
    limit_gradients: Callable[[], None]
    measure: Callable[[], dict[str, float]]
    rate: Callable[[float], float]
    epochs: int
    checkpoint: Path
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    def train(self) -> Progress:
        """Train to the end, from the checkpoint where there is one."""
        base_rates = [[group["lr"] for group in one.param_groups] for one in self.optimizers]
        progress = self._restore()
        while progress.epoch < self.epochs:
            self._epoch(progress, base_rates)
            progress.epoch, progress.step = progress.epoch + 1, 0
            self.network.eval()
            progress.history.append({"epoch": progress.epoch, **self.measure()})
            print(json.dumps(progress.history[-1]), flush=True)
            self._save(progress)
        return progress

    def _epoch(self, progress: Progress, base_rates: list[list[float]]) -> None:
        batches = self.plan(progress.epoch)
        self.network.train()
        started = saved = time.monotonic()
        recent = 0.0
        rounds = tqdm(batches[progress.step :], f"epoch {progress.epoch + 1}/{self.epochs}", mininterval=10)
        for batch in rounds:
            share = (progress.epoch + progress.step / len(batches)) / self.epochs
            for optimizer, rates in zip(self.optimizers, base_rates, strict=True):
                for group, rate in zip(optimizer.param_groups, rates, strict=True):
                    group["lr"] = rate * self.rate(share)
                optimizer.zero_grad(set_to_none=True)
            loss = self.loss(batch)
            loss.backward()  # type: ignore[no-untyped-call]
            self.limit_gradients()
            for optimizer in self.optimizers:
                optimizer.step()
            progress.step += 1
            recent = 0.98 * recent + 0.02 * loss.item() if recent else loss.item()
            rounds.set_postfix(loss=f"{recent:.3f}", refresh=False)
            if time.monotonic() - saved >= self.checkpoint_seconds:
                now = time.monotonic()
                progress.seconds += now - started
                started = saved = now
                self._save(progress)
        progress.seconds += time.monotonic() - started

    def _save(self, progress: Progress) -> None:
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "random": torch.get_rng_state(),
            "progress": vars(progress),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def _restore(self) -> Progress:
        if not self.checkpoint.exists():
            return Progress()
        # weights_only: tensors and plain containers, no code from the file is run.
        state = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["network"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        torch.set_rng_state(state["random"])
        progress = Progress(**state["progress"])
        print(f"resumed from {self.checkpoint}: epoch {progress.epoch + 1}, step {progress.step}", flush=True)
        return progress


def half_precision() -> torch.autocast:
    """bfloat16 for what runs inside, where the CPU multiplies it in hardware; elsewhere it is slower."""
    fast = torch.cpu._is_amx_tile_supported()
    return torch.autocast("cpu", torch.bfloat16, enabled=fast)


def limit_norm(weights: Sequence[nn.Parameter], norm: float) -> None:
    """Scale the gradients of `weights` down to a common norm of at most `norm`."""
    torch.nn.utils.clip_grad_norm_(weights, norm)
