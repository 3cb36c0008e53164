"""Reads the shipped network's weights back out of its ONNX file into torch.

No checkpoint is shipped: whoever wants the same weights in torch, to compare speeds or to go on from them,
has the model file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.sentiment.encoding import Span, collate
from monitor.sentiment.scorer import load_encoder
from training.sentiment.network import Experts, Fused, Network
from training.sentiment.readers import PHRASES

_LINEAR = 11
"""Gemm nodes of the shipped graph, in the order of `_layers`."""


class TorchScorer:
    """The shipped model run by torch, from texts to probabilities, one batch a call."""

    def __init__(self, model_dir: Path, device: str = "cpu") -> None:
        """`device` as torch names it. Raises `SetupError` as `load_fused` and `load_manifest` do."""
        self._encoder = load_encoder(model_dir, load_manifest(model_dir))
        self._device = torch.device(device)
        self._model = load_fused(model_dir / "model.onnx").to(self._device)

    def probabilities(
        self, texts: Sequence[str], targets: Sequence[Span | None] | None = None
    ) -> NDArray[np.float64]:
        """(texts, 3) of negative, neutral, positive."""
        aims = targets if targets is not None else [None] * len(texts)
        feed = collate([self._encoder.encode(text, aim) for text, aim in zip(texts, aims, strict=True)])
        # The network makes small tensors of its own: the context puts them where the weights are.
        with torch.inference_mode(), self._device:
            names = ("tokens", "relation", "lengths", "ngrams", "subwords")
            inputs = [torch.from_numpy(feed[name]).to(self._device).long() for name in names]
            found: NDArray[np.float64] = self._model(*inputs).cpu().numpy().astype(np.float64)
        return found


def load_fused(model_file: Path) -> Fused:
    """The shipped model in torch, in evaluation mode.

    Weights are found by what reads them (the Gather of "tokens", the LSTM, the Conv and Gemm in order), not
    by name; gate order and 8-bit rows are undone.
    Raises `SetupError` where the file holds another network.
    """
    graph = onnx.load(str(model_file)).graph
    constants = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in constants:  # stored in half precision
            constants[node.output[0]] = constants[node.input[0]].astype(np.float32)
    inputs = ("tokens", "relation", "ngrams", "subwords")
    gathered = {name: _gathered(graph, constants, name) for name in inputs}
    recurrent, convolving, linear = (
        [node for node in graph.node if node.op_type == kind] for kind in ("LSTM", "Conv", "Gemm")
    )
    counted = (len(recurrent), len(convolving), len(linear))
    if counted != (2, len(PHRASES), _LINEAR) or not all(gathered.values()):
        raise SetupError(
            f"{model_file} is not the shipped sentiment network; write it with `brand-train sentiment`"
        )
    words = np.prod([part.astype(np.float32) for part in _broadcast(gathered["tokens"])], axis=0)
    deep = Network(
        _tensor(words),
        hidden=constants[recurrent[0].input[2]].shape[2],
        relation_dims=gathered["relation"][0].shape[1],
        head_dims=constants[linear[1].input[1]].shape[0],
        filters=constants[convolving[0].input[1]].shape[0],
        dropout=0.0,
        labels=constants[linear[4].input[1]].shape[0],
    )
    words_experts, subword_experts = (
        Experts(_tensor(_expert_table(gathered[name], columns)), _tensor(bias))
        for name, columns, bias in zip(
            ("ngrams", "subwords"),
            _column_scales(graph, constants),
            _expert_biases(graph, constants),
            strict=True,
        )
    )
    fused = Fused(deep, words_experts, subword_experts, fusion=constants[linear[-2].input[1]].shape[0])
    deep.relations.weight.data = _tensor(gathered["relation"][0])
    for node, reader in zip(recurrent, (deep.by_kind, deep.for_all), strict=True):
        w, r, b = (constants[name] for name in node.input[1:4])
        for direction, lstm in enumerate((reader.forwards, reader.backwards)):
            _set_lstm(lstm, w[direction], r[direction], b[direction])
    convolutions = deep.phrases.convolutions
    for node, layer in [
        *zip(convolving, convolutions, strict=True),
        *zip(linear, _layers(fused), strict=True),
    ]:
        layer.weight.data = _tensor(constants[node.input[1]])
        layer.bias.data = _tensor(constants[node.input[2]])
    (warmth,) = (node for node in graph.node if node.op_type == "MatMul")
    fused.temperatures.data = _tensor(np.exp(constants[warmth.input[1]][:, 0]))
    return fused.eval()


def _layers(fused: Fused) -> tuple[nn.Linear, ...]:
    """The linear layers in the order of the graph."""
    deep, kinds = fused.deep, fused.deep.kinds
    readers = [layer for reader in (deep.by_kind, deep.for_all) for layer in (reader.query, reader.head)]
    return (
        *readers,
        *(kinds.common, kinds.correction, kinds.gate),
        *(deep.out, deep.phrases.out, fused.weigh, fused.decide),
    )


def _gathered(
    graph: onnx.GraphProto, constants: Mapping[str, NDArray[Any]], indices: str
) -> list[NDArray[Any]]:
    """The constant tables whose rows the input `indices` picks."""
    nodes = [node for node in graph.node if node.op_type == "Gather" and node.input[1] == indices]
    return [constants[node.input[0]] for node in nodes if node.input[0] in constants]


def _broadcast(tables: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Rows, and where they are 8-bit their scales (n, 1), in one shape."""
    return list(np.broadcast_arrays(*tables))


def _expert_table(parts: list[NDArray[Any]], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """(rows, decision values + 1) of idf squared (rows, 1), 8-bit rows and their scales (rows, 1)."""
    squared, *factors = (part.astype(np.float32) for part in parts)
    return np.hstack([np.prod(list(np.broadcast_arrays(*factors)), axis=0) * columns, squared])


def _column_scales(
    graph: onnx.GraphProto, constants: Mapping[str, NDArray[Any]]
) -> list[NDArray[np.float32]]:
    """What the experts' 8-bit columns are multiplied by, (1, decision values) each, in the graph's order."""
    multiplied = [name for node in graph.node if node.op_type == "Mul" for name in node.input]
    return [constants[name] for name in multiplied if name in constants and constants[name].ndim == 2]


def _expert_biases(graph: onnx.GraphProto, constants: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """What is added to the experts' decision values, in the graph's order: words, parts of words."""
    added = [node.input for node in graph.node if node.op_type == "Add"]
    return [constants[name] for names in added for name in names if name in constants]


def _set_lstm(lstm: nn.LSTM, w: NDArray[Any], r: NDArray[Any], b: NDArray[Any]) -> None:
    """ONNX orders the gates input, output, forget, cell; torch input, forget, cell, output."""
    weights = {"weight_ih_l0": w, "weight_hh_l0": r}
    weights["bias_ih_l0"], weights["bias_hh_l0"] = np.split(b, 2)
    for name, value in weights.items():
        i, o, f, c = np.split(value, 4)
        getattr(lstm, name).data = _tensor(np.concatenate([i, f, c, o]))


def _tensor(value: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(value, np.float32))
