"""Dead letters are read back as they were written, and whatever else lies on the topic does no harm."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from monitor.errors import SetupError
from monitor.messages import DeadLetter
from monitor.settings import Settings, load_settings
from monitor.stream.announcements import envelope
from monitor.stream.clients import open_producer
from monitor.stream.dead_letters import LetterPosition, read_dead_letters, replay
from monitor.stream.positions import read_positions
from monitor.stream.topics import create_topics


@pytest.fixture
def settings(broker: Any) -> Settings:
    """Topics of this test's own on each broker."""
    settings = load_settings(
        kafka_url=broker.url, topic_prefix=f"t{uuid.uuid4().hex[:8]}", topic_partitions=1
    )
    asyncio.run(create_topics(settings))
    return settings


def letter_of(settings: Settings, offset: int, code: str = "json-invalid") -> DeadLetter:
    return DeadLetter(
        key=b"k",
        value=b"\xff nope",
        headers=(("content-type", b"text/plain"), ("error-code", b"the publisher's own")),
        error_code=code,
        error_detail="größer",
        source_topic=settings.topic("text"),
        source_partition=0,
        source_offset=offset,
        failed_at=datetime(2026, 3, 1, 9, 30, offset, tzinfo=UTC),
    )


async def file(
    settings: Settings, *records: tuple[bytes | None, bytes | None, list[tuple[str, bytes]]]
) -> None:
    async with open_producer(settings) as producer:
        for key, value, headers in records:
            await producer.send_and_wait(settings.topic("dead"), value=value, key=key, headers=headers)


def filed(letter: DeadLetter) -> tuple[bytes | None, bytes, list[tuple[str, bytes]]]:
    return letter.key, letter.value, envelope(letter)


def sent_to_texts(settings: Settings) -> int:
    positions = asyncio.run(read_positions(settings))
    return sum(position.high for position in positions if position.topic == settings.topic("text"))


def test_letters_come_back_as_written_oldest_first(settings: Settings) -> None:
    letters = [letter_of(settings, 2), letter_of(settings, 0), letter_of(settings, 1, "text-empty")]
    asyncio.run(file(settings, *map(filed, letters)))
    found = asyncio.run(read_dead_letters(settings))
    assert [one.letter for one in found] == sorted(letters, key=lambda letter: letter.failed_at)
    assert [one.letter.source_offset for one in asyncio.run(read_dead_letters(settings, limit=1))] == [2]
    assert len(asyncio.run(read_dead_letters(settings, code="text-empty"))) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("source-partition", b"many"), ("source-offset", b"\xff"), ("failed-at", b"yesterday")],
        [("failed-at", b"2026-03-01T09:30:00"), ("error-code", b"")],
        [("source-topic", b"somebody.elses"), ("source-partition", b"0"), ("source-offset", b"0")],
    ],
)
def test_foreign_records_are_listed_and_never_replayed(
    settings: Settings, headers: list[tuple[str, bytes]]
) -> None:
    letter = letter_of(settings, 0)
    asyncio.run(file(settings, (None, b"stray", headers), filed(letter)))
    found = {one.position: one.letter for one in asyncio.run(read_dead_letters(settings))}
    assert found[LetterPosition(0, 0)].value == b"stray"
    assert found[LetterPosition(0, 1)] == letter
    with pytest.raises(SetupError, match="0:0"):
        asyncio.run(replay(settings, [LetterPosition(0, 0), LetterPosition(0, 1)]))
    assert sent_to_texts(settings) == 0
    assert asyncio.run(replay(settings)) == 1
    assert sent_to_texts(settings) == 1


def test_a_record_that_failed_again_is_replayed_once(settings: Settings) -> None:
    other = msgspec.structs.replace(letter_of(settings, 2), value=b"something else")
    letters = [letter_of(settings, 0), letter_of(settings, 1), other]
    asyncio.run(file(settings, *map(filed, letters)))
    assert asyncio.run(replay(settings)) == 2
    assert sent_to_texts(settings) == 2
