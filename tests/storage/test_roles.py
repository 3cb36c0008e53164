"""Least privilege: what each of the three roles may do, and that databases work without them too."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from monitor.errors import SetupError
from monitor.settings import Settings, load_settings
from monitor.storage import schema
from monitor.storage.audit import audit
from monitor.storage.records import Batch
from monitor.storage.writer import BatchWriter


@pytest.fixture
def login(settings: Settings, database: str) -> Iterator[str]:
    """A login without any right, on the migrated database of this test: its URL."""
    name = f"login_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret'").format(sql.Identifier(name)))
        yield psycopg.conninfo.make_conninfo(database, user=name, password="secret")
        admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def granted(database: str, login: str, role: str) -> str:
    """Grant the role; the login as a SQLAlchemy URL."""
    parts = psycopg.conninfo.conninfo_to_dict(login)
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(str(parts["user"])))
        )
    return f"postgresql+psycopg://{parts['user']}:secret@{parts['host']}:{parts['port']}/{parts['dbname']}"


def refused(engine: Engine, *statements: str) -> None:
    for statement in statements:
        with (
            engine.connect() as connection,
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        ):
            connection.execute(text(statement))


async def test_a_writer_writes_and_cannot_remove_mentions(database, login, brands, made):
    url = granted(database, login, "brand_monitor_write")
    workers = create_async_engine(url)
    writer = BatchWriter(workers, brands)
    await writer.prepare()
    said = made.text(0, id="a", brands=(made.named("VMware", 0, "positive"),))
    shown = made.image(0, detections=(made.found(),))
    batch = Batch(log_id="c", results=(said, shown), rejections=(made.rejected(1),))
    await writer.write(batch)
    assert (await writer.write(batch)).replaced == 2
    assert await writer.known_detections([shown.picture.sha256], "logos@1")
    await workers.dispose()
    engine = create_engine(url)
    assert audit(engine, (), "c").ok
    refused(
        engine,
        "DELETE FROM mention",
        "DELETE FROM ingest_batch",
        "DELETE FROM correction",
        "UPDATE dead_letter SET error_code = 'none'",
        "UPDATE correction SET label = 'neutral'",
        "TRUNCATE sentiment",
        "CREATE TABLE mine (id int)",
        "DROP VIEW mention_detail",
    )
    engine.dispose()


async def test_a_reader_reads_everything_and_writes_nothing(database, login, writer, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)),)))
    engine = create_engine(granted(database, login, "brand_monitor_read"))
    with engine.connect() as connection:
        views = connection.execute(
            text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
        ).scalars()
        for name in [*views, "mention", "dead_letter", "ingest_batch"]:
            connection.execute(text(f"SELECT * FROM {name}"))
        assert connection.execute(text("SELECT brand FROM share_of_voice")).scalars().all() == ["VMware"] * 2
    refused(
        engine,
        "INSERT INTO brand (name, own) VALUES ('x', false)",
        "UPDATE mention SET text = ''",
        "DELETE FROM sentiment",
        "INSERT INTO correction (mention_id, subject) SELECT id, 'logo' FROM mention",
        "DROP TABLE mention",
        "CREATE TABLE mine (id int)",
    )
    engine.dispose()


async def test_a_reader_cannot_run_a_worker_and_is_told_why(database, login, brands):
    workers = create_async_engine(granted(database, login, "brand_monitor_read"))
    with pytest.raises(SetupError, match=r"permission denied for table brand .* grant brand_monitor_write"):
        await BatchWriter(workers, brands).prepare()
    await workers.dispose()


def test_a_migrator_migrates_down_and_up(database, login):
    url = granted(database, login, "brand_monitor_migrate")
    settings = load_settings(database_url=url)
    assert schema.downgrade(settings, "0001") == "0001"
    assert schema.upgrade(settings) == schema.head_revision()


def test_an_owner_who_may_not_create_roles_migrates_all_the_same(database, login, settings, caplog):
    """The roles are there from another database of the server, and may not be granted to this owner."""
    parts = psycopg.conninfo.conninfo_to_dict(login)
    own = f"own_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(own), sql.Identifier(parts["user"]))
        )
        url = f"postgresql://{parts['user']}:secret@{parts['host']}:{parts['port']}/{own}"
        try:
            caplog.clear()
            assert schema.upgrade(load_settings(database_url=url)) == schema.head_revision()
            assert "no rights granted to brand_monitor_migrate" in caplog.text
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(own)))
