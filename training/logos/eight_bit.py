"""Stores the backbone of a dense model in 8 bits: half the time of a picture on a CPU, a quarter of the file.

Static quantisation of ONNX Runtime (onnxruntime.ai/docs/performance/model-optimizations/quantization.html):
weights by output channel, activations by the range they have on train pictures. Left in float32 are the first
three convolutions, whose few channels carry the whole picture, and the pyramid and the heads, whose
activations have no bound: with them in 8 bits mAP50 fell from .79 to .50 on tl10's val pictures.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
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
from monitor.logos.dense import LEVEL_MARGIN, LEVEL_MULTIPLE
from monitor.logos.windows import build_level
from training.data.pictures import AnnotatedPicture
from training.logos.lite0 import Lite0
from training.logos.onnx_files import save_plain

_PICTURES: Final = 64
_LEVELS: Final = (416, 208)
"""px, long sides at which their activations are looked at."""
_KEPT: Final = 3
"""First convolutions that stay in float32."""


class _Levels(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Pyramid levels of pictures, one at a time."""

    def __init__(self, pictures: Sequence[AnnotatedPicture]) -> None:
        self._feeds = self._all(pictures)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        """The next input, or None at the end: ONNX Runtime's protocol."""
        return next(self._feeds, None)

    @staticmethod
    def _all(pictures: Sequence[AnnotatedPicture]) -> Iterator[dict[str, NDArray[Any]]]:
        for picture in pictures:
            pixels = picture.load()
            for side in _LEVELS:
                yield {"pixels": build_level(pixels, side, LEVEL_MARGIN, LEVEL_MULTIPLE).pixels[None]}


def store_in_eight_bits(source: Path, target: Path, pictures: Sequence[AnnotatedPicture], seed: int) -> None:
    """Write `target`: the dense model `source`, its backbone in 8 bits; `pictures` are of the train split.

    Raises `SetupError` where `source` is no dense model in float32.
    """
    drawn = np.random.default_rng(seed).permutation(len(pictures))[:_PICTURES]
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "model.onnx"
        quantize_static(
            str(source),
            str(written),
            _Levels([pictures[number] for number in drawn]),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Add", "Clip"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=_in_float(source),
            extra_options={"CalibMovingAverage": True},
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        save_plain(onnx.load(str(written)), target)


def _in_float(source: Path) -> list[str]:
    """Names of the nodes that stay as they are: the first convolutions, and all behind the backbone."""
    nodes = onnx.load(str(source)).graph.node
    convolutions = [number for number, node in enumerate(nodes) if node.op_type == "Conv"]
    backbone = sum(isinstance(module, nn.Conv2d) for module in Lite0().modules())
    if len(convolutions) <= backbone or any(node.op_type == "QuantizeLinear" for node in nodes):
        raise SetupError(f"{source} is no dense logo model in float32: train one with `brand-train logos`")
    # The exporter writes nodes in the order in which they run: the backbone's come first.
    behind = nodes[convolutions[backbone] :]
    return [nodes[number].name for number in convolutions[:_KEPT]] + [node.name for node in behind]
