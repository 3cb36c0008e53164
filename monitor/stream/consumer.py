"""Faust's Kafka consumer, reading and committing by our books.

What it changes of Faust 0.15.3, and why, so that an upgrade can be checked against it
(tests/stream/test_reading.py, test_traps.py; docs/guarantees.md names the faults):

* `_drain_messages` hands a whole poll to an agent as one event, and only what continues where the last one
  ended. Faust's drops records that arrive while its flow is stopped, and its way back leaves out partitions
  that were never committed.
* `perform_seek` seeks every partition explicitly (`monitor.stream.reader`).
* `_new_offset` asks the ledger; Faust's own bookkeeping can commit over unprocessed records.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol, cast

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from monitor.errors import OutageError, SetupError
from monitor.settings import Settings
from monitor.storage.records import RecordPosition
from monitor.stream.ledger import Ledger
from monitor.stream.reader import Fetched, ReaderThread, Start
from monitor.stream.records import Partition, Record, Stretch, moment
from monitor.stream.wire import Entry

_SEEK_MARGIN: Final = 5.0
"""Seconds before Faust gives up on a seek."""

_POLL_WAIT: Final = 1.0
"""Seconds a poll waits for the first record; how long a stop may have to wait for it."""

_FULL_PAUSE: Final = 0.02
"""Seconds until a look whether an agent has room again."""

_BEYOND: Final = 15.0
"""Seconds for which the log may seem to end before our position: a new leader takes a moment to say where it
ends."""


class Assignments(Protocol):
    """Who has to know where partitions are read from, before a record flows."""

    async def check_log(self) -> None:
        """Whether the log is still the one we know. What it raises ends the application."""

    async def assigned(self, starts: Mapping[TP, Start]) -> Mapping[TP, Start]:
        """Where these partitions are to be read from. What it raises ends the application."""

    async def released(self, topics: Collection[str]) -> None:
        """The partitions of these topics are given up in good order. Raises nothing."""


class Host(Protocol):
    """The application, as the consumer needs it; beside what Faust's own has."""

    conf: Any
    should_stop: bool
    consumer_generation_id: int
    settings: Settings
    ledger: Ledger
    assignments: "Assignments"
    topic_ids: Mapping[str, str | None]
    poll_records: int

    def room(self, partition: TP) -> bool:
        """Whether the partition's agent can take more."""

    def channels(self, partition: TP) -> Collection[Any]:
        """Where it listens."""

    def expired(self, partition: TP, begin: int, end: int) -> None:
        """Records left the log before they were read."""

    async def crash(self, reason: BaseException) -> None:
        """End the application."""


