"""Stored pseudonyms are found by the name, and dead letters keep nothing that nobody has looked into."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.backfill import Backfill
from monitor.brands import Brand, Brands
from monitor.doctor import Verdict
from monitor.doctor.servers import database as examine_database
from monitor.errors import SetupError
from monitor.privacy import Pseudonyms
from monitor.privacy.pseudonyms import is_pseudonym
from monitor.queries import parse
from monitor.reports.listing import Listed
from monitor.reports.preview import EVER
from monitor.reports.searching import find
from monitor.settings import Settings, load_settings
from monitor.storage.collectors import Change, Collected, held
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch
from monitor.storage.writer import BatchWriter
from tests.storage.conftest import NOON

KEY = "word-" * 8


@pytest.fixture
def settings(database: str) -> Settings:
    return load_settings(database_url=database, authors="pseudonymous", authors_key=KEY)


@pytest.fixture
async def stored(writer, made, engine) -> Engine:
    """Ann by her pseudonym, once more as she was stored before, and somebody else."""
    hidden = Pseudonyms(KEY)("forum", "Ann")
    results = (made.text(0, author=hidden), made.text(1, author="Ann"), made.text(2, author="bob"))
    await writer.write(Batch(log_id=made.log_id, results=results))
    return engine


def found(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return len(find(connection, parse(query), Listed(chosen=EVER, order="newest"), 10).ids)


async def test_a_search_finds_an_author_by_name_however_stored(stored, database):
    assert found(stored, "author:@ANN") == 2
    assert found(stored, "author:bob") == 1
    without_key = sync_engine(load_settings(database_url=database))
    assert found(without_key, "author:ann") == 1
    without_key.dispose()


async def test_a_new_query_that_asks_for_an_author_counts_what_is_stored(stored, settings):
    backfill = Backfill(stored, Brands((Brand("Ann's", query="author:ann"),)), settings)
    ever = (datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC))
    assert [done.gained for done in backfill.run(*ever)] == [{"Ann's": 2}]


async def test_the_doctor_says_where_the_key_is_missing(stored, settings, database):
    assert "authors" not in [each.subject for each in examine_database(settings)]
    *_, missing = examine_database(load_settings(database_url=database))
    assert (missing.subject, missing.verdict) == ("authors", Verdict.PROBLEM)
    assert "MONITOR_AUTHORS_KEY" in missing.remedy


def test_commands_without_the_key_are_refused(database):
    with pytest.raises(SetupError, match="MONITOR_AUTHORS_KEY"):
        sync_engine(load_settings(database_url=database, authors="pseudonymous"))


async def test_dead_letters_keep_no_beginning_where_people_are_hidden(worker_engine, brands, made, engine):
    writer = BatchWriter(worker_engine, brands)
    await writer.prepare()
    await writer.write(Batch(log_id=made.log_id, results=(), rejections=(made.rejected(0),)))
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT value_head, value_bytes, record_key FROM dead_letter")).one()
    assert tuple(map(bytes, (kept.value_head, kept.record_key))) == (b"", b"\x00\xff")
    assert kept.value_bytes == 5000


@pytest.fixture
async def open_engine(database) -> AsyncIterator[AsyncEngine]:
    made = async_engine(load_settings(database_url=database))
    yield made
    await made.dispose()


async def test_collectors_hide_accounts_and_know_their_posts(worker_engine, open_engine, engine):
    """Of many platforms an account's id is the author's name."""

    def post(id: str, account: str) -> Change:
        return Change(known=[Collected(id=id, published_at=NOON, author_id=account)])

    async with held(open_engine, "open", "forum") as collector:
        await collector.save(post("before", "Ann"))
    async with held(worker_engine, "hiding", "forum") as collector:
        await collector.save(post("a", "Ann"))
        await collector.save(post("b", "ann"))
        known = await collector.known((), {"Ann"})
        assert {(each.id, each.author_id) for each in known} == {("before", "Ann"), ("a", "Ann")}
        # Saved once more as it was read, it is the same.
        await collector.save(Change(known=known))
        await collector.save(Change(known=await collector.known({"a"}, ())))
        assert len(await collector.known((), {"Ann"})) == 2
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT author_id FROM collected")).scalars().all()
    assert len(set(kept)) == 2
    assert all(map(is_pseudonym, kept))
