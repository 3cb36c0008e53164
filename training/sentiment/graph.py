"""Writes the sentiment networks as ONNX graphs of one contract: tokens, lengths and questions in,
probabilities out.

Written by hand: what torch's exporter makes of the same networks takes 10 to 40 in a hundred more CPU, and
half a minute to make. ONNX's LSTM takes each text's length and then reads padding neither forwards nor
backwards. Tables of words are stored as 8-bit rows, each with its scale, a quarter of their float size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from monitor.inference.session import SEVEN_BITS
from training.sentiment.pretrained import HEADS, WIDTH, Layer
from training.sentiment.student import REACH, Student
from training.sentiment.teacher import Teacher

OPSET: Final = 17
_IR_VERSION: Final = 8  # what opset 17 came with; newer ones shut out older ONNX Runtimes for nothing
SHAPES: Final[dict[str, tuple[int | str, ...]]] = {
    "tokens": ("windows", "length"),
    "lengths": ("windows",),
    "questions": ("rows", 3),
}
"""Of all inputs; each is int32."""
_FAR_BELOW: Final = -1e9


class Graph:
    """An ONNX graph under construction."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: "Operand", outputs: int = 1, **attributes: Any) -> "Value":
        """An operator; returns its last output (the only one that is asked for here)."""
        names = ["" for _ in range(outputs - 1)] + [f"{operator.lower()}_{len(self._nodes)}"]
        self._nodes.append(
            helper.make_node(operator, [self._name(one) for one in inputs], names, **attributes)
        )
        return Value(self, names[-1])

    def _name(self, operand: "Operand") -> str:
        """Of a value; anything else is stored in the file: float32 where it has a point, else int64."""
        if isinstance(operand, Value):
            return operand.name
        if isinstance(operand, Tensor):
            operand = operand.detach().numpy()
        elif not isinstance(operand, np.ndarray):
            operand = np.array(operand, np.float32 if isinstance(operand, float) else np.int64)
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(operand, order="C"), name))
        return name

    def save(self, path: Path, inputs: Sequence[str], logits: "Value", labels: int) -> None:
        """Check and write the model; `inputs` are among `SHAPES`, the output is `probabilities`."""
        self._nodes.append(helper.make_node("Softmax", [logits.name], ["probabilities"], axis=1))
        graph = helper.make_graph(
            self._nodes,
            "sentiment",
            [helper.make_tensor_value_info(name, TensorProto.INT32, SHAPES[name]) for name in inputs],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ("rows", labels))],
            self._constants,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="brand-train"
        )
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a graph, by name; arithmetic adds operators."""

    graph: Graph
    name: str

    def to(self, operator: str, *others: "Operand", **attributes: Any) -> "Value":
        """`operator` of this value and `others`."""
        return self.graph.add(operator, self, *others, **attributes)

    def __add__(self, other: "Operand") -> "Value":
        return self.to("Add", other)

    def __sub__(self, other: "Operand") -> "Value":
        return self.to("Sub", other)

    def __mul__(self, other: "Operand") -> "Value":
        return self.to("Mul", other)

    def __truediv__(self, other: "Operand") -> "Value":
        return self.to("Div", other)

    def __matmul__(self, other: "Operand") -> "Value":
        return self.to("MatMul", other)

    def rows(self, chosen: "Operand") -> "Value":
        """Those with the numbers `chosen`."""
        return self.to("Gather", chosen)

    def axes(self, *new: int) -> "Value":
        """With `new` axes of size 1."""
        return self.to("Unsqueeze", new)

    def shaped(self, *shape: int) -> "Value":
        """0 keeps the size of an axis."""
        return self.to("Reshape", shape)

    def turned(self, *axes: int) -> "Value":
        """With its axes in this order."""
        return self.to("Transpose", perm=axes)

    def int64(self) -> "Value":
        """Cast."""
        return self.to("Cast", to=TensorProto.INT64)

    def float32(self) -> "Value":
        """Cast."""
        return self.to("Cast", to=TensorProto.FLOAT)


Operand = Value | Tensor | NDArray[Any] | float | int | tuple[int, ...]


def write_student(student: Student, path: Path) -> None:
    """As `Student.forward`, and a softmax."""
    graph = Graph()
    states = _lstm(graph, _vectors(graph, student.words), student.forwards, student.backwards)
    places, there = _places(graph)
    asked = _asked(graph)
    there, seen = there.rows(asked.at), states.rows(asked.at)
    place = _mean_of_span(states, asked)
    heads, width = student.heads, student.key.out_features // student.heads
    query = graph.add("Where", asked.whole, student.everything, _linear(place, student.query))
    keys = _linear(states, student.key).rows(asked.at).shaped(0, 0, heads, width).turned(0, 2, 3, 1)
    scores = query.shaped(0, heads, 1, width) @ keys * width**-0.5  # rows, heads, 1, length
    steps = (places - asked.first.axes(1)).to("Clip", -REACH, REACH) + REACH
    near = graph.add("Gather", student.distance.T, steps).turned(0, 2, 1).axes(2)
    scores = scores + graph.add("Where", asked.whole.axes(2, 3), 0.0, near)
    scores = graph.add("Where", there.axes(1, 2), scores, _FAR_BELOW)
    values = seen.shaped(0, 0, heads, width).turned(0, 2, 1, 3)
    found = (scores.to("Softmax", axis=3) @ values).shaped(0, heads * width)
    strongest = graph.add("Where", there.axes(2), seen, _FAR_BELOW).to("ReduceMax", axes=[1], keepdims=0)
    logits = graph.add(
        "Where",
        asked.whole,
        _answer(strongest.to("Concat", found, axis=1), student.whole, "Relu"),
        _answer(place.to("Concat", found, axis=1), student.toward, "Relu"),
    )
    graph.save(path, ("tokens", "lengths", "questions"), logits, 3)


def write_teacher(teacher: Teacher, path: Path, *, rounded: bool = True) -> None:
    """As `Teacher.forward`, and a softmax. `rounded`: in 8 bits, activations by the range each run finds."""
    graph, reader = Graph(), teacher.reader
    places, there = _places(graph)
    states = _vectors(graph, reader.words) + graph.add("Gather", reader.positions.weight, places)
    states = _normalised(states, reader.embedded)
    for layer in reader.layers:
        assert isinstance(layer, Layer)
        states = _layer(states, there.axes(1, 2), layer)
    asked = _asked(graph)
    counted = there.float32().axes(2)
    total, count = ((one.to("ReduceSum", (1,), keepdims=0)) for one in (states * counted, counted))
    mean = (total / count).rows(asked.at)
    place = _mean_of_span(states, asked)
    logits = graph.add(
        "Where",
        asked.whole,
        _answer(mean, teacher.heads.whole, "Tanh"),
        _answer(place.to("Concat", mean, axis=1), teacher.heads.toward, "Tanh"),
    )
    graph.save(path, ("tokens", "lengths", "questions"), logits, 3)
    if rounded:
        exact = path.rename(path.with_suffix(".exact.onnx"))
        # 7 of the 8 bits: on x86 without VNNI the sums of two products overflow otherwise.
        quantize_dynamic(exact, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
        exact.unlink()
        model = onnx.load(path)
        helper.set_model_props(model, {SEVEN_BITS: "1"})
        onnx.save(model, path)


def write_talk(words: nn.Embedding, layer: nn.LSTM, out: nn.Linear, path: Path) -> None:
    """The talk's model, which takes no questions: the state after the last token decides."""
    graph = Graph()
    last = _lstm(graph, _vectors(graph, words), layer)
    graph.save(path, ("tokens", "lengths"), _linear(last, out), out.out_features)


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


