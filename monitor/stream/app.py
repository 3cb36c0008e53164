"""The Faust application: agents that feed the pipelines, and a consumer that reads and commits by our books.

What is changed of Faust 0.15.3, and why, so that an upgrade can be checked against it
(tests/stream/test_traps.py; docs/guarantees.md names the faults):

* `LedgerConsumer._drain_messages` hands a whole poll to an agent as one event, and only what continues where
  the last one ended. Faust's drops records that arrive while its flow is stopped, and its way back leaves out
  partitions that were never committed.
* `LedgerConsumer.perform_seek` seeks every partition explicitly (`monitor.stream.reader`).
* `LedgerConsumer._new_offset` asks the ledger; Faust's own bookkeeping can commit over unprocessed records.
* `StreamApp._consumer_wait_empty`, called before partitions are given up and before a stop, drains the
  pipelines for a bounded time and commits; Faust's waits for every record it ever handed out, without end.
* `agent_supervisor` is `CrashingSupervisor`: an agent that fails ends the worker. Faust's default restarts
  it with the *next* record, and the failed one is committed over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol

import faust
from aiokafka.errors import KafkaError
from faust.transport.conductor import Conductor
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT
from faust.types.tuples import ConsumerMessage
from mode import CrashingSupervisor

from monitor.errors import OutageError, SetupError
from monitor.kafka import faust_credentials
from monitor.settings import Agents, Settings
from monitor.storage.records import RecordPosition
from monitor.stream.clients import REQUEST_TIMEOUT, largest_request
from monitor.stream.intake import LARGEST_BATCH
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.pipeline import Pipeline
from monitor.stream.quarantine import StuckWorkerError
from monitor.stream.reader import Fetched, ReaderThread, Start
from monitor.stream.records import Partition, Record, Stretch, moment
from monitor.stream.wire import Entry

_COMMIT_INTERVAL: Final = 0.25
"""Seconds between commits of offsets: what a kill -9 makes the next worker do again, for one small
request; and how far behind the committed offset a record that kills workers may lie."""

_SEEK_MARGIN: Final = 5.0
"""Seconds before Faust gives up on a seek."""

_POLL_RECORDS: Final = {Agents.TEXTS: 256, Agents.IMAGES: 8, Agents.ALL: 16}
"""Records a poll hands over. One that brings pictures stays small: each may take 10 MB."""

_POLL_WAIT: Final = 1.0
"""Seconds a poll waits for the first record; how long a stop may have to wait for it."""

_WAITING_STRETCHES: Final = 4
"""Stretches of a topic that wait for its agent until its partitions are left out of the polls: one topic that
is slow must not hold up the other."""

_FULL_PAUSE: Final = 0.02
"""Seconds until a look whether an agent has room again."""

_BEYOND: Final = 15.0
"""Seconds for which the log may seem to end before our position: a new leader takes a moment to say where it
ends."""

_METADATA_AGE: Final = 15.0
"""Seconds after which the client asks for the topics' partitions anew: added ones are read within 30."""

_HEARTBEATS: Final = 3
"""Heartbeats in a session: two may be lost."""


