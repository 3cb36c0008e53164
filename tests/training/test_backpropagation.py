import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from training.backpropagation import INPUTS, WANTED, Network, backward, forward, train
from training.cli import app


@pytest.mark.parametrize("seed", range(5))
def test_the_gradients_are_those_of_torch(seed: int) -> None:
    network = Network.random(seed, hidden=3 + seed)
    weights1, weights2 = (
        torch.from_numpy(weight).requires_grad_() for weight in (network.weights1, network.weights2)
    )
    answer = torch.sigmoid(torch.sigmoid(torch.from_numpy(INPUTS) @ weights1) @ weights2)
    (0.5 * (answer - torch.from_numpy(WANTED)).square().sum()).backward()
    for ours, theirs in zip(backward(network, INPUTS, WANTED), (weights1.grad, weights2.grad), strict=True):
        assert theirs is not None
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6, rtol=0)


def test_it_learns_the_exclusive_or() -> None:
    network = Network.random()
    errors = train(network)
    assert errors[0] > 0.4
    assert errors[-1] < 0.05
    assert (forward(network, INPUTS)[1].round() == WANTED).all()


def test_one_step_goes_down(tmp_path) -> None:
    network = Network.random(2)
    before, after = train(network, steps=2, rate=0.1)
    assert after < before


def test_the_page_shows_curve_and_answers(tmp_path) -> None:
    out = tmp_path / "curve.html"
    done = CliRunner().invoke(app, ["backpropagation", "--out", str(out), "--steps", "3000"])
    assert done.exit_code == 0, done.output
    html = out.read_text("utf-8")
    assert "<svg" in html
    assert "[1, 0, 1]<td>1<td>0.9" in html
    assert "<script" not in html
