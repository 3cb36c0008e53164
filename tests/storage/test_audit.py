"""The audit is right whatever redelivery did, names what is missing when something is, and says what it
cannot know."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.messages import mention_uuid
from monitor.storage import schema
from monitor.storage.audit import AuditReport, audit
from monitor.storage.records import Batch, Span
from monitor.storage.writer import BatchWriter
from tests.examples import dear
from tests.storage.conftest import Made

LOGS = {"mentions.text": Made.log_id}


@dataclass(frozen=True)
class Position:
    topic: str
    partition: int
    low: int
    high: int
    committed: int | None


def at(committed: int | None, partition: int = 0, low: int = 0, high: int | None = None) -> Position:
    end = max(low, committed or 0) if high is None else high
    return Position("mentions.text", partition, low, end, committed)


async def write(
    writer: BatchWriter, made, *offsets: int, rejected: tuple[int, ...] = (), partition: int = 0
) -> None:
    results = tuple(made.text(n, partition=partition) for n in offsets if n not in rejected)
    rejections = tuple(made.rejected(n, partition=partition) for n in rejected)
    await writer.write(Batch(log_id=made.log_id, results=results, rejections=rejections))


def read_from(engine: Engine, first: int, low: int | None = None, partition: int = 0) -> None:
    """Where reading began, as a worker notes it."""
    do(
        engine,
        "INSERT INTO log_partition (log_id, topic, partition, first_offset, low_offset)"
        " VALUES (:log, 'mentions.text', :partition, :first, :low)",
        log=Made.log_id,
        partition=partition,
        first=first,
        low=low,
    )


def do(engine: Engine, *statements: str, **values: Any) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def later(engine: Engine) -> None:
    """A minute passes."""
    do(engine, "UPDATE ingest_batch SET written_at = written_at - interval '61 seconds'")


def look(engine: Engine, *positions: Position, log_id: str = Made.log_id) -> AuditReport:
    return audit(engine, positions, {"mentions.text": log_id})


async def test_everything_written_adds_up(writer, engine, made):
    await write(writer, made, *range(10), rejected=(3, 4, 7))
    await write(writer, made, *range(5, 15), rejected=(7,))
    report = look(engine, at(15), at(None, partition=1))
    assert report.ok, report.faults
    assert report.notes == ()
    assert (report.stored, report.mentions, report.rejected, report.dead_letters) == (12, 12, 4, 3)
    (first, second) = report.partitions
    assert (first.covered, first.rejected, first.missing) == (15, 3, ())
    assert (second.covered, second.committed, second.missing) == (0, None, ())


async def test_a_lost_record_is_named(writer, engine, made):
    await write(writer, made, 0, 1, 2, 4, 5)  # one batch from 0 to 5 that dropped 3
    await write(writer, made, *range(9, 12))
    report = look(engine, at(14))
    assert not report.ok
    assert report.partitions[0].missing == ((3, 3), (6, 8), (12, 13))
    assert report.faults == (
        "mentions.text[0]: offset 3 committed but not in the database",
        "mentions.text[0]: offsets 6 to 8 committed but not in the database",
        "mentions.text[0]: offsets 12 to 13 committed but not in the database",
    )


async def test_of_many_gaps_the_first_are_named(writer, engine, made):
    await write(writer, made, *range(0, 100, 2))
    report = look(engine, at(99))
    assert len(report.partitions[0].missing) == 20
    assert len(report.faults) == 21
    assert report.faults[-1] == "... and 29 more of these"


async def test_what_is_not_committed_is_not_owed(writer, engine, made):
    await write(writer, made, *range(5))
    assert look(engine, at(3)).ok


async def test_another_life_does_not_cover_for_this_one(writer, engine, made):
    await write(writer, made, *range(5))
    report = look(engine, at(5), log_id="cluster-1/2nd")
    assert report.partitions[0].missing == ((0, 4),)
    assert report.notes == (
        "mentions.text: 5 offsets of log cluster-1, another life of the topic than the one in Kafka now, "
        "cannot be compared with it any more",
    )


async def test_a_gap_in_an_earlier_life_is_still_a_fault(writer, engine, made):
    read_from(engine, 0, 0)
    await write(writer, made, *range(2, 5))
    report = look(engine, log_id="cluster-1/2nd")
    assert report.faults == (
        "mentions.text[0] of log cluster-1: offsets 0 to 1 not in the database, though later ones are",
    )


async def test_records_that_expired_unread_are_a_fault(writer, engine, made):
    await write(writer, made, *range(5))
    assert look(engine, at(5, low=5)).ok
    (fault,) = look(engine, at(5, low=9)).faults
    assert fault.startswith("mentions.text[0]: offsets 5 to 8 left the log before they were read")
    # The worker goes on where the log begins now; what it could not read is lost all the same.
    await write(writer, made, *range(9, 12))
    (fault,) = look(engine, at(12, low=9)).faults
    assert fault == (
        "mentions.text[0]: offsets 5 to 8 committed but not in the database, and no longer in Kafka"
    )


async def test_records_that_expired_before_anything_was_committed_are_told(writer, engine, made):
    """200 of 300 records expire before the first commit: once said to be in order."""
    assert look(engine, at(None, low=200, high=300)).notes == (
        "mentions.text[0]: Kafka no longer holds offsets 0 to 199, from before anything was read here",
    )
    read_from(engine, 200, 200)
    await write(writer, made, *range(200, 300))
    report = look(engine, at(300, low=200))
    assert report.ok, report.faults
    assert report.notes == ("mentions.text[0]: Kafka no longer held offsets 0 to 199 when reading began",)
    # Reading began before they expired, and nothing was ever committed: lost.
    do(engine, "UPDATE log_partition SET first_offset = 0, low_offset = 0", "DELETE FROM ingest_batch")
    faults = look(engine, at(None, low=200, high=300)).faults
    assert any("offsets 0 to 199 left the log before they were read" in fault for fault in faults), faults


async def test_a_group_that_starts_in_the_middle_of_a_topic_owes_what_comes_then(writer, engine, made):
    read_from(engine, 50, 10)
    await write(writer, made, *range(50, 60))
    report = look(engine, at(60, low=10))
    assert report.ok, report.faults
    assert report.notes == (
        "mentions.text[0]: Kafka no longer held offsets 0 to 9 when reading began",
        "mentions.text[0]: reading began at offset 50; Kafka held offsets 10 to 49 then, which the group had "
        "committed or skipped",
    )


async def test_batches_removed_with_their_rows_are_missed(writer, engine, made):
    """Not what is left says where reading began."""
    read_from(engine, 0, 0)
    await write(writer, made, *range(5))
    await write(writer, made, *range(5, 10))
    do(
        engine,
        "SELECT set_config('brand_monitor.erasure', 'tidy', true)",
        "DELETE FROM mention WHERE record_offset < 5",
        "DELETE FROM ingest_batch WHERE first_offset = 0",
    )
    faults = look(engine, at(10, low=5)).faults
    assert (
        "mentions.text[0]: offsets 0 to 4 committed but not in the database, and no longer in Kafka" in faults
    )


async def test_a_group_whose_offsets_were_deleted_is_a_fault(writer, engine, made):
    await write(writer, made, *range(5))
    assert look(engine, at(None, high=5)).ok  # written a moment ago, committed in a moment
    later(engine)
    assert look(engine, at(None, high=5)).faults == (
        "mentions.text[0]: nothing is committed, but batches up to offset 4 are in the database: the group's "
        "offsets were deleted or expired",
    )


async def test_a_log_that_ends_before_what_was_read_of_it_is_a_fault(writer, engine, made):
    await write(writer, made, *range(5))
    assert look(engine, at(3, high=3)).ok  # the tables may be ahead of the positions
    later(engine)
    assert look(engine, at(5, high=3)).faults == (
        "mentions.text[0]: offset 5 is committed, but the log ends at 3: it was emptied or made anew",
        "mentions.text[0]: batches up to offset 4 are in the database, but the log ends at 3: it was emptied "
        "or made anew",
    )


async def test_offsets_without_a_record_are_no_gap(writer, engine, made):
    """Transaction markers and compaction."""
    read_from(engine, 0, 0)
    spans = (Span("mentions.text", 0, 0, 4),)
    await writer.write(Batch(log_id=made.log_id, results=(made.text(1), made.text(2)), spans=spans))
    await writer.write(Batch(log_id=made.log_id, results=(), spans=(Span("mentions.text", 0, 4, 6),)))
    report = look(engine, at(6))
    assert report.ok, report.faults
    assert report.partitions[0].covered == 6


DELETED = "DELETE FROM mention WHERE external_id = 'm2'"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (DELETED, "removed 1 mentions on"),
        ("TRUNCATE mention CASCADE", "TRUNCATE removed 7 mentions on"),
        (f"ALTER TABLE mention DISABLE TRIGGER USER; {DELETED}", "batches stored 7 mentions, 0 of them"),
        (
            f"{DELETED}; DELETE FROM erasure",
            "batches stored 7 mentions, 0 of them were erased, table mention h",
        ),
        ("DELETE FROM dead_letter WHERE record_offset = 4", "offset 4 rejected but not in dead_letter"),
        (
            "UPDATE dead_letter SET record_offset = 11 WHERE record_offset = 4",
            "offset 11 in dead_letter but",
        ),
        ("DELETE FROM sentiment WHERE label = 'positive'", "7 text mentions have no sentiment"),
        ("DELETE FROM sentiment WHERE brand_id IS NOT NULL", "written with 2 sentiments, it has 1"),
        ("DELETE FROM brand_mention", "was written with 1 brand mentions, it has 0"),
        (
            "UPDATE mention SET record_offset = 4 WHERE record_offset = 5",
            "@4 (log cluster-1) is from no record",
        ),
        (
            "UPDATE mention SET record_offset = 40 WHERE record_offset = 5",
            "@40 (log cluster-1) is from no rec",
        ),
        ("UPDATE mention SET log_id = 'x' WHERE record_offset = 5", "@5 (log x) is from no record"),
        ("DELETE FROM ingest_batch", "batches stored 0 mentions"),
        ("UPDATE ingest_batch SET stored_digest = 0", "not the same"),
    ],
)
async def test_rows_changed_behind_its_back_are_noticed(writer, engine, made, damage, fault):
    named = (made.named("VMware", felt="positive"),)
    await write(writer, made, *range(8), rejected=(2, 4, 5))
    results = (made.text(5, brands=named), made.text(2))
    await writer.write(Batch(log_id=made.log_id, results=results, rejections=()))
    assert look(engine, at(8)).ok
    do(engine, *damage.split("; "))
    faults = look(engine, at(8)).faults
    assert any(fault in each for each in faults), faults


FORGED = """
INSERT INTO mention (id, post_id, kind, source, external_id, published_at, text, model_version, log_id, topic,
                     partition, record_offset, recorded_at, n_brand_mentions, n_sentiments, language,
                     story_id, lead)
