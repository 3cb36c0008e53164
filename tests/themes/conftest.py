"""Two weeks of posts about two brands, as the workers would write them: with themes and copies."""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import Connection, Engine

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.messages import Label, Sentiment, TextMention
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)
BRANDS = Brands((Brand("Acme", own=True), Brand("Bolt")))

TOWNS = ("Oslo", "Riga", "Graz", "Lyon", "Cork", "Linz", "Bonn", "Kiel", "Turku", "Porto")


class Post(NamedTuple):
    """A text `days` after `SINCE`."""

    text: str
    days: float
    label: Label = "neutral"
    source: str = "forum"
    author: str | None = None
    reach: int | None = None
    key: int | None = None
    """Of its story."""
    lang: str = "en"


def _posts() -> Iterator[Post]:
    for n, town in enumerate(TOWNS):
        at = n / 2 + 0.1
        yield Post(f"The battery life of Acme is a joke, {town} agrees", at, "negative", author=f"ann{n}")
        yield Post(f"Acme battery life again, says {town}", at - 7, "negative")
        yield Post(f"Price rise at Bolt, {town} is not amused", at, "negative")
        yield Post(f"Coffee with Acme and Bolt in {town}", at)
        yield Post(f"The Acme customer service in {town} was kind", at, "positive", reach=n)
    yield Post("Acme customer service on air", 6.5, "positive", "news", "The Daily", 90_000)
    for n in range(8):  # one story, passed on
        yield Post(
            "Login outage at Acme, engineers look into it", 5 + n / 24, "negative", "news", f"wire{n}", n, 7
        )
    for n in range(3):
        yield Post(
            f"Acme login outage keeps {TOWNS[n]} waiting", 5.2 + n / 24, "negative", "microblog", "eve"
        )
    yield Post("Der Akku von Acme ist schwach", 1, lang="de")
    yield Post("<script>alert('Acme')</script>", 2, author="x" * 2000)


POSTS = tuple(_posts())


def results(posts: Sequence[Post], first: int = 0) -> Iterator[TextResult]:
    """The posts as the stream would hand them over."""
    find = BrandMatcher(BRANDS).find
    for offset, post in enumerate(posts, start=first):
        p = {"negative": 0.05, "neutral": 0.05, "positive": 0.05} | {post.label: 0.9}
        yield TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=SINCE),
            mention=TextMention(
                id=f"post-{offset}",
                source=post.source,
                text=post.text,
                published_at=SINCE + timedelta(days=post.days),
                author=post.author,
                reach=post.reach,
            ),
            sentiment=Sentiment(
                label=post.label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"]
            ),
            brands=find(post.text),
            model_version="sentiment@1.0.0",
            language=post.lang,
            story_keys=(post.key,) if post.key else (),
        )


def write(settings: Settings, posts: Sequence[Post], first: int = 0) -> None:
    """Store posts, as a worker does."""

    async def store() -> None:
        engine = async_engine(settings)
        writer = BatchWriter(engine, BRANDS)
        await writer.prepare()
        await writer.write(Batch(log_id="c", results=tuple(results(posts, first)), rejections=()))
        await engine.dispose()

    asyncio.run(store())


@pytest.fixture(scope="module")
def settings(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Settings]:
    name = f"themes_{uuid.uuid4().hex[:12]}"
    settings = load_settings(database_url=database_server.copy(migrated, name))
    write(settings, POSTS)
    yield settings
    database_server.drop(name)


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    engine = sync_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        yield opened


@pytest.fixture
def store(settings: Settings) -> Callable[[Sequence[Post], int], None]:
    """Write more posts."""
    return lambda posts, first: write(settings, posts, first)
