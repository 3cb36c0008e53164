"""The models stored in 8 bits answer alike on every CPU: products that overflow would show here."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from monitor.inference import ModelSession, open_session
from monitor.inference.session import session_options
from monitor.logos.crops import CropGeometry, fit
from monitor.logos.dense import LEVEL_MARGIN, LEVEL_MULTIPLE
from monitor.logos.windows import build_level
from monitor.settings import Device, packaged

PICTURES = sorted((packaged("samples") / "pictures").glob("*.jpg"))[:6]


def load(path: Path) -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def in_float(model: ModelSession, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """What the file's bytes mean: where nothing is fused, ONNX Runtime computes with them in float32."""
    file = model.directory / "model.onnx"
    options = session_options(file)
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return list(session.run([spec.name for spec in model.manifest.outputs], {"pixels": pixels}))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_the_detector_answers_as_its_bytes_say(path: Path) -> None:
    model = open_session(packaged("onnx_models") / "logos", Device.CPU, threads=1)
    level = build_level(load(path), 416, LEVEL_MARGIN, LEVEL_MULTIPLE).pixels[None]
    differences = {
        spec.name: np.abs(found - wanted)
        for spec, found, wanted in zip(
            model.manifest.outputs, model.run(pixels=level), in_float(model, level), strict=True
        )
    }
    # Overflown, on a Zen 3: .04 and more, .2 and more, 1 px and more.
    assert differences["objectness"].max() < 0.02
    assert differences["brands"].max() < 0.08
    assert differences["boxes"].mean() < 0.4


def test_the_embedder_answers_as_its_bytes_say() -> None:
    model = open_session(packaged("onnx_models") / "logos-embedder", Device.CPU, threads=1)
    side = model.preprocessing(CropGeometry).side
    crops = np.stack([fit(load(path), side) for path in PICTURES])
    (found,), (wanted,) = model.run(pixels=crops), in_float(model, crops)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    # Overflown, on a Zen 3: .992 to .998.
    assert ((found * wanted).sum(1) / lengths).min() > 0.998


def test_a_model_that_only_stores_its_weights_in_eight_bits_runs() -> None:
    model = open_session(packaged("onnx_models") / "logos-talk", Device.CPU, threads=1)
    windows = np.random.default_rng(0).integers(0, 255, (3, 22, 75, 3), np.uint8)
    (found,), (wanted,) = model.run(pixels=windows), in_float(model, windows)
    assert np.allclose(found, wanted, atol=1e-5)
