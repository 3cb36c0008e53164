"""A month of mentions as the workers would write it: known counts, hostile texts, real picture files."""

import asyncio
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from sqlalchemy import Connection

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.messages import (
    Box,
    BrandMention,
    DeadLetter,
    Detection,
    ImageMention,
    Label,
    Sentiment,
    TextMention,
)
from monitor.settings import Settings, load_settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.records import (
    Batch,
    ImageResult,
    PictureRef,
    RecordPosition,
    Rejection,
    TextResult,
)
from monitor.storage.writer import BatchWriter

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("M&M <b>"), Brand("Quiet")))

# Day of March, source, author, reach, what was said, label.
TEXTS: tuple[tuple[int, str, str | None, int | None, str, Label], ...] = (
    (1, "forum", "ann", 120, "VMware is great", "positive"),
    (1, "forum", "bob", 80, "VMware never lets us down", "positive"),
    (2, "news", "The Daily", 50_000, "VMware and Citrix announce results", "neutral"),
    (3, "forum", "cy", 15, "The new VMware console is painful", "negative"),
    (3, "microblog", "dan", 990, "VMware down again, third time this week", "negative"),
    (9, "microblog", "eve", None, "Citrix is slow", "negative"),
    (
        20,
        "forum",
        "<i>mal</i>",
        7,
        "<script>alert('VMware')</script><img src=x onerror=alert(1)>",
        "negative",
    ),
    (21, "forum", "=1+1", 5, '=HYPERLINK("http://evil.example") VMware', "positive"),
    (22, "blog", None, 3, "M&M <b> are sweet", "positive"),
    (31, "forum", "zoe", 1, "nothing about any brand", "neutral"),
)


@dataclass(frozen=True)
class Month:
    """The database of one test, the pictures of all and the test's folder."""

    connection: Connection
    store: PictureStore
    folder: Path
    pictures: Path

    @contextmanager
    def without_pictures(self) -> Iterator[None]:
        """The files of the store are gone for a while."""
        away = self.pictures.rename(self.pictures.with_name(f"{self.pictures.name}-away"))
        yield
        away.rename(self.pictures)


def _sentiment(label: Label) -> Sentiment:
    p = {"negative": 0.05, "neutral": 0.05, "positive": 0.05} | {label: 0.9}
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def _position(topic: str, offset: int) -> RecordPosition:
    return RecordPosition(
        topic=topic, partition=0, offset=offset, timestamp=SINCE + timedelta(minutes=offset)
    )


def _texts() -> Iterator[TextResult]:
    find = BrandMatcher(BRANDS).find
    for offset, (day, source, author, reach, said, label) in enumerate(TEXTS):
        mention = TextMention(
            id=f"text-{offset}",
            source=source,
            text=said,
            published_at=SINCE.replace(day=day, hour=10),
            author=author,
            reach=reach,
            url="javascript:alert(1)" if "script" in said else f"https://{source}.example/{offset}",
        )
        yield TextResult(
            position=_position("mentions.text", offset),
            mention=mention,
            sentiment=_sentiment(label),
            brands=_spans(find(said), said),
            model_version="sentiment@1.0.0",
        )


def _spans(found: tuple[BrandMention, ...], said: str) -> tuple[BrandMention, ...]:
    """`M&M <b>` ends in a character that no word ends in; the matcher is not what is tested here."""
    name = "M&M <b>"
    return found or (
        (BrandMention(brand=name, matched=name, start=0, end=len(name)),) if name in said else ()
    )


def _picture(colour: int, size: tuple[int, int]) -> bytes:
    done, encoded = cv2.imencode(".jpg", np.full((*size, 3), colour, np.uint8))
    assert done
    return encoded.tobytes()


def _images(store: PictureStore) -> Iterator[ImageResult]:
    wide, tall = _picture(200, (300, 1200)), _picture(40, (200, 100))
    shown = (
        ("text-0", wide, None),
        ("silent", wide, "What a booth"),
        ("named", tall, "Citrix came too"),
        ("nothing", tall, None),
    )
    for offset, (id, data, caption) in enumerate(shown):
        sha256 = hashlib.sha256(data).hexdigest()
        height, width = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        # Equal bytes, equal finds: the first scan of a picture is the one that counts.
        finds = ("VMware", "Citrix") if data == wide else ("Citrix",)
        yield ImageResult(
            position=_position("mentions.image", offset),
            mention=ImageMention(
                id=id,
                source="forum",
                image=b"",
                published_at=SINCE + timedelta(days=offset),
                caption=caption,
                author="pat",
                reach=10,
            ),
            picture=PictureRef(
                sha256=sha256,
                media_type="image/jpeg",
                width=width,
                height=height,
                n_bytes=len(data),
                url=store.put(data, sha256, "image/jpeg"),
            ),
            detections=tuple(
                Detection(brand=brand, score=0.9 - n / 10, box=Box(0.1 + n / 3, 0.1, 0.2, 0.5), look=0.8)
                for n, brand in enumerate(finds)
            ),
            brands=BrandMatcher(BRANDS).find(caption or ""),
            model_version="logos@1.0.0",
        )


def _rejections() -> Iterator[Rejection]:
    for offset, (code, detail, day) in enumerate(
        (
            ("json-invalid", "JSON is malformed at byte 12", 5),
            ("json-invalid", "JSON is malformed: <script>", 6),
            ("image-truncated", "JPEG ends early", 7),
            ("text-empty", "a month too early", -20),
        ),
        start=100,
    ):
        yield Rejection(
            position=_position("mentions.text", offset),
            letter=DeadLetter(
                key=None,
                value=b"{",
                headers=(),
                error_code=code,
                error_detail=detail,
                source_topic="mentions.text",
                source_partition=0,
                source_offset=offset,
                failed_at=SINCE + timedelta(days=day),
            ),
        )


@pytest.fixture(scope="session")
def written(
    database_server: EmbeddedDatabase, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A database with the month above, to copy, and the folder of its pictures."""
    name, pictures = f"month_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("month")
    url = database_server.copy(migrated, name)
    asyncio.run(_write(load_settings(database_url=url, picture_store=str(pictures))))
    yield name, pictures
    database_server.drop(name)


async def _write(settings: Settings) -> None:
    store = PictureStore(settings.picture_store)
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    batch = Batch(log_id="c", results=(*_texts(), *_images(store)), rejections=tuple(_rejections()))
    await writer.write(batch)
    await workers.dispose()


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_server: EmbeddedDatabase, migrated: str, tmp_path: Path
) -> Iterator[Settings]:
    """Of a database of this test's own: a migrated one, or one with the month where the test asks for it."""
    template, store = migrated, tmp_path / "pictures"
    if "month" in request.fixturenames:
        template, store = request.getfixturevalue("written")
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(template, name), picture_store=str(store))
    database_server.drop(name)


@pytest.fixture
def month(settings: Settings, tmp_path: Path) -> Iterator[Month]:
    engine = sync_engine(settings)
    with engine.connect() as connection:
        store = settings.picture_store
        yield Month(connection, PictureStore(store), tmp_path, Path(store))
    engine.dispose()


@pytest.fixture
def since() -> datetime:
    return SINCE


@pytest.fixture
def until() -> datetime:
    return UNTIL
