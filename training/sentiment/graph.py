"""ONNX graphs, operator by operator, from torch weights.

Written by hand and not traced, because ONNX's LSTM takes each text's length and then reads padding neither
forwards nor backwards, and because tables of words are stored as 8-bit rows, each with its scale, a quarter
of their float size.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

OPSET: Final = 17
_IR_VERSION: Final = 8  # what opset 17 came with; newer ones shut out older ONNX Runtimes for nothing
FAR_BELOW: Final = -1e9


class Graph:
    """An ONNX graph under construction; values are known by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        """A value stored in the file."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def weight(self, value: Tensor) -> str:
        """A torch weight stored in the file."""
        return self.constant(value.detach().numpy())

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """An operator; returns its last output (the only one that is asked for here)."""
        names = ["" for _ in range(outputs - 1)] + [f"{operator.lower()}_{len(self._nodes)}"]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[-1]

    def scalar(self, value: float | int) -> str:
        """A number: float32 where it has a point, else int64."""
        return self.constant(np.array(value, np.float32 if isinstance(value, float) else np.int64))

    def axes(self, *axes: int) -> str:
        """Axes for Unsqueeze, Squeeze and ReduceSum, which take them as an input."""
        return self.constant(np.array(axes, np.int64))

    def linear(self, value: str, layer: nn.Linear) -> str:
        """`layer` of (..., features)."""
        return self.add(
            "Add", self.add("MatMul", value, self.weight(layer.weight.T)), self.weight(layer.bias)
        )

    def save(self, path: Path, inputs: dict[str, tuple[str, ...]], output: str, labels: int) -> None:
        """Check and write the model; `inputs` are int32, the output is `probabilities` (batch, labels)."""
        self._nodes.append(helper.make_node("Identity", [output], ["probabilities"]))
        graph = helper.make_graph(
            self._nodes,
            "sentiment",
            [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ("batch", labels))],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="brand-train"
        )
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


def eight_bit(table: Tensor) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows as int8 and one scale a row: `rows * scales` is `table` to within half a scale."""
    values = table.detach().numpy()
    scales = np.abs(values).max(1, keepdims=True) / 127.0
    scales[scales == 0] = 1.0
    return np.round(values / scales).astype(np.int8), scales.astype(np.float32)



def round_to_eight_bit(embedding: nn.Embedding) -> None:
    """Put the torch weights where the file will have them, so that parity compares like with like."""
    rows, scales = eight_bit(embedding.weight)
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(rows.astype(np.float32) * scales))


def word_vectors(graph: Graph, tokens: str, embedding: nn.Embedding) -> str:
    """(batch, length) -> (batch, length, dims)."""
    rows, scales = eight_bit(embedding.weight)
    found = graph.add("Cast", graph.add("Gather", graph.constant(rows), tokens), to=TensorProto.FLOAT)
    return graph.add("Mul", found, graph.add("Gather", graph.constant(scales), tokens))


def lstm(graph: Graph, vectors: str, lengths: str, *layers: nn.LSTM, states: bool) -> str:
    """One layer, or a forward and a backward one.

    `states`: (batch, length, directions * hidden); otherwise the last state of a single layer, (batch,
    hidden).
    """
    hidden = layers[0].hidden_size
    weights = [np.stack(part) for part in zip(*(_onnx_gates(layer) for layer in layers), strict=True)]
    time_first = graph.add("Transpose", vectors, perm=[1, 0, 2])
    found = graph.add(
        "LSTM",
        time_first,
        *(graph.constant(weight) for weight in weights),
        lengths,
        outputs=1 if states else 2,
        hidden_size=hidden,
        direction="bidirectional" if len(layers) == 2 else "forward",
    )
    if not states:
        return graph.add("Squeeze", found, graph.axes(0))
    batch_first = graph.add("Transpose", found, perm=[2, 0, 1, 3])
    return graph.add("Reshape", batch_first, graph.constant(np.array([0, 0, len(layers) * hidden], np.int64)))


def _onnx_gates(layer: nn.LSTM) -> tuple[NDArray[np.float32], ...]:
    """W, R, B of one direction.

    torch orders the gates input, forget, cell, output; ONNX input, output, forget, cell.
    """

    def reorder(weight: Tensor) -> NDArray[np.float32]:
        i, f, c, o = np.split(weight.detach().numpy(), 4)
        return np.concatenate([i, o, f, c])

    w, r, wb, rb = (
        reorder(getattr(layer, f"{name}_l0")) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    return w, r, np.concatenate([wb, rb])


def write_talk(words: nn.Embedding, layer: nn.LSTM, out: nn.Linear, path: Path) -> None:
    """Write the talk's model: tokens, lengths -> probabilities."""
    graph = Graph()
    last = lstm(
        graph, word_vectors(graph, "tokens", words), "lengths", layer, states=False
    )
    probabilities = graph.add("Softmax", graph.linear(last, out), axis=1)
    graph.save(path, {"tokens": ("batch", "length"), "lengths": ("batch",)}, probabilities, out.out_features)
