"""A run that is cut off and resumed takes the same steps as one that is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training.sentiment.loop import Run

STEPS, EPOCHS = 7, 3


class CutOffError(Exception):
    """Stands for the plug being pulled."""


def make_run(checkpoint: Path, cut_at: int | None = None) -> Run[int]:
    """Dropout, so that the random state matters, and sparse rows, as the shipped network has."""
    torch.manual_seed(5)
    words = nn.Embedding(20, 4, sparse=True)
    network = nn.Sequential(words, nn.Dropout(0.5), nn.Linear(4, 3))
    calls = iter(range(10**6))

    def loss(batch: int) -> Tensor:
        if next(calls) == cut_at:
            raise CutOffError
        rows = torch.arange(batch, batch + 6) % 20
        return nn.functional.cross_entropy(network(rows), rows % 3)

    return Run[int](
        network=network,
        optimizers=[
            torch.optim.SparseAdam([words.weight], 0.05),
            torch.optim.Adam(network[2].parameters(), 0.05),
        ],
        plan=lambda epoch: [epoch + step for step in range(STEPS)],
        loss=loss,
        limit_gradients=lambda: None,
        measure=lambda: {"sum": words.weight.sum().item()},
        rate=lambda share: 1.0 - share,
        epochs=EPOCHS,
        checkpoint=checkpoint,
        checkpoint_seconds=0.0,
    )


def weights(run: Run[int]) -> list[Tensor]:
    return [weight.detach().clone() for weight in run.network.parameters()]


@pytest.mark.parametrize("cut_at", [1, STEPS - 1, STEPS, STEPS + 3])
def test_a_cut_changes_nothing(tmp_path: Path, cut_at: int) -> None:
    whole = make_run(tmp_path / "whole.pt")
    expected = whole.train().history
    with pytest.raises(CutOffError):
        make_run(tmp_path / "cut.pt", cut_at).train()
    resumed = make_run(tmp_path / "cut.pt")
    torch.manual_seed(999)  # whatever the new process's random state is, the checkpoint's counts
    assert resumed.train().history == expected
    for one, other in zip(weights(whole), weights(resumed), strict=True):
        assert torch.equal(one, other)


def test_a_finished_run_trains_no_more(tmp_path: Path) -> None:
    make_run(tmp_path / "run.pt").train()
    again = make_run(tmp_path / "run.pt", cut_at=0)
    assert len(again.train().history) == EPOCHS


def test_training_learns(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run.pt")
    evaluate: Callable[[], float] = lambda: run.loss(0).item()  # noqa: E731
    run.network.eval()
    before = evaluate()
    run.train()
    assert evaluate() < before
