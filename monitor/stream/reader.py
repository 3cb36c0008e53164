"""Reads partitions in aiokafka's own thread: what was fetched, stretch by stretch, and where to begin.

Beside aiokafka 0.14 and Faust 0.15.3 (docs/guarantees.md has the faults):

* records are unpacked by `monitor.stream.wire`, within limits, and not by aiokafka's fetcher;
* positions are always sought explicitly: `seek_to_committed` leaves out partitions never committed;
* only committed transactions are read, and what is skipped still moves the position;
* a position outside the log is reported, never reset in silence;
* a commit bears the topic's id, so that the offset of an earlier life of the topic is not taken for one of
  this.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError, NoOffsetForPartitionError
from aiokafka.errors import OffsetOutOfRangeError as BeyondLogError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from monitor.errors import OutageError, SetupError
from monitor.stream.wire import Entry, Fetch

_STRETCH_BYTES: Final = 8 * 2**20
"""Bytes of records after which a stretch ends: with pictures of 10 MB each is one."""


class Fetched(NamedTuple):
    """Offsets `start` up to, not including, `end` of a partition, and the entries among them."""

    partition: TP
    start: int
    end: int
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Poll:
    """What one poll brought; `outside` are partitions whose position the log does not hold."""

    fetched: list[Fetched] = field(default_factory=list)
    outside: list[TP] = field(default_factory=list)


class Start(NamedTuple):
    """Where to begin a partition: `low` is the first offset the log holds, `committed` what the group left,
    if anything, in which life of the topic; `other_life` if that was an earlier one."""

    offset: int
    low: int
    committed: int | None
    life: str
    other_life: bool = False

    @property
    def expired(self) -> int:
        """Offsets that left the log between the commit and now."""
        return self.offset - self.committed if self.committed is not None and not self.other_life else 0


def start_of(committed: OffsetAndMetadata | None, low: int, topic_id: str | None) -> Start:
    """Where to begin: where the group left off in this life of the topic, else at the log's first offset."""
    if committed is None or committed.offset < 0:
        return Start(low, low, None, "")
    if committed.metadata and topic_id and committed.metadata != topic_id:
        return Start(low, low, committed.offset, committed.metadata, other_life=True)
    return Start(max(committed.offset, low), low, committed.offset, committed.metadata)


_FETCH_WAIT: Final = 100
"""Milliseconds that a broker may hold a fetch back for want of records. Faust's are 1500, and the embedded
broker takes all of them where one of several partitions is quiet."""


class ReaderThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread with the reading and committing of its own."""

    logger = logging.getLogger("faust.consumer")  # as LedgerConsumer's
    topic_ids: Mapping[str, str | None] = {}
    unpacked_max_bytes: int = 0

    async def on_start(self) -> None:
        """Connect; from here on the bytes of every fetch are kept until they are unpacked."""
        await super().on_start()
        fetcher = self._ensure_consumer()._fetcher
        self._tap = _Tap(fetcher._client)
        fetcher._client = self._tap

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust offers these only with its exactly-once producers, or not at all.
        consumer._isolation_level = "read_committed"
        consumer._auto_offset_reset = "none"
        consumer._fetch_max_wait_ms = _FETCH_WAIT
        return consumer

    async def begin(self) -> dict[TP, Start]:
        """Seek every partition assigned to where it has to be read from, and say where that is.

        Raises aiokafka's errors where the group's coordinator or a leader stays away.
        """
        starts: dict[TP, Start] = await self.call_thread(self._begin)
        return starts

    async def _begin(self) -> dict[TP, Start]:
        consumer = self._ensure_consumer()
        partitions = list(consumer.assignment())
        committed = await consumer._coordinator.fetch_committed_offsets(partitions)
        low = await consumer.beginning_offsets(partitions) if partitions else {}
        starts: dict[TP, Start] = {}
        for one in consumer.assignment() & low.keys():  # a rebalance may have begun meanwhile
            start = start_of(committed.get(one), low[one], self.topic_ids.get(one.topic))
            consumer.seek(one, start.offset)
            starts[TP(*one)] = start
        return starts

    async def go_to(self, partition: TP, offset: int) -> None:
        """Read the partition from here on; one that is no longer assigned is left alone."""
        await self.call_thread(self._go_to, partition, offset)

    async def _go_to(self, partition: TP, offset: int) -> None:
        consumer = self._ensure_consumer()
        if consumer.assignment() >= {TopicPartition(*partition)}:
            consumer.seek(TopicPartition(*partition), offset)

    def highwater(self, tp: TP) -> int | None:  # type: ignore[override]
        """The offset after the last record that may be read (before any open transaction), as of the last
        fetch; `None` before the first, and of a partition that is not assigned (aiokafka asserts)."""
        consumer = self._ensure_consumer()
        with contextlib.suppress(AssertionError, AttributeError):
            stable: int | None = consumer.last_stable_offset(tp)
            return consumer.highwater(tp) if stable is None else stable
        return None

    @property
    def connected(self) -> bool:
        """Whether the consumer has been started."""
        return hasattr(self, "_tap")

    async def check(self) -> None:
        """See `LedgerConsumer.check`."""
        await self.call_thread(self._check)

    async def _check(self) -> None:
        consumer = self._ensure_consumer()
        try:
            if consumer._coordinator is not None:
                consumer._coordinator.check_errors()
        except KafkaError as error:
            raise SetupError(
                f"Kafka refuses this worker in group {consumer._group_id!r}: {error!r}"
            ) from error
        fetching = consumer._fetcher._fetch_task if consumer._fetcher is not None else None
        if fetching is not None and fetching.done() and not (consumer._closed or fetching.cancelled()):
            raise OutageError(f"the Kafka client no longer fetches: {fetching.exception()!r}")

    async def bounds(self, partition: TP) -> tuple[int, int]:
        """First offset of the partition's log, and the one after its last."""
        return await self.call_thread(self._bounds, partition)  # type: ignore[no-any-return]

    async def _bounds(self, partition: TP) -> tuple[int, int]:
        consumer = self._ensure_consumer()
        low = await consumer.beginning_offsets([partition])
        high = await consumer.end_offsets([partition])
        return low[partition], high[partition]

    async def poll(self, wanted: Collection[TP], records: int, timeout: float) -> Poll:  # noqa: ASYNC109 - Kafka's word
        """Records of these partitions, `records` at most, shared among those that have some; waits `timeout`
        seconds for the first.

        Raises aiokafka's errors that no waiting mends (a topic that may not be read).
        """
        poll: Poll = await self.call_thread(self._poll, wanted, records, timeout)
        return poll

    async def _poll(self, wanted: Collection[TP], records: int, timeout: float) -> Poll:  # noqa: ASYNC109
        consumer = self._ensure_consumer()
        fetcher = consumer._fetcher
        deadline = asyncio.get_running_loop().time() + timeout
        await self._check()
        assignment = fetcher._subscriptions.subscription and fetcher._subscriptions.subscription.assignment
        with fetcher._subscriptions.fetch_context():  # or the group believes that nobody polls
            while not (consumer._closed or fetcher._closed):
                subscription = fetcher._subscriptions.subscription
                if subscription is None or subscription.assignment is not assignment:
                    return Poll()  # what is fetched now is for whoever asks after the assignment
                if not fetcher._subscriptions.reassignment_in_progress:
                    poll = self._take(fetcher, wanted, records)
                    if poll.fetched or poll.outside:
                        return poll
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0:
                    return Poll()
                waiter = fetcher._create_fetch_waiter()
                await asyncio.wait([waiter], timeout=min(left, 0.2))
                if waiter.done() and not waiter.cancelled():
                    waiter.result()
                else:
                    waiter.cancel()
        return Poll()

    def _take(self, fetcher: Any, wanted: Collection[TP], records: int) -> Poll:
        poll = Poll()
        ready = [one for one in fetcher._records if one in wanted]
        share = max(1, records // max(1, len(ready)))
        for one in ready:
            result = fetcher._records[one]
            if not isinstance(result, FetchResult):
                del fetcher._records[one]
                try:
                    result.check_raise()
                except BeyondLogError:
                    poll.outside.append(TP(*one))
                except NoOffsetForPartitionError:
                    pass  # found out before we sought a position for it
            elif not result.check_assignment(one):
                del fetcher._records[one]  # of a position that was left
            elif not self._opened(one, result):
                del fetcher._records[one]
            else:
                fetched = self._unpack(one, result, share)
                if result._partition_records.exhausted:
                    del fetcher._records[one]
                if fetched.end > fetched.start:
                    poll.fetched.append(fetched)
        fetcher._notify(fetcher._wait_consume_future)
        return poll

    def _opened(self, one: Any, result: Any) -> bool:
        """Put our own reading in the place of aiokafka's. False where the bytes kept are of another fetch,
        which aiokafka did not take: the partition is fetched again."""
        records = result._partition_records
        if isinstance(records, Fetch):
            return True
        offset, data = self._tap.fetched.pop(one, (-1, b""))
        if offset != records.next_fetch_offset:
            return False
        aborted = records._aborted_transactions
        result._partition_records = Fetch(data, aborted, offset, self.unpacked_max_bytes)
        return True

    def _unpack(self, one: Any, result: Any, records: int) -> Fetched:
        fetch = result._partition_records
        start = fetch.next_fetch_offset
        entries = fetch.take(records, _STRETCH_BYTES)
        result._update_position()
        return Fetched(TP(*one), start, fetch.next_fetch_offset, entries)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        held = self.assignment()
        due = {
            TopicPartition(*one): OffsetAndMetadata(offset, self.topic_ids.get(one.topic) or "")
            for one, offset in offsets.items()
            if one in held
        }
        if not due:
            return False
        try:
            await self._ensure_consumer().commit(due)
        except (CommitFailedError, IllegalStateError) as error:
            # The partitions are with another member by now, which begins at the commit before.
            self.log.info("Offsets not committed, the group has moved on: %r", error)
            return False
        except Exception as error:
            self.log.exception("Committing offsets failed")
            await self.crash(error)
            return False
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: `monitor.stream.watch` says when a stream stands still."""


class _Tap:
    """aiokafka's client, keeping the bytes of fetches, which aiokafka hands on only as decoded records."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.fetched: dict[TopicPartition, tuple[int, bytes]] = {}
        """The offset asked for, and what came."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: int, request: Any, **options: Any) -> Any:
        response = await self._client.send(node_id, request, **options)
        if isinstance(request, FetchRequest):
            asked = {
                TopicPartition(topic, partition): offset
                for topic, partitions in request.topics
                for partition, offset, _size in partitions
            }
            for topic, partitions in response.topics:
                for partition, _error, _high, *rest in partitions:
                    one = TopicPartition(topic, partition)
                    self.fetched[one] = (asked[one], rest[-1] or b"")
        return response
