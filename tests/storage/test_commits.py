"""A batch and its COMMIT are one round trip; whatever becomes of its answer, it can be written again."""

import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text

from monitor.errors import OutageError
from monitor.local import EmbeddedDatabase
from monitor.settings import load_settings
from monitor.storage.audit import audit
from monitor.storage.driver import Statement, commit, together
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, StorageRejection, WriteOutcome
from monitor.storage.writer import BatchWriter
from tests.nemesis.proxy import Cruelty, Cut, Proxy


@pytest.fixture
def proxy(database_server: EmbeddedDatabase) -> Iterator[Proxy]:
    """In front of the database."""
    started = Proxy(database_server.port, random.Random(0)).start()
    yield started
    started.stop()


@pytest.fixture
async def through(database, database_server, proxy, brands):
    """A writer by way of the proxy."""
    url = database.replace(f":{database_server.port}/", f":{proxy.port}/")
    workers = async_engine(load_settings(database_url=f"{url}?sslmode=disable&gssencmode=disable"))
    made = BatchWriter(workers, brands)
    await made.prepare()
    yield made
    await workers.dispose()


def count(engine: Engine, query: str) -> tuple[Any, ...]:
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).one())


@pytest.mark.parametrize(
    ("cut", "stored"), [(Cut.MID_STATEMENT, 0), (Cut.BEFORE_COMMIT, 0), (Cut.AFTER_ANSWER, 3)]
)
async def test_a_batch_that_was_cut_is_written_once(through, proxy, engine, made, cut, stored):
    whole = Batch(
        log_id=made.log_id,
        results=(made.text(0), made.text(1), made.image(0, detections=(made.found(),))),
        rejections=(made.rejected(2),),
    )
    proxy.cruelty = Cruelty(cuts=(cut,), share=1.0)
    with pytest.raises(OutageError):
        await through.write(whole)
    proxy.cruelty = Cruelty()
    assert proxy.cut == 1
    assert count(engine, "SELECT count(*) FROM mention") == (stored,)
    again = await through.write(whole)
    assert again == WriteOutcome(stored=3 - stored, replaced=stored, rejected=1)
    there = "SELECT (SELECT count(*) FROM mention), (SELECT count(*) FROM dead_letter)"
    assert count(engine, there) == (3, 1)
    assert audit(engine, (), {}).ok


async def test_what_the_commit_itself_refuses_is_told_apart(writer, engine, made):
    """A trigger that waits for the COMMIT says 'later' or 'never'; each is heard as what it is."""
    await writer.write(Batch(log_id=made.log_id, results=(made.text(0),)))
    for state, error in (("40001", OutageError), ("23514", StorageRejection)):
        with engine.begin() as connection:
            connection.execute(
                text(f"""
                CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'at the end' USING ERRCODE = '{state}'; END $$
                """)
            )
            connection.execute(text("DROP TRIGGER IF EXISTS refuse ON mention"))
            connection.execute(
                text("""
                CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON mention DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION refuse()
                """)
            )
        with pytest.raises(error, match="at the end"):
            await writer.write(Batch(log_id=made.log_id, results=(made.text(1),)))
        assert count(engine, "SELECT count(*), (SELECT count(*) FROM ingest_batch) FROM mention") == (1, 1)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER refuse ON mention"))
    assert (await writer.write(Batch(log_id=made.log_id, results=(made.text(1),)))).stored == 1


async def test_after_a_statement_that_fails_nothing_is_committed(worker_engine, engine):
    note = Statement("INSERT INTO gallery_version (note) VALUES ('a')")
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with worker_engine.begin() as connection:
            await commit(connection, note, Statement("SELECT 1 / 0"), note)
    assert count(engine, "SELECT count(*) FROM gallery_version") == (0,)
    async with worker_engine.begin() as connection:
        await together(connection, note)
        assert await commit(connection, note, Statement("SELECT 2")) == [(), [(2,)]]
        assert count(engine, "SELECT count(*) FROM gallery_version") == (2,)
