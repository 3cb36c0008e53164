"""A migrated database of the test's own, and short ways to make results."""

import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.messages import (
    Box,
    BrandMention,
    DeadLetter,
    Detection,
    ImageMention,
    Sentiment,
    TextMention,
    Verdict,
)
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import (
    ImageResult,
    PictureRef,
    RecordPosition,
    Rejection,
    TextResult,
)
from monitor.storage.writer import BatchWriter

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Made:
    """Results as the stream would hand them over; record n lies one second after record n - 1."""

    log_id = "cluster-1"

    def position(
        self, offset: int, partition: int = 0, topic: str = "mentions.text", at: datetime | None = None
    ) -> RecordPosition:
        moment = at or NOON + timedelta(seconds=offset)
        return RecordPosition(topic=topic, partition=partition, offset=offset, timestamp=moment)

    def felt(self, label: Verdict) -> Sentiment:
        p = {"negative": 0.1, "neutral": 0.1, "positive": 0.1} | {label: 0.8}
        if label == "unsure":
            p = {"negative": 0.25, "neutral": 0.35, "positive": 0.4}
        return Sentiment(
            label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"]
        )

    def text(
        self,
        offset: int,
        id: str | None = None,
        text: str = "VMware is fine",
        label: Verdict | None = "positive",
        partition: int = 0,
        brands: tuple[BrandMention, ...] = (),
        published_at: datetime = NOON,
        at: datetime | None = None,
        model: str = "sentiment@1",
        language: str = "en",
        words: tuple[str, ...] = (),
        story_keys: tuple[int, ...] = (),
        min_confidence: float = 0.0,
        **fields: object,
    ) -> TextResult:
        mention = TextMention(
            id=f"m{offset}" if id is None else id,
            **{"source": "forum", "text": text, "published_at": published_at, **fields},  # type: ignore[arg-type]
        )
        return TextResult(
            position=self.position(offset, partition, at=at),
            mention=mention,
            sentiment=None if label is None else self.felt(label),
            brands=brands,
            model_version=model,
            language=language,
            words=words,
            story_keys=story_keys,
            min_confidence=min_confidence,
        )

    def named(self, brand: str = "VMware", start: int = 0, felt: Verdict | None = None) -> BrandMention:
        return BrandMention(
            brand=brand,
            matched=brand,
            start=start,
            end=start + len(brand),
            sentiment=None if felt is None else self.felt(felt),
        )

    def image(
        self,
        offset: int,
        id: str | None = None,
        picture: str = "street",
        detections: tuple[Detection, ...] = (),
        brands: tuple[BrandMention, ...] = (),
        caption: str | None = None,
        model: str = "logos@1",
        published_at: datetime = NOON,
        language: str = "und",
        words: tuple[str, ...] = (),
        phash: int | None = None,
        story_keys: tuple[int, ...] = (),
    ) -> ImageResult:
        return ImageResult(
            position=self.position(offset, topic="mentions.image"),
            mention=ImageMention(
                id=f"m{offset}" if id is None else id,
                source="forum",
                image=b"",
                published_at=published_at,
                caption=caption,
            ),
            picture=PictureRef(
                sha256=self.sha256(picture),
                media_type="image/jpeg",
                width=640,
                height=480,
                n_bytes=1000,
                url=f"file:///pictures/{picture}",
                phash=phash,
            ),
            detections=detections,
            model_version=model,
            brands=brands,
            language=language,
            words=words,
            story_keys=story_keys,
        )

    def found(self, brand: str = "VMware", score: float = 0.9, x: float = 0.1) -> Detection:
        return Detection(brand=brand, score=score, box=Box(x, 0.1, 0.2, 0.2), look=score)

    def read(
        self, brand: str = "VMware", line: str | None = None, score: float = 0.9, look: float | None = None
    ) -> Detection:
        """Found by its letters, or by both where it looks like the brand, too."""
        return Detection(
            brand=brand,
            score=score,
            box=Box(0.1, 0.1, 0.2, 0.2),
            evidence="letters" if look is None else "both",
            look=look,
            letters=0.99,
            line=line or brand,
        )

    def rejected(self, offset: int, code: str = "json-invalid", partition: int = 0) -> Rejection:
        position = self.position(offset, partition)
        return Rejection(
            position=position,
            letter=DeadLetter(
                key=b"\x00\xff",
                value=b"{" * 5000,
                headers=(),
                error_code=code,
                error_detail="not JSON: \x00 at byte 3",
                source_topic=position.topic,
                source_partition=partition,
                source_offset=offset,
                failed_at=NOON,
            ),
        )

    def sha256(self, content: str) -> str:
        return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def brands() -> Brands:
    return Brands(
        (
            Brand("VMware", logos=("vmware",), own=True),
            Brand("Citrix", logos=("citrix",)),
            Brand("Dell", logos=("dell",)),
        )
    )


@pytest.fixture
def database(database_server: EmbeddedDatabase, migrated: str) -> Iterator[str]:
    """URL of a migrated database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield database_server.copy(migrated, name)
    database_server.drop(name)


@pytest.fixture
def empty_database(database_server: EmbeddedDatabase) -> Iterator[str]:
    """URL of a database nobody migrated."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield database_server.create(name)
    database_server.drop(name)


@pytest.fixture
def settings(database: str) -> Settings:
    """Settings of the migrated database."""
    return load_settings(database_url=database)


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = sync_engine(settings)
    yield made
    made.dispose()


@pytest.fixture
async def worker_engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    made = async_engine(settings)
    yield made
    await made.dispose()


@pytest.fixture
async def writer(worker_engine: AsyncEngine, brands: Brands) -> BatchWriter:
    made = BatchWriter(worker_engine, brands)
    await made.prepare()
    return made
