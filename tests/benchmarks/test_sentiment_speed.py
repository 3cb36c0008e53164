import importlib.util
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "sentiment.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_sentiment", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tweets_name_the_brands_that_the_table_says(benchmark: ModuleType) -> None:
    found = benchmark.tweets(200)
    assert sum(len(one.names) for one in found) == 280
    for one in found:
        assert one.questions == (None, *one.names)
        assert "{" not in one.text
    names = {one.text[start:end] for one in found for start, end in one.names}
    assert {"VMware", "Coca-Cola"} < names
    assert benchmark.tweets(200) == found


def test_reports_every_cell_in_both_formats(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "ROUND_SECONDS", 0.01)
    benchmark.main(data=None, out=tmp_path, rounds=2)
    report = msgspec.json.decode((tmp_path / "sentiment.json").read_bytes(), type=benchmark.Report)
    names = list(dict.fromkeys(one.contender for one in report.figures))
    assert [name.partition("@")[0] for name in names] == [
        "sentiment-talk",
        "sentiment",
        "sentiment-large",
        "VADER",
    ]
    assert len(report.figures) == len(names) * 2
    assert all(0 < one.fastest <= one.median <= one.slowest for one in report.figures)
    assert report.brands_a_tweet == pytest.approx(1.4)
    table = (tmp_path / "sentiment.md").read_text()
    assert table.count("(1.00)") == 2
    assert "Not measured here: LR" in table
