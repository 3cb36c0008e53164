"""Opens Kafka clients from the settings, and turns connection trouble into `OutageError`."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from monitor.errors import OutageError, SetupError
from monitor.kafka import client_options
from monitor.settings import Settings

REQUEST_TIMEOUT: Final = 15.0
"""Seconds one request may take before it is an outage; a broker under load answers within one or two."""

ENVELOPE: Final = 64 * 2**10
"""Bytes a dead letter may be larger than the message it holds: six headers and the record's own framing."""


def _options(settings: Settings) -> dict[str, Any]:
    return {
        **client_options(settings),
        "client_id": "brand-monitor",
        "request_timeout_ms": int(REQUEST_TIMEOUT * 1000),
    }


def largest_request(settings: Settings) -> int:
    """Bytes of the largest request: the largest message, enveloped as a dead letter."""
    return settings.max_message_bytes + 2 * ENVELOPE


@contextmanager
def kafka_faults(settings: Settings) -> Iterator[None]:
    """Raise `OutageError` for what may pass by itself, `SetupError` for what Kafka refuses for good."""
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        servers = ",".join(settings.bootstrap_servers)
        if isinstance(error, KafkaError) and not error.retriable and not _is_connection(error):
            raise SetupError(f"Kafka at {servers} refused: {error!r}") from error
        raise OutageError(
            f"Kafka at {servers} does not answer ({error!r}); "
            "check MONITOR_KAFKA_URL and that the broker runs (brand-monitor up starts an embedded one)"
        ) from error


@asynccontextmanager
async def open_admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client; raises `OutageError` if no broker answers."""
    admin = AIOKafkaAdminClient(**_options(settings))
    with kafka_faults(settings):
        try:
            await admin.start()
            yield admin
        finally:
            await admin.close()


@asynccontextmanager
async def open_reader(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group, for looking at topics; it commits nothing."""
    consumer = AIOKafkaConsumer(
        **_options(settings),
        enable_auto_commit=False,
        max_partition_fetch_bytes=largest_request(settings),
        fetch_max_wait_ms=100,  # looking at a quiet topic should not take longer than a person notices
    )
    with kafka_faults(settings):
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()


@asynccontextmanager
async def open_producer(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """A producer that waits for all replicas.

    Translates the failure to connect only: whoever sends wraps that in `kafka_faults`.
    """
    producer = AIOKafkaProducer(
        **_options(settings),
        acks="all",
        max_request_size=largest_request(settings),
        linger_ms=5,  # findings of one batch travel in few requests
    )
    try:
        with kafka_faults(settings):
            await producer.start()
        yield producer
    finally:
        with contextlib.suppress(KafkaError):  # what was sent has been awaited
            await producer.stop()


def _is_connection(error: KafkaError) -> bool:
    """Whether the broker could not be reached or had a fault of its own; aiokafka marks these as not
    retriable."""
    return type(error).__name__ in {
        "KafkaConnectionError",
        "KafkaTimeoutError",
        "NodeNotReadyError",
        "NoBrokersAvailable",
        "UnknownError",
    }
