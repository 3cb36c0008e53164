"""Sends records to Kafka: acknowledged by all replicas, with a bounded amount under way."""

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, UnknownError

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.kafka import client_options
from monitor.publishing.records import Outgoing, Refused
from monitor.settings import Settings
from monitor.stream.clients import kafka_faults
from monitor.stream.topics import INPUTS, missing_topics

# Sent but not yet acknowledged: enough to keep a broker busy, little enough for a small machine.
_BYTES_UNDER_WAY: Final = 32 * 2**20
_RECORDS_UNDER_WAY: Final = 2_000
# Texts are small; Kafka's default batch of 16 KiB would hold a few dozen of them.
_BATCH_BYTES: Final = 256 * 2**10
# Lets a batch fill for a moment; nobody waits for a single record here.
_LINGER_MS: Final = 5
# Read ahead of the sender, counted in records: pictures may be megabytes each.
_READ_AHEAD: Final = 8


@dataclass(slots=True)
class PublishOutcome:
    """How many records Kafka acknowledged, and which inputs were refused."""

    sent: int = 0
    refused: list[Refused] = field(default_factory=list)


async def publish(
    settings: Settings,
    records: Iterable[Outgoing | Refused],
    on_done: Callable[[Outgoing | Refused], None] = lambda _: None,
) -> PublishOutcome:
    """Send every record and wait until Kafka has acknowledged it; `on_done` hears of each in turn.

    `records` is read in a thread of its own, so it may block. A record over the size limit is refused, the
    rest goes on. Raises `SetupError` where a topic does not exist and `OutageError` where Kafka is away or
    gives up.
    """
    if missing := await missing_topics(settings, INPUTS):
        # The broker would create it with the wrong number of partitions and size limit.
        raise SetupError(
            f"Kafka at {settings.kafka_url} has no topic {', '.join(missing)}; "
            "run `brand-monitor topics create` (or correct MONITOR_TOPIC_PREFIX)"
        )
    with kafka_faults(settings):
        producer = await start_producer(settings)
        sending = _Sending(producer, settings, on_done)
        try:
            async for record in _in_thread(iter(records)):
                await sending.add(record)
            await sending.finish()
        finally:
            await producer.stop()
            sending.forget()
    return sending.outcome


async def start_producer(settings: Settings) -> AIOKafkaProducer:
    """An idempotent producer, or a plain one where the broker knows no idempotence (the embedded one).

    Both wait for every replica. Without idempotence a batch sent again after a lost answer may stand twice on
    the topic; the same (source, id) is stored once either way.
    """
    for idempotent in (True, False):
        producer = AIOKafkaProducer(
            **client_options(settings),
            acks="all",
            enable_idempotence=idempotent,
            compression_type="gzip",  # the one codec that needs no library on either side
            max_request_size=settings.max_message_bytes,
            # Kafka holds whole batches against max.message.bytes.
            max_batch_size=min(_BATCH_BYTES, settings.max_message_bytes),
            linger_ms=_LINGER_MS,
        )
        try:
            await producer.start()
        except UnknownError:
            await producer.stop()
            if not idempotent:
                raise
        except BaseException:
            await producer.stop()
            raise
        else:
            return producer
    raise AssertionError("the second attempt returns or raises")


class _Sending:
    """Records under way: bounded in number and bytes, settled in the order they were sent."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        settings: Settings,
        on_done: Callable[[Outgoing | Refused], None],
    ) -> None:
        self.outcome = PublishOutcome()
        self._producer = producer
        self._settings = settings
        self._on_done = on_done
        self._under_way: deque[tuple[Outgoing, asyncio.Future[object]]] = deque()
        self._bytes = 0

    async def add(self, record: Outgoing | Refused) -> None:
        """Send it as soon as there is room; returning does not mean acknowledged."""
        if isinstance(record, Refused):
            self._refuse(record)
            return
        while self._is_full(len(record.value)):
            await self._settle_oldest()
        topic = self._settings.topic(record.topic)
        try:
            acknowledged = await self._producer.send(
                topic, record.value, key=record.key, headers=list(record.headers)
            )
        except MessageSizeTooLargeError:
            self._refuse(Refused(record.where, too_large(record, self._settings)))
            return
        self._under_way.append((record, acknowledged))
        self._bytes += len(record.value)

    async def finish(self) -> None:
        """Wait until everything is acknowledged."""
        while self._under_way:
            await self._settle_oldest()

    def forget(self) -> None:
        """After a failure: the others failed with it, and asyncio need not report each of them."""
        for _, acknowledged in self._under_way:
            if acknowledged.done() and not acknowledged.cancelled():
                acknowledged.exception()

    def _is_full(self, size: int) -> bool:
        many = len(self._under_way) >= _RECORDS_UNDER_WAY
        return bool(self._under_way) and (many or self._bytes + size > _BYTES_UNDER_WAY)

    async def _settle_oldest(self) -> None:
        record, acknowledged = self._under_way.popleft()
        self._bytes -= len(record.value)
        await acknowledged
        self.outcome.sent += 1
        self._on_done(record)

    def _refuse(self, refused: Refused) -> None:
        self.outcome.refused.append(refused)
        self._on_done(refused)


def too_large(record: Outgoing, settings: Settings) -> DataError:
    """Why a record is refused that is over the limit."""
    return DataError(
        ErrorCode.IMAGE_TOO_MANY_BYTES if record.topic == "image" else ErrorCode.TEXT_TOO_LONG,
        f"the record has {len(record.value):,} bytes, Kafka takes {settings.max_message_bytes:,} "
        "(MONITOR_MAX_MESSAGE_BYTES, and the topic's max.message.bytes)",
    )


async def _in_thread(records: Iterator[Outgoing | Refused]) -> AsyncIterator[Outgoing | Refused]:
    """The records, read by a daemon thread: a quiet standard input blocks neither the sender nor Ctrl-C."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[Outgoing | Refused | BaseException | None] = asyncio.Queue()
    room = threading.Semaphore(_READ_AHEAD)
    nobody_listens = threading.Event()

    def read() -> None:
        end: BaseException | None = None
        try:
            for record in records:
                room.acquire()
                if nobody_listens.is_set():
                    return
                loop.call_soon_threadsafe(arrived.put_nowait, record)
        except BaseException as error:  # belongs to whoever iterates, not to this thread
            end = error
        if not nobody_listens.is_set():
            loop.call_soon_threadsafe(arrived.put_nowait, end)

    threading.Thread(target=read, name="reads input", daemon=True).start()
    try:
        while (item := await arrived.get()) is not None:
            room.release()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        nobody_listens.set()
        room.release()
