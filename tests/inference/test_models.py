"""Model folders: only files that the manifest names are loaded, on the device asked for or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from monitor.errors import SetupError
from monitor.inference import load_manifest, open_session
from monitor.inference.manifest import sha256_of
from monitor.inference.session import driver_present
from monitor.settings import Device


def manifest_of(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "name": folder.name,
        "version": "1",
        "task": "sentiment",
        "architecture": "doubling",
        "sha256": sha256_of(folder / "model.onnx"),
        "inputs": [{"name": "x", "shape": ["batch", 2], "type": "float32"}],
        "outputs": [{"name": "y", "shape": ["batch", 2], "type": "float32"}],
        "preprocessing": {},
        "labels": ["a", "b"],
        "thresholds": {},
        "metrics": [],
        "parity": {"max_abs_diff": 0.0, "inputs": 0, "dataset": "none"},
        "opset": 17,
        "training": {"command": "none", "data": [], "seed": 0},
        "files": {"vocabulary.txt": sha256_of(folder / "vocabulary.txt")},
        **changes,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder whose model doubles its input."""
    folder = tmp_path / "doubler"
    folder.mkdir()
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", floats, ["batch", 2])],
        [helper.make_tensor_value_info("y", floats, ["batch", 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    (folder / "vocabulary.txt").write_text("one\ntwo\n")
    write(folder, manifest_of(folder))
    return folder


def write(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_whole_folder_loads_and_runs(folder: Path) -> None:
    session = open_session(folder, Device.CPU, threads=1)
    (doubled,) = session.run(x=np.ones((3, 2), np.float32))
    assert (doubled == 2).all()
    assert session.device is Device.CPU
    assert session.manifest.identity == "doubler@1"


@pytest.mark.parametrize("name", ["model.onnx", "vocabulary.txt"])
def test_a_changed_file_is_refused_by_name(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(SetupError, match=rf"{name} has SHA-256 .* copy the model folder again"):
        load_manifest(folder)
    with pytest.raises(SetupError, match=name):
        open_session(folder, Device.CPU)


@pytest.mark.parametrize("name", ["model.onnx", "vocabulary.txt"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(SetupError, match=f"{name} is missing"):
        load_manifest(folder)


def test_an_unknown_model_lists_the_known_ones(folder: Path) -> None:
    with pytest.raises(SetupError, match=r"no model 'tripler' .*there: doubler"):
        load_manifest(folder.parent / "tripler")


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "[]",
        "{}",
        '{"name": 5}',
    ],
)
def test_a_manifest_that_is_none_is_refused(folder: Path, manifest: str) -> None:
    (folder / "manifest.json").write_text(manifest)
    with pytest.raises(SetupError, match=r"manifest\.json"):
        load_manifest(folder)


def test_an_unknown_manifest_field_is_refused(folder: Path) -> None:
    write(folder, manifest_of(folder, treshold=0.5))
    with pytest.raises(SetupError, match="treshold"):
        load_manifest(folder)


@pytest.mark.parametrize(("fields", "spoken"), [({}, ("en",)), ({"languages": ["de", "en"]}, ("de", "en"))])
def test_a_manifest_without_languages_means_english(
    folder: Path, fields: dict[str, list[str]], spoken: tuple[str, ...]
) -> None:
    write(folder, manifest_of(folder, **fields))
    assert load_manifest(folder).spoken == spoken


@pytest.mark.parametrize("languages", [[], ["EN"], ["english"], ["en-GB"], "en", [None]])
def test_languages_that_are_none_are_refused(folder: Path, languages: Any) -> None:
    write(folder, manifest_of(folder, languages=languages))
    with pytest.raises(SetupError, match="languages"):
        load_manifest(folder)


def test_a_file_that_is_no_model_is_refused_even_with_the_right_sum(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"not a model")
    write(folder, manifest_of(folder))
    with pytest.raises(SetupError, match=r"model\.onnx does not load"):
        open_session(folder, Device.CPU)


@pytest.mark.skipif(driver_present(), reason="this machine has a GPU")
def test_cuda_without_a_gpu_is_an_error_that_says_what_is_missing(folder: Path) -> None:
    with pytest.raises(
        SetupError, match=r"device is cuda, but .*nvidia-smi.*onnxruntime-gpu.*MONITOR_DEVICE=cpu"
    ):
        open_session(folder, Device.CUDA)


@pytest.mark.skipif(driver_present(), reason="this machine has a GPU")
def test_auto_without_a_gpu_is_the_cpu(folder: Path) -> None:
    assert open_session(folder, Device.AUTO).device is Device.CPU


@pytest.mark.skipif(not driver_present(), reason="needs a GPU")
@pytest.mark.parametrize("device", [Device.AUTO, Device.CUDA])
def test_with_a_gpu_the_model_runs_there(folder: Path, device: Device) -> None:
    session = open_session(folder, device)
    assert session.device is Device.CUDA
    (doubled,) = session.run(x=np.ones((3, 2), np.float32))
    assert (doubled == 2).all()
