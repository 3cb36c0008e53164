"""Writes the sentiment networks as ONNX graphs, operator by operator, from their torch weights.

Written by hand and not traced, because ONNX's LSTM takes each text's length and then reads padding neither
forwards nor backwards, and because the tables of words and n-grams are stored as 8-bit rows, each with its
scale, a quarter of their float size.
"""

from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from monitor.sentiment.encoding import IN_TARGET
from training.sentiment.kinds import EXPERT_KINDS, KINDS, SIDES, ByKind
from training.sentiment.network import Experts, Fused
from training.sentiment.readers import PHRASES, Phrases, Recurrent

OPSET: Final = 17
_IR_VERSION: Final = 8  # what opset 17 came with; newer ones shut out older ONNX Runtimes for nothing
_FAR_BELOW: Final = -1e9


class Precision(Enum):
    """How a file stores its tables of words and n-grams: float32, or int8 rows with a scale each.

    With the second, the filters over phrases are stored in half precision.
    """

    FLOAT = "float"
    EIGHT_BIT = "eight bit"


class Graph:
    """An ONNX graph under construction; values are known by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        """A value stored in the file."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, value: Tensor) -> str:
        """A torch weight stored in the file."""
        return self.constant(value.detach().numpy())

    def half_weight(self, value: Tensor) -> str:
        """A torch weight stored in half precision; read as float32."""
        return self.add(
            "Cast", self.constant(value.detach().numpy().astype(np.float16)), to=TensorProto.FLOAT
        )

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """An operator; returns its last output (the only one that is asked for here)."""
        names = ["" for _ in range(outputs - 1)] + [f"{operator.lower()}_{len(self._nodes)}"]
        self._nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[-1]

    def axes(self, *axes: int) -> str:
        """Axes for Unsqueeze, Squeeze and ReduceSum, which take them as an input."""
        return self.constant(np.array(axes, np.int64))

    def linear(self, value: str, layer: nn.Linear) -> str:
        """`layer` of (batch, features)."""
        return self.add("Gemm", value, self.weight(layer.weight), self.weight(layer.bias), transB=1)

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


def round_as_stored(model: Fused) -> None:
    """Put the torch weights where `Precision.EIGHT_BIT` will have them, so that parity compares like with
    like."""
    round_to_eight_bit(model.deep.words)
    for experts in (model.words, model.subwords):
        round_experts_to_eight_bit(experts)
    with torch.no_grad():
        for convolve in model.deep.phrases.convolutions:
            weight, _ = convolve.parameters()
            weight.copy_(weight.half().float())


def round_to_eight_bit(embedding: nn.Embedding) -> None:
    """The word table's part of `round_as_stored`."""
    rows, scales = eight_bit(embedding.weight)
    with torch.no_grad():
        embedding.weight.copy_(torch.from_numpy(rows.astype(np.float32) * scales))


def eight_bit_experts(
    experts: Experts,
) -> tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float16]]:
    """Columns' scales (1, decision values), the table as int8, and rows' scales (rows, 1).

    Their product is the table without its last column, to within half a row's scale of each column. Scaled
    by columns first, because an expert on few texts has smaller weights, and its neighbours would round them
    away; by powers of two, so that a table that was rounded comes out as it went in.
    """
    table = experts.table.detach().numpy()[:, :-1]
    columns = np.exp2(np.round(np.log2(table.std(0, keepdims=True).clip(min=1e-6)))).astype(np.float32)
    scales = (np.abs(table / columns).max(1, keepdims=True) / 127.0).astype(np.float16)
    scales[scales == 0] = 1.0
    whole = np.round(table / columns / scales.astype(np.float32)).clip(-127, 127)
    return columns, whole.astype(np.int8), scales


def round_experts_to_eight_bit(experts: Experts) -> None:
    """The part of `round_as_stored` of a table of experts."""
    columns, whole, scales = eight_bit_experts(experts)
    with torch.no_grad():
        rounded = whole.astype(np.float32) * scales.astype(np.float32) * columns
        experts.table[:, :-1] = torch.from_numpy(rounded)


def word_vectors(graph: Graph, tokens: str, embedding: nn.Embedding, precision: Precision) -> str:
    """(batch, length) -> (batch, length, dims)."""
    if precision is Precision.FLOAT:
        return graph.add("Gather", graph.weight(embedding.weight), tokens)
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


def real_tokens(graph: Graph, tokens: str, lengths: str) -> str:
    """(batch, length, 1) bool: true on tokens, false on padding."""
    width = graph.add("Gather", graph.add("Shape", tokens), graph.constant(np.array(1, np.int64)))
    zero, one = (graph.constant(np.array(value, np.int64)) for value in (0, 1))
    position = graph.add("Unsqueeze", graph.add("Range", zero, width, one), graph.axes(0, 2))
    last = graph.add("Unsqueeze", graph.add("Cast", lengths, to=TensorProto.INT64), graph.axes(1, 2))
    return graph.add("Less", position, last)


