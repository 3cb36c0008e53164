"""Thirteen weeks of a small market in a real database, with events planted in the last two."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Connection, Engine

from monitor.brands import Brand, Brands
from monitor.local import EmbeddedDatabase
from monitor.seeding.events import Event
from monitor.seeding.load import Seeding, fill
from monitor.seeding.worldmaking import make_world
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
DAYS = 91
BRANDS = Brands((Brand("Ours", own=True), *(Brand(name) for name in ("Rival", "Calm", "Small", "Loud"))))
FAME = np.array([250.0, 180.0, 90.0, 8.0, 400.0])
"""Mentions a week."""

OUTAGE = UNTIL - timedelta(days=12)
EVENTS = (
    Event(kind="outage", brand="Ours", at=OUTAGE, size=2.6),
    Event(kind="launch", brand="Rival", at=UNTIL - timedelta(days=5), size=2.8),
    Event(kind="silence", brand="Loud", at=UNTIL - timedelta(days=7), days=7, source="forum"),
)


@pytest.fixture(scope="module")
def planted(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Engine]:
    name = f"planted_{uuid.uuid4().hex[:12]}"
    engine = sync_engine(load_settings(database_url=database_server.copy(migrated, name)))
    mentions = int(FAME.sum() * DAYS / 7)
    world = make_world(
        BRANDS, UNTIL, DAYS, mentions, np.random.default_rng(4), EVENTS, np.stack([FAME, FAME])
    )
    fill(engine, BRANDS, Seeding(mentions=mentions, days=DAYS, until=UNTIL, number=4), world)
    yield engine
    engine.dispose()
    database_server.drop(name)


@pytest.fixture
def connection(planted: Engine) -> Iterator[Connection]:
    with planted.connect() as opened:
        yield opened


@pytest.fixture
def empty(database_server: EmbeddedDatabase, migrated: str) -> Iterator[Connection]:
    """A migrated database without mentions."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    engine = sync_engine(load_settings(database_url=database_server.copy(migrated, name)))
    with engine.connect() as opened:
        yield opened
    engine.dispose()
    database_server.drop(name)
