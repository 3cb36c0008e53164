"""Dead letters are read back as they were written, and whatever else lies on the topic does no harm."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from monitor.errors import SetupError
from monitor.messages import DeadLetter
from monitor.settings import Settings, load_settings
from monitor.storage.records import RecordPosition, Rejection
from monitor.stream.announcements import Announcer, envelope
from monitor.stream.clients import open_admin, open_producer, open_reader
from monitor.stream.dead_letters import LetterPosition, Replayed, read_dead_letters, replay
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
        [("source-partition", b"9" * 5_000), ("source-offset", b"\xff"), ("error-code", None)],
        [("value-bytes", b"9" * 5_000)],
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
    assert asyncio.run(replay(settings)) == Replayed(1)
    assert sent_to_texts(settings) == 1


def test_a_record_that_failed_again_is_replayed_once(settings: Settings) -> None:
    other = msgspec.structs.replace(letter_of(settings, 2), value=b"something else")
    letters = [letter_of(settings, 0), letter_of(settings, 1), other]
    asyncio.run(file(settings, *map(filed, letters)))
    assert asyncio.run(replay(settings)) == Replayed(2)
    assert sent_to_texts(settings) == 2


def limit_dead_topic(settings: Settings, n_bytes: int) -> None:
    async def alter() -> None:
        async with open_admin(settings) as admin:
            resource = ConfigResource(
                ConfigResourceType.TOPIC, settings.topic("dead"), configs={"max.message.bytes": str(n_bytes)}
            )
            await admin.alter_configs([resource])
            # The controller has it then; the broker takes it as soon as it hears of it.
            while str(n_bytes) not in await limits(admin):  # noqa: ASYNC110 - nobody tells us
                await asyncio.sleep(0.05)

    async def limits(admin: AIOKafkaAdminClient) -> set[str]:
        resource = ConfigResource(ConfigResourceType.TOPIC, settings.topic("dead"))
        (answer,) = await admin.describe_configs([resource])
        return {entry[1] for *_, entries in answer.resources for entry in entries}

    asyncio.run(alter())


async def announce(settings: Settings, *letters: DeadLetter) -> None:
    position = RecordPosition(topic="", partition=0, offset=0, timestamp=datetime.now(UTC))
    async with open_producer(settings) as producer:
        await Announcer(producer, settings).announce(
            (), [Rejection(position=position, letter=letter) for letter in letters]
        )


async def publish(settings: Settings, *letters: DeadLetter) -> list[DeadLetter]:
    """Put the originals onto the topic of texts; returns the letters with their real offsets."""
    placed = []
    async with open_producer(settings) as producer:
        for letter in letters:
            sent = await producer.send_and_wait(
                settings.topic("text"), value=letter.value, key=letter.key, headers=list(letter.headers)
            )
            placed.append(msgspec.structs.replace(letter, source_offset=sent.offset))
    return placed


on_apache_kafka = pytest.mark.parametrize("broker", ["kafka"], indirect=True)
"""The embedded broker knows no limits and forgets nothing."""


@pytest.fixture
def tight(settings: Settings) -> Settings:
    """The dead topic takes far less than the others."""
    limit_dead_topic(settings, 2_000)
    return settings


LARGE = {
    "value": {"value": b"v" * 300_000},
    "headers": {"headers": tuple((f"name {n}", b"h" * 1_000) for n in range(200))},
    "key": {"key": b"k" * 100_000},
    "detail": {"error_detail": "d" * 100_000},
}


@on_apache_kafka
@pytest.mark.parametrize("what", LARGE)
def test_a_letter_too_large_for_its_topic_is_cut_and_the_original_replayed(
    tight: Settings, what: str
) -> None:
    large, small = letter_of(tight, 0), letter_of(tight, 1)
    (large, small) = asyncio.run(publish(tight, msgspec.structs.replace(large, **LARGE[what]), small))
    asyncio.run(announce(tight, large, small))
    cut, whole = asyncio.run(read_dead_letters(tight))
    assert (whole.letter, whole.value_bytes) == (small, None)
    assert cut.value_bytes == len(large.value)
    assert large.value.startswith(cut.letter.value)
    assert (cut.letter.error_code, cut.letter.source_offset) == (large.error_code, large.source_offset)

    assert asyncio.run(replay(tight, [cut.position])) == Replayed(1)
    replayed = asyncio.run(last_text(tight))
    assert (replayed.key, replayed.value, tuple(replayed.headers)) == (large.key, large.value, large.headers)


async def last_text(settings: Settings) -> Any:
    place = TopicPartition(settings.topic("text"), 0)
    async with open_reader(settings) as reader:
        reader.assign([place])
        end = (await reader.end_offsets([place]))[place]
        reader.seek(place, end - 1)
        return await asyncio.wait_for(reader.getone(place), 20)


@on_apache_kafka
@pytest.mark.parametrize("gone", ["expired", "another"])
def test_a_cut_letter_whose_original_is_gone_says_where_it_lay(tight: Settings, gone: str) -> None:
    (large,) = asyncio.run(publish(tight, msgspec.structs.replace(letter_of(tight, 0), **LARGE["value"])))
    if gone == "expired":
        asyncio.run(forget_texts(tight))
    else:
        large = msgspec.structs.replace(large, value=b"another life" + large.value)
    asyncio.run(announce(tight, large))
    (cut,) = asyncio.run(read_dead_letters(tight))
    with pytest.raises(SetupError, match=rf"no longer at {tight.topic('text')}\[0\]@0"):
        asyncio.run(replay(tight, [cut.position]))
    replayed = asyncio.run(replay(tight))
    assert replayed.sent == 0
    assert "no longer at" in replayed.left_out[0]


async def forget_texts(settings: Settings) -> None:
    async with open_admin(settings) as admin:
        place = TopicPartition(settings.topic("text"), 0)
        await admin.delete_records({place: RecordsToDelete(1)})


@on_apache_kafka
def test_a_topic_too_small_for_any_letter_does_not_stop_the_stream(tight: Settings) -> None:
    limit_dead_topic(tight, 100)
    asyncio.run(announce(tight, letter_of(tight, 0)))
    assert asyncio.run(read_dead_letters(tight)) == []


@pytest.mark.parametrize("code", ["batch-unreadable", "record-unreadable"])
def test_bytes_that_are_no_record_are_not_replayed(settings: Settings, code: str) -> None:
    asyncio.run(file(settings, filed(letter_of(settings, 0, code)), filed(letter_of(settings, 1))))
    (raw,) = asyncio.run(read_dead_letters(settings, code=code))
    with pytest.raises(SetupError, match=f"{raw.position}.*{code}.*not a record"):
        asyncio.run(replay(settings, [raw.position]))
    assert sent_to_texts(settings) == 0
    by_code = asyncio.run(replay(settings, code=code))
    assert (by_code.sent, len(by_code.left_out)) == (0, 1)
    everything = asyncio.run(replay(settings))
    assert (everything.sent, len(everything.left_out)) == (1, 1)
    assert sent_to_texts(settings) == 1
