"""docs/capacity.md shows what benchmarks/capacity.py computes from capacity.toml, as one would by hand."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def capacity() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_capacity", ROOT / "benchmarks" / "capacity.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_is_computed(capacity: ModuleType) -> None:
    shown = (ROOT / "docs" / "capacity.md").read_text("utf-8")
    assert capacity.page(shown) == shown, "run python benchmarks/capacity.py"


def test_a_plan_can_be_followed_by_hand(capacity: ModuleType) -> None:
    given = replace(
        capacity.read()[0],
        texts_per_core_second=100,
        pictures_per_core_second=10,
        database_mentions_per_second=1_000,
        database_microseconds=500,
        picture_share=0.1,
        busy=0.5,
        peak_to_mean=2,
        cores_per_worker=2,
        kept_days=10,
        kept_mentions=1_000_000_000,
        row_bytes=1_000,
    )
    planned = capacity.plan(1_000, given)
    assert planned.text_cores == 900 / 100 / 0.5
    assert planned.text_workers == 9
    assert planned.picture_cores == 100 / 10 / 0.5
    assert planned.picture_workers == 10
    assert planned.databases == 2
    assert planned.partitions == 16  # five picture workers each: twice that, and a power of two
    assert planned.database_cores == 1 + 2  # 500 a second of 500 us: a quarter of a core, planned half full
    assert planned.kept_days == 10
    assert planned.kept_mentions == 1_000 / 2 * 86_400 * 10 / 2
    assert planned.database_gb == planned.kept_mentions * 1_000 / 1e9


def test_fewer_days_are_kept_where_the_database_is_full_first(capacity: ModuleType) -> None:
    given = replace(
        capacity.read()[0], kept_days=400, kept_mentions=1_000_000, database_mentions_per_second=10_000
    )
    planned = capacity.plan(300, given)
    assert planned.kept_mentions == pytest.approx(1_000_000)
    assert planned.kept_days == pytest.approx(1_000_000 / (300 / given.peak_to_mean * 86_400))


def test_what_was_measured_is_taken_over_and_the_rest_stays(capacity: ModuleType, tmp_path: Path) -> None:
    taken = {"records": 3_000, "cpu": 10.0, "database_cpu": 1.5}
    rows = [
        {"broker": broker, "load": load, "workers": workers, "whole": taken | {"cpu": cpu}}
        for broker, cpu in (("embedded", 99.0), ("kafka", 10.0))
        for load in ("texts", "pictures")
        for workers in (1, 2)
    ]
    before = (ROOT / "benchmarks" / "capacity.toml").read_text("utf-8")
    changed = tmp_path / "capacity.toml"
    changed.write_text(capacity.measured(before, {"rows": rows}), "utf-8")
    given, told = capacity.read(changed)
    assert (given.texts_per_core_second, given.database_microseconds) == (300, 500)
    assert "stream.py" in told["measured"]["texts_per_core_second"]["from"]
    assert told["assumed"] == capacity.read()[1]["assumed"]
