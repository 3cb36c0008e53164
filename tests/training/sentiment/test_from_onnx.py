from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from monitor.errors import SetupError
from monitor.sentiment.scorer import load_scorer
from monitor.settings import Device, packaged
from training.sentiment.from_onnx import TorchScorer, load_fused

SHIPPED = packaged("onnx_models") / "sentiment"
TEXTS = [
    ("Great screen, awful battery", None),
    ("Great screen, awful battery", (6, 12)),
    ("", None),
    ("I like it. " * 90, (0, 1)),
    ("😍😍 #neverAgain", None),
]


def test_torch_gives_what_the_shipped_file_gives() -> None:
    texts, targets = zip(*TEXTS, strict=True)
    shipped = load_scorer(SHIPPED, Device.CPU, threads=1).probabilities(texts, targets)
    assert np.abs(TorchScorer(SHIPPED).probabilities(texts, targets) - shipped).max() < 1e-5


def test_another_network_is_refused(tmp_path: Path) -> None:
    shape = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1,))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "other", [shape], [shape])
    onnx.save(helper.make_model(graph), tmp_path / "model.onnx")
    with pytest.raises(SetupError, match="not the shipped sentiment network"):
        load_fused(tmp_path / "model.onnx")