SELECT gen_random_uuid(), gen_random_uuid(), kind, source, 'forged', published_at, text, model_version,
       log_id, topic, partition, record_offset, recorded_at, 0, 0, language, story_id, lead
FROM mention WHERE external_id = 'm3'
"""


@pytest.mark.parametrize("place", ["its own", "another's"])
async def test_a_row_removed_and_another_forged_is_noticed(writer, engine, made, place):
    """The sums are equal; the ids are not."""
    await write(writer, made, *range(8))
    do(
        engine,
        "ALTER TABLE mention DISABLE TRIGGER mention_erased",
        FORGED,
        "DELETE FROM mention WHERE external_id = '%s'" % ("m2" if place == "another's" else "m3"),
    )
    faults = look(engine, at(8)).faults
    assert any("8, but not the same: rows were removed and others added" in each for each in faults), faults
    doubled = any(
        "mentions.text[0]@3 (log cluster-1) is the record of more than one" in each for each in faults
    )
    assert doubled == (place == "another's")


async def test_an_id_that_was_changed_is_noticed(writer, engine, made):
    await write(writer, made, *range(8))
    do(engine, "DELETE FROM sentiment WHERE mention_id = (SELECT id FROM mention WHERE external_id = 'm1')")
    do(engine, "UPDATE mention SET id = gen_random_uuid() WHERE external_id = 'm1'")
    assert any("but not the same" in each for each in look(engine, at(8)).faults)


async def test_a_mention_that_is_published_again_after_it_was_deleted_is_in_order(writer, engine, made):
    await write(writer, made, *range(8))
    do(engine, DELETED)
    assert not look(engine, at(8)).ok
    await writer.write(Batch(log_id=made.log_id, results=(made.text(8, id="m2"),)))
    report = look(engine, at(9))
    assert report.ok, report.faults
    assert (report.stored, report.erased, report.mentions) == (9, 1, 8)
    (note,) = report.notes
    assert note.endswith("without a reason, and published again since")


async def test_a_deletion_with_a_reason_is_a_note(writer, engine, made):
    await write(writer, made, *range(8))
    do(engine, "SELECT set_config('brand_monitor.erasure', 'asked by its author', true)", DELETED)
    report = look(engine, at(8))
    assert report.ok, report.faults
    (note,) = report.notes
    assert note.startswith("removed 1 mentions on 20")
    assert note.endswith(" as postgres: asked by its author")
    # The same record again, as after a rewind.
    await write(writer, made, 2)
    assert look(engine, at(8)).ok
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ids FROM erasure")).scalar_one() is None


async def test_deletions_with_one_reason_are_one_note(writer, engine, made):
    await write(writer, made, *range(8))
    for id in ("m1", "m2"):
        do(
            engine,
            "SELECT set_config('brand_monitor.erasure', 'asked by its author', true)",
            f"DELETE FROM mention WHERE external_id = '{id}'",
        )
    (note,) = look(engine, at(8)).notes
    assert note.startswith("removed 2 mentions in 2 goes from 20")
    assert note.endswith(" as postgres: asked by its author")


async def test_a_deleted_mention_that_is_there_is_a_fault(writer, engine, made):
    await write(writer, made, *range(3))
    row = """
        INSERT INTO deleted_mention
            (id, log_id, topic, partition, record_offset, recorded_at, deleted_at, kind)
        SELECT id, log_id, topic, partition, record_offset + :later, recorded_at, now(), kind
        FROM mention WHERE external_id = :id
    """
    do(engine, row, later=-1, id="m1")
    assert look(engine, at(3)).ok
    do(engine, row, later=0, id="m2")
    assert look(engine, at(3)).faults == (
        "mentions.text[0]@2 (log cluster-1) is of a mention that was deleted after it",
    )


async def test_a_record_rejected_once_and_stored_after_a_limit_was_raised_is_in_order(writer, engine, made):
    await write(writer, made, *range(4), rejected=(2,))
    await write(writer, made, *range(4))
    assert look(engine, at(4)).ok


def test_the_digest_is_the_same_in_python_and_sql(engine):
    from monitor.storage.rows import mention_digest

    ids = [mention_uuid("text", "forum", str(n)) for n in range(50)]
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT mention_digest(id) FROM unnest(CAST(:ids AS uuid[])) AS id"), {"ids": ids}
        )
        assert found.scalars().all() == [mention_digest(id) for id in ids]


async def test_what_was_written_before_the_books_were_kept_is_told_apart(settings, engine, made):
    """A database of schema 0009: a deletion of then, a gap that may be a marker, rows without counts."""
    schema.downgrade(settings, "0009")
    row = """
        INSERT INTO mention (id, post_id, kind, source, external_id, published_at, text, model_version,
                             log_id, topic, partition, record_offset, recorded_at)
        SELECT gen_random_uuid(), gen_random_uuid(), 'text', 'forum', 'm' || n, now(), 'old', 'sentiment@1',
               'cluster-1', 'mentions.text', 0, n, now() FROM unnest(ARRAY[1, 2, 4]) AS n
    """
    scored = """
        INSERT INTO sentiment (mention_id, label, p_negative, p_neutral, p_positive, model_version)
        SELECT id, 'neutral', 0.1, 0.8, 0.1, 'sentiment@1' FROM mention
    """
    batch = """
        INSERT INTO ingest_batch (log_id, topic, partition, first_offset, last_offset, offsets,
                                  rejected_offsets, deliveries, records, stored, replaced, rejected)
        VALUES ('cluster-1', 'mentions.text', 0, 1, 4, '{[1,3),[4,5)}', '{}', 1, 3, 3, 0, 0)
    """
    do(engine, row, scored, batch, "DELETE FROM mention WHERE external_id = 'm2'")
    schema.upgrade(settings)
    report = look(engine, at(5, low=1))
    assert report.ok, report.faults
    told = "\n".join(report.notes)
    assert "mentions.text[0]: offset 3 committed before schema 0010 and not in the database: whether" in told
    assert "reading began at offset 1, before schema 0010; whether Kafka held offset 0 then" in told
    assert "is known by its number only: 1 mentions more had been stored than were there" in told
    assert "2 mentions were written before schema 0010 or made up" in told
    # From here on it is exact.
    do(engine, "DELETE FROM mention WHERE external_id = 'm4'")
    assert any("removed 1 mentions" in fault for fault in look(engine, at(5, low=1)).faults)
    assert look(engine, at(9, low=1)).partitions[0].missing == ((5, 8),)


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


@given(history=histories(), erased=st.sets(st.integers(0, 6), max_size=2), seed=st.integers(0, 2**16))
@hypothesis_settings(
    max_examples=dear(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_history_of_redeliveries_crashes_replacements_and_erasures_adds_up(
    settings, engine: Engine, brands, made, history, erased, seed
):
    from monitor.storage.engine import async_engine

    log, deliveries = history
    do(engine, "TRUNCATE mention, dead_letter, ingest_batch, erasure CASCADE")
    half = len(deliveries) // 2

    def erase() -> None:
        ids = [str(id) for id in erased]
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('brand_monitor.erasure', 'test', true)"))
            connection.execute(text("DELETE FROM mention WHERE external_id = ANY(:ids)"), {"ids": ids})

    async def replay() -> int:
        workers: AsyncEngine = async_engine(settings)
        writer = BatchWriter(workers, brands)
        await writer.prepare()
        committed = 0
        for turn, (start, end, died) in enumerate(deliveries):
            if turn == half:
                erase()
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
    report = look(engine, at(committed))
    assert report.ok, report.faults
    newest = {log[n].id: f"version {n}" for n in range(committed) if log[n].id is not None}
    with engine.connect() as connection:
        found = connection.execute(text("SELECT external_id::int, text FROM mention")).all()
    there = dict(map(tuple, found))
    assert newest.keys() - erased <= there.keys() <= newest.keys()
    assert all(newest[id] == said for id, said in there.items() if id not in erased)
    assert report.dead_letters == sum(record.id is None for record in log[:committed])
    if committed:
        # The same tables, one record of the log lost: the audit says which.
        lost = random.Random(seed).randrange(committed)
        do(
            engine,
            "UPDATE ingest_batch SET offsets = offsets - int8multirange(int8range(:lost, :lost, '[]'))",
            lost=lost,
        )
        assert (
            f"mentions.text[0]: offset {lost} committed but not in the database"
            in look(engine, at(committed)).faults
        )
