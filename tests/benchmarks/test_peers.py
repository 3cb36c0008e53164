"""What the comparison with other ways to write it counts, on rows that a peer could have left behind."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.peers.comparing import PeerResult, table
from benchmarks.peers.programs import HERE, PEERS
from benchmarks.peers.trial import Counted, Trial
from monitor.local import EmbeddedBroker, EmbeddedDatabase


@pytest.fixture
def trial(database_server: EmbeddedDatabase, tmp_path: Path) -> Iterator[Trial]:
    with EmbeddedBroker(tmp_path / "broker.log") as broker:
        address = broker.url.removeprefix("kafka://")
        with Trial(PEERS["loop"], address, database_server, tmp_path, "counting") as trial:
            yield trial


def test_lost_doubled_and_waiting_records_are_counted(trial: Trial) -> None:
    trial.publish(5, poison=True)
    insert = "INSERT INTO mention (id, source, published_at, text) SELECT %s, 's', now(), 't'"
    with psycopg.connect(trial.url) as connection:
        for stored in ("m0", "m1", "m1", "m1", "m4"):
            connection.execute(insert, [stored])
    assert trial.counted() == Counted(lost=2, doubled=2, aside=0, behind=6)


def result(**after: int) -> PeerResult:
    measured = {"rate": 1.0, "cpu": 1.0, "database_cpu": 1.0, "pause": 1.0, "records": 1, "kills": 1}
    counts = ("lost", "doubled", "poison_lost", "poison_doubled", "poison_behind", "poison_aside")
    return PeerResult(peer="x", title="X", version="1", **{**measured, **dict.fromkeys(counts, 0), **after})


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"poison_aside": 1}, "a dead letter, nothing else lost"),
        ({"poison_lost": 63}, "gone, with it 63 good ones"),
        ({"poison_lost": 900, "poison_behind": 901}, "stands still: 900 good ones never stored"),
        ({}, "gone, nothing else lost"),
    ],
)
def test_what_a_malformed_record_does_is_told_in_words(after: dict[str, int], said: str) -> None:
    assert result(**after).after_poison == said
    assert said in table([result(**after)])


def test_every_library_that_is_not_installed_here_is_pinned() -> None:
    pinned = {peer.requirements for peer in PEERS.values() if peer.requirements}
    assert pinned == {path.name for path in HERE.glob("requirements-*.txt")}
    for peer in PEERS.values():
        assert peer.version()[0].isdigit()
