"""Back-propagation from scratch, as on the bonus slides of the talk: two layers of sigmoids in numpy.

    brand-train backpropagation --out backpropagation.html

The network learns the exclusive or of its first two inputs; the third is always 1 and stands in for a bias.
The error runs backwards: each layer's delta times the transposed weights is the error of the layer before.
"""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

INPUTS: Final[Matrix] = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], np.float64)
"""(4, 3): the four inputs of the slides."""
WANTED: Final[Matrix] = np.array([[0], [1], [1], [0]], np.float64)
"""(4, 1)."""


@dataclass
class Network:
    """`weights1` (3, hidden) and `weights2` (hidden, 1)."""

    weights1: Matrix
    weights2: Matrix

    @classmethod
    def random(cls, seed: int = 1, hidden: int = 4) -> "Network":
        """Weights between -1 and 1."""
        draw = np.random.default_rng(seed)
        return cls(draw.uniform(-1, 1, (INPUTS.shape[1], hidden)), draw.uniform(-1, 1, (hidden, 1)))


def sigmoid(value: Matrix) -> Matrix:
    """1 / (1 + e^-value), between 0 and 1."""
    squashed: Matrix = 1 / (1 + np.exp(-value))
    return squashed


def slope(activation: Matrix) -> Matrix:
    """The derivative of the sigmoid, told from what the sigmoid gave."""
    return activation * (1 - activation)


def forward(network: Network, inputs: Matrix) -> tuple[Matrix, Matrix]:
    """The activations of both layers, (rows, hidden) and (rows, 1)."""
    layer1 = sigmoid(inputs @ network.weights1)
    return layer1, sigmoid(layer1 @ network.weights2)


def backward(network: Network, inputs: Matrix, wanted: Matrix) -> tuple[Matrix, Matrix]:
    """The gradients of half the squared error, sum over rows, by `weights1` and `weights2`."""
    layer1, layer2 = forward(network, inputs)
    delta2 = (layer2 - wanted) * slope(layer2)
    delta1 = delta2 @ network.weights2.T * slope(layer1)  # the chain rule, one layer further back
    return inputs.T @ delta1, layer1.T @ delta2


def train(network: Network, steps: int = 10_000, rate: float = 1.0) -> list[float]:
    """Go down the gradients `steps` times, changing `network`; the mean absolute error before each step."""
    errors = []
    for _ in range(steps):
        errors.append(float(np.abs(forward(network, INPUTS)[1] - WANTED).mean()))
        gradient1, gradient2 = backward(network, INPUTS, WANTED)
        network.weights1 -= rate * gradient1
        network.weights2 -= rate * gradient2
    return errors


def page(network: Network, errors: list[float]) -> str:
    """A page of HTML without scripts: the learning curve, and what the network answers now."""
    import vl_convert

    points = [{"step": step, "error": error} for step, error in enumerate(errors, 1)][
        :: max(1, len(errors) // 500)
    ]
    drawn = {
        "data": {"values": points},
        "width": 640,
        "height": 320,
        "mark": "line",
        "encoding": {
            "x": {"field": "step", "type": "quantitative"},
            "y": {"field": "error", "type": "quantitative", "title": "mean absolute error"},
        },
    }
    rows = "".join(
        f"<tr><td>{escape(str(given.astype(int).tolist()))}<td>{wanted[0]:.0f}<td>{found[0]:.3f}"
        for given, wanted, found in zip(INPUTS, WANTED, forward(network, INPUTS)[1], strict=True)
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Back-propagation</title>'
        f"<h1>Back-propagation: {len(errors):,} steps</h1>{vl_convert.vegalite_to_svg(drawn)}"
        f"<table><tr><th>input<th>wanted<th>answered{rows}</table></html>\n"
    )


def learn(
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("backpropagation.html"),
    steps: Annotated[int, typer.Option(min=1, help="Steps down the gradient.")] = 10_000,
    rate: Annotated[float, typer.Option(min=0.0, help="Learning rate.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Of the first weights.")] = 1,
) -> None:
    """Train the bonus slides' network and draw its learning curve."""
    network = Network.random(seed)
    errors = train(network, steps, rate)
    out.write_text(page(network, errors), "utf-8")
    typer.echo(f"mean error {errors[0]:.3f} -> {errors[-1]:.3f}; wrote {out}")
