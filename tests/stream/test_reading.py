"""Where partitions are read from and what is handed on, on both brokers. Each fault named here was seen."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP

from monitor.errors import OutageError, SetupError
from monitor.local import EmbeddedBroker
from monitor.stream.clients import open_admin
from monitor.stream.consumer import LedgerConsumer
from monitor.stream.reader import Start, start_of


def mention(number: int) -> bytes:
    body = {"id": f"m{number}", "source": "s", "text": "t", "published_at": "2026-03-01T09:30:00Z"}
    return json.dumps(body).encode()


def ids(*numbers: int) -> list[str]:
    return [f"m{number}" for number in numbers]


@pytest.mark.parametrize(
    ("committed", "low", "expected"),
    [
        (None, 4, Start(4, 4, None, "")),
        (OffsetAndMetadata(-1, ""), 4, Start(4, 4, None, "")),
        (OffsetAndMetadata(9, "mine"), 4, Start(9, 4, 9, "mine")),
        (OffsetAndMetadata(9, ""), 4, Start(9, 4, 9, "")),
        (OffsetAndMetadata(9, "other"), 0, Start(0, 0, 9, "other", other_life=True)),
        (OffsetAndMetadata(2, "mine"), 4, Start(4, 4, 2, "mine")),
    ],
)
def test_a_partition_begins_where_this_life_of_it_was_left(
    committed: OffsetAndMetadata | None, low: int, expected: Start
) -> None:
    start = start_of(committed, low, "mine")
    assert start == expected
    assert start.expired == (2 if committed and committed.offset == 2 else 0)
    assert start.other_life == (start.life == "other")


async def test_records_that_arrive_while_the_flow_is_stopped_come_again_without_a_commit(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """Faust drops them, and seeks back only on partitions with a committed offset: 200 of 1,224 were lost."""
    await site.publish("text", 40)
    async with site.running({"text": bench.pipeline()}, bench) as app:
        consumer = app.consumer
        assert isinstance(consumer, LedgerConsumer)
        await wait_until(lambda: consumer._thread is not None)
        poll = consumer._reader.poll
        dropped: list[int] = []

        async def stopped_meanwhile(*args: Any) -> Any:
            brought = await poll(*args)
            if brought.fetched and len(dropped) < 3:
                dropped.append(brought.fetched[0].start)
                consumer.stop_flow()
                asyncio.get_running_loop().call_later(0.05, consumer.resume_flow)
            return brought

        consumer._reader.poll = stopped_meanwhile
        await wait_until(lambda: len(bench.writer.ids) == 40)
    assert len(dropped) == 3, "the fault happened"
    assert bench.writer.ids == ids(*range(40))
    assert await site.committed() == 40


async def test_a_stretch_that_does_not_continue_is_not_handed_on(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """Whatever moves aiokafka's position behind our back."""
    await site.publish("text", 8)
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: len(bench.writer.ids) == 8)
        partition = TopicPartition(site.settings.topic("text"), 0)
        app.consumer._reader._consumer.seek(partition, 3)
        await site.publish("text", 4, start=8)
        await wait_until(lambda: len(bench.writer.ids) >= 12)
    assert bench.writer.ids == ids(*range(12))


async def test_two_members_come_and_go_in_a_group_that_never_committed(
    site: Any, bench: Any, wait_until: Any
) -> None:
    await site.publish("text", 600)
    second = type(bench)()
    third = type(bench)()
    async with site.running({"text": bench.pipeline()}, bench):
        await wait_until(lambda: bench.writer.ids)
        async with site.running({"text": second.pipeline()}, second):
            await asyncio.sleep(1)
            await site.publish("text", 200, start=600)
        async with site.running({"text": third.pipeline()}, third):
            stored = lambda: {*bench.writer.ids, *second.writer.ids, *third.writer.ids}  # noqa: E731
            await wait_until(lambda: len(stored()) == 800, 40)
    assert stored() == set(ids(*range(800)))


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_every_codec_of_a_publisher_is_read(site: Any, bench: Any, wait_until: Any, codec: str) -> None:
    """zstd, lz4 and snappy ended the worker for ever: the libraries were not there."""
    settings = site.settings
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, compression_type=codec)
    await producer.start()
    for number in range(20):
        await producer.send(settings.topic("text"), mention(number))
    await producer.stop()
    async with site.running({"text": bench.pipeline()}, bench):
        await wait_until(lambda: len(bench.writer.ids) == 20)
    assert bench.writer.ids == ids(*range(20))


