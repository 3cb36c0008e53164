"""Reads `PREFIX.dead` back and puts letters in the post again, for `brand-monitor dead-letters`."""

import contextlib
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition

from monitor.errors import ErrorCode, SetupError
from monitor.messages import DeadLetter
from monitor.settings import Settings
from monitor.stream import announcements
from monitor.stream.clients import kafka_faults, open_admin, open_producer, open_reader
from monitor.stream.topics import INPUTS, missing_topics
from monitor.stream.watermarks import end_offsets

_POLL_MS = 1000
"""Milliseconds to wait for records that the end offsets say are there."""


@dataclass(frozen=True, order=True)
class LetterPosition:
    """Where a dead letter lies in `PREFIX.dead`; written `PARTITION:OFFSET`."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.offset}"


@dataclass(frozen=True)
class FiledLetter:
    """A dead letter and its own place, by which it is shown and replayed."""

    position: LetterPosition
    letter: DeadLetter


async def read_dead_letters(
    settings: Settings, *, code: ErrorCode | str | None = None, limit: int | None = None
) -> list[FiledLetter]:
    """Dead letters, oldest first; those with `code` only, the newest `limit` of them.

    Raises `OutageError`, and `SetupError` if the topic was never created.
    """
    found = [
        filed async for filed in _letters(settings) if code is None or filed.letter.error_code == str(code)
    ]
    found.sort(key=lambda filed: (filed.letter.failed_at, filed.position))
    return found if limit is None else found[max(0, len(found) - limit) :]


async def replay(settings: Settings, positions: Collection[LetterPosition] | None = None) -> int:
    """Publish letters to the topic they came from, with their original key, value and headers; all if `None`.

    Mentions are replaced, never doubled, so a replay may be repeated. A record that failed again has several
    letters and is sent once; else each replay of all would double them. Records that somebody else put on the
    topic are no letters: what they name as their origin is not written to. Returns how many were sent. Raises
    `OutageError`, and `SetupError` naming positions that hold no letter (nothing is sent then).
    """
    origins = {settings.topic(name) for name in INPUTS}
    letters = [
        filed
        async for filed in _letters(settings)
        if filed.letter.source_topic in origins and (positions is None or filed.position in positions)
    ]
    absent = sorted(set(positions or ()) - {filed.position for filed in letters})
    if absent:
        raise SetupError(
            f"no dead letter at {', '.join(map(str, absent))} of {settings.topic('dead')}; "
            "`brand-monitor dead-letters list` shows the positions"
        )
    async with open_producer(settings) as producer:
        with kafka_faults(settings):
            return await _send(producer, _different(filed.letter for filed in letters))


def _different(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    return list(
        {
            (letter.source_topic, letter.key, letter.value, letter.headers): letter for letter in letters
        }.values()
    )


async def _send(producer: AIOKafkaProducer, letters: list[DeadLetter]) -> int:
    sent = [
        await producer.send(
            letter.source_topic, value=letter.value, key=letter.key, headers=list(letter.headers)
        )
        for letter in letters
    ]
    for future in sent:
        await future
    return len(sent)


async def _letters(settings: Settings) -> AsyncIterator[FiledLetter]:
    """Every letter the topic holds now."""
    topic = settings.topic("dead")
    if await missing_topics(settings, ("dead",)):
        raise SetupError(f"no topic {topic} in Kafka; run `brand-monitor topics create`")
    async with open_admin(settings) as admin:
        (described,) = await admin.describe_topics([topic])
    partitions = [TopicPartition(topic, partition["partition"]) for partition in described["partitions"]]
    async with open_reader(settings) as reader:
        high = await end_offsets(reader, partitions)
        low = await reader.beginning_offsets(partitions)
        reading = [partition for partition in partitions if high[partition] > low[partition]]
        reader.pause(*(set(partitions) - set(reading)))
        for partition in reading:
            reader.seek(partition, low[partition])
        while reading:
            for partition, records in (await reader.getmany(*reading, timeout_ms=_POLL_MS)).items():
                for record in records:
                    if record.offset < high[partition]:
                        yield _filed(record)
            reading = [one for one in reading if await reader.position(one) < high[one]]


def _filed(record: Any) -> FiledLetter:
    """A record of `PREFIX.dead`, as it was written; one that somebody else put there shows empty reasons."""
    said, original = announcements.opened(record.headers)
    letter = DeadLetter(
        key=record.key,
        value=record.value or b"",
        headers=original,
        error_code=said.get(announcements.ERROR_CODE, ""),
        error_detail=said.get(announcements.ERROR_DETAIL, ""),
        source_topic=said.get(announcements.SOURCE_TOPIC, ""),
        source_partition=_number(said.get(announcements.SOURCE_PARTITION)),
        source_offset=_number(said.get(announcements.SOURCE_OFFSET)),
        failed_at=_moment(said.get(announcements.FAILED_AT), record.timestamp),
    )
    return FiledLetter(LetterPosition(record.partition, record.offset), letter)


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else -1


def _moment(text: str | None, timestamp_ms: int) -> datetime:
    """When it failed; for a record that does not say so, when Kafka got it."""
    with contextlib.suppress(ValueError):
        said = datetime.fromisoformat(text or "")
        if said.tzinfo is not None:
            return said
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
