"""Results are appended, read back, and added up fault by fault."""

from pathlib import Path

from tests.nemesis import results
from tests.nemesis.results import Outcome, Phase


def outcome(seed: int, **fields: object) -> Outcome:
    given = {
        "seed": seed,
        "commit": "abc",
        "fresh_group": True,
        "seconds": 60.0,
        "records": 1000,
        "unacknowledged": 0,
        "mentions": 900,
        "letters": 10,
        "excused": 0,
        "cut": 3,
        "phases": (
            Phase(number=1, faults=("worker-kill",), in_flight=70, recovery=4.0),
            Phase(number=2, faults=("worker-kill", "leader-kill"), in_flight=90, recovery=6.0),
        ),
        "wrong": {},
        "wrong_by_phase": {},
        "examples": (),
        "stuck": "",
        "audit": (),
        "memory_mb": (200, 210),
        "exits": {},
    }
    return Outcome(**{**given, **fields})  # type: ignore[arg-type]


def test_the_last_result_of_a_seed_counts(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    for one in (outcome(2, wrong={"lost": 1}), outcome(1), outcome(2)):
        results.append(path, one)
    kept = results.read(path)
    assert [(one.seed, one.ok) for one in kept] == [(1, True), (2, True)]
    assert results.read(tmp_path / "none.jsonl") == []


def test_the_table_says_what_each_fault_came_to() -> None:
    bad = outcome(3, wrong={"lost": 2}, wrong_by_phase={"2": {"lost": 2}}, stuck="left behind")
    said = results.table([outcome(1), bad])
    assert "6 faults of 2 kinds over 2 seeds, 2,000 records: 2 lost, 0 doubled" in said
    assert "1 seeds needed a hand" in said
    assert "| worker-kill | 4 | 90 | 2 | 0 | 0 | 5.0 | 6.0 |" in said
    assert "| leader-kill | 2 | 90 | 2 | 0 | 0 | 6.0 | 6.0 |" in said
