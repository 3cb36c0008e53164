"""A record that ends workers is found, alone, and costs only itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.errors import OutageError
from monitor.storage.attempts import Claim, Place
from monitor.stream.records import Partition
from monitor.stream.scoring import StuckError, Threads

PARTITION = Partition("mentions.text", 0)


async def claim(bench: Any, known: Claim, position: int = 0) -> None:
    bench.claims.known[PARTITION] = known
    place = Place(log_id="log", topic=PARTITION.topic, partition=0, position=position, low=0)
    await bench.quarantine.claim([place], {PARTITION.topic: bench.batch_size})


@pytest.fixture
def run(stretches: Any, run_stretches: Any) -> Callable[..., Any]:
    """Runs a pipeline over one stretch of records until `done`, then cancels it."""
    return lambda records, done: run_stretches([stretches(*records)], done)


@pytest.fixture
def run_stretches(bench: Any, wait_until: Any) -> Callable[..., Any]:
    """Runs a pipeline over stretches until `done`, then cancels it."""

    async def go(stretches: list[Any], done: Callable[[], bool]) -> None:
        async def source() -> Any:
            for one in stretches:
                yield one
            await asyncio.Event().wait()

        task = asyncio.create_task(bench.pipeline().run(source()))
        try:
            await wait_until(lambda: done() or task.done(), 5)
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return go


async def test_nobody_is_suspected_after_two_deaths(bench: Any, records: Any, run: Any) -> None:
    await claim(bench, Claim(deaths=2))
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert bench.scoring.batches == [[0, 1, 2, 3]]
    assert bench.claims.said == [], "no round trip to the database where nobody is suspected"


async def test_after_three_deaths_each_record_is_tried_alone_and_the_database_knows_which(
    bench: Any, records: Any, run: Any
) -> None:
    await claim(bench, Claim(deaths=3))
    seen: list[tuple[int, Any, int]] = []

    def look(batch: Any) -> None:
        seen.append((batch[0].position.offset, bench.claims.said[-1], len(bench.writer.ids)))

    bench.scoring.before = look
    await run([records(n) for n in range(20)], lambda: bench.ledger.committable(PARTITION) == 20)
    assert seen[:3] == [(0, ("begin", 0), 0), (1, ("begin", 1), 1), (2, ("begin", 2), 2)]
    assert bench.scoring.batches[:16] == [[n] for n in range(16)], "four batches of four"
    assert bench.scoring.batches[16:] == [[16, 17, 18, 19]], "who is behind them is not suspected"
    assert [said for said in bench.claims.said if said[0] == "finish"] == [("finish", n) for n in range(16)]
    assert bench.writer.ids == [f"0-{n}" for n in range(20)]


async def test_a_record_that_was_tried_twice_and_never_heard_of_again_is_dead_lettered_untried(
    bench: Any, records: Any, run: Any
) -> None:
    await claim(bench, Claim(deaths=5, suspects={2: 2, 3: 1}))
    await run([records(n) for n in range(4)], lambda: bench.ledger.committable(PARTITION) == 4)
    assert bench.scoring.batches == [[0], [1], [3]]
    (letter,) = (one.letter for one in bench.announcer.rejections)
    assert (letter.error_code, letter.source_offset) == ("kills-the-worker", 2)
    assert ("begin", 2) not in bench.claims.said


async def test_a_culprit_far_ahead_is_not_met_among_others(bench: Any, records: Any, run: Any) -> None:
    await claim(bench, Claim(suspects={30: 2}))
    await run([records(n) for n in range(32)], lambda: bench.ledger.committable(PARTITION) == 32)
    assert bench.scoring.batches == [[n] for n in range(32) if n != 30]


async def test_one_death_alone_is_no_proof(bench: Any, records: Any, run: Any) -> None:
    await claim(bench, Claim(deaths=4, suspects={0: 1}))
    await run([records(0)], lambda: bench.ledger.committable(PARTITION) == 1)
    assert bench.writer.ids == ["0-0"]


async def test_an_outage_while_a_suspect_is_stored_is_not_its_fault(
    bench: Any, records: Any, run: Any
) -> None:
    await claim(bench, Claim(deaths=3))

    def away(_batch: Any) -> None:
        raise OutageError("the database is away")

    bench.writer.before = away
    with pytest.raises(OutageError):
        await run([records(0)], lambda: False)
    assert bench.claims.said == [("begin", 0), ("finish", 0)]


async def test_an_outage_while_a_suspect_is_scored_is_not_its_fault(
    bench: Any, records: Any, run: Any
) -> None:
    """A picture store that was away for minutes convicted one healthy picture after the other."""
    await claim(bench, Claim(deaths=3))

    def away(_batch: Any) -> None:
        raise OutageError("the picture store is away")

    bench.scoring.before = away
    with pytest.raises(OutageError):
        await run([records(0)], lambda: False)
    assert bench.claims.said == [("begin", 0), ("finish", 0)]


async def test_suspects_of_a_partition_are_not_overtaken_by_what_is_behind_them(
    bench: Any, records: Any, stretches: Any, run_stretches: Any
) -> None:
    await claim(bench, Claim(deaths=3))
    bench.quarantine._suspect_until[PARTITION] = 2
    trickle = [stretches(records(0), records(1), records(2)), stretches(records(3))]
    await run_stretches(trickle, lambda: bench.ledger.committable(PARTITION) == 4)
    assert bench.writer.ids == [f"0-{n}" for n in range(4)]


async def test_a_suspect_that_waits_through_a_rebalance_is_left_to_whoever_has_it_now(
    bench: Any, records: Any, stretches: Any, wait_until: Any
) -> None:
    await claim(bench, Claim())
    release = asyncio.Event()
    bench.writer.before = lambda _batch: release.wait()

    async def source() -> Any:
        yield stretches(records(0))
        await wait_until(lambda: bench.scoring.batches)
        bench.quarantine._suspect_until[PARTITION] = 9
        yield stretches(records(1))
        await asyncio.Event().wait()

    task = asyncio.create_task(bench.pipeline().run(source()))
    try:
        await asyncio.sleep(0.3)  # the suspect waits for the batch that is being written
        bench.ledger.assigned(2)
        bench.quarantine._places.clear()
        bench.quarantine._tried.clear()
        release.set()
        await asyncio.sleep(0.2)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert bench.scoring.batches == [[0]]


async def test_a_suspect_whose_storing_fails_by_itself_is_blamed(bench: Any, records: Any, run: Any) -> None:
    await claim(bench, Claim(deaths=3))

    def fail(_batch: Any) -> None:
        raise ValueError("a fault of our own, which each restart would meet")

    bench.writer.before = fail
    with pytest.raises(ValueError, match="each restart"):
        await run([records(0)], lambda: False)
    assert bench.claims.said == [("begin", 0), ("finish", 0), ("begin", 0)]


async def test_nothing_of_another_pipeline_is_under_way_beside_a_suspect(
    bench: Any, records: Any, stretches: Any, wait_until: Any
) -> None:
    await claim(bench, Claim(deaths=3))
    busy: list[str] = []

    def watch(name: str) -> Callable[[Any], Any]:
        async def scored(batch: Any) -> None:
            busy.append(name)
            suspected = name == "texts" and len(batch) == 1
            assert not (suspected and len(busy) > 1), busy
            await asyncio.sleep(0.005)
            busy.remove(name)

        return scored

    other = type(bench.scoring)()
    bench.scoring.before, other.before = watch("texts"), watch("images")
    beside = Partition("mentions.image", 0)
    bench.ledger.begin({beside: 0})

    async def source(partition: Partition) -> Any:
        for n in range(12):
            one = stretches(records(n))
            yield replace(one, partition=partition)
        await asyncio.Event().wait()

    tasks = [
        asyncio.create_task(bench.pipeline("texts").run(source(PARTITION))),
        asyncio.create_task(bench.pipeline("images", other).run(source(beside))),
    ]
    done = [bench.ledger.committable(PARTITION), bench.ledger.committable(beside)]
    try:
        async with asyncio.timeout(10):
            while done != [12, 12]:
                await asyncio.sleep(0.01)
                for task in tasks:
                    if task.done():
                        task.result()
                done = [bench.ledger.committable(PARTITION), bench.ledger.committable(beside)]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_batch_that_stays_in_a_model_is_accused_and_ends_the_worker(
    bench: Any, records: Any, run: Any
) -> None:
    await claim(bench, Claim())

    def hang(_batch: Any) -> None:
        raise StuckError("sentiment has been at work for 120 s")

    bench.scoring.before = hang
    with pytest.raises(OutageError, match=r"3 records, mentions\.text\[0\]@0 to mentions\.text\[0\]@2"):
        await run([records(n) for n in range(3)], lambda: False)
    assert bench.claims.said == [("accuse", 0, 3)]
    assert bench.ledger.committable(PARTITION) is None


async def test_a_batch_that_hangs_is_accused_though_its_partition_has_moved_on(
    bench: Any, records: Any, run: Any
) -> None:
    """The next worker hangs with it, too, and the evidence was lost with each rebalance."""
    await claim(bench, Claim())

    def hang(_batch: Any) -> None:
        bench.quarantine._places.clear()
        raise StuckError("sentiment has been at work for 120 s")

    bench.scoring.before = hang
    with pytest.raises(OutageError):
        await run([records(0)], lambda: False)
    assert bench.claims.said == [("accuse", 0, 3)]


async def test_a_suspect_that_stays_in_a_model_is_not_tried_again(bench: Any, records: Any, run: Any) -> None:
    await claim(bench, Claim(deaths=3))

    def hang(_batch: Any) -> None:
        raise StuckError("sentiment has been at work for 120 s")

    bench.scoring.before = hang
    with pytest.raises(OutageError):
        await run([records(n) for n in range(3)], lambda: False)
    assert bench.claims.said == [("begin", 0), ("accuse", 0, 3), ("begin", 0)]


async def test_work_that_does_not_come_back_in_time_is_told_from_work_that_times_out_itself() -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    threads = Threads("model", limit=0.05)
    with pytest.raises(StuckError, match="model has been at work for 0 s"):
        await threads(hang)
    assert threads.busy
    release.set()

    def own() -> None:
        raise TimeoutError("a lock")

    with pytest.raises(TimeoutError, match="a lock"):
        await Threads("model", limit=5)(own)
