"""The Faust application: agents that feed the pipelines, and a consumer that commits what the ledger says.

What is changed of Faust 0.15.3, and why, so that an upgrade can be checked against it
(tests/stream/test_traps.py):

* `LedgerConsumer._new_offset` asks the ledger; Faust's own bookkeeping can commit over unprocessed records.
* `StreamApp._consumer_wait_empty`, called before partitions are given up and before a stop, drains the
  pipelines for a bounded time and commits; Faust's waits for every record it ever handed out, without end.
* `agent_supervisor` is `CrashingSupervisor`: an agent that fails ends the worker. Faust's default restarts
  it with the *next* record, and the failed one is committed over.
* topics carry raw bytes: a record that does not decode inside Faust ends the stream without an error.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import faust
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT
from mode import CrashingSupervisor

from monitor.kafka import faust_credentials
from monitor.settings import Agents, Settings
from monitor.storage.records import RecordPosition
from monitor.stream.clients import REQUEST_TIMEOUT, largest_request
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.pipeline import Pipeline
from monitor.stream.records import Record

_COMMIT_INTERVAL: Final = 1.0
"""Seconds between commits of offsets: what a kill -9 makes the next worker do again, for one small
request."""

_POLL_RECORDS: Final = {Agents.TEXTS: 256, Agents.IMAGES: 8, Agents.ALL: 16}
"""Records a poll hands over. One that brings pictures stays small: each may take 10 MB."""

_BUFFER_POLLS: Final = 10
"""Polls a topic's buffer holds. Faust pauses a partition when the buffer is 4/5 full, but still takes what
the current poll and the next one bring; with less room it would wait, and one full topic would stall the
other."""

_HEARTBEATS: Final = 3
"""Heartbeats in a session: two may be lost."""

_STALL_WARNING: Final = 600.0
"""Seconds after which Faust logs that a stream does not move; readiness says so long before."""


_LAST_MOMENT: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
"""Seconds; Python's and PostgreSQL's last common year."""


class LedgerConsumer(driver.Consumer):
    """Faust's consumer, committing the ledger's positions instead of its own acknowledgements."""

    logger = logging.getLogger("faust.consumer")  # Faust's narration: passed on from WARNING up

    def _new_offset(self, tp: TP) -> int | None:
        return _ledger(self).committable(tp)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        partitions = (TP(*partition) for partition in _ledger(self).partitions())
        return (tp for tp in partitions if topics is None or tp in topics or tp.topic in topics)


class LedgerTransport(driver.Transport):
    """Faust's Kafka transport with the `LedgerConsumer`."""

    Consumer = LedgerConsumer


class StreamApp(faust.App):
    """A Faust application without tables, web server or files.

    `pipelines` are by topic name (`text`, `image`). `on_assigned` is awaited after every rebalance, before
    records flow; what it raises ends the application.
    """

    logger = logging.getLogger("faust.app")

    def __init__(
        self,
        settings: Settings,
        agents: Agents,
        pipelines: Mapping[str, Pipeline],
        ledger: Ledger,
        metrics: Metrics,
        on_assigned: Callable[[], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.pipelines = pipelines
        self.metrics = metrics
        self._on_assigned = on_assigned
        poll_records = _POLL_RECORDS[agents]
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
            stream_buffer_maxsize=poll_records * _BUFFER_POLLS,
            stream_processing_timeout=_STALL_WARNING,
            consumer_auto_offset_reset="earliest",
            consumer_max_fetch_size=largest_request(settings),
            producer_max_request_size=largest_request(settings),
            broker_max_poll_records=poll_records,
            broker_commit_interval=_COMMIT_INTERVAL,
            broker_session_timeout=settings.session_timeout,
            broker_rebalance_timeout=settings.rebalance_timeout,
            broker_heartbeat_interval=settings.session_timeout / _HEARTBEATS,
            # Joining a group takes up to the rebalance timeout, and Faust refuses less than the session's.
            broker_request_timeout=max(settings.rebalance_timeout, settings.session_timeout)
            + REQUEST_TIMEOUT,
        )
        for name, pipeline in pipelines.items():
            self._add_agent(settings.topic(name), pipeline)

    def committed(self, partition: TP) -> int | None:
        """The next offset the group will read, as far as this worker knows."""
        position = self.ledger.committable(partition)
        if position is None and isinstance(self.consumer, LedgerConsumer):
            position = self.consumer._committed_offset[partition]
        return position

    @property
    def held(self) -> set[TP] | None:
        """Partitions assigned; `None` before the first assignment and during a rebalance."""
        return None if self.rebalancing or self._assignment is None else set(self._assignment)

    def _add_agent(self, topic: str, pipeline: Pipeline) -> None:
        channel = self.topic(
            topic, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
        )

        async def agent(stream: Any) -> None:
            await pipeline.run(_records(stream))

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
        await consumer.commit()

    async def _on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        if not self.should_stop:
            try:
                await self._on_assigned()
            except Exception as error:
                await self.crash(error)
                return
            self.ledger.assigned(generation_id)
            self.metrics.rebalances.inc()
            for pipeline in self.pipelines.values():
                pipeline.open()
        await super()._on_partitions_assigned(assigned, generation_id)


def _ledger(consumer: LedgerConsumer) -> Ledger:
    app = consumer.app
    assert isinstance(app, StreamApp)
    return app.ledger


def moment(seconds: float | None) -> datetime:
    """A record's timestamp. Publishers set it, to anything: what no calendar holds is moved to the nearest
    day."""
    return datetime.fromtimestamp(min(max(seconds or 0.0, 0.0), _LAST_MOMENT), UTC)


async def _records(stream: Any) -> AsyncIterator[Record]:
    """The stream's records as they are, without acknowledging any."""
    async for event in stream.noack().events():
        message = event.message
        yield Record(
            position=RecordPosition(
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                timestamp=moment(message.timestamp),
            ),
            generation=message.generation_id,
            key=message.key,
            value=message.value,
            headers=tuple((name, bytes(value or b"")) for name, value in message.headers or ()),
        )