def pooled(graph: Graph, states: str, relation: str, lengths: str, real: str, query: nn.Linear) -> str:
    """Maximum, mean, attention and the target's mean of the states, as `Network` has them."""
    over_time = graph.axes(1)
    as_float = graph.add("Cast", real, to=TensorProto.FLOAT)
    aimed_at = graph.add("Equal", relation, graph.constant(np.array(IN_TARGET, np.int32)))
    aimed = graph.add(
        "Mul",
        graph.add("Unsqueeze", graph.add("Cast", aimed_at, to=TensorProto.FLOAT), graph.axes(2)),
        as_float,
    )
    counted = graph.add(
        "Max",
        graph.add("ReduceSum", aimed, over_time, keepdims=0),
        graph.constant(np.array(1.0, np.float32)),
    )
    target = graph.add(
        "Div", graph.add("ReduceSum", graph.add("Mul", states, aimed), over_time, keepdims=0), counted
    )
    asked = graph.add("Unsqueeze", graph.linear(target, query), graph.axes(1))
    scores = graph.add("ReduceSum", graph.add("Mul", states, asked), graph.axes(2), keepdims=1)
    scaled = graph.add("Mul", scores, graph.constant(np.full((), query.in_features**-0.5, np.float32)))
    low = graph.constant(np.array(_FAR_BELOW, np.float32))
    weights = graph.add("Softmax", graph.add("Where", real, scaled, low), axis=1)
    count = graph.add("Unsqueeze", graph.add("Cast", lengths, to=TensorProto.FLOAT), graph.axes(1))
    return graph.add(
        "Concat",
        graph.add("ReduceMax", graph.add("Where", real, states, low), axes=[1], keepdims=0),
        graph.add(
            "Div", graph.add("ReduceSum", graph.add("Mul", states, as_float), over_time, keepdims=0), count
        ),
        graph.add("ReduceSum", graph.add("Mul", states, weights), over_time, keepdims=0),
        target,
        axis=1,
    )


def expert_values(graph: Graph, rows: str, gate: str, experts: Experts, precision: Precision) -> str:
    """(batch, n-grams) -> (batch, general + `SIDES`), as `Experts` and `by_likeness`."""
    values, squared = (
        graph.add("ReduceSum", found, graph.axes(1), keepdims=0)
        for found in expert_rows(graph, rows, experts, precision)
    )
    norm = graph.add("Sqrt", graph.add("Max", squared, graph.constant(np.array(1.0, np.float32))))
    judged = graph.add("Add", graph.add("Div", values, norm), graph.weight(experts.bias))
    general = len(experts.bias) - SIDES * len(EXPERT_KINDS)
    start, middle, end = (graph.constant(np.array([at], np.int64)) for at in (0, general, len(experts.bias)))
    by_kind = graph.add(
        "Reshape",
        graph.add("Slice", judged, middle, end, graph.axes(1)),
        graph.constant(np.array([0, len(EXPERT_KINDS), SIDES], np.int64)),
    )
    likeness = graph.add("Gather", graph.add("Exp", gate), graph.constant(np.array(EXPERT_KINDS)), axis=1)
    weighed = graph.add("Mul", by_kind, graph.add("Unsqueeze", likeness, graph.axes(2)))
    return graph.add(
        "Concat",
        graph.add("Slice", judged, start, middle, graph.axes(1)),
        graph.add("ReduceSum", weighed, graph.axes(1), keepdims=0),
        axis=1,
    )


def expert_rows(graph: Graph, rows: str, experts: Experts, precision: Precision) -> tuple[str, str]:
    """(batch, n-grams) -> the rows' weights (batch, n-grams, decision values) and idf squared (..., 1)."""
    table = experts.table.detach().numpy()
    squared = graph.add(
        "Cast",
        graph.add("Gather", graph.constant(table[:, -1:].astype(np.float16)), rows),
        to=TensorProto.FLOAT,
    )
    if precision is Precision.FLOAT:
        return graph.add("Gather", graph.constant(table[:, :-1]), rows), squared
    columns, whole, scales = eight_bit_experts(experts)
    found = graph.add("Cast", graph.add("Gather", graph.constant(whole), rows), to=TensorProto.FLOAT)
    scale = graph.add("Cast", graph.add("Gather", graph.constant(scales), rows), to=TensorProto.FLOAT)
    return graph.add("Mul", graph.add("Mul", found, scale), graph.constant(columns)), squared


def recurrent_features(
    graph: Graph, vectors: str, relation: str, lengths: str, real: str, reader: Recurrent
) -> str:
    """(batch, length, dims) -> (batch, features), as `Recurrent`."""
    states = lstm(graph, vectors, lengths, reader.forwards, reader.backwards, states=True)
    found = pooled(graph, states, relation, lengths, real, reader.query)
    return graph.add("Relu", graph.linear(found, reader.head))