async def test_aborted_transactions_are_not_read_and_nothing_lags(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """They were stored as mentions; their markers left a lag of one for ever, and gaps in the account."""
    settings, topic = site.settings, site.settings.topic("text")
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, transactional_id=topic)
    try:
        await asyncio.wait_for(producer.start(), 5)
    except Exception as error:
        await producer.stop()
        pytest.skip(f"this broker has no transactions: {error!r}")
    for number, commit in ((0, True), (1, False), (2, True), (3, False)):
        await producer.begin_transaction()
        await producer.send(topic, mention(number))
        await (producer.commit_transaction() if commit else producer.abort_transaction())
    await producer.stop()
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: app.ledger.committable((topic, 0)) == 8)
    assert bench.writer.ids == ids(0, 2)
    assert await site.committed() == 8, "four records, four markers"
    covered = [(span.start, span.end) for batch in bench.writer.batches for span in batch.spans]
    assert (covered[0][0], covered[-1][1]) == (0, 8)
    assert all(one[1] == following[0] for one, following in pairwise(covered))


async def test_what_left_the_log_unread_is_said_and_the_rest_is_read(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """Retention overtakes a worker that is away: it said nothing."""
    await site.publish("text", 5)
    async with site.running({"text": bench.pipeline()}, bench):
        await wait_until(lambda: len(bench.writer.ids) == 5)
    await site.publish("text", 10, start=5)
    await expire(site, 12)
    second = type(bench)()
    async with site.running({"text": second.pipeline()}, second):
        await wait_until(lambda: len(second.writer.ids) == 3)
    (starts,) = (one for one in second.starts if one)
    assert [(start.committed, start.offset, start.expired) for start in starts.values()] == [(5, 12, 7)]
    assert second.writer.ids == ids(12, 13, 14)


@pytest.mark.parametrize("read", [0, 5], ids=["never-read", "read"])
async def test_a_partition_that_is_empty_by_now_does_not_lag(
    site: Any, bench: Any, wait_until: Any, read: int
) -> None:
    """Retention took the rest while no worker ran: the lag stayed until another record came, and whatever
    scales by it started workers for nothing."""
    await site.publish("text", read)
    if read:
        async with site.running({"text": bench.pipeline()}, bench):
            await wait_until(lambda: len(bench.writer.ids) == read)
    await site.publish("text", 10, start=read)
    await expire(site, read + 10)
    second = type(bench)()
    async with site.running({"text": second.pipeline()}, second) as app:
        await wait_until(lambda: app.held)
    assert await site.committed() == read + 10


async def test_what_leaves_the_log_under_a_running_worker_is_said_and_the_rest_is_read(
    site: Any, bench: Any, wait_until: Any
) -> None:
    await site.publish("text", 5)
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: len(bench.writer.ids) == 5)
        app.consumer.stop_flow()
        await site.publish("text", 10, start=5)
        await expire(site, 12)
        app.consumer._reader._consumer.seek(TopicPartition(site.settings.topic("text"), 0), 5)
        app.consumer.resume_flow()
        await wait_until(lambda: len(bench.writer.ids) == 8)
    assert bench.writer.ids == ids(*range(5), 12, 13, 14)
    expired = bench.metrics.registry.get_sample_value(
        "brand_monitor_offsets_expired_total", {"topic": site.settings.topic("text")}
    )
    assert expired == 7


