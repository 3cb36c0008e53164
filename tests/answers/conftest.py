"""A week of stories about our brands, with copies, as the workers would write it."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.messages import Sentiment, TextMention, Verdict, mention_uuid
from monitor.reports.filters import Filter
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
WEEK = Filter(SINCE, SINCE + timedelta(days=7))
BRANDS = Brands((Brand("Acme", own=True), Brand("Bolt", own=True), Brand("Rival")))

# id, day, source, author, reach, text, label, key of its story.
POSTS: tuple[tuple[str, int, str, str, int | None, str, Verdict, int | None], ...] = (
    ("small", 1, "forum", "ann", 40, "Acme is slow again", "negative", None),
    ("wide", 5, "news", "The Daily", 250_000, "Acme fined over billing", "negative", None),
    ("old", 2, "news", "Echo", 110_000, "Acme support does not answer", "negative", None),
    ("unsure", 1, "news", "Wire", 300_000, "Acme says it will look into it", "unsure", None),
    ("outage", 3, "microblog", "eve", 600, "Acme and Bolt are down since this morning", "negative", 7),
    ("outage2", 4, "microblog", "fay", 900, "Acme and Bolt are down since this morning", "negative", 7),
    ("outage3", 6, "blog", "gus", None, "Acme and Bolt are down since this morning", "negative", 7),
    ("unknown", 2, "forum", "hal", None, "Bolt lost my order", "negative", None),
    ("praise", 3, "forum", "ida", 5_000_000, "Acme is great", "positive", None),
    ("theirs", 3, "forum", "jon", 5_000_000, "Rival is dreadful", "negative", None),
)


def id_of(name: str) -> UUID:
    """Id of the post of that name."""
    source = next(each[2] for each in POSTS if each[0] == name)
    return mention_uuid("text", source, name)


def felt(label: Verdict) -> Sentiment:
    """An opinion with that label."""
    p = {"negative": 0.05, "neutral": 0.05, "positive": 0.05} | {label: 0.9}
    if label == "unsure":
        p = {"negative": 0.4, "neutral": 0.35, "positive": 0.25}
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def results() -> Iterator[TextResult]:
    """The posts as the stream would hand them over."""
    find = BrandMatcher(BRANDS).find
    for offset, (name, day, source, author, reach, said, label, key) in enumerate(POSTS):
        yield TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=SINCE),
            mention=TextMention(
                id=name,
                source=source,
                text=said,
                published_at=SINCE.replace(day=day, hour=9),
                author=author,
                reach=reach,
                url=f"https://{source}.example/{name}",
            ),
            sentiment=felt(label),
            brands=find(said),
            model_version="sentiment@1",
            story_keys=() if key is None else (key,),
        )


async def write(settings: Settings) -> None:
    """Write the posts."""
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    await writer.write(Batch(log_id="c", results=tuple(results())))
    await engine.dispose()


@pytest.fixture(scope="package")
def written(database_server: EmbeddedDatabase, migrated: str) -> Iterator[str]:
    """Name of the database with the posts."""
    name = f"answers_{uuid.uuid4().hex[:12]}"
    asyncio.run(write(load_settings(database_url=database_server.copy(migrated, name))))
    yield name
    database_server.drop(name)


@pytest.fixture
def settings(database_server: EmbeddedDatabase, written: str) -> Iterator[Settings]:
    """Settings of a copy of the test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(written, name))
    database_server.drop(name)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    """Connections to it."""
    made = sync_engine(settings)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection whose transaction stays open."""
    with engine.connect() as made:
        yield made