class _Asked(NamedTuple):
    """Columns of the questions: `at`, `first`, `last` (rows,) int64, `whole` (rows, 1) bool."""

    at: Value
    first: Value
    last: Value
    whole: Value


def _asked(graph: Graph) -> _Asked:
    questions = Value(graph, "questions").int64()
    at, first, last = (questions.to("Gather", column, axis=1) for column in range(3))
    return _Asked(at, first, last, last.to("Equal", 0).axes(1))


def _places(graph: Graph) -> tuple[Value, Value]:
    """Positions (length,) int64, and at which of them a window has a token, (windows, length) bool."""
    width = Value(graph, "tokens").to("Shape").rows(1)
    places = graph.add("Range", 0, width, 1)
    return places, places.to("Less", Value(graph, "lengths").int64().axes(1))


def _vectors(graph: Graph, words: nn.Embedding) -> Value:
    """(windows, length, dims)."""
    rows, scales = eight_bit(words.weight)
    tokens = Value(graph, "tokens")
    return graph.add("Gather", rows, tokens).float32() * graph.add("Gather", scales, tokens)


def _lstm(graph: Graph, vectors: Value, *layers: nn.LSTM) -> Value:
    """Of a forward and a backward layer all states (windows, length, 2 * hidden), of one alone the last,
    (windows, hidden)."""
    hidden = layers[0].hidden_size
    found = vectors.turned(1, 0, 2).to(
        "LSTM",
        *(np.stack(part) for part in zip(*map(_onnx_gates, layers), strict=True)),
        Value(graph, "lengths"),
        outputs=1 if len(layers) == 2 else 2,
        hidden_size=hidden,
        direction="bidirectional" if len(layers) == 2 else "forward",
    )
    if len(layers) == 1:
        return found.to("Squeeze", (0,))
    return found.turned(2, 0, 1, 3).shaped(0, 0, 2 * hidden)