class Assignments(Protocol):
    """Who has to know where partitions are read from, before a record flows."""

    async def check_log(self) -> None:
        """Whether the log is still the one we know. What it raises ends the application."""

    async def assigned(self, starts: Mapping[TP, Start]) -> Mapping[TP, Start]:
        """Where these partitions are to be read from. What it raises ends the application."""

    async def released(self) -> None:
        """The partitions are given up in good order. Raises nothing."""


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
        thread.topic_ids = _app(self).topic_ids
        thread.unpacked_max_bytes = _app(self).settings.unpacked_max_bytes
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
        app = _app(self)
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
        starts = await _app(self).assignments.assigned(found)
        for one, start in starts.items():
            if start.offset != found[one].offset:
                await self._reader.go_to(one, start.offset)
        self._beyond_since.clear()
        # Of another life nothing is committed: Faust would not commit what is not beyond it.
        self._committed_offset.update(
            {one: None if start.other_life else start.committed for one, start in starts.items()}
        )
        offsets = {one: start.offset for one, start in starts.items()}
        _app(self).ledger.begin(offsets)
        self._starts = offsets
        self._next.update(offsets)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher runs this: poll, and hand each stretch to its agent, for ever."""
        app = _app(self)
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait_first(self.can_resume_flow.wait(), self._stopped.wait())
                    continue
                wanted = {one for one in self._get_active_partitions() if one in self._next and app.room(one)}
                if not wanted:
                    await asyncio.sleep(_FULL_PAUSE)
                    continue
                poll = await self._reader.poll(wanted, app.poll_records, _POLL_WAIT)
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

    def _hand_on(self, fetched: Fetched) -> bool:
        """Give a stretch to the agent, if it continues where the last one ended. In one go: nothing that a
        rebalance may cut short lies between the look and the hand-over."""
        app = _app(self)
        partition = fetched.partition
        if not self.flow_active or self._next.get(partition) != fetched.start:
            return False
        self._next[partition] = fetched.end
        self._beyond_since.pop(partition, None)
        generation = app.consumer_generation_id
        stretch = Stretch(
            partition=Partition(*partition),
            start=fetched.start,
            end=fetched.end,
            records=tuple(_record(partition, entry, generation) for entry in fetched.entries),
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
        app = _app(self)
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
        await _app(self).assignments.check_log()  # a topic made anew explains it, and is no fault
        now = self.loop.time()
        if now - self._beyond_since.setdefault(partition, now) < _BEYOND:
            await asyncio.sleep(1)
            return
        raise SetupError(
            f"{partition.topic}[{partition.partition}] ends at offset {high}, but this group has read up to "
            f"{position}: records were lost in Kafka, or the offsets are of another log. If the log is right "
            "as it is, stop the workers and set the group back: kafka-consumer-groups.sh --group "
            f"{_app(self).settings.consumer_group} --topic {partition.topic}:{partition.partition} "
            "--reset-offsets --to-latest --execute (or --to-earliest: nothing is counted twice)"
        )

    def _new_offset(self, tp: TP) -> int | None:
        return _app(self).ledger.committable(tp)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        partitions = (TP(*partition) for partition in _app(self).ledger.partitions())
        return (tp for tp in partitions if topics is None or tp in topics or tp.topic in topics)


class LedgerTransport(driver.Transport):
    """Faust's Kafka transport with the `LedgerConsumer`."""

    Consumer = LedgerConsumer


