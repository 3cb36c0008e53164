"""Writes the dense network as ONNX and proves that the file answers as the network does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from monitor.inference.manifest import Parity, TensorSpec
from monitor.logos.dense import DEFAULT_LEVELS, LEVEL_MARGIN, LEVEL_MULTIPLE
from monitor.logos.windows import build_level
from training.data.pictures import AnnotatedPicture
from training.export import Feed, measure_parity
from training.logos.dense_network import STRIDE, DenseLogoGraph, DenseLogoNetwork
from training.logos.onnx_files import save_plain

OPSET: Final = 18
PARITY_LEVEL: Final = DEFAULT_LEVELS[1]
_PARITY_BATCH: Final = 8


def export_dense(network: DenseLogoNetwork, file: Path) -> None:
    """Write `file`; batch, height and width (multiples of 32) stay free."""
    example = torch.zeros(2, 192, 256, 3, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1, max=1024)
    rows = torch.export.Dim("rows", min=2, max=256)
    columns = torch.export.Dim("columns", min=2, max=256)
    program = torch.onnx.export(
        DenseLogoGraph(network).eval(),
        (example,),
        dynamo=True,
        input_names=["pixels"],
        output_names=["objectness", "brands", "boxes"],
        dynamic_shapes=({0: batch, 1: LEVEL_MULTIPLE * rows, 2: LEVEL_MULTIPLE * columns},),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    save_plain(program.model_proto, file)


def dense_specs(brands: int) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs as the manifest states them."""
    return (
        (TensorSpec("pixels", ("batch", "height", "width", 3), "uint8"),),
        (
            TensorSpec("objectness", ("batch", f"height*width/{STRIDE**2}"), "float32"),
            TensorSpec("brands", ("batch", f"height*width/{STRIDE**2}", brands), "float32"),
            TensorSpec("boxes", ("batch", f"height*width/{STRIDE**2}", 4), "float32"),
        ),
    )


def dense_parity(
    network: DenseLogoNetwork, file: Path, pictures: Sequence[AnnotatedPicture], dataset: str
) -> Parity:
    """Compare on one level of each picture."""
    graph = DenseLogoGraph(network).eval()

    def torch_outputs(feed: Feed) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            return [part.numpy() for part in graph(torch.from_numpy(feed["pixels"]))]

    levels = [
        build_level(picture.load(), PARITY_LEVEL, LEVEL_MARGIN, LEVEL_MULTIPLE).pixels for picture in pictures
    ]
    by_shape: dict[tuple[int, ...], list[NDArray[np.uint8]]] = {}
    for level in levels:
        by_shape.setdefault(level.shape, []).append(level)
    batches = [
        {"pixels": np.stack(same[start : start + _PARITY_BATCH])}
        for same in by_shape.values()
        for start in range(0, len(same), _PARITY_BATCH)
    ]
    return measure_parity(file, torch_outputs, batches, dataset)
