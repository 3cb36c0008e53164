"""Publishes what a batch came to, after its commit to the database: findings, and dead letters with their
reasons.

At least once: a worker that dies between this and the commit of its offsets announces the batch again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from monitor.messages import DeadLetter, Finding, encode
from monitor.settings import Settings
from monitor.storage.records import Rejection, Result, TextResult
from monitor.stream.clients import kafka_faults

_log = structlog.get_logger(__name__)

ERROR_CODE: Final = "error-code"
ERROR_DETAIL: Final = "error-detail"
SOURCE_TOPIC: Final = "source-topic"
SOURCE_PARTITION: Final = "source-partition"
SOURCE_OFFSET: Final = "source-offset"
FAILED_AT: Final = "failed-at"

Headers = list[tuple[str, bytes]]


class Announcer:
    """Sends findings and dead letters through one producer."""

    def __init__(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        self._producer = producer
        self._settings = settings
        self._findings = settings.topic("findings") if settings.publish_findings else None
        self._dead = settings.topic("dead")

    async def announce(self, results: Sequence[Result], rejections: Sequence[Rejection]) -> None:
        """Send, and return when Kafka has acknowledged all of it.

        Raises `OutageError` where Kafka does not answer, `SetupError` where it refuses.
        """
        with kafka_faults(self._settings):
            sent = []
            if self._findings is not None:
                for result in results:
                    key = result.mention.id.encode()
                    sent.append(await self._send(self._findings, key, encode(finding(result)), []))
            for rejection in rejections:
                letter = rejection.letter
                sent.append(await self._send(self._dead, letter.key, letter.value, envelope(letter)))
            for future, topic in sent:
                if future is not None:
                    try:
                        await future
                    except MessageSizeTooLargeError:
                        self._too_large(topic)

    async def _send(self, topic: str, key: bytes | None, value: bytes, headers: Headers):  # type: ignore[no-untyped-def]
        try:
            return await self._producer.send(topic, value=value, key=key, headers=headers), topic
        except MessageSizeTooLargeError:
            self._too_large(topic)
            return None, topic

    def _too_large(self, topic: str) -> None:
        """The database has the outcome; stopping the stream over its echo would help nobody."""
        _log.error(
            "announcement too large for its topic, left out",
            topic=topic,
            remedy="raise the topic's max.message.bytes to what `brand-monitor topics create` says",
        )


def finding(result: Result) -> Finding:
    """What the service found in one mention, for whoever wants to react at once."""
    mention = result.mention
    if isinstance(result, TextResult):
        return Finding(
            kind="text",
            id=mention.id,
            source=mention.source,
            published_at=mention.published_at,
            model_versions={"sentiment": result.model_version},
            sentiment=result.sentiment,
            brands=result.brands,
        )
    return Finding(
        kind="image",
        id=mention.id,
        source=mention.source,
        published_at=mention.published_at,
        model_versions={"logos": result.model_version},
        brands=result.brands,
        detections=result.detections,
        written=result.written,
    )


def envelope(letter: DeadLetter) -> Headers:
    """The original headers, then the six that say what happened."""
    return [
        *letter.headers,
        (ERROR_CODE, letter.error_code.encode()),
        (ERROR_DETAIL, letter.error_detail.encode("utf-8", "replace")),
        (SOURCE_TOPIC, letter.source_topic.encode()),
        (SOURCE_PARTITION, str(letter.source_partition).encode()),
        (SOURCE_OFFSET, str(letter.source_offset).encode()),
        (FAILED_AT, letter.failed_at.isoformat().encode()),
    ]


def opened(headers: Iterable[tuple[str, bytes]]) -> tuple[dict[str, str], tuple[tuple[str, bytes], ...]]:
    """The reverse of `envelope`: what happened, and the original headers (which may bear the same names)."""
    original = list(headers)
    said: dict[str, str] = {}
    for name in (FAILED_AT, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, ERROR_DETAIL, ERROR_CODE):
        for index in range(len(original) - 1, -1, -1):
            if original[index][0] == name:
                said[name] = original.pop(index)[1].decode("utf-8", "replace")
                break
    return said, tuple(original)
