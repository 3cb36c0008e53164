"""Stores the convolutions of a logo model in 8 bits: half the time on a CPU, a quarter of the file.

Static quantisation of ONNX Runtime (onnxruntime.ai/docs/performance/model-optimizations/quantization.html):
weights by output channel, activations by the range they have on train pictures. Left in float32 are the first
three convolutions, whose few channels carry the whole picture. Of a dense model, the pyramid
and the heads stay so, too, because their activations have no bound: with them in 8 bits mAP50 fell from .79
to .50 on tl10's val pictures.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from torch import nn

from monitor.errors import SetupError
from monitor.inference.session import session_options
from monitor.logos.dense import LEVEL_MARGIN, LEVEL_MULTIPLE
from monitor.logos.gallery.embedder import unit
from monitor.logos.windows import build_level
from training.data.pictures import AnnotatedPicture
from training.logos.embedder_network import CropEmbedder
from training.logos.lite0 import Lite0
from training.logos.onnx_files import save_plain

Pixels = NDArray[np.uint8]

_PICTURES: Final = 64
_LEVELS: Final = (416, 208)
"""px, long sides at which the activations of a dense model are looked at."""
_CROPS: Final = 16
"""Crops looked at together, as the service embeds them."""
_KEPT: Final = 3
"""First convolutions that stay in float32."""


class _Inputs(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """One input at a time."""

    def __init__(self, pixels: Iterable[Pixels]) -> None:
        self._pixels = iter(pixels)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The next input, or None at the end: ONNX Runtime's protocol."""
        pixels = next(self._pixels, None)
        return None if pixels is None else {"pixels": pixels}


def store_in_eight_bits(source: Path, target: Path, pictures: Sequence[AnnotatedPicture], seed: int) -> None:
    """Write `target`: the dense model `source`, its backbone in 8 bits; `pictures` are of the train split.

    Raises `SetupError` where `source` is no dense model in float32.
    """
    drawn = np.random.default_rng(seed).permutation(len(pictures))[:_PICTURES]
    _store(source, target, _levels([pictures[number] for number in drawn]), _behind_the_backbone(source))


def store_embedder_in_eight_bits(source: Path, target: Path, crops: Pixels) -> None:
    """Write `target`: the embedder `source`; `crops` (N, side, side, 3) are of train pictures.

    Raises `SetupError` where `source` is no embedder in float32.
    """
    inputs = (crops[start : start + _CROPS] for start in range(0, len(crops), _CROPS))
    _store(source, target, inputs, _first_convolutions(source))


def mean_cosine(one: Path, other: Path, crops: Pixels) -> float:
    """Between the embeddings that two embedders give of the same crops."""
    points = []
    for file in (one, other):
        session = ort.InferenceSession(str(file), session_options(file), providers=["CPUExecutionProvider"])
        (found,) = session.run(None, {"pixels": crops})
        points.append(unit(found))
    return float((points[0] * points[1]).sum(1).mean())


def _store(source: Path, target: Path, inputs: Iterable[Pixels], in_float: list[str]) -> None:
    """`in_float` names the nodes that stay as they are."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.onnx"
        quantize_static(
            str(source),
            str(written),
            _Inputs(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "Clip"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=in_float,
            extra_options={"CalibMovingAverage": True},
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        save_plain(onnx.load(str(written)), target)


def _levels(pictures: Sequence[AnnotatedPicture]) -> Iterator[Pixels]:
    """Pyramid levels of pictures, one at a time."""
    for picture in pictures:
        pixels = picture.load()
        for side in _LEVELS:
            yield build_level(pixels, side, LEVEL_MARGIN, LEVEL_MULTIPLE).pixels[None]


# The exporter writes nodes in the order in which they run: a backbone's convolutions come first.


def _behind_the_backbone(source: Path) -> list[str]:
    """The first convolutions, and all nodes behind the backbone."""
    nodes, convolutions = _nodes_in_float(source)
    backbone = _convolutions_of(Lite0())
    if len(convolutions) <= backbone:
        raise SetupError(f"{source} is no dense logo model in float32: train one with `brand-train logos`")
    behind = nodes[convolutions[backbone] :]
    return [nodes[number].name for number in convolutions[:_KEPT]] + [node.name for node in behind]


def _first_convolutions(source: Path) -> list[str]:
    nodes, convolutions = _nodes_in_float(source)
    if len(convolutions) < _convolutions_of(CropEmbedder()):
        raise SetupError(
            f"{source} is no embedder in float32: train one with `brand-train logos --arch embedder`"
        )
    return [nodes[number].name for number in convolutions[:_KEPT]]


def _nodes_in_float(source: Path) -> tuple[list[onnx.NodeProto], list[int]]:
    """All nodes, and the places of the convolutions, none of them where the model is in 8 bits already."""
    nodes = list(onnx.load(str(source)).graph.node)
    if any(node.op_type == "QuantizeLinear" for node in nodes):
        return nodes, []
    return nodes, [number for number, node in enumerate(nodes) if node.op_type == "Conv"]


def _convolutions_of(network: nn.Module) -> int:
    return sum(isinstance(module, nn.Conv2d) for module in network.modules())
