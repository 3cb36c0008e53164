"""Writes the embedder as ONNX, and proves that the file answers as torch does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from monitor.inference.manifest import Parity, TensorSpec
from training.export import Feed, measure_parity
from training.logos.embedder_network import DIMENSIONS, CropEmbedder, CropEmbedderGraph
from training.logos.onnx_files import save_plain

OPSET: Final = 18
_PARITY_BATCH: Final = 32


def export_embedder(networks: Sequence[CropEmbedder], side: int, file: Path) -> None:
    """Write `file` in float32 for crops of `side` px; the number of crops stays free."""
    program = torch.onnx.export(
        CropEmbedderGraph(networks).eval(),
        (torch.zeros(4, side, side, 3, dtype=torch.uint8),),
        dynamo=True,
        input_names=["pixels"],
        output_names=["embedding"],
        dynamic_shapes=({0: torch.export.Dim("crops", min=1, max=4096)},),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    save_plain(program.model_proto, file)


def embedder_specs(side: int, networks: int) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs as the manifest states them."""
    return (
        (TensorSpec("pixels", ("crops", side, side, 3), "uint8"),),
        (TensorSpec("embedding", ("crops", networks * DIMENSIONS), "float32"),),
    )


def embedder_parity(
    networks: Sequence[CropEmbedder], file: Path, crops: NDArray[np.uint8], dataset: str
) -> Parity:
    """Compare on `crops`."""
    graph = CropEmbedderGraph(networks).eval()

    def torch_outputs(feed: Feed) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            return [graph(torch.from_numpy(feed["pixels"])).numpy()]

    batches = [
        {"pixels": crops[start : start + _PARITY_BATCH]} for start in range(0, len(crops), _PARITY_BATCH)
    ]
    return measure_parity(file, torch_outputs, batches, dataset)
