"""The reader's models are what their script makes of rapidocr's, byte by byte."""

from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("rapidocr")

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.settings import packaged
from training import reader_files


@pytest.mark.parametrize("name", ["reader-lines", "reader-letters"])
def test_the_script_makes_the_committed_files(name: str, tmp_path: Path) -> None:
    made, committed = reader_files.make(name, tmp_path / name), load_manifest(packaged("onnx_models") / name)
    assert made.sha256 == committed.sha256
    assert made.files == committed.files
    assert made.parity.max_abs_diff == pytest.approx(committed.parity.max_abs_diff, abs=0.02)


def test_other_files_than_those_known_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(reader_files.SOURCES, "reader-lines", ("PP-OCRv6_det_small.onnx", "0" * 64))
    with pytest.raises(SetupError, match=r"det_small\.onnx is missing or another; pip install"):
        reader_files.make("reader-lines", tmp_path)
