"""Writes the embedder as ONNX with half-precision weights, and proves that the file answers as torch does.

Weights are stored as float16 and cast to float32 once, when the session is opened: half the file, the same
arithmetic. The stated parity is of this file against torch in float32.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from monitor.inference.manifest import Parity, TensorSpec
from training.export import Feed, measure_parity
from training.logos.embedder_network import DIMENSIONS, CropEmbedder, CropEmbedderGraph
from training.logos.onnx_files import save_plain

OPSET: Final = 18
_SMALLEST: Final = 1000
"""Weights from which a tensor is stored in half precision; biases and constants stay as they are."""
_PARITY_BATCH: Final = 32


def export_embedder(network: CropEmbedder, side: int, file: Path) -> None:
    """Write `file` for crops of `side` px; the number of crops stays free."""
    program = torch.onnx.export(
        CropEmbedderGraph(network).eval(),
        (torch.zeros(4, side, side, 3, dtype=torch.uint8),),
        dynamo=True,
        input_names=["pixels"],
        output_names=["embedding"],
        dynamic_shapes=({0: torch.export.Dim("crops", min=1, max=4096)},),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    _store_as_half(model)
    save_plain(model, file)


def _store_as_half(model: onnx.ModelProto) -> None:
    """Replace every large float32 tensor by a float16 one and a Cast node."""
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _SMALLEST:
            kept.append(tensor)
            continue
        stored = f"{tensor.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(
            helper.make_node("Cast", [stored], [tensor.name], f"{tensor.name}.cast", to=TensorProto.FLOAT)
        )
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    others = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *others])


def embedder_specs(side: int) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs as the manifest states them."""
    return (
        (TensorSpec("pixels", ("crops", side, side, 3), "uint8"),),
        (TensorSpec("embedding", ("crops", DIMENSIONS), "float32"),),
    )


def embedder_parity(network: CropEmbedder, file: Path, crops: NDArray[np.uint8], dataset: str) -> Parity:
    """Compare on `crops`."""
    graph = CropEmbedderGraph(network).eval()

    def torch_outputs(feed: Feed) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            return [graph(torch.from_numpy(feed["pixels"])).numpy()]

    batches = [
        {"pixels": crops[start : start + _PARITY_BATCH]} for start in range(0, len(crops), _PARITY_BATCH)
    ]
    return measure_parity(file, torch_outputs, batches, dataset)
