"""Brokers to measure on, their topics, and mentions on them."""

import asyncio
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaProducer

from monitor.local import EmbeddedBroker
from monitor.settings import Settings, load_settings
from monitor.stream.topics import create_topics
from tests.apache_kafka import ApacheKafka, KafkaMissingError, fetch_kafka

EMBEDDED: Final = "embedded"
KAFKA: Final = "Apache Kafka"

_BATCH_BYTES: Final = 256 * 2**10
"""Of a wire batch, as a busy publisher sends them."""

Message = tuple[bytes, bytes]
"""Key and value."""


def kinds(kafka: bool) -> list[str]:
    """The brokers to measure on; Apache Kafka where it is asked for and there."""
    if not kafka:
        return [EMBEDDED]
    try:
        fetch_kafka()
    except KafkaMissingError as error:
        print(f"{error}: the embedded broker alone")
        return [EMBEDDED]
    return [EMBEDDED, KAFKA]


@contextmanager
def broker(kind: str) -> Iterator[str]:
    """One node; its URL."""
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder:
        if kind == KAFKA:
            with ApacheKafka(Path(folder) / "kafka") as kafka:
                yield kafka.url
        else:
            with EmbeddedBroker(Path(folder) / "broker.log") as embedded:
                yield embedded.url


def topics(url: str, partitions: int, **overrides: object) -> Settings:
    """Topics and a group of one's own, and the settings that lead there."""
    unique = uuid.uuid4().hex[:8]
    own = {"topic_prefix": f"t{unique}", "consumer_group": f"g{unique}", "topic_partitions": partitions}
    quick = {"rebalance_timeout": 4.0, "session_timeout": 10.0}
    settings = load_settings(**{**own, **quick, "kafka_url": url, **overrides})
    asyncio.run(create_topics(settings))
    return settings


def publish(settings: Settings, topic: str, messages: Iterable[Message]) -> int:
    """Send them round-robin, in batches; how many."""
    return asyncio.run(_publish(settings, topic, messages))


async def _publish(settings: Settings, topic: str, messages: Iterable[Message]) -> int:
    name, partitions, count = settings.topic(topic), settings.topic_partitions, 0
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.bootstrap_servers,
        max_request_size=settings.max_message_bytes,
        max_batch_size=_BATCH_BYTES,
    )
    await producer.start()
    open_batches = [producer.create_batch() for _ in range(partitions)]
    for key, value in messages:
        place = count % partitions
        count += 1
        if open_batches[place].append(key=key, value=value, timestamp=None) is None:
            await producer.send_batch(open_batches[place], name, partition=place)
            open_batches[place] = producer.create_batch()
            if open_batches[place].append(key=key, value=value, timestamp=None) is None:
                # Larger than a batch, as pictures are: aiokafka makes one for it alone.
                await producer.send(name, value, key=key, partition=place)
    for place, batch in enumerate(open_batches):
        if batch.record_count():
            await producer.send_batch(batch, name, partition=place)
    await producer.stop()
    return count