def _onnx_gates(layer: nn.LSTM) -> tuple[NDArray[np.float32], ...]:
    """W, R, B of one direction.

    torch orders the gates input, forget, cell, output; ONNX input, output, forget, cell.
    """

    def reorder(name: str) -> NDArray[np.float32]:
        i, f, c, o = np.split(layer.get_parameter(name).detach().numpy(), 4)
        return np.concatenate([i, o, f, c])

    biases = np.concatenate([reorder("bias_ih_l0"), reorder("bias_hh_l0")])
    return reorder("weight_ih_l0"), reorder("weight_hh_l0"), biases


def _mean_of_span(states: Value, asked: _Asked) -> Value:
    """(rows, width): the mean state of each question's tokens, 0 for the whole text; a difference of running
    sums."""
    running = states.to("CumSum", 1).to("Pad", (0, 1, 0, 0, 0, 0))
    end, start = (
        running.to("GatherND", asked.at.axes(1).to("Concat", place.axes(1), axis=1))
        for place in (asked.last, asked.first)
    )
    return (end - start) / (asked.last - asked.first).to("Max", 1).float32().axes(1)


def _linear(value: Value, layer: nn.Linear) -> Value:
    return value @ layer.weight.T + layer.bias


def _answer(features: Value, layers: nn.Sequential, activation: str) -> Value:
    first, last = layers[0], layers[-1]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    return _linear(_linear(features, first).to(activation), last)


def _normalised(states: Value, norm: nn.LayerNorm) -> Value:
    return states.to("LayerNormalization", norm.weight, norm.bias, axis=-1, epsilon=norm.eps)


def _layer(states: Value, visible: Value, layer: Layer) -> Value:
    """As `Layer.forward`."""
    width = WIDTH // HEADS
    query, key, value = (
        _linear(states, part).shaped(0, 0, HEADS, width) for part in (layer.query, layer.key, layer.value)
    )
    scores = query.turned(0, 2, 1, 3) @ key.turned(0, 2, 3, 1) * width**-0.5
    weights = states.graph.add("Where", visible, scores, _FAR_BELOW).to("Softmax", axis=3)
    mixed = (weights @ value.turned(0, 2, 1, 3)).turned(0, 2, 1, 3).shaped(0, 0, WIDTH)
    states = _normalised(states + _linear(mixed, layer.mixed), layer.attended)
    inner = _linear(states, layer.inner)
    # GELU by the error function, as BERT's; ONNX Runtime runs the five operators as one.
    bent = inner * ((inner / 2.0**0.5).to("Erf") + 1.0) * 0.5
    return _normalised(states + _linear(bent, layer.outer), layer.done)
