"""The five steps: their order, what overlaps, and what one bad record costs."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from monitor.errors import DataError, ErrorCode, OutageError
from monitor.messages import ImageMention
from monitor.storage.records import ImageResult, PictureRef, StorageRejection
from monitor.stream.ledger import GapError
from monitor.stream.records import Partition

PARTITION = Partition("mentions.text", 0)


async def endless(*records: Any) -> AsyncIterator[Any]:
    for one in records:
        yield one
    await asyncio.Event().wait()


@pytest.fixture
def run(stretches: Any, run_stretches: Any) -> Callable[..., Any]:
    """Runs a pipeline over records, a stretch each, until `done`, then cancels it."""
    return lambda records, done: run_stretches([stretches(one) for one in records], done)


@pytest.fixture
def run_stretches(bench: Any, wait_until: Any) -> Callable[..., Any]:
    """Runs a pipeline over stretches until `done`, then cancels it."""

    async def go(stretches: list[Any], done: Callable[[], bool]) -> None:
        task = asyncio.create_task(bench.pipeline().run(endless(*stretches)))
        try:
            await wait_until(lambda: done() or task.done(), 5)
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return go


async def test_a_batch_is_entered_in_the_ledger_after_commit_and_announcement(
    bench: Any, records: Any, run: Any
) -> None:
    seen: list[tuple[str, int | None]] = []
    bench.writer.before = lambda _batch: seen.append(("write", bench.ledger.committable(PARTITION)))
    announce = bench.announcer.announce

    async def watched(results: Any, rejections: Any) -> None:
        seen.append(("announce", bench.ledger.committable(PARTITION)))
        assert bench.writer.batches, "announced before it was written"
        await announce(results, rejections)

    bench.announcer.announce = watched
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert seen == [("write", None), ("announce", None)]


async def test_the_next_batch_is_scored_while_one_is_written_and_none_overtakes(
    bench: Any, records: Any, run: Any
) -> None:
    release = asyncio.Event()

    async def hold_the_first(batch: Any) -> None:
        if batch.results[0].position.offset == 0:
            await release.wait()

    bench.writer.before = hold_the_first

    def overlapped() -> bool:
        if len(bench.scoring.batches) >= 2 and not release.is_set():
            assert bench.ledger.committable(PARTITION) is None, "the second batch overtook the first"
            release.set()
        return bench.ledger.committable(PARTITION) == 12

    await run([records(n) for n in range(12)], overlapped)
    offsets = [result.position.offset for batch in bench.writer.batches for result in batch.results]
    assert offsets == list(range(12))


async def test_back_pressure_bounds_what_is_taken_from_kafka(
    bench: Any, records: Any, stretches: Any
) -> None:
    forever = asyncio.Event()
    bench.writer.before = lambda _batch: forever.wait()
    taken: list[int] = []

    async def source() -> AsyncIterator[Any]:
        for n in range(1000):
            taken.append(n)
            yield stretches(records(n))

    task = asyncio.create_task(bench.pipeline().run(source()))
    await asyncio.sleep(0.3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # One batch each: being written, scored, collected; and the record in hand.
    assert len(taken) <= 3 * bench.batch_size + 1


async def shown(batch: Any) -> Any:
    """As pictures, of which each second one is the same."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    return [
        ImageResult(
            position=record.position,
            mention=ImageMention(id="a", source="s", image=b"", published_at=moment),
            picture=PictureRef(
                sha256=str(record.position.offset % 2) * 64,
                **{"media_type": "image/png", "width": 1, "height": 1, "n_bytes": 1, "url": "file:///x"},
            ),
            detections=(),
            model_version="scripted@1",
        )
        for record in batch
    ]


async def test_a_refused_picture_is_named_for_its_file_lies_in_the_store(
    bench: Any, records: Any, run: Any
) -> None:
    def refuse(batch: Any) -> None:
        for result in batch.results:
            if result.position.offset == 1:
                raise StorageRejection(result.position, "too old")

    bench.scoring.score, bench.writer.before = shown, refuse
    await run([records(n) for n in range(2)], lambda: bench.ledger.committable(PARTITION) == 2)
    (batch,) = bench.writer.batches
    assert [one.picture.sha256 for one in batch.rejections] == ["1" * 64]


async def test_a_record_the_database_refuses_becomes_a_dead_letter_and_the_rest_is_stored(
    bench: Any, records: Any, run: Any
) -> None:
    def refuse(batch: Any) -> None:
        for result in batch.results:
            if result.position.offset in (1, 3):
                raise StorageRejection(result.position, "value too long")

    bench.writer.before = refuse
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    (batch,) = bench.writer.batches
    assert [result.position.offset for result in batch.results] == [0, 2]
    assert [one.position.offset for one in batch.rejections] == [1, 3]
    assert {one.letter.error_code for one in bench.announcer.rejections} == {ErrorCode.STORAGE_REJECTED.value}


async def test_what_was_deleted_since_is_announced_to_nobody(bench: Any, records: Any, run: Any) -> None:
    bench.writer.more = {"silent": frozenset({records(1).position}), "deleted": 1}
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert [result.position.offset for result in bench.announcer.results] == [0, 2, 3]
    assert bench.metrics.registry.get_sample_value("brand_monitor_deletions_total", {"agent": "texts"}) == 1
    assert bench.sweeps == 0


