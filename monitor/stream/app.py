"""The Faust application: agents that feed the pipelines from the `LedgerConsumer`.

What is changed of Faust 0.15.3 here, and why (monitor/stream/consumer.py has the rest):

* `StreamApp._consumer_wait_empty`, called before partitions are given up and before a stop, drains the
  pipelines for a bounded time and commits; Faust's waits for every record it ever handed out, without end.
* `_NoTables` subscribes to the topics at once; Faust's waits a second for tables that are declared late.
* `agent_supervisor` is `CrashingSupervisor`: an agent that fails ends the worker. Faust's default restarts
  it with the *next* record, and the failed one is committed over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Final

import faust
from faust.tables.manager import TableManager
from faust.transport.conductor import Conductor
from faust.types import TP
from faust.types.transports import ConsumerT
from mode import CrashingSupervisor

from monitor.errors import OutageError, SetupError
from monitor.kafka import faust_credentials
from monitor.settings import Agents, Settings
from monitor.stream.clients import REQUEST_TIMEOUT, largest_request
from monitor.stream.consumer import Assignments, LedgerConsumer, LedgerTransport
from monitor.stream.intake import LARGEST_BATCH
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.pipeline import Pipeline
from monitor.stream.quarantine import StuckWorkerError
from monitor.stream.records import Stretch

_COMMIT_INTERVAL: Final = 0.25
"""Seconds between commits of offsets: what a kill -9 makes the next worker do again, for one small
request; and how far behind the committed offset a record that kills workers may lie."""

_POLL_RECORDS: Final = {Agents.TEXTS: 256, Agents.IMAGES: 8, Agents.ALL: 16}
"""Records a poll hands over. One that brings pictures stays small: each may take 10 MB."""

_WAITING_STRETCHES: Final = 4
"""Stretches of a topic that wait for its agent until its partitions are left out of the polls: one topic that
is slow must not hold up the other."""

_METADATA_AGE: Final = 15.0
"""Seconds after which the client asks for the topics' partitions anew: added ones are read within 30."""

_HEARTBEATS: Final = 3
"""Heartbeats in a session: two may be lost."""


class _NoTables(TableManager):
    async def on_start(self) -> None:
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


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
            TableManager=_NoTables,
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
        drained = await asyncio.gather(*(pipeline.drain(timeout) for pipeline in self.pipelines.values()))
        assert isinstance(consumer, LedgerConsumer)
        # A commit under way began before the last batch was stored, and the next would only wait for it.
        await consumer.maybe_wait_for_commit_to_finish()
        await consumer.commit()
        # What did not come back in time, or ended this worker, may end the next one, which has to know.
        topics = {
            self.settings.topic(name) for name, done in zip(self.pipelines, drained, strict=True) if done
        }
        reason = self.crash_reason
        stuck = isinstance(reason, StuckWorkerError)
        if reason is None or (isinstance(reason, OutageError | SetupError) and not stuck):
            await self.assignments.released(topics)

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


def _full(queue: Any) -> bool:
    waiting = [event.value for event in queue._queue]
    return len(waiting) >= _WAITING_STRETCHES or sum(stretch.size for stretch in waiting) >= LARGEST_BATCH


async def _stretches(stream: Any) -> AsyncIterator[Stretch]:
    """What the consumer handed on, without acknowledging any of it to Faust."""
    async for event in stream.noack().events():
        yield event.value