def mixed_verdicts(graph: Graph, features: str, layers: ByKind) -> tuple[str, str]:
    """(batch, features) -> log-probabilities of the labels (batch, labels), as `mixture` of what `ByKind`
    gives, and of the kinds (batch, kinds)."""
    labels = layers.common.out_features
    common = graph.add("Unsqueeze", graph.linear(features, layers.common), graph.axes(1))
    shape = graph.constant(np.array([0, len(KINDS), labels], np.int64))
    corrections = graph.add("Reshape", graph.linear(features, layers.correction), shape)
    verdicts = graph.add("LogSoftmax", graph.add("Add", common, corrections), axis=2)
    gate = graph.add("LogSoftmax", graph.linear(features, layers.gate), axis=1)
    weighed = graph.add("Add", verdicts, graph.add("Unsqueeze", gate, graph.axes(2)))
    return graph.add("ReduceLogSumExp", weighed, axes=[1], keepdims=0), gate


def phrase_logits(graph: Graph, vectors: str, real: str, reader: Phrases, precision: Precision) -> str:
    """(batch, length, dims) -> (batch, labels), as `Phrases`."""
    as_float = graph.add("Cast", real, to=TensorProto.FLOAT)
    sequence = graph.add("Transpose", graph.add("Mul", vectors, as_float), perm=[0, 2, 1])
    counted = graph.add("Transpose", as_float, perm=[0, 2, 1])
    strongest = []
    stored = graph.weight if precision is Precision.FLOAT else graph.half_weight
    for width, convolve in zip(PHRASES, reader.convolutions, strict=True):
        weight, bias = convolve.parameters()
        found = graph.add("Conv", sequence, stored(weight), graph.weight(bias), pads=[0, width - 1])
        # After the ReLU nothing is below the 0 that padding is set to.
        found = graph.add("Mul", graph.add("Relu", found), counted)
        strongest.append(graph.add("ReduceMax", found, axes=[2], keepdims=0))
    return graph.linear(graph.add("Concat", *strongest, axis=1), reader.out)


def write_fused(model: Fused, path: Path, precision: Precision = Precision.EIGHT_BIT) -> None:
    """Write the shipped model: tokens, relation, lengths, ngrams, subwords -> probabilities."""
    graph, deep = Graph(), model.deep
    words = word_vectors(graph, "tokens", deep.words, precision)
    near = graph.add("Gather", graph.weight(deep.relations.weight), "relation")
    vectors = graph.add("Concat", words, near, axis=2)
    real = real_tokens(graph, "tokens", "lengths")
    by_kind, for_all = (
        recurrent_features(graph, vectors, "relation", "lengths", real, reader)
        for reader in (deep.by_kind, deep.for_all)
    )
    aimed = graph.add("Equal", "relation", graph.constant(np.array(IN_TARGET, np.int32)))
    has_target = graph.add("ReduceMax", graph.add("Cast", aimed, to=TensorProto.FLOAT), axes=[1], keepdims=1)
    count = graph.add("Unsqueeze", graph.add("Cast", "lengths", to=TensorProto.FLOAT), graph.axes(1))
    verdict, gate = mixed_verdicts(graph, by_kind, deep.kinds)
    found = graph.add(
        "Concat",
        verdict,
        graph.linear(for_all, deep.out),
        phrase_logits(graph, vectors, real, deep.phrases, precision),
        expert_values(graph, "ngrams", gate, model.words, precision),
        expert_values(graph, "subwords", gate, model.subwords, precision),
        has_target,
        graph.add("Log", count),
        axis=1,
    )
    logits = graph.linear(graph.add("Tanh", graph.linear(found, model.weigh)), model.decide)
    warmth = graph.add("MatMul", graph.add("Exp", gate), graph.weight(model.temperatures.log()[:, None]))
    fused = graph.add("Div", logits, graph.add("Exp", warmth))
    inputs = {
        "tokens": ("batch", "length"),
        "relation": ("batch", "length"),
        "lengths": ("batch",),
        "ngrams": ("batch", "ngrams"),
        "subwords": ("batch", "subwords"),
    }
    graph.save(path, inputs, graph.add("Softmax", fused, axis=1), deep.out.out_features)


def write_talk(words: nn.Embedding, layer: nn.LSTM, out: nn.Linear, path: Path) -> None:
    """Write the talk's model: tokens, lengths -> probabilities."""
    graph = Graph()
    last = lstm(
        graph, word_vectors(graph, "tokens", words, Precision.EIGHT_BIT), "lengths", layer, states=False
    )
    probabilities = graph.add("Softmax", graph.linear(last, out), axis=1)
    graph.save(path, {"tokens": ("batch", "length"), "lengths": ("batch",)}, probabilities, out.out_features)
