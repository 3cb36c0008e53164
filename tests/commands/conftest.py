"""What commands are tried on: a database with six mentions, and the brands file they were read with."""

import asyncio
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.local import EmbeddedDatabase
from monitor.messages import Sentiment, TextMention
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.texts import read

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SAID = (
    "Apple opened a shop",
    "an apple pie",
    "apple juice and Apple iPhone",
    "the new iPhone is out\x1b[31m",
    "我喜欢苹果 apple",
    "nothing at all",
)
FILE = """
[[brand]]
name = "Apple"
{query}

[[brand]]
name = "Nike"
"""


@pytest.fixture(scope="session")
def three_pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of samples for `brand-monitor seed`; it looks for logos in each."""
    folder = tmp_path_factory.mktemp("shown")
    for name in ("vmware-wall.jpg", "cloudera-sign.jpg", "coffee.jpg"):
        shutil.copy(Path(__file__).parents[2] / "samples" / "pictures" / name, folder)
    return str(folder)


@pytest.fixture
def brands_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "brands.toml"
    path.write_text(FILE.format(query=""), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_BRANDS_FILE", str(path))
    return path


@pytest.fixture
def engine(
    database_server: EmbeddedDatabase, migrated: str, brands_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """A database with the mentions above, a day apart, the first one the newest, that the commands use."""
    name = f"commands_{uuid.uuid4().hex[:12]}"
    url = database_server.copy(migrated, name)
    monkeypatch.setenv("MONITOR_DATABASE_URL", url)
    settings = load_settings()
    asyncio.run(_write(settings))
    made = sync_engine(settings)
    yield made
    made.dispose()
    database_server.drop(name)


async def _write(settings: Settings) -> None:
    brands = load_brands(settings.brands_file)
    find = BrandMatcher(brands).find
    workers = async_engine(settings)
    writer = BatchWriter(workers, brands)
    await writer.prepare()
    results = tuple(
        TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=n, timestamp=NOON),
            mention=TextMention(
                id=f"m{n}", source="forum", text=said, published_at=NOON - timedelta(days=n), author="ann"
            ),
            sentiment=Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1),
            brands=find(said),
            model_version="sentiment@1",
            language="en",
            words=tuple(read(said).lexemes()),
        )
        for n, said in enumerate(SAID)
    )
    await writer.write(Batch(log_id="c", results=results))
    await workers.dispose()