class LedgerConsumer(driver.Consumer):
    """Faust's consumer, reading stretches and committing the ledger's positions."""

    logger = logging.getLogger("faust.consumer")  # Faust's narration: passed on from WARNING up

    def __init__(self, *args: Any, **options: Any) -> None:
        self._next: dict[TP, int] = {}
        self._starts: dict[TP, int] = {}
        self._beyond_since: dict[TP, float] = {}
        super().__init__(*args, **options)

    def committed(self, partition: TP) -> int | None:
        """The offset that the group has committed, or would begin at; as far as this worker knows."""
        committed = self._committed_offset[partition]
        return self._starts.get(partition) if committed is None else committed

    async def check(self) -> None:
        """Raises `SetupError` where Kafka refuses this member (its group, its rights), `OutageError` where
        the client has failed. Nothing else asks while nobody polls."""
        if self._reader.connected:
            await self._reader.check()

    @property
    def _reader(self) -> ReaderThread:
        assert isinstance(self._thread, ReaderThread)
        return self._thread

    def _new_consumer_thread(self) -> ReaderThread:
        thread = ReaderThread(self, loop=self.loop, beacon=self.beacon)
        thread.topic_ids = _host(self).topic_ids
        thread.unpacked_max_bytes = _host(self).settings.unpacked_max_bytes
        return thread

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Nothing is handed on until `perform_seek` says where from."""
        self._next.clear()
        await super().on_partitions_revoked(revoked)

    async def perform_seek(self) -> None:
        """Seek every partition to where it has to be read from; called by Faust after each assignment.

        Ends the application where that fails or takes too long: Faust would give up in silence, and hold the
        partitions without reading them.
        """
        app = _host(self)
        try:
            async with asyncio.timeout(app.conf.broker_request_timeout - _SEEK_MARGIN) as limit:
                await self._seek_all()
        except TimeoutError as error:
            reason = "no answer from Kafka or the database" if limit.expired() else repr(error)
            await app.crash(OutageError(f"where to read the partitions assigned is not known: {reason}"))
        except KafkaError as error:
            await app.crash(OutageError(f"Kafka does not say where to read the partitions: {error!r}"))
        except Exception as error:
            await app.crash(error)

    async def _seek_all(self) -> None:
        self._next.clear()
        found = await self._reader.begin()
        starts = await _host(self).assignments.assigned(found)
        for one, start in starts.items():
            if start.offset != found[one].offset:
                await self._reader.go_to(one, start.offset)
        self._beyond_since.clear()
        # Of another life nothing is committed: Faust would not commit what is not beyond it.
        self._committed_offset.update(
            {one: None if start.other_life else start.committed for one, start in starts.items()}
        )
        offsets = {one: start.offset for one, start in starts.items()}
        untold = {one for one, start in starts.items() if start.other_life or start.offset != start.committed}
        _host(self).ledger.begin(offsets, untold)
        self._starts = offsets
        self._next.update(offsets)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher runs this: poll, and hand each stretch to its agent, for ever."""
        app = _host(self)
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait_first(self.can_resume_flow.wait(), self._stopped.wait())
                    continue
                known = {one for one in self._get_active_partitions() if one in self._next}
                wanted = {one for one in known if app.room(one)}
                if not wanted:
                    await asyncio.sleep(_FULL_PAUSE)
                    continue
                # Those without room will have some in no time: they must not wait for a quiet topic.
                wait = _POLL_WAIT if wanted == known else _FULL_PAUSE
                poll = await self._reader.poll(wanted, app.poll_records, wait)
                for fetched in poll.fetched:
                    if not self._hand_on(fetched) and fetched.partition in self._next:
                        await self._reader.go_to(fetched.partition, self._next[fetched.partition])
                for partition in poll.outside:
                    await self._find(partition)
                if not (poll.fetched or poll.outside):
                    await self._look_at_ends(wanted)
        except self.consumer_stopped_errors:
            if not app.should_stop:
                raise
        except asyncio.CancelledError:
            reason = self._reader.crash_reason
            if reason is None:
                raise
            # Its thread has ended (a commit that Kafka refused, say), and only this says why.
            raise OutageError(f"the Kafka client ended: {reason!r}") from reason

    def _hand_on(self, fetched: Fetched) -> bool:
        """Give a stretch to the agent, if it continues where the last one ended. In one go: nothing that a
        rebalance may cut short lies between the look and the hand-over."""
        app = _host(self)
        partition = fetched.partition
        if not self.flow_active or self._next.get(partition) != fetched.start:
            return False
        self._next[partition] = fetched.end
        self._beyond_since.pop(partition, None)
        generation = app.consumer_generation_id
        records = tuple([_record(partition, entry, generation) for entry in fetched.entries])
        stretch = Stretch(
            partition=Partition(*partition),
            start=fetched.start,
            end=fetched.end,
            records=records,
            size=sum([record.size for record in records]),
            generation=generation,
        )
        message = ConsumerMessage(
            *partition, fetched.start, 0.0, 0, [], None, None, None, tp=partition, generation_id=generation
        )
        for channel in app.channels(partition):
            channel.queue.put_nowait(channel._create_event(None, stretch, headers=None, message=message))
        return True

    async def _look_at_ends(self, partitions: Iterable[TP]) -> None:
        """The embedded broker answers a fetch beyond the end with nothing, where Kafka names the error."""
        for partition in partitions:
            end, position = self.highwater(partition), self._next.get(partition, 0)
            if end is None or end >= position:
                self._beyond_since.pop(partition, None)
            else:
                await self._beyond(partition, position, end)

    async def _find(self, partition: TP) -> None:
        """The log does not hold our position: it expired, or this is not the log we knew."""
        app = _host(self)
        position = self._next.get(partition)
        if position is None:
            return
        low, high = await self._reader.bounds(partition)
        if position < low:
            app.expired(partition, position, low)
            app.ledger.begin({partition: low})
            self._next[partition] = low
        elif position > high:
            await self._beyond(partition, position, high)
        else:
            self._beyond_since.pop(partition, None)
        await self._reader.go_to(partition, self._next.get(partition, position))

    async def _beyond(self, partition: TP, position: int, high: int) -> None:
        await _host(self).assignments.check_log()  # a topic made anew explains it, and is no fault
        now = self.loop.time()
        if now - self._beyond_since.setdefault(partition, now) < _BEYOND:
            await asyncio.sleep(1)
            return
        raise SetupError(
            f"{partition.topic}[{partition.partition}] ends at offset {high}, but this group has read up to "
            f"{position}: records were lost in Kafka, or the offsets are of another log. If the log is right "
            "as it is, stop the workers and set the group back: kafka-consumer-groups.sh --group "
            f"{_host(self).settings.consumer_group} --topic {partition.topic}:{partition.partition} "
            "--reset-offsets --to-latest --execute (or --to-earliest: nothing is counted twice)"
        )

    def _new_offset(self, tp: TP) -> int | None:
        return _host(self).ledger.committable(tp)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        partitions = (TP(*partition) for partition in _host(self).ledger.partitions())
        return (tp for tp in partitions if topics is None or tp in topics or tp.topic in topics)


class LedgerTransport(driver.Transport):
    """Faust's Kafka transport with the `LedgerConsumer`."""

    Consumer = LedgerConsumer


def _host(consumer: LedgerConsumer) -> Host:
    return cast(Host, consumer.app)


def _record(partition: TP, entry: Entry, generation: int) -> Record:
    return Record(
        position=RecordPosition(
            topic=partition.topic,
            partition=partition.partition,
            offset=entry.offset,
            timestamp=moment(entry.timestamp / 1000),
        ),
        generation=generation,
        key=entry.key,
        value=entry.value,
        headers=tuple([(name, value or b"") for name, value in entry.headers]),
        fault=entry.fault,
    )
