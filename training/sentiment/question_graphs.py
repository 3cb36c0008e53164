"""Writes the student and the teacher as ONNX graphs of one contract: tokens, lengths and questions in,
probabilities a question out."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from training.sentiment.graph import FAR_BELOW, Graph, lstm, word_vectors
from training.sentiment.pretrained import HEADS, WIDTH, Layer
from training.sentiment.student import REACH, Student
from training.sentiment.teacher import Teacher

INPUTS = {"tokens": ("windows", "length"), "lengths": ("windows",), "questions": ("rows", 3)}
_LABELS = 3


class _Asked(NamedTuple):
    """Columns of the questions: `at`, `first`, `last` (rows,) int64, `whole` (rows, 1) bool."""

    at: str
    first: str
    last: str
    whole: str


def write_student(student: Student, path: Path) -> None:
    """As `Student.forward`, and a softmax."""
    graph = Graph()
    vectors = word_vectors(graph, "tokens", student.words)
    states = lstm(graph, vectors, "lengths", student.forwards, student.backwards, states=True)
    asked = _columns(graph)
    places, real = _places(graph)
    real = graph.add("Gather", real, asked.at)
    seen = graph.add("Gather", states, asked.at)
    keys = graph.add("Gather", graph.linear(states, student.key), asked.at)
    place = _mean_of_span(graph, states, asked)
    query = graph.add("Where", asked.whole, graph.weight(student.everything), graph.linear(place, student.query))
    width = student.key.out_features // student.heads
    split = graph.constant(np.array([0, student.heads, 1, width], np.int64))
    by_head = graph.constant(np.array([0, 0, student.heads, width], np.int64))
    keys = graph.add("Transpose", graph.add("Reshape", keys, by_head), perm=[0, 2, 3, 1])
    scores = graph.add("MatMul", graph.add("Reshape", query, split), keys)  # rows, heads, 1, length
    scores = graph.add("Mul", scores, graph.scalar(width**-0.5))
    steps = graph.add("Sub", places, graph.add("Unsqueeze", asked.first, graph.axes(1)))
    steps = graph.add("Add", graph.add("Clip", steps, graph.scalar(-REACH), graph.scalar(REACH)), graph.scalar(REACH))
    near = graph.add("Gather", graph.weight(student.distance.T), steps)  # rows, length, heads
    near = graph.add("Unsqueeze", graph.add("Transpose", near, perm=[0, 2, 1]), graph.axes(2))
    everywhere = graph.add("Unsqueeze", asked.whole, graph.axes(2, 3))
    scores = graph.add("Add", scores, graph.add("Where", everywhere, graph.scalar(0.0), near))
    low = graph.scalar(FAR_BELOW)
    scores = graph.add("Where", graph.add("Unsqueeze", real, graph.axes(1, 2)), scores, low)
    values = graph.add("Transpose", graph.add("Reshape", seen, by_head), perm=[0, 2, 1, 3])
    found = graph.add("MatMul", graph.add("Softmax", scores, axis=3), values)
    found = graph.add("Reshape", found, graph.constant(np.array([0, student.heads * width], np.int64)))
    strongest = graph.add("Where", graph.add("Unsqueeze", real, graph.axes(2)), seen, low)
    strongest = graph.add("ReduceMax", strongest, axes=[1], keepdims=0)
    logits = graph.add(
        "Where",
        asked.whole,
        _answer(graph, graph.add("Concat", strongest, found, axis=1), student.whole, "Relu"),
        _answer(graph, graph.add("Concat", place, found, axis=1), student.toward, "Relu"),
    )
    graph.save(path, INPUTS, graph.add("Softmax", logits, axis=1), _LABELS)


def write_teacher(teacher: Teacher, path: Path) -> None:
    """As `Teacher.forward`, and a softmax; weights in 8 bits, activations as each run finds them."""
    graph, reader = Graph(), teacher.reader
    places, real = _places(graph)
    positions = graph.add("Gather", graph.weight(reader.positions.weight), places)
    states = graph.add("Add", word_vectors(graph, "tokens", reader.words), positions)
    states = _normalised(graph, states, reader.embedded)
    visible = graph.add("Unsqueeze", real, graph.axes(1, 2))
    for layer in reader.layers:
        states = _layer(graph, states, visible, layer)
    asked = _columns(graph)
    counted = graph.add("Unsqueeze", graph.add("Cast", real, to=TensorProto.FLOAT), graph.axes(2))
    total = graph.add("ReduceSum", graph.add("Mul", states, counted), graph.axes(1), keepdims=0)
    mean = graph.add("Div", total, graph.add("ReduceSum", counted, graph.axes(1), keepdims=0))
    mean = graph.add("Gather", mean, asked.at)
    place = _mean_of_span(graph, states, asked)
    logits = graph.add(
        "Where",
        asked.whole,
        _answer(graph, mean, teacher.heads.whole, "Tanh"),
        _answer(graph, graph.add("Concat", place, mean, axis=1), teacher.heads.toward, "Tanh"),
    )
    whole = path.with_suffix(".float.onnx")
    graph.save(whole, INPUTS, graph.add("Softmax", logits, axis=1), _LABELS)
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)
    whole.unlink()


def _columns(graph: Graph) -> _Asked:
    questions = graph.add("Cast", "questions", to=TensorProto.INT64)
    at, first, last = (graph.add("Gather", questions, graph.scalar(column), axis=1) for column in range(3))
    whole = graph.add("Unsqueeze", graph.add("Equal", last, graph.scalar(0)), graph.axes(1))
    return _Asked(at, first, last, whole)


def _places(graph: Graph) -> tuple[str, str]:
    """Positions (length,) int64, and which are real, (windows, length) bool."""
    width = graph.add("Gather", graph.add("Shape", "tokens"), graph.scalar(1))
    places = graph.add("Range", graph.scalar(0), width, graph.scalar(1))
    last = graph.add("Unsqueeze", graph.add("Cast", "lengths", to=TensorProto.INT64), graph.axes(1))
    return places, graph.add("Less", places, last)


def _mean_of_span(graph: Graph, states: str, asked: _Asked) -> str:
    """(rows, width): the mean state of each question's tokens, 0 for the whole text; a difference of running
    sums."""
    running = graph.add("CumSum", states, graph.scalar(1))
    pads = graph.constant(np.array([0, 1, 0, 0, 0, 0], np.int64))
    running = graph.add("Pad", running, pads)
    end, start = (
        graph.add("GatherND", running, _pairs(graph, asked.at, column)) for column in (asked.last, asked.first)
    )
    count = graph.add("Max", graph.add("Sub", asked.last, asked.first), graph.scalar(1))
    count = graph.add("Unsqueeze", graph.add("Cast", count, to=TensorProto.FLOAT), graph.axes(1))
    return graph.add("Div", graph.add("Sub", end, start), count)


def _pairs(graph: Graph, one: str, two: str) -> str:
    columns = (graph.add("Unsqueeze", column, graph.axes(1)) for column in (one, two))
    return graph.add("Concat", *columns, axis=1)


def _answer(graph: Graph, features: str, layers: nn.Sequential, activation: str) -> str:
    first, last = layers[0], layers[-1]
    assert isinstance(first, nn.Linear)
    assert isinstance(last, nn.Linear)
    return graph.linear(graph.add(activation, graph.linear(features, first)), last)


def _normalised(graph: Graph, states: str, norm: nn.LayerNorm) -> str:
    weights = (graph.weight(norm.weight), graph.weight(norm.bias))
    return graph.add("LayerNormalization", states, *weights, axis=-1, epsilon=norm.eps)


def _layer(graph: Graph, states: str, visible: str, layer: Layer) -> str:
    """As `Layer.forward`."""
    width = WIDTH // HEADS
    by_head = graph.constant(np.array([0, 0, HEADS, width], np.int64))
    query, key, value = (
        graph.add("Transpose", graph.add("Reshape", graph.linear(states, part), by_head), perm=perm)
        for part, perm in ((layer.query, [0, 2, 1, 3]), (layer.key, [0, 2, 3, 1]), (layer.value, [0, 2, 1, 3]))
    )
    scores = graph.add("Mul", graph.add("MatMul", query, key), graph.scalar(width**-0.5))
    weights = graph.add("Softmax", graph.add("Where", visible, scores, graph.scalar(FAR_BELOW)), axis=3)
    mixed = graph.add("Transpose", graph.add("MatMul", weights, value), perm=[0, 2, 1, 3])
    mixed = graph.add("Reshape", mixed, graph.constant(np.array([0, 0, WIDTH], np.int64)))
    states = _normalised(graph, graph.add("Add", states, graph.linear(mixed, layer.mixed)), layer.attended)
    inner = graph.linear(states, layer.inner)
    # GELU by the error function, as BERT's; ONNX Runtime runs the five operators as one.
    erf = graph.add("Erf", graph.add("Div", inner, graph.scalar(2.0**0.5)))
    bent = graph.add("Mul", graph.add("Mul", inner, graph.add("Add", erf, graph.scalar(1.0))), graph.scalar(0.5))
    return _normalised(graph, graph.add("Add", states, graph.linear(bent, layer.outer)), layer.done)