async def test_files_that_were_removed_meanwhile_are_put_again_before_anything_is_said_or_committed(
    bench: Any, records: Any, run: Any
) -> None:
    said: list[Any] = []

    async def restore(results: Any) -> None:
        said.append((len(bench.announcer.results), bench.ledger.committable(PARTITION)))
        said.append([result.picture.sha256 for result in results])

    bench.scoring.score, bench.scoring.restore = shown, restore
    bench.writer.more = {"files_due": frozenset({"1" * 64}), "pictures_gone": 2}
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert said == [(0, None), ["1" * 64]]
    assert bench.sweeps == 1


async def test_unscored_texts_are_counted_by_language(bench: Any, records: Any, run: Any) -> None:
    languages, score = ["de", "de", "en", "pcm"], bench.scoring.score

    async def scored(batch: Any) -> Any:
        return [
            dataclasses.replace(one, language=language, sentiment=one.sentiment if language == "en" else None)
            for one in await score(batch)
            for language in [languages[one.position.offset]]
        ]

    bench.scoring.score = scored
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    counted = {
        language: bench.metrics.registry.get_sample_value(
            "brand_monitor_texts_unscored_total", {"language": language}
        )
        for language in ("de", "en", "other", "pcm")
    }
    assert counted == {"de": 2, "en": None, "other": 1, "pcm": None}


async def test_an_outage_is_retried_with_the_same_batch(bench: Any, records: Any, run: Any) -> None:
    attempts: list[Any] = []

    def away_twice(batch: Any) -> None:
        attempts.append(batch)
        if len(attempts) < 3:
            raise OutageError("the database is away")

    bench.writer.before = away_twice
    bench.retry = type(bench.retry)(60, pause=lambda _s: asyncio.sleep(0))
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert attempts[0] == attempts[1] == attempts[2]


async def test_an_outage_without_end_is_raised_with_nothing_in_the_ledger(
    bench: Any, records: Any, stretches: Any
) -> None:
    def away(_batch: Any) -> None:
        raise OutageError("the database is away")

    bench.writer.before = away
    pipeline = bench.pipeline()
    with pytest.raises(OutageError, match="writing a batch failed for"):
        await pipeline.run(endless(*(stretches(records(n)) for n in range(4))))
    assert bench.ledger.partitions() == []
    assert await pipeline.drain(0), "a stop does not wait for what will never be finished"


async def test_records_of_an_earlier_assignment_are_left_to_kafka(bench: Any, records: Any, run: Any) -> None:
    bench.ledger.begin({PARTITION: 5})
    mixed = [
        records(0, generation=0),
        records(5, generation=1),
        records(1, generation=0),
        records(6, generation=1),
    ]
    await run(mixed, lambda: bench.ledger.committable(PARTITION) == 7)
    assert [result.position.offset for batch in bench.writer.batches for result in batch.results] == [5, 6]


async def test_drain_finishes_what_is_under_way_and_takes_nothing_more(
    bench: Any, records: Any, stretches: Any, wait_until: Any
) -> None:
    release = asyncio.Event()
    bench.writer.before = lambda _batch: release.wait()
    pipeline = bench.pipeline()
    task = asyncio.create_task(pipeline.run(endless(*(stretches(records(n)) for n in range(40)))))
    await wait_until(lambda: len(bench.scoring.batches) == 2, 5)
    assert not await pipeline.drain(0.05), "a batch hangs in the writer"
    release.set()
    assert await pipeline.drain(5)
    assert bench.ledger.committable(PARTITION) == len(bench.writer.ids) <= 12
    await asyncio.sleep(0.1)
    assert not pipeline.busy
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_batch_finished_after_its_partitions_were_taken_away_is_not_accounted(
    bench: Any, records: Any, run: Any
) -> None:
    def rebalance(_batch: Any) -> None:
        bench.ledger.assigned(2)

    bench.writer.before = rebalance
    await run([records(n) for n in range(4)], lambda: len(bench.announcer.results) == 4)
    assert bench.ledger.partitions() == []


async def test_offsets_without_a_record_are_accounted_and_committed(
    bench: Any, records: Any, stretches: Any, run_stretches: Any
) -> None:
    gap, void = stretches(records(0), records(3), end=5), stretches(start=5, end=9)
    await run_stretches([gap, void], lambda: bench.ledger.committable(PARTITION) == 9)
    assert [tuple(span) for batch in bench.writer.batches for span in batch.spans] == [
        (*PARTITION, 0, 5),
        (*PARTITION, 5, 9),
    ]
    assert bench.writer.ids == ["0-0", "0-3"]


async def test_a_gap_between_stretches_ends_the_worker_before_it_is_committed_over(
    bench: Any, records: Any, run: Any
) -> None:
    with pytest.raises(GapError, match="up to offset 2, and now from 3 on"):
        await run([records(0), records(1), records(3)], lambda: False)
    assert bench.ledger.committable(PARTITION) in (None, 2)


async def test_what_could_not_be_read_off_the_wire_is_dead_lettered_in_its_place(
    bench: Any, records: Any, run: Any
) -> None:
    fault = DataError(ErrorCode.BATCH_UNREADABLE, "gzip: the data ends early")
    broken = replace(records(1), fault=fault, value=b"raw")
    await run([records(0), broken, records(2)], lambda: bench.ledger.committable(PARTITION) == 3)
    (letter,) = (one.letter for one in bench.announcer.rejections)
    assert (letter.error_code, letter.source_offset, letter.value) == ("batch-unreadable", 1, b"raw")
    assert bench.writer.ids == ["0-0", "0-2"]
