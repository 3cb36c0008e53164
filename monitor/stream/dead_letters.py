"""Reads `PREFIX.dead` back and puts letters in the post again, for `brand-monitor dead-letters`."""

import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from aiokafka import AIOKafkaProducer, TopicPartition

from monitor.errors import ErrorCode, SetupError
from monitor.messages import DeadLetter, Kind, decode_name, mention_uuid
from monitor.settings import Settings
from monitor.storage.deletion import LetterPlace
from monitor.stream import announcements
from monitor.stream.clients import kafka_faults, open_admin, open_producer, open_reader
from monitor.stream.records import moment
from monitor.stream.topics import INPUTS, missing_topics
from monitor.stream.watermarks import end_offsets

_NO_RECORDS: Final = frozenset({ErrorCode.BATCH_UNREADABLE, ErrorCode.RECORD_UNREADABLE})
"""Codes of letters that hold bytes of Kafka's log, of a batch or record that could not be read."""

_DIGITS: Final = 18
"""Of a number that Kafka and PostgreSQL can hold."""

_POLL_MS: Final = 1000
"""Milliseconds to wait for records that the end offsets say are there."""


DeletedSince = Callable[[Mapping[LetterPlace, UUID]], Collection[LetterPlace]]
"""Which of these rejected records are of mentions that were deleted after them."""


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
    value_bytes: int | None = None
    """Bytes of the original's value, if the topic was too small for it and the letter is cut."""


@dataclass(frozen=True)
class Replayed:
    """How many letters were sent, and why others were not."""

    sent: int
    left_out: tuple[str, ...] = ()


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


async def replay(
    settings: Settings,
    positions: Collection[LetterPosition] | None = None,
    *,
    code: ErrorCode | str | None = None,
    deleted_since: DeletedSince = lambda _letters: (),
) -> Replayed:
    """Publish letters to the topic they came from, with their original key, value and headers: those at
    `positions`, else those with `code`, else all.

    Mentions are replaced, never doubled, so a replay may be repeated. A record that failed again has several
    letters and is sent once; else each replay of all would double them. Records that somebody else put on the
    topic are no letters: what they name as their origin is not written to. Of a letter that was cut, the
    original is read from where it lay. Where that is gone, where the letter never was a record, and where its
    mention was deleted after it (`deleted_since` knows), nothing is sent: it is left out. Raises
    `OutageError`, and, with `positions`, `SetupError` naming those that hold no letter or one that would be
    left out (nothing is sent then).
    """
    origins = {settings.topic(name) for name in INPUTS}
    letters = [
        filed
        async for filed in _letters(settings)
        if filed.letter.source_topic in origins
        and (positions is None or filed.position in positions)
        and (code is None or filed.letter.error_code == str(code))
    ]
    absent = sorted(set(positions or ()) - {filed.position for filed in letters})
    if absent:
        raise SetupError(
            f"no dead letter at {', '.join(map(str, absent))} of {settings.topic('dead')}; "
            "`brand-monitor dead-letters list` shows the positions"
        )
    whole, left_out = await _whole(settings, letters)
    whole = _alive(settings, whole, deleted_since, left_out)
    if positions is not None and left_out:
        raise SetupError("; ".join(left_out))
    async with open_producer(settings) as producer:
        with kafka_faults(settings):
            return Replayed(await _send(producer, _different(whole)), tuple(left_out))


async def _whole(settings: Settings, letters: Iterable[FiledLetter]) -> tuple[list[DeadLetter], list[str]]:
    """The letters as they have to be sent, and why some cannot be."""
    whole: list[DeadLetter] = []
    left_out: list[str] = []
    for filed in letters:
        letter = filed.letter
        if letter.error_code in _NO_RECORDS:
            left_out.append(
                f"the letter at {filed.position} ({letter.error_code}) holds bytes of Kafka's log, "
                "not a record; its publisher has to send the mentions again"
            )
        elif filed.value_bytes is None:
            whole.append(letter)
        elif original := await _original(settings, letter, filed.value_bytes):
            whole.append(original)
        else:
            left_out.append(
                f"the letter at {filed.position} was cut, and the original is no longer at "
                f"{letter.source_topic}[{letter.source_partition}]@{letter.source_offset}; "
                "its publisher has to send it again"
            )
    return whole, left_out


def _alive(
    settings: Settings, letters: Iterable[DeadLetter], deleted_since: DeletedSince, left_out: list[str]
) -> list[DeadLetter]:
    """Those whose mention was not deleted after them."""
    kinds: dict[str, Kind] = {settings.topic("text"): "text", settings.topic("image"): "image"}
    rejected: dict[LetterPlace, UUID] = {}
    kept = list(letters)
    for letter in kept:
        headers = {name.lower(): value for name, value in letter.headers}
        content_type = headers.get("content-type", b"").decode("utf-8", "replace") or None
        if (name := decode_name(letter.value, content_type)) is not None:
            rejected[_place(letter)] = mention_uuid(kinds[letter.source_topic], *name)
    gone = set(deleted_since(rejected))
    left_out += [
        f"the mention of the letter from {topic}[{partition}]@{offset} was deleted since"
        for topic, partition, offset in sorted(gone)
    ]
    return [letter for letter in kept if _place(letter) not in gone]


def _place(letter: DeadLetter) -> LetterPlace:
    return letter.source_topic, letter.source_partition, letter.source_offset


async def _original(settings: Settings, letter: DeadLetter, value_bytes: int) -> DeadLetter | None:
    """The record a cut letter is of, if Kafka still holds it; raises `OutageError`."""
    partitions = await _partitions(settings, letter.source_topic)
    place = TopicPartition(letter.source_topic, letter.source_partition)
    if place not in partitions:
        return None
    async with open_reader(settings) as reader:
        high = (await end_offsets(reader, [place]))[place]
        low = (await reader.beginning_offsets([place]))[place]
        if not low <= letter.source_offset < high:
            return None
        reader.seek(place, letter.source_offset)
        while await reader.position(place) <= letter.source_offset:
            try:
                found = await reader.getmany(timeout_ms=_POLL_MS, max_records=1)
            except UnicodeError:
                return None  # a header's name that aiokafka does not read
            for record in found.get(place, ()):
                value = record.value or b""
                # In another life of the topic another record may lie there.
                same = record.offset == letter.source_offset and len(value) == value_bytes
                if not same or not value.startswith(letter.value):
                    return None
                return msgspec.structs.replace(
                    letter, key=record.key, value=value, headers=tuple(record.headers)
                )
    return None


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
    partitions = await _partitions(settings, topic)
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


async def _partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    """Those of a topic; none if there is no such topic."""
    async with open_admin(settings) as admin:
        (described,) = await admin.describe_topics([topic])
    return [TopicPartition(topic, partition["partition"]) for partition in described["partitions"]]


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
    value_bytes = said.get(announcements.VALUE_BYTES)
    return FiledLetter(
        LetterPosition(record.partition, record.offset),
        letter,
        value_bytes=None if value_bytes is None else _number(value_bytes),
    )


def _number(text: str | None) -> int:
    fits = text is not None and text.isdecimal() and len(text) <= _DIGITS
    return int(text or "") if fits else -1


def _moment(text: str | None, timestamp_ms: int) -> datetime:
    """When it failed; for a record that does not say so, when Kafka got it."""
    with contextlib.suppress(ValueError):
        said = datetime.fromisoformat(text or "")
        if said.tzinfo is not None:
            return said
    return moment(timestamp_ms / 1000)
