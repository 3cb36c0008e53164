"""A database of the test's own with some weeks of mentions in it, written as workers write them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from monitor.alerts import store
from monitor.alerts.rules import Rule
from monitor.brands import Brand, Brands
from monitor.messages import BrandMention, Sentiment, TextMention
from monitor.settings import load_settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from tests.delivery.conftest import database, engine, web_hook  # noqa: F401 - fixtures

NOW = datetime(2026, 3, 9, 10, 12, tzinfo=UTC)
UNTIL = NOW.replace(minute=0)
"""The hour that is looked at then."""

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("Nutanix")))


@dataclass(frozen=True)
class Said:
    """A text to be stored."""

    at: datetime
    brand: str | None = "VMware"
    label: str = "negative"
    text: str = "{} ..."
    source: str = "forum"
    author: str | None = None
    reach: int | None = None
    key: int | None = None
    """Of the story that it tells."""


def _result(offset: int, said: Said) -> TextResult:
    p = {"p_negative": 0.1, "p_neutral": 0.1, "p_positive": 0.1} | {f"p_{said.label}": 0.8}
    text = said.text.format(said.brand or "somebody")
    named = (
        (BrandMention(brand=said.brand, matched=said.brand, start=0, end=len(said.brand)),)
        if said.brand
        else ()
    )
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=said.at),
        mention=TextMention(
            id=f"m{offset}",
            source=said.source,
            text=text,
            published_at=said.at,
            author=said.author,
            reach=said.reach,
        ),
        sentiment=Sentiment(label=said.label, **p),
        brands=named,
        model_version="sentiment@1",
        story_keys=() if said.key is None else (said.key,),
    )


Write = Callable[[Sequence[Said]], Awaitable[None]]


@pytest.fixture
def write(database: str) -> Write:  # noqa: F811 - the fixture
    """Stores texts; call it once, or the places in the log would be the same."""

    async def written(texts: Sequence[Said]) -> None:
        workers = async_engine(load_settings(database_url=database))
        writer = BatchWriter(workers, BRANDS)
        await writer.prepare()
        results = tuple(_result(offset, each) for offset, each in enumerate(texts))
        await writer.write(Batch(log_id="c", results=results, rejections=()))
        await workers.dispose()

    return written


def weeks(now: datetime, **about: Any) -> list[Said]:
    """Three texts a day for nine weeks before `now`."""
    return [
        Said(now - timedelta(days=day, hours=hour), **about) for day in range(9 * 7) for hour in (3, 9, 15)
    ]


def burst(now: datetime, n: int, **about: Any) -> list[Said]:
    """So many texts in the two and a half hours before `now`, the last two hours ago."""
    return [Said(now - timedelta(hours=2, minutes=minute), **about) for minute in range(n)]


@pytest.fixture
async def bad_day(write: Write) -> None:
    """Three negative texts a day for nine weeks about each of two brands; in the last 24 hours thirty."""
    await write(
        [
            each
            for brand in ("VMware", "Citrix")
            for each in (*weeks(NOW, brand=brand), *burst(NOW, 27, brand=brand))
        ]
    )


@pytest.fixture
def keep(engine: Engine) -> Callable[..., int]:  # noqa: F811 - the fixture
    """Saves a rule and gives up the one that comes with the service, so that nothing else is raised."""

    def kept(**asked: Any) -> int:
        with engine.begin() as connection:
            for each in store.rules(connection):
                if each.made_by is None:
                    store.end(connection, each.id, "test")
            return store.save(connection, Rule(**{"name": "A test", **asked}), "ann")

    return kept
