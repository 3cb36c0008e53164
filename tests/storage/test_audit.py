"""The audit is right whatever redelivery did, and names what is missing when something is."""

import asyncio
import random
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.storage.audit import audit
from monitor.storage.records import Batch
from monitor.storage.writer import BatchWriter


@dataclass(frozen=True)
class Position:
    topic: str
    partition: int
    low: int
    committed: int | None


def at(committed: int | None, partition: int = 0, low: int = 0) -> Position:
    return Position("mentions.text", partition, low, committed)


async def write(
    writer: BatchWriter, made, *offsets: int, rejected: tuple[int, ...] = (), partition: int = 0
) -> None:
    results = tuple(made.text(n, partition=partition) for n in offsets if n not in rejected)
    rejections = tuple(made.rejected(n, partition=partition) for n in rejected)
    await writer.write(Batch(log_id=made.log_id, results=results, rejections=rejections))


async def test_everything_written_adds_up(writer, engine, made):
    await write(writer, made, *range(10), rejected=(3, 4, 7))
    await write(writer, made, *range(5, 15), rejected=(7,))
    report = audit(engine, [at(15), at(None, partition=1)], made.log_id)
    assert report.ok, report.faults
    assert (report.stored, report.mentions, report.rejected, report.dead_letters) == (12, 12, 4, 3)
    (first, second) = report.partitions
    assert (first.covered, first.rejected, first.missing) == (15, 3, ())
    assert (second.covered, second.committed, second.missing) == (0, None, ())


async def test_a_lost_record_is_named(writer, engine, made):
    await write(writer, made, 0, 1, 2, 4, 5)  # one batch from 0 to 5 that dropped 3
    await write(writer, made, *range(9, 12))
    report = audit(engine, [at(14)], made.log_id)
    assert not report.ok
    assert report.partitions[0].missing == ((3, 3), (6, 8), (12, 13))
    assert report.faults == (
        "mentions.text[0]: offset 3 committed but not in the database",
        "mentions.text[0]: offsets 6 to 8 committed but not in the database",
        "mentions.text[0]: offsets 12 to 13 committed but not in the database",
    )


async def test_what_is_not_committed_is_not_owed(writer, engine, made):
    await write(writer, made, *range(5))
    assert audit(engine, [at(3)], made.log_id).ok


async def test_another_cluster_does_not_cover_for_this_one(writer, engine, made):
    await write(writer, made, *range(5))
    report = audit(engine, [at(5)], "cluster-2")
    assert report.partitions[0].missing == ((0, 4),)


async def test_records_that_expired_unread_are_a_fault(writer, engine, made):
    await write(writer, made, *range(5))
    assert audit(engine, [at(5, low=5)], made.log_id).ok
    (fault,) = audit(engine, [at(5, low=9)], made.log_id).faults
    assert fault.startswith("mentions.text[0]: offsets 5 to 8 left the log before they were read")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM mention WHERE external_id = 'm2'", "batches stored 7 mentions, table mention holds 6"),
        ("DELETE FROM dead_letter WHERE record_offset = 4", "offset 4 rejected but not in dead_letter"),
        (
            "UPDATE dead_letter SET record_offset = 11 WHERE record_offset = 4",
            "offset 11 in dead_letter but",
        ),
        ("DELETE FROM sentiment WHERE label = 'positive'", "7 text mentions have no sentiment"),
    ],
)
async def test_rows_removed_behind_its_back_are_noticed(writer, engine, made, damage, fault):
    await write(writer, made, *range(8), rejected=(4,))
    assert audit(engine, [at(8)], made.log_id).ok
    with engine.begin() as connection:
        connection.execute(text(damage))
    assert any(fault in each for each in audit(engine, [at(8)], made.log_id).faults)


@dataclass(frozen=True)
class Record:
    """One record of the log: which mention it is about, or none (a bad one)."""

    id: int | None


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Record], list[tuple[int, int, bool]]]:
    """A log, and the deliveries of it: [start, end), and whether the worker died before the commit.

    Kafka's promise: a delivery starts at or before the first record not yet committed and goes on from there.
    """
    log = draw(st.lists(st.builds(Record, st.one_of(st.none(), st.integers(0, 6))), min_size=1, max_size=24))
    deliveries: list[tuple[int, int, bool]] = []
    written = 0
    while written < len(log) and len(deliveries) < 30:
        start = written - draw(st.integers(0, min(written, 5)))
        end = min(len(log), max(start + draw(st.integers(1, 8)), 1))
        died = draw(st.booleans()) and len(deliveries) < 20
        deliveries.append((start, end, died))
        if not died:
            written = max(written, end)
    return log, deliveries


@given(history=histories(), seed=st.integers(0, 2**16))
@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_history_of_redeliveries_crashes_and_replacements_adds_up(
    settings, engine: Engine, brands, made, history, seed
):
    from monitor.storage.engine import async_engine

    log, deliveries = history
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE mention, dead_letter, ingest_batch CASCADE"))

    async def replay() -> int:
        workers: AsyncEngine = async_engine(settings)
        writer = BatchWriter(workers, brands)
        await writer.prepare()
        committed = 0
        for start, end, died in deliveries:
            results = [
                made.text(n, id=str(log[n].id), text=f"version {n}")
                for n in range(start, end)
                if log[n].id is not None
            ]
            random.Random(seed).shuffle(results)
            bad = tuple(made.rejected(n) for n in range(start, end) if log[n].id is None)
            batch = Batch(log_id=made.log_id, results=tuple(results), rejections=bad)
            if died:
                async with workers.connect() as connection:
                    await writer._write(connection, batch)  # the process ends before COMMIT
            else:
                await writer.write(batch)
                committed = max(committed, end)
        await workers.dispose()
        return committed

    committed = asyncio.run(replay())
    report = audit(engine, [at(committed)], made.log_id)
    assert report.ok, report.faults
    newest = {log[n].id: f"version {n}" for n in range(committed) if log[n].id is not None}
    with engine.connect() as connection:
        found = connection.execute(text("SELECT external_id::int, text FROM mention")).all()
    assert dict(map(tuple, found)) == newest
    assert report.dead_letters == sum(record.id is None for record in log[:committed])
    if committed:
        # The same tables, one record of the log lost: the audit says which.
        lost = random.Random(seed).randrange(committed)
        with engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE ingest_batch"
                    " SET offsets = offsets - int8multirange(int8range(:lost, :lost, '[]'))"
                ),
                {"lost": lost},
            )
        assert (
            f"mentions.text[0]: offset {lost} committed but not in the database"
            in audit(engine, [at(committed)], made.log_id).faults
        )
