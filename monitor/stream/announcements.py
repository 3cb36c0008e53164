"""Publishes what a batch came to, after its commit to the database: findings, deletions, and dead letters
with their reasons.

At least once: a worker that dies between this and the commit of its offsets announces the batch again.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from monitor.messages import DeadLetter, Deleted, Finding, encode
from monitor.settings import Settings
from monitor.storage.records import Change, DeletionResult, Rejection, Result, TextResult
from monitor.stream.clients import kafka_faults

_log = structlog.get_logger(__name__)

ERROR_CODE: Final = "error-code"
ERROR_DETAIL: Final = "error-detail"
SOURCE_TOPIC: Final = "source-topic"
SOURCE_PARTITION: Final = "source-partition"
SOURCE_OFFSET: Final = "source-offset"
FAILED_AT: Final = "failed-at"
VALUE_BYTES: Final = "value-bytes"
"""Only on a letter that was cut, after the others: bytes of the original's value."""

Headers = list[tuple[str, bytes]]

_TOO_LARGE: Final = (MessageSizeTooLargeError, RecordListTooLargeError)
_ROOMS: Final = (64 * 2**10, 4 * 2**10, 64)
"""Bytes of key, value, headers and detail each that a letter is cut to, until its topic takes it."""


@dataclass(frozen=True, slots=True)
class _Post:
    """A record to send; `letter` is the dead letter it holds, if it is one."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers
    letter: DeadLetter | None = None

    def shorter(self) -> Iterator["_Post"]:
        """What to send instead where this is too large: of a finding nothing."""
        if self.letter is not None:
            for room in _ROOMS:
                yield _Post(self.topic, *_cut(self.letter, room))


class Announcer:
    """Sends findings, deletions and dead letters through one producer."""

    def __init__(self, producer: AIOKafkaProducer, settings: Settings) -> None:
        self._producer = producer
        self._settings = settings
        self._findings = settings.topic("findings") if settings.publish_findings else None
        self._dead = settings.topic("dead")

    async def announce(self, changes: Sequence[Change], rejections: Sequence[Rejection]) -> None:
        """Send in this order, and return when Kafka has acknowledged all of it.

        Raises `OutageError` where Kafka does not answer, `SetupError` where it refuses.
        """
        with kafka_faults(self._settings):
            sent = [(post, await self._send(post)) for post in self._posts(changes, rejections)]
            for post, answer in sent:
                if not await _taken(answer):
                    await self._send_shorter(post)

    def _posts(self, changes: Sequence[Change], rejections: Sequence[Rejection]) -> Iterator[_Post]:
        if self._findings is not None:
            for change in changes:
                told = deleted(change) if isinstance(change, DeletionResult) else finding(change)
                yield _Post(self._findings, told.id.encode(), encode(told), [])
        for letter in (rejection.letter for rejection in rejections):
            yield _Post(self._dead, letter.key, letter.value, envelope(letter), letter)

    async def _send(self, post: _Post) -> "asyncio.Future[Any] | None":
        """The broker's answer to come; `None` where the producer itself finds it too large."""
        try:
            sent: asyncio.Future[Any] = await self._producer.send(
                post.topic, value=post.value, key=post.key, headers=post.headers
            )
        except MessageSizeTooLargeError:
            return None
        return sent

    async def _send_shorter(self, post: _Post) -> None:
        """Kafka refuses a whole batch for its size, so first once more alone."""
        for attempt in (post, *post.shorter()):
            if await _taken(await self._send(attempt)):
                if attempt is not post:
                    _log.warning(
                        "dead letter cut to fit its topic", topic=post.topic, value_bytes=len(post.value)
                    )
                return
        # The database has the outcome; stopping the stream over its echo would help nobody.
        _log.error(
            "announcement too large for its topic, left out",
            topic=post.topic,
            remedy="raise the topic's max.message.bytes to what `brand-monitor topics create` says",
        )


async def _taken(answer: "asyncio.Future[Any] | None") -> bool:
    """Whether Kafka has the record; if not, it was too large. Raises whatever else went wrong."""
    if answer is None:
        return False
    try:
        await answer
    except _TOO_LARGE:
        return False
    return True


def finding(result: Result) -> Finding:
    """What the service found in one mention, for whoever wants to react at once."""
    mention = result.mention
    if isinstance(result, TextResult):
        return Finding(
            kind="text",
            id=mention.id,
            source=mention.source,
            published_at=mention.published_at,
            language=result.language,
            model_versions={"sentiment": result.model_version},
            sentiment=result.sentiment,
            brands=result.brands,
        )
    return Finding(
        kind="image",
        id=mention.id,
        source=mention.source,
        published_at=mention.published_at,
        language=result.language,
        model_versions={"logos": result.model_version},
        brands=result.brands,
        detections=result.detections,
    )


def deleted(result: DeletionResult) -> Deleted:
    """That a mention was deleted, for whoever followed it."""
    gone = result.deletion
    return Deleted(kind=result.kind, id=gone.id, source=gone.source, deleted_at=gone.deleted_at)


def envelope(letter: DeadLetter) -> Headers:
    """The original headers, then the six that say what happened.

    Any name can be sent: what UTF-8 cannot hold (a lone surrogate) is written out, like \\ud800.
    """
    return [
        *((name.encode("utf-8", "backslashreplace").decode(), value) for name, value in letter.headers),
        (ERROR_CODE, letter.error_code.encode()),
        (ERROR_DETAIL, letter.error_detail.encode("utf-8", "replace")),
        (SOURCE_TOPIC, letter.source_topic.encode()),
        (SOURCE_PARTITION, str(letter.source_partition).encode()),
        (SOURCE_OFFSET, str(letter.source_offset).encode()),
        (FAILED_AT, letter.failed_at.isoformat().encode()),
    ]


def opened(
    headers: Iterable[tuple[str, bytes | None]],
) -> tuple[dict[str, str], tuple[tuple[str, bytes], ...]]:
    """The reverse of `envelope`: what happened, and the original headers (which may bear the same names)."""
    original = [(name, value or b"") for name, value in headers]
    said: dict[str, str] = {}
    if original and original[-1][0] == VALUE_BYTES:  # anywhere else it is the publisher's
        said[VALUE_BYTES] = original.pop()[1].decode("utf-8", "replace")
    for name in (FAILED_AT, SOURCE_OFFSET, SOURCE_PARTITION, SOURCE_TOPIC, ERROR_DETAIL, ERROR_CODE):
        for index in range(len(original) - 1, -1, -1):
            if original[index][0] == name:
                said[name] = original.pop(index)[1].decode("utf-8", "replace")
                break
    return said, tuple(original)


def _cut(letter: DeadLetter, room: int) -> tuple[bytes | None, bytes, Headers]:
    """Key, value and headers of a letter with at most `room` bytes each of what the publisher sent.

    The last header says how long the value was, and so that the letter is not the whole record.
    """
    kept, size = [], 0
    for name, value in letter.headers:
        size += len(name.encode("utf-8", "backslashreplace")) + len(value or b"")
        if size > room:
            break
        kept.append((name, value))
    detail = letter.error_detail.encode("utf-8", "replace")[:room].decode("utf-8", "ignore")
    short = msgspec.structs.replace(letter, headers=tuple(kept), error_detail=detail)
    key = None if letter.key is None else letter.key[:room]
    return key, letter.value[:room], [*envelope(short), (VALUE_BYTES, str(len(letter.value)).encode())]
