"""Puts records on the topics and waits until Kafka has acknowledged every one of them."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from monitor.errors import OutageError, SetupError
from monitor.publishing.producer import start_producer, too_large
from monitor.publishing.records import Outgoing, Refused
from monitor.settings import Settings
from monitor.stream.clients import REQUEST_TIMEOUT, kafka_faults
from monitor.stream.topics import INPUTS, missing_topics


class Sender:
    """One producer for all collectors of a process, opened when it is first needed and after each failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._opening = asyncio.Lock()

    async def send(self, records: Sequence[Outgoing]) -> list[Refused]:
        """Returns once Kafka has acknowledged all; those it can never take are told.

        Raises `OutageError`, and then any of them may have been sent: they are to be sent again.
        """
        if not records:
            return []
        producer = await self._opened()
        try:
            with kafka_faults(self._settings):
                return await self._send(producer, records)
        except (OutageError, SetupError) as error:
            await self._forget(producer)
            if not isinstance(error.__cause__, MessageSizeTooLargeError):
                raise
        # The broker takes less than we were told, and refuses a batch without naming the record.
        if len(records) == 1:
            return [Refused(records[0].where, too_large(records[0], self._settings))]
        middle = len(records) // 2
        return [*await self.send(records[:middle]), *await self.send(records[middle:])]

    async def check(self) -> None:
        """Raises `OutageError` where Kafka does not answer, `SetupError` where the topics are not there."""
        if missing := await missing_topics(self._settings, INPUTS):
            raise SetupError(
                f"Kafka at {self._settings.kafka_url} has no topic {', '.join(missing)}; "
                "run `brand-monitor topics create` (or correct MONITOR_TOPIC_PREFIX)"
            )

    async def close(self) -> None:
        """Nothing more is sent."""
        if self._producer is not None:
            await self._forget(self._producer)

    async def _opened(self) -> AIOKafkaProducer:
        async with self._opening:
            if self._producer is None:
                await self.check()
                with kafka_faults(self._settings):
                    self._producer = await start_producer(self._settings)
            return self._producer

    async def _forget(self, producer: AIOKafkaProducer) -> None:
        """A producer that failed once may fail for good: the next one is new."""
        if self._producer is producer:
            self._producer = None
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                await producer.stop()
        except (KafkaError, OSError, TimeoutError):
            pass  # what it held is sent again

    async def _send(self, producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> list[Refused]:
        refused, under_way = [], []
        try:
            for record in records:
                topic = self._settings.topic(record.topic)
                try:
                    under_way.append(
                        await producer.send(topic, record.value, key=record.key, headers=list(record.headers))
                    )
                except MessageSizeTooLargeError:
                    refused.append(Refused(record.where, too_large(record, self._settings)))
            await asyncio.gather(*under_way)
        finally:
            for each in under_way:  # after a failure the others failed with it
                if each.done() and not each.cancelled():
                    each.exception()
        return refused
