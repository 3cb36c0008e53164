import importlib.util
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from monitor.sentiment.tokenizer import tokenize

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "sentiment.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_sentiment", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("tokens", [20, 200])
def test_texts_have_the_length_the_table_names(benchmark: ModuleType, tokens: int) -> None:
    found = benchmark.texts(tokens, 64)
    assert {len(tokenize(text)) for text in found} == {tokens}
    assert len(set(found)) == 64


def test_reports_every_cell_in_both_formats(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(benchmark, "BATCHES", (1, 4))
    benchmark.main(model="sentiment", data=None, out=tmp_path, rounds=2)
    report = msgspec.json.decode((tmp_path / "sentiment.json").read_bytes(), type=benchmark.Report)
    names = {one.contender for one in report.figures}
    assert {"ONNX, 1 CPU thread", "ONNX, 2 CPU threads", "torch, 1 CPU thread", "VADER"} <= names
    assert len(report.figures) == len(names) * 2 * 2
    assert all(0 < one.slowest <= one.median <= one.fastest for one in report.figures)
    table = (tmp_path / "sentiment.md").read_text()
    assert table.count("| ONNX, 1 CPU thread | ") == 2
    assert "(1.00)" in table
    assert "Not measured here: TF-IDF LR" in table
