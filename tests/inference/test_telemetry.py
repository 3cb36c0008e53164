"""Nothing here reports to anybody: ONNX Runtime's telemetry is off before it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.settings import packaged

LOAD = """
import onnxruntime, pathlib, sys
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
"""


def written_by(program: str, home: Path) -> list[Path]:
    """What a fresh process that loads a model leaves in its home; telemetry leaves an identifier there."""
    models = sorted(packaged("onnx_models").glob("*/model.onnx"))
    # CI switches ONNX Runtime's telemetry off by itself: without it, as on a user's machine.
    unset = {"CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    subprocess.run(
        [sys.executable, "-c", program, str(models[0])],
        env={**kept, "HOME": str(home)},
        check=True,
    )
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("package", ["monitor", "monitor.inference", "training.export"])
def test_our_packages_switch_it_off(package: str, tmp_path: Path) -> None:
    if package.startswith("training"):
        pytest.importorskip("onnx")
    assert written_by(f"import {package}\n{LOAD}", tmp_path) == []


def test_who_wants_it_may_switch_it_on() -> None:
    program = "import monitor, os; raise SystemExit(os.environ['ORT_DISABLE_TELEMETRY'] != '0')"
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "ORT_DISABLE_TELEMETRY": "0"}, check=True
    )
