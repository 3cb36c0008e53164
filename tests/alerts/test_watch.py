"""Alerts through a real database, broker and web hook: raised once, published, sent."""

import asyncio
import uuid
from datetime import timedelta

import msgspec
import pytest
from aiokafka import TopicPartition

from monitor.alerts.reading import history
from monitor.alerts.watch import AlertWatch
from monitor.delivery.recipients import Recipient
from monitor.errors import OutageError
from monitor.local.child import free_port
from monitor.messages import Alert
from monitor.settings import load_settings
from monitor.stream.clients import open_reader
from monitor.stream.topics import create_topics
from tests.alerts.conftest import NOW, UNTIL


async def published(settings) -> list[tuple[bytes, Alert]]:
    topic = settings.topic("alerts")
    places = [TopicPartition(topic, number) for number in range(settings.topic_partitions)]
    async with open_reader(settings) as reader:
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        found = await reader.getmany(timeout_ms=3000)
    return [
        (record.key, msgspec.json.decode(record.value, type=Alert))
        for records in found.values()
        for record in records
    ]


@pytest.fixture
async def settings(broker, database):
    made = load_settings(
        kafka_url=broker.url,
        database_url=database,
        topic_prefix=f"test-{uuid.uuid4().hex[:8]}",
        topic_partitions=2,
        recipient_hosts="127.0.0.1",
        web_url="https://brand.example.com/",
    )
    await create_topics(made)
    return made


@pytest.fixture
def watch(engine, settings, web_hook):
    """Looks as a process would that starts at a moment; the web hook is the default recipient."""

    async def look(at=NOW, using=settings) -> None:
        await asyncio.to_thread(AlertWatch(engine, using, [Recipient(web_hook.url)], lambda: at).look)

    return look


async def test_a_bad_day_of_ours_is_told_once_to_kafka_and_to_people(
    settings, bad_day, engine, web_hook, watch
):
    """By the rule that comes with the service."""
    await watch()
    await watch()
    await watch(NOW + timedelta(hours=1))  # the window of an hour later holds the same texts
    ((key, told),) = await published(settings)
    assert key == b"VMware"  # a competitor's bad day is no alarm
    assert (told.kind, told.observed, told.expected) == ("criticism", 30, pytest.approx(3 + 0.5 / 8))
    assert (told.rule, told.brand, told.until) == ("Sudden criticism of our brands", "VMware", UNTIL)
    assert told.p_value < 1e-7
    assert told.link.startswith("https://brand.example.com/mentions?since=2026-03-08&until=2026-03-09&brand=")
    (message,) = web_hook.got
    assert message["title"] == told.title == "VMware: 30 negative texts in 24 hours, ×9.8 the usual 3.1"
    assert "the same hours of the 8 weeks before had 3.1 on average" in message["message"]
    assert f"What they say: {told.link}" in message["message"]
    assert "https://brand.example.com/alerts/1" in message["message"]
    assert message["type"] == "warning"
    with engine.connect() as connection:
        ((seen,),) = [history(connection, None, NOW.tzinfo)]
    assert seen.alert == msgspec.structs.replace(told, link=None)
    assert seen.published_at is not None
    ((recipient, state),) = [(each.recipient, each.state) for each in seen.deliveries]
    assert state == "sent"
    assert "secret" not in recipient


async def test_while_kafka_is_away_people_hear_and_the_topic_gets_it_later(
    settings, bad_day, web_hook, watch
):
    away = load_settings(kafka_url=f"kafka://127.0.0.1:{free_port()}")
    with pytest.raises(OutageError):
        await watch(using=away)
    assert len(web_hook.got) == 1
    await watch()
    assert len(await published(settings)) == 1
    assert len(web_hook.got) == 1
