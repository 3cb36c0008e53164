"""Writes the talk's CNN as ONNX with its dense weights as 8-bit integers: 98 MB become 29 MB.

23.6 of its 25.6 million weights sit in the first dense layer. They are stored as int8 with one scale per
output and become float32 again while the model runs (DequantizeLinear); the stated parity is of this file
against torch.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from monitor.inference.manifest import TensorSpec
from training.logos.onnx_files import save_plain
from training.logos.talk_network import HEIGHT, WIDTH, TalkGraph, TalkNetwork

OPSET: Final = 18
_LARGE: Final = 1_000_000
"""Weights from which a matrix is stored as int8: the two dense layers of 1024."""


def export_talk(network: TalkNetwork, file: Path) -> None:
    """Write `file`; the number of windows stays free."""
    program = torch.onnx.export(
        TalkGraph(network).eval(),
        (torch.zeros(4, HEIGHT, WIDTH, 3, dtype=torch.uint8),),
        dynamo=True,
        input_names=["pixels"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("windows", min=1, max=4096)},),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    _store_large_as_int8(model)
    save_plain(model, file)


def _store_large_as_int8(model: onnx.ModelProto) -> None:
    """Replace every large matrix by an int8 one and a DequantizeLinear node; one scale per output (row)."""
    nodes, kept = [], []
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if weights.ndim != 2 or weights.size < _LARGE:
            kept.append(tensor)
            continue
        axis = int(
            weights.shape[0] > weights.shape[1]
        )  # outputs are the shorter side here, or either for a square
        scale = np.abs(weights).max(axis=1 - axis).astype(np.float32) / 127
        scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
        stored = np.rint(weights / np.expand_dims(scale, 1 - axis)).astype(np.int8)
        kept += [
            numpy_helper.from_array(stored, f"{tensor.name}.int8"),
            numpy_helper.from_array(scale, f"{tensor.name}.scale"),
        ]
        inputs = [f"{tensor.name}.int8", f"{tensor.name}.scale"]
        nodes.append(
            helper.make_node(
                "DequantizeLinear", inputs, [tensor.name], f"{tensor.name}.dequantize", axis=axis
            )
        )
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    others = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *others])
    known = {info.name for info in model.graph.value_info}
    for node in nodes:
        if node.output[0] not in known:
            model.graph.value_info.append(
                helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, None)
            )


def talk_specs() -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs as the manifest states them."""
    return (
        (TensorSpec("pixels", ("windows", HEIGHT, WIDTH, 3), "uint8"),),
        (TensorSpec("probabilities", ("windows", 2), "float32"),),
    )
