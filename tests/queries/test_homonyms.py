"""The packaged queries tell brands from everyday words about as well as docs/brands.md says."""

import importlib.util
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "homonyms.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_homonyms", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sentences_have_the_name_and_stand_once(benchmark: ModuleType) -> None:
    found = benchmark.sentences()
    assert all(sentence.name.casefold() in sentence.text.casefold() for sentence in found)
    assert max(Counter(sentence.text.casefold() for sentence in found).values()) == 1


def test_every_name_has_as_many_sentences_with_the_brand_as_without(benchmark: ModuleType) -> None:
    count = Counter((one.name, one.half, one.brand) for one in benchmark.sentences())
    assert len({name for name, _, _ in count}) == 12
    assert set(count.values()) == {8, 10, 16}
    assert all(count[name, half, True] == count[name, half, False] for name, half, _ in count)


@pytest.mark.parametrize(
    ("half", "precision", "recall"),
    [("dev", 0.98, 0.95), ("held", 0.93, 0.96), ("drawn", 0.95, 0.75)],
)
def test_queries_tell_the_brand_from_the_word(
    benchmark: ModuleType, half: str, precision: float, recall: float
) -> None:
    chosen = [sentence for sentence in benchmark.sentences() if sentence.half == half]
    queried = benchmark.measure(benchmark.by_query, chosen)
    assert queried.precision >= precision
    assert queried.recall >= recall
    plain = benchmark.measure(benchmark.by_name, chosen)
    assert plain.precision == pytest.approx(0.5, abs=0.01)
    assert queried.f1 > plain.f1


def test_the_table_has_a_line_for_each_name_and_one_for_all(benchmark: ModuleType) -> None:
    lines = benchmark.table("held").splitlines()
    assert len(lines) == 2 + 12 + 1
    assert lines[-1].startswith("| all | 240 | 0.50 |")
    assert {line.count("|") for line in lines} == {9}
