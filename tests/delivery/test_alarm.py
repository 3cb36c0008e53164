"""Alerts through a real database, broker and web hook: raised once, published, sent."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from aiokafka import TopicPartition
from sqlalchemy import text

from monitor.brands import Brand, Brands
from monitor.delivery.alarm import Alarm
from monitor.delivery.recipients import Recipient
from monitor.errors import OutageError
from monitor.local.child import free_port
from monitor.messages import Alert, BrandMention, Sentiment, TextMention
from monitor.settings import load_settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.stream.clients import open_reader
from monitor.stream.topics import create_topics

NOW = datetime(2026, 3, 9, 10, 12, tzinfo=UTC)
BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix")))


def said(offset: int, brand: str, at: datetime, label: str = "negative") -> TextResult:
    p = {"p_negative": 0.1, "p_neutral": 0.1, "p_positive": 0.1} | {f"p_{label}": 0.8}
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=at),
        mention=TextMention(id=f"m{offset}", source="forum", text=f"{brand} ...", published_at=at),
        sentiment=Sentiment(label=label, **p),
        brands=(BrandMention(brand=brand, matched=brand, start=0, end=len(brand)),),
        model_version="sentiment@1",
    )


@pytest.fixture
async def bad_day(database):
    """Three negative texts a day for nine weeks about either brand; in the last 24 hours thirty."""
    texts = []
    for brand in ("VMware", "Citrix"):
        days = range(9 * 7)
        texts += [(brand, NOW - timedelta(days=day, hours=hour)) for day in days for hour in (3, 9, 15)]
        texts += [(brand, NOW - timedelta(hours=2, minutes=minute)) for minute in range(27)]
    workers = async_engine(load_settings(database_url=database))
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    results = tuple(said(offset, *each) for offset, each in enumerate(texts))
    await writer.write(Batch(log_id="c", results=results, rejections=()))
    await workers.dispose()


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
    )
    await create_topics(made)
    return made


async def test_a_bad_day_of_ours_is_told_once_to_kafka_and_to_people(settings, bad_day, engine, web_hook):
    now = [NOW]

    def alarm() -> Alarm:
        return Alarm(engine, settings, [Recipient(web_hook.url)], lambda: now[-1])

    first = alarm()
    await asyncio.to_thread(first.look)
    await asyncio.to_thread(first.look)
    await asyncio.to_thread(alarm().look)  # another process, or a restart
    now.append(NOW + timedelta(hours=1))
    await asyncio.to_thread(first.look)  # the window of an hour later holds the same texts
    ((key, told),) = await published(settings)
    assert key == b"VMware"  # a competitor's bad day is no alarm
    assert (told.rule, told.observed, told.expected) == ("negative-spike", 30, pytest.approx(3 + 0.5 / 8))
    assert told.until == NOW.replace(minute=0)
    assert told.p_value < 1e-7
    (message,) = web_hook.got
    assert message["title"] == "Sudden criticism of VMware: 30 negative texts in 24 hours"
    assert "the 8 weeks before had 3.1 on average" in message["message"]
    assert message["type"] == "warning"


async def test_a_usual_day_raises_nothing(settings, bad_day, engine, web_hook):
    alarm = Alarm(engine, settings, [Recipient(web_hook.url)], lambda: NOW - timedelta(days=3))
    await asyncio.to_thread(alarm.look)
    assert web_hook.got == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alert")).scalar() == 0


async def test_while_kafka_is_away_people_hear_and_the_topic_gets_it_later(
    settings, bad_day, engine, web_hook
):
    away = load_settings(kafka_url=f"kafka://127.0.0.1:{free_port()}")
    with pytest.raises(OutageError):
        await asyncio.to_thread(Alarm(engine, away, [Recipient(web_hook.url)], lambda: NOW).look)
    assert len(web_hook.got) == 1
    await asyncio.to_thread(Alarm(engine, settings, [Recipient(web_hook.url)], lambda: NOW).look)
    assert len(await published(settings)) == 1
    assert len(web_hook.got) == 1


async def test_a_refused_message_is_tried_again_and_then_left(settings, bad_day, engine, web_hook):
    web_hook.status = 503
    alarm = Alarm(engine, settings, [Recipient(web_hook.url)], lambda: NOW)
    for _ in range(8):
        await asyncio.to_thread(alarm.look)
    assert len(web_hook.got) == 5