async def test_an_offset_beyond_the_end_stops_the_worker_with_a_message(
    site: Any, bench: Any, wait_until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was committed into the new log, and everything below it was dropped in silence."""
    monkeypatch.setattr("monitor.stream.consumer._BEYOND", 1.0)
    await site.publish("text", 5)
    topic = site.settings.topic("text")
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: len(bench.writer.ids) == 5)
        await app.consumer._reader.commit({TP(topic, 0): 300})
        app.consumer._committed_offset[TP(topic, 0)] = 300  # so that the stop commits nothing
    second = type(bench)()
    async with site.running({"text": second.pipeline()}, second) as app:
        await wait_until(app._crashed.is_set)
        assert isinstance(app.crash_reason, SetupError)
        assert "ends at offset 5, but this group has read up to 300" in str(app.crash_reason)


async def test_the_offset_of_an_earlier_life_of_the_topic_does_not_count(
    broker: Any, site: Any, bench: Any, wait_until: Any
) -> None:
    if isinstance(broker, EmbeddedBroker):
        pytest.skip(
            "the embedded broker keeps no metadata of commits, and nothing of a topic that was deleted"
        )
    await site.publish("text", 5)
    bench.topic_ids[site.settings.topic("text")] = "first"
    async with site.running({"text": bench.pipeline()}, bench):
        await wait_until(lambda: len(bench.writer.ids) == 5)
    second = type(bench)(topic_ids={site.settings.topic("text"): "second"})
    async with site.running({"text": second.pipeline()}, second):
        await wait_until(lambda: len(second.writer.ids) == 5)
    third = type(bench)(topic_ids={site.settings.topic("text"): "second"})
    async with site.running({"text": third.pipeline()}, third):
        await wait_until(lambda: third.starts)
    starts = [start for one in (second, third) for found in one.starts for start in found.values()]
    assert [(start.offset, start.life, start.other_life) for start in starts] == [
        (0, "first", True),
        (5, "second", False),
    ]


async def test_a_partition_that_was_taken_away_has_no_end_and_no_position(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """aiokafka asserts; a worker ended at rebalances, and its watch fell silent."""
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: app.held)
        elsewhere = TP(site.settings.topic("text"), 99)
        assert app.consumer.highwater(elsewhere) is None
        await app.consumer._reader.go_to(elsewhere, 5)
        await app.consumer._look_at_ends({elsewhere})


async def test_a_database_that_hangs_at_an_assignment_ends_the_worker(
    site: Any, bench: Any, wait_until: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust gave up on it in silence, and held the partitions for ever without reading them."""
    monkeypatch.setattr("monitor.stream.consumer._SEEK_MARGIN", 74.0)  # of 75 s

    async def hang(_starts: Any) -> Any:
        await asyncio.Event().wait()

    bench.assigned = hang
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(app._crashed.is_set)
        assert isinstance(app.crash_reason, OutageError)
        assert "no answer from Kafka or the database" in str(app.crash_reason)


async def test_a_group_that_kafka_refuses_ends_the_worker(
    broker: Any, site: Any, bench: Any, wait_until: Any
) -> None:
    """aiokafka keeps the error until somebody polls, and nobody does before there is an assignment."""
    if isinstance(broker, EmbeddedBroker):
        pytest.skip("the embedded broker takes any session timeout")
    site.settings = site.settings.model_copy(update={"session_timeout": 1.0})
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: app.consumer._reader.connected)
        async with asyncio.timeout(20):
            while not (refusal := await refused(app)):  # noqa: ASYNC110 - Kafka's word
                await asyncio.sleep(0.1)
    assert "Kafka refuses this worker in group" in refusal


async def test_bytes_of_a_fetch_that_was_not_taken_are_not_read_for_another(
    site: Any, bench: Any, wait_until: Any
) -> None:
    """A leader that thawed answered an old fetch, and what lay between would have been taken for nothing."""
    await site.publish("text", 5)
    partition = TopicPartition(site.settings.topic("text"), 0)
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: app.consumer is not None and app.consumer._reader.connected)
        send = app.consumer._reader._tap.send
        answers: list[int] = []

        async def late(*args: Any, **options: Any) -> Any:
            response = await send(*args, **options)
            tap = app.consumer._reader._tap
            if partition in tap.fetched and not answers and tap.fetched[partition][1]:
                answers.append(tap.fetched[partition][0])
                tap.fetched[partition] = (3, b"")  # of a fetch from offset 3
            return response

        app.consumer._reader._consumer._fetcher._client.send = late
        await wait_until(lambda: len(bench.writer.ids) == 5)
    assert answers == [0]
    assert bench.writer.ids == ids(*range(5))


async def test_a_watermark_that_was_late_once_is_forgotten(site: Any, bench: Any, wait_until: Any) -> None:
    """A new leader's is, for a moment: the second time, hours later, ended the worker."""
    await site.publish("text", 5)
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: len(bench.writer.ids) == 5)
        one, consumer = TP(site.settings.topic("text"), 0), app.consumer
        consumer._beyond_since[one] = -1000.0
        await consumer._look_at_ends({one})
        assert consumer._beyond_since == {}


async def test_partitions_added_are_read_within_seconds(site: Any, bench: Any, wait_until: Any) -> None:
    """After 296 s: the client's default age of metadata is five minutes."""
    async with site.running({"text": bench.pipeline()}, bench) as app:
        await wait_until(lambda: app.held)
        conf = app.conf.consumer_metadata_max_age_ms
        assert app.consumer._reader._consumer._client._metadata_max_age_ms == conf <= 15_000


async def refused(app: Any) -> str:
    try:
        await app.check()
    except SetupError as error:
        return str(error)
    return ""


async def expire(site: Any, before: int) -> None:
    async with open_admin(site.settings) as admin:
        one = TopicPartition(site.settings.topic("text"), 0)
        try:
            await admin.delete_records({one: RecordsToDelete(before_offset=before)})
        except Exception as error:
            pytest.skip(f"this broker deletes no records: {error!r}")
