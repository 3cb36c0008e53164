"""The application over a real database with a few known mentions, called without a network."""

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pwdlib.hashers import HasherProtocol
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text

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
from monitor.storage.records import Batch, ImageResult, PictureRef, RecordPosition, Rejection, TextResult
from monitor.storage.writer import BatchWriter
from monitor.web import people
from monitor.web.app import create_app

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("M&M <b>")))
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOSTILE = "<script>document.title='VMware'</script><img src=x onerror=alert(1)>"

# Day of March, source, author, reach, text, label; the ids are t0, t1, ...
TEXTS: tuple[tuple[int, str, str, int, str, Label], ...] = (
    (9, "forum", "ann", 120, "VMware is great", "positive"),
    (9, "forum", "bob", 80, "VMware never lets us down", "positive"),
    (10, "news", "The Daily", 50_000, "VMware and Citrix announce results", "neutral"),
    (10, "microblog", "dan", 990, "VMware down again, third time this week", "negative"),
    (8, "microblog", "eve", 5, "Citrix is slow", "negative"),
    (7, "forum", "<i>mal</i>", 7, HOSTILE, "negative"),
    (6, "blog", "zoe", 3, "M&M <b> are sweet", "positive"),
)


def _felt(label: Label) -> Sentiment:
    p = {"negative": 0.05, "neutral": 0.05, "positive": 0.05} | {label: 0.9}
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def _position(topic: str, offset: int) -> RecordPosition:
    return RecordPosition(topic=topic, partition=0, offset=offset, timestamp=NOON + timedelta(seconds=offset))


def _texts() -> Iterator[TextResult]:
    find = BrandMatcher(BRANDS).find
    for offset, (day, source, author, reach, said, label) in enumerate(TEXTS):
        yield TextResult(
            position=_position("mentions.text", offset),
            mention=TextMention(
                id=f"t{offset}",
                source=source,
                text=said,
                published_at=NOON.replace(day=day),
                author=author,
                reach=reach,
                url="javascript:alert(1)" if offset == 5 else f"https://{source}.example/{offset}",
            ),
            sentiment=_felt(label),
            brands=_spans(find(said), said),
            model_version="sentiment@1",
        )


def _spans(found: tuple[BrandMention, ...], said: str) -> tuple[BrandMention, ...]:
    """`M&M <b>` ends in a character that no word ends in; the matcher is not what is tested here."""
    name = "M&M <b>"
    hostile = BrandMention(brand=name, matched=name, start=0, end=len(name))
    return found or ((hostile,) if name in said else ())


def _image(store: PictureStore) -> ImageResult:
    pixels = np.full((300, 400, 3), 90, np.uint8)
    pixels[60:120, 40:200] = (200, 30, 30)
    done, encoded = cv2.imencode(".png", pixels)
    assert done
    data = encoded.tobytes() + b"<script>behind the last byte</script>"
    sha256 = hashlib.sha256(data).hexdigest()
    return ImageResult(
        position=_position("mentions.image", 0),
        mention=ImageMention(
            id="p0", source="photos", image=b"", published_at=NOON, caption="New shirts", author="pia"
        ),
        picture=PictureRef(
            sha256=sha256,
            media_type="image/png",
            width=400,
            height=300,
            n_bytes=len(data),
            url=store.put(data, sha256, "image/png"),
        ),
        detections=(Detection(brand="VMware", score=0.8, box=Box(0.1, 0.2, 0.4, 0.2), look=0.8),),
        brands=(),
        model_version="logos@1",
    )


def _rejection() -> Rejection:
    return Rejection(
        position=_position("mentions.text", 100),
        letter=DeadLetter(
            key=None,
            value=b"{",
            headers=(),
            error_code="json-invalid",
            error_detail="JSON is malformed: <script>",
            source_topic="mentions.text",
            source_partition=0,
            source_offset=100,
            failed_at=NOON,
        ),
    )


async def _write(settings: Settings) -> None:
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    store = PictureStore(settings.picture_store)
    await writer.write(Batch(log_id="c", results=(*_texts(), _image(store)), rejections=(_rejection(),)))
    await engine.dispose()


@pytest.fixture(scope="session")
def written(
    database_server: EmbeddedDatabase, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """A database with the mentions above, to copy, and the folder of their pictures."""
    name, pictures = f"written_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("pictures")
    url = database_server.copy(migrated, name)
    asyncio.run(_write(load_settings(database_url=url, picture_store=str(pictures))))
    yield name, pictures
    database_server.drop(name)


@pytest.fixture
def settings(database_server: EmbeddedDatabase, written: tuple[str, Path]) -> Iterator[Settings]:
    """A copy of that database of the test's own."""
    template, pictures = written
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(template, name), picture_store=str(pictures))
    database_server.drop(name)


@pytest.fixture
def empty(database_server: EmbeddedDatabase, migrated: str, tmp_path: Path) -> Iterator[Settings]:
    """A migrated database without a row."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield load_settings(database_url=database_server.copy(migrated, name), picture_store=str(tmp_path))
    database_server.drop(name)


@pytest.fixture
def synthetic(settings: Settings) -> None:
    """The database says that mentions were made up, as `brand-monitor seed` leaves it."""
    engine = sync_engine(settings)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO seeding (mentions) VALUES (7)"))
    engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """Passwords of tests take the least work that Argon2id can, not a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        _hash_with(patch, Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def shipped_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what the work is for."""
    _hash_with(monkeypatch, _SHIPPED)


_SHIPPED = people.hasher.current_hasher


def _hash_with(patch: pytest.MonkeyPatch, hasher: HasherProtocol) -> None:
    patch.setattr(people.hasher, "hashers", (hasher,))
    patch.setattr(people.hasher, "current_hasher", hasher)


Calling = Callable[..., TestClient]


@pytest.fixture
def call() -> Iterator[Calling]:
    """Makes a client of an application with the given settings; pools are closed at the end."""
    clients: list[TestClient] = []

    def start(settings: Settings, **changes: Any) -> TestClient:
        app: FastAPI = create_app(settings.model_copy(update=changes))
        client = TestClient(app, base_url="http://127.0.0.1:8080", follow_redirects=False)
        client.__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(call: Calling, settings: Settings) -> TestClient:
    """The pages without a login, as this machine sees them."""
    return call(settings)