class StreamApp(faust.App):
    """A Faust application without tables, web server or files.

    `pipelines` are by topic name (`text`, `image`); `topic_ids` by full name, as Kafka has them.
    """

    logger = logging.getLogger("faust.app")

    def __init__(
        self,
        settings: Settings,
        agents: Agents,
        pipelines: Mapping[str, Pipeline],
        ledger: Ledger,
        metrics: Metrics,
        assignments: Assignments,
        topic_ids: Mapping[str, str | None],
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.pipelines = pipelines
        self.metrics = metrics
        self.assignments = assignments
        self.topic_ids = topic_ids
        self.poll_records = _POLL_RECORDS[agents]
        super().__init__(
            settings.consumer_group,
            broker=settings.kafka_url.replace(",", ";kafka://"),
            broker_credentials=faust_credentials(settings),
            autodiscover=False,
            agent_supervisor=CrashingSupervisor,
            web_enabled=False,
            store="memory://",
            topic_allow_declare=False,
            topic_disable_leader=True,
            table_standby_replicas=0,  # the standard round-robin assignor: workers may differ in agents
            stream_wait_empty=False,
            stream_buffer_maxsize=0,  # `room` bounds it, before anything is polled
            consumer_metadata_max_age_ms=int(_METADATA_AGE * 1000),
            consumer_max_fetch_size=largest_request(settings),
            producer_max_request_size=largest_request(settings),
            broker_commit_interval=_COMMIT_INTERVAL,
            broker_session_timeout=settings.session_timeout,
            broker_rebalance_timeout=settings.rebalance_timeout,
            broker_heartbeat_interval=settings.session_timeout / _HEARTBEATS,
            # Joining a group takes up to the rebalance timeout, and Faust refuses less than the session's.
            # Seeking after one takes as long as an outage of the database may.
            broker_request_timeout=max(
                settings.rebalance_timeout, settings.session_timeout, settings.outage_retry
            )
            + REQUEST_TIMEOUT,
        )
        for name, pipeline in pipelines.items():
            self._add_agent(settings.topic(name), pipeline)

    def committed(self, partition: TP) -> int | None:
        """The next offset the group will read, as far as this worker knows."""
        position = self.ledger.committable(partition)
        if position is None and isinstance(self.consumer, LedgerConsumer):
            position = self.consumer.committed(partition)
        return position

    async def check(self) -> None:
        """See `LedgerConsumer.check`."""
        if isinstance(self.consumer, LedgerConsumer):
            await self.consumer.check()

    @property
    def held(self) -> set[TP] | None:
        """Partitions assigned; `None` before the first assignment and during a rebalance."""
        return None if self.rebalancing or self._assignment is None else set(self._assignment)

    def room(self, partition: TP) -> bool:
        """Whether the partition's agent can take more."""
        channels = self.channels(partition)
        return bool(channels) and not any(_full(channel.queue) for channel in channels)

    def channels(self, partition: TP) -> Collection[Any]:
        """Where the partition's agent listens; one channel, or none before the assignment is complete."""
        assert isinstance(self.topics, Conductor)
        return self.topics._tp_index.get(partition, ())

    def expired(self, partition: TP, begin: int, end: int) -> None:
        """Records left the log before they were read: nobody can bring them back, but it must be said."""
        self.metrics.expired.labels(partition.topic).inc(end - begin)
        self.logger.error(
            "%s[%d]: offsets %d to %d left the log before they were read; raise the topic's retention",
            *(partition.topic, partition.partition, begin, end - 1),
        )

    def _add_agent(self, topic: str, pipeline: Pipeline) -> None:
        channel = self.topic(
            topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

        async def agent(stream: Any) -> None:
            await pipeline.run(_stretches(stream))

        self.agent(channel, name=pipeline.name)(agent)

    def _new_transport(self) -> LedgerTransport:
        return LedgerTransport(self.conf.broker_consumer, self)

    def _create_directories(self) -> None:
        """Nothing is kept in files."""

    async def _consumer_wait_empty(self, consumer: ConsumerT, logger: Any) -> None:  # noqa: ARG002
        """Finish what is under way, then commit; within the stop's limit, or the rebalance's."""
        timeout = self.settings.stop_timeout
        if not self.should_stop:
            # The group waits for us meanwhile; half leaves the other half for joining.
            timeout = min(timeout, self.settings.rebalance_timeout / 2)
        await asyncio.gather(*(pipeline.drain(timeout) for pipeline in self.pipelines.values()))
        assert isinstance(consumer, LedgerConsumer)
        # A commit under way began before the last batch was stored, and the next would only wait for it.
        await consumer.maybe_wait_for_commit_to_finish()
        await consumer.commit()
        # After a death by a record, or what may be one, the next worker has to know.
        reason = self.crash_reason
        stuck = isinstance(reason, StuckWorkerError)
        if reason is None or (isinstance(reason, OutageError | SetupError) and not stuck):
            await self.assignments.released()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        if not self.should_stop:
            try:
                await self.assignments.check_log()
            except Exception as error:
                await self.crash(error)
                return
            self.ledger.assigned(generation_id)
            self.metrics.rebalances.inc()
            for pipeline in self.pipelines.values():
                pipeline.open()
        await super()._on_partitions_assigned(assigned, generation_id)


def _app(consumer: LedgerConsumer) -> StreamApp:
    app = consumer.app
    assert isinstance(app, StreamApp)
    return app


def _full(queue: Any) -> bool:
    waiting = [event.value for event in queue._queue]
    return len(waiting) >= _WAITING_STRETCHES or sum(stretch.size for stretch in waiting) >= LARGEST_BATCH


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
        headers=tuple((name, value or b"") for name, value in entry.headers),
        fault=entry.fault,
    )


async def _stretches(stream: Any) -> AsyncIterator[Stretch]:
    """What the consumer handed on, without acknowledging any of it to Faust."""
    async for event in stream.noack().events():
        yield event.value
