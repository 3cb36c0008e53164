"""The traps of Faust 0.15.3 that could lose mentions, each shown to be there and to be closed.

Where Faust's own method is called beside ours, the test also says when an upgrade has mended it.
"""

import asyncio
import time
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from monitor.errors import OutageError
from monitor.settings import Agents, load_settings
from monitor.stream.app import StreamApp
from monitor.stream.consumer import LedgerConsumer
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.records import Partition, Stretch

TEXT = TP("mentions.text", 0)


@pytest.fixture
async def consumer() -> LedgerConsumer:
    """Our consumer, not connected, as if it had joined generation 1 of the group."""

    assignments: Any = None  # never asked: nothing is started
    app = StreamApp(load_settings(), Agents.TEXTS, {}, Ledger(generation=1), Metrics(), assignments, {})
    app.ledger.begin({TEXT: 0})
    app.topics._acking_topics.add(TEXT.topic)
    made = app.consumer
    assert isinstance(made, LedgerConsumer)
    return made


def acknowledge(consumer: LedgerConsumer, *offsets: int) -> None:
    """What Faust does when its streams or batches acknowledge."""
    for offset in offsets:
        message = driver.ConsumerMessage(TEXT.topic, TEXT.partition, offset, 0.0, 0, [], None, b"", None)
        message.incref()
        message.ack(consumer)


def committable(consumer: LedgerConsumer) -> dict[TP, int]:
    return consumer._filter_committable_offsets(consumer._filter_tps_with_pending_acks())


def test_a_fresh_group_does_not_commit_over_an_unfinished_first_batch(consumer: LedgerConsumer) -> None:
    acknowledge(consumer, *range(64, 128))  # 0..63 are still being written

    assert committable(consumer) == {}
    assert driver.Consumer._new_offset(consumer, TEXT) == 128, "Faust itself would lose 0..63"


def test_a_gap_of_one_record_is_not_committed_over(consumer: LedgerConsumer) -> None:
    consumer._committed_offset[TEXT] = 31  # the next to be processed
    acknowledge(consumer, 32, 33)

    assert committable(consumer) == {}
    assert driver.Consumer._new_offset(consumer, TEXT) == 34, "Faust itself would lose 31"


async def test_a_jump_in_offsets_does_not_count_as_processed(consumer: LedgerConsumer) -> None:
    consumer._committed_offset[TEXT] = 10
    await consumer._add_gap(TEXT, 11, 15)  # what Faust does when 15 arrives after 10
    acknowledge(consumer, 10, 16)

    assert committable(consumer) == {}
    assert driver.Consumer._new_offset(consumer, TEXT) == 17, "Faust itself would lose 15"


def test_only_what_the_ledger_holds_is_committed(consumer: LedgerConsumer) -> None:
    app = consumer.app
    assert isinstance(app, StreamApp)
    app.ledger.stored(
        [Stretch(partition=Partition(*TEXT), start=0, end=64, records=(), size=0, generation=1)]
    )

    assert committable(consumer) == {TEXT: 64}
    consumer._committed_offset[TEXT] = 64
    assert committable(consumer) == {}, "nothing new: no request"


async def test_an_agent_that_fails_ends_the_worker_and_its_batch_comes_again(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """Faust's default supervisor restarts the agent with the next batch; the failed one is committed over."""
    await site.publish("text", 20)

    async def fail_on_the_second(_batch: Any) -> None:
        if len(bench.scoring.batches) == 2:
            await wait_until(lambda: bench.ledger.committable((site.settings.topic("text"), 0)) == 4)
            raise OutageError("the model is gone")

    bench.scoring.before = fail_on_the_second
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(app._crashed.is_set)
        assert isinstance(app.crash_reason, OutageError)
    assert await site.committed() == len(bench.writer.ids) == 4

    second = type(bench)()
    async with site.running({"text": second.pipeline()}, second):
        await wait_until(lambda: len(set(bench.writer.ids + second.writer.ids)) == 20)
    assert second.scoring.batches[0][0] == 4, "from the failed batch on"
    assert await site.committed() == 20


async def test_a_stop_is_bounded_while_a_batch_hangs(site: Any, bench: Any, wait_until: Any) -> None:
    """Faust's `stream_wait_empty` would wait for the hanging batch without end."""
    await site.publish("text", 8)
    forever = asyncio.Event()
    bench.scoring.before = lambda _batch: forever.wait() if len(bench.scoring.batches) == 2 else None
    async with site.running({"text": bench.pipeline()}, bench):
        await wait_until(lambda: len(bench.scoring.batches) == 2 and bench.writer.ids)
        started = time.monotonic()
    assert time.monotonic() - started < site.settings.stop_timeout + 3
    assert await site.committed() == 4, "the finished batch is committed, the hanging one is not"


async def test_a_topic_whose_agent_hangs_does_not_stall_the_other(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """One fetcher feeds all agents: a buffer that is full makes it wait, and the other topic with it."""
    await site.publish("image", 600)
    forever = asyncio.Event()
    slow = type(bench.scoring)()
    slow.before = lambda _batch: forever.wait()
    pipelines = {"image": bench.pipeline("images", slow), "text": bench.pipeline("texts")}
    async with site.running(pipelines, bench, Agents.ALL):
        await wait_until(lambda: len(slow.batches) == 1)
        await asyncio.sleep(1)  # the images' buffer fills
        await site.publish("text", 300)
        await wait_until(lambda: len(bench.writer.ids) == 300)
