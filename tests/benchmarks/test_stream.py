"""benchmarks/stream.py: what it publishes, what it keeps, and a part of it for real."""

import json
from pathlib import Path

import pytest

from benchmarks.streaming import brokers, load, null, results
from benchmarks.streaming.tables import TABLES
from monitor.errors import DataError
from monitor.messages import decode_image, decode_text

TAKEN = {"records": 640, "seconds": 4.0, "cpu": 2.0, "database_cpu": 1.0, "threads": [0.9, 0.3, 0.05]}


def test_a_mix_holds_its_share_of_pictures_and_of_broken_mentions() -> None:
    mixed = load.with_bad(load.mix(400))
    assert (len(mixed.texts), len(mixed.pictures), mixed.bad) == (392, 8, 4)
    broken = 0
    for _, value in mixed.texts:
        try:
            decode_text(value, max_chars=10_000)
        except DataError:
            broken += 1
    assert broken == mixed.bad
    assert len({decode_image(value).image for _, value in mixed.pictures}) == 8


def test_the_null_path_takes_every_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(null, "RECORDS", 20_000)
    monkeypatch.setattr(null, "CONTENDERS", ("worker",))
    (row,) = null.measure([brokers.EMBEDDED], quick=True)
    assert (row["records"], row["rebalances"]) == (1000, 0)
    assert row["per_cpu_second"] == pytest.approx(1000 / row["cpu"])
    assert "| embedded | worker | 1,000 |" in TABLES["null"][1]([row])


def test_the_writers_own_table_is_taken_as_it_is() -> None:
    row = {"name": "writer, batches of 64", "mentions_per_second": 3000, "worker_us": 150, "server_us": 180}
    row |= {"wal_bytes": 2100, "statements": 9.0, "round_trips": 2.0}
    assert "| writer, batches of 64 | 3,000 | 150 | 180 | 2,100 | 9.00 | 2.00 |" in TABLES["writer"][1]([row])


def test_a_part_that_is_not_run_keeps_its_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "_FOLDER", tmp_path)
    path_row = {
        **{"broker": "embedded", "load": "texts", "workers": 1, "alone": TAKEN},
        **{"whole": {**TAKEN, "cpu": 4.0}, "wall_ratio": 1.0, "cpu_ratio": 0.5},
    }
    results.keep("path", [path_row], "python benchmarks/stream.py path", "12 texts of 100 characters")
    growth_row = {"broker": "Apache Kafka", "partitions": 8, "workers": 2, **TAKEN}
    results.keep("growth", [growth_row], "python benchmarks/stream.py growth --kafka", "")
    page = results.write(TABLES).read_text()
    assert "| embedded | texts | 1 | 160 | 160 | 1.00 | 320 | 160 | 0.50 | 1.00 | 0.50, 1.00 | 2, 2 |" in page
    assert "| Apache Kafka | 8 | 2 | 160 | 320 | 1.00 | 2 |" in page
    assert "`python benchmarks/stream.py growth --kafka`" in page
    assert "`python benchmarks/stream.py path` (12 texts of 100 characters), " in page
    assert page.index("python benchmarks/stream.py path") < page.index("growth --kafka")
    assert json.loads((tmp_path / "stream" / "growth.json").read_text())["rows"] == [growth_row]
