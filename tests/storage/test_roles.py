"""Least privilege: what each of the three roles may do, and that databases work without them too."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from monitor.brands import Brand, Brands
from monitor.corrections import correct_sentiment, undo
from monitor.delivery import ledger
from monitor.delivery.schedule import Period
from monitor.errors import SetupError
from monitor.messages import Deletion, mention_uuid
from monitor.settings import Settings, load_settings
from monitor.storage import publishers, schema
from monitor.storage.attempts import Attempts, Place
from monitor.storage.audit import audit
from monitor.storage.collecting import standings
from monitor.storage.collectors import Barred, Change, Collected, Tally, held
from monitor.storage.deletion import sweep
from monitor.storage.logs import find_logs
from monitor.storage.pictures import PictureStore
from monitor.storage.pruning import Pruning
from monitor.storage.records import Batch, DeletionResult, Span
from monitor.storage.writer import BatchWriter
from tests.storage.conftest import NOON


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


async def test_a_writer_writes_with_the_rights_of_its_role_alone(database, login, brands, made, tmp_path):
    """Everything a worker, the pages and the schedule write."""
    url = granted(database, login, "brand_monitor_write")
    workers = create_async_engine(url)
    writer = BatchWriter(workers, brands)
    await writer.prepare()
    for topic_id in (None, "id-1", "id-2"):
        logs = await writer.open_logs("c", {"mentions.text": topic_id})
    assert logs == {"mentions.text": "c/id-2"}
    attempts = Attempts(workers)
    place = Place(log_id="c", topic="mentions.text", partition=0, position=0, low=0)
    for _ in range(2):
        await attempts.claim([place])
    await attempts.begin(place, 0)
    await attempts.finish(place, 0)
    await attempts.release([place])
    said = made.text(0, id="a", brands=(made.named("VMware", 0, "positive"),))
    shown = made.image(0, detections=(made.found(), made.read("Dell")))
    spans = (Span("mentions.text", 0, 0, 3),)
    batch = Batch(log_id="c", results=(said, shown), rejections=(made.rejected(1),), spans=spans)
    await writer.write(batch)
    assert (await writer.write(batch)).replaced == 2
    elsewhere = (made.text(5, id="a", partition=1), made.text(6, id="a", partition=2))
    assert (await writer.write(Batch(log_id="c", results=elsewhere))).replaced == 2
    wider = BatchWriter(workers, Brands((*brands, Brand("Nutanix", logos=("nutanix",)))))
    await wider.prepare()
    await wider.write(batch)  # the scan is due again
    assert await wider.known_detections([shown.picture.sha256], "logos@1")
    gone = Deletion(id=shown.mention.id, source=shown.mention.source, deleted_at=NOON)
    place = made.position(2, topic="mentions.image")
    deletion = DeletionResult(position=place, kind="image", deletion=gone)
    for _ in range(2):
        await wider.write(Batch(log_id="c", results=(made.image(1, id="b", picture="other"), deletion)))
    for offset, picture in ((3, "third"), (4, "street"), (5, "third")):
        await wider.write(Batch(log_id="c", results=(made.image(offset, id="b", picture=picture),)))
    await workers.dispose()
    engine = create_engine(url)
    with engine.begin() as connection:
        place = "left(sha256, 2) || '/' || substr(sha256, 3, 2) || '/' || sha256 || '.jpg'"
        moved = text(f"UPDATE picture_gone SET url = :folder || '/' || {place}")
        connection.execute(moved, {"folder": tmp_path.as_uri()})
    assert sweep(engine, PictureStore(str(tmp_path))).removed == 2
    report = audit(engine, (), {})
    assert report.ok, report.faults
    period = Period(NOON, NOON + timedelta(days=7))
    now = period.until + timedelta(hours=1)
    with engine.begin() as connection:
        assert find_logs(connection, "c", {"mentions.text": "id-1"}) == {"mentions.text": "c"}
        mention = mention_uuid("text", "forum", "a")
        undo(connection, correct_sentiment(connection, mention, None, "negative", "ann"), "ann")
        ledger.skip(connection, "bob", period, now)
        assert ledger.claim(connection, "ann", period, now, now)
        ledger.settle(connection, "ann", period, "failed", now, "away")
        assert ledger.claim(connection, "ann", period, now, now)
        connection.execute(text("UPDATE alert SET published_at = now()"))
    engine.dispose()


REFUSED_TO_WRITERS = (
    # Who a mention is, stays; it goes by its owner's hand only.
    *(
        f"UPDATE mention SET {name} = {name}"
        for name in ("id", "post_id", "kind", "source", "external_id", "first_stored_at")
    ),
    "DELETE FROM mention",
    "DELETE FROM deleted_mention",
    "UPDATE deleted_mention SET id = gen_random_uuid()",
    "UPDATE deleted_mention SET source = 'x'",
    "UPDATE picture_gone SET sha256 = 'x'",
    # The account: written once, added to, never taken back.
    *(
        f"UPDATE ingest_batch SET {name} = {name}"
        for name in ("log_id", "topic", "partition", "first_offset", "last_offset")
    ),
    "DELETE FROM ingest_batch",
    "UPDATE log SET log_id = 'x'",
    "DELETE FROM log",
    *(f"UPDATE log_partition SET {name} = 9" for name in ("first_offset", "low_offset", "exact_from")),
    "DELETE FROM log_partition",
    "INSERT INTO erasure (kind, erased_by, reason, mentions, digest) VALUES ('delete', 'x', 'x', 1, 1)",
    "UPDATE erasure SET reason = 'x'",
    "DELETE FROM erasure",
    "SELECT erasure_note_delete()",
    "UPDATE dead_letter SET error_code = 'none'",
    "DELETE FROM dead_letter",
    # What people said, and what they were sent.
    "UPDATE correction SET label = 'neutral'",
    "DELETE FROM correction",
    "UPDATE answer SET state = 'new'",
    "DELETE FROM answer",
    "UPDATE report_delivery SET recipient = 'x'",
    "DELETE FROM report_delivery",
    "UPDATE subscription SET view = '/'",
    "DELETE FROM subscription",
    "UPDATE alert SET p_value = 1",
    "DELETE FROM alert",
    "DELETE FROM alert_rule",
    "UPDATE alert_recipient SET address = 'x'",
    "UPDATE alert_delivery SET recipient = 'x'",
    "DELETE FROM alert_delivery",
    "UPDATE publisher SET token_sha256 = 'x'",
    "DELETE FROM publisher",
    # Results are replaced whole, pictures not at all.
    "UPDATE sentiment SET label = 'neutral'",
    "UPDATE brand_mention SET matched = 'x'",
    "UPDATE logo_detection SET score = 1",
    "UPDATE picture SET url = 'x'",
    "DELETE FROM picture",
    "UPDATE picture_scan SET model_version = 'x'",
    "DELETE FROM picture_scan",
    "UPDATE brand SET name = 'x'",
    "DELETE FROM brand",
    # The figures are the triggers' business.
    "UPDATE brand_day SET texts = 1",
    "INSERT INTO seeding (mentions) VALUES (1)",
    "DELETE FROM presence",
    # From when on mentions are kept is decided by a function that knows a limit.
    "INSERT INTO pruning (before) VALUES ('2026-03-01Z')",
    "UPDATE pruning SET before = before",
    "DELETE FROM pruning",
    "TRUNCATE sentiment",
    "ALTER TABLE mention DISABLE TRIGGER USER",
    "CREATE TABLE mine (id int)",
    "DROP VIEW mention_detail",
)


def test_a_writer_is_refused_what_it_never_does(database, login):
    engine = create_engine(granted(database, login, "brand_monitor_write"))
    refused(engine, *REFUSED_TO_WRITERS)
    engine.dispose()


async def test_a_writer_prunes_by_functions_of_the_owner(database, login, writer, made):
    shown = made.image(1, detections=(made.found(),), brands=(made.named(),))
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)), shown)))
    engine = create_engine(granted(database, login, "brand_monitor_write"))
    pruning = Pruning(engine, NOON + timedelta(hours=12))
    assert pruning.due()
    pruning.begin()
    done = pruning.run()
    assert (done.mentions, done.pictures, done.finished) == (2, 1, True)
    assert audit(engine, (), {}).ok
    engine.dispose()


async def test_a_deletion_by_its_owner_is_noted_with_the_trigger_s_rights(
    database, login, writer, engine, made
):
    """Whoever may delete need not be able to write `erasure`, so nobody can forge a line of it."""
    await writer.write(Batch(log_id="c", results=(made.text(0),)))
    url = granted(database, login, "brand_monitor_read")
    name = psycopg.conninfo.conninfo_to_dict(login)["user"]
    with engine.begin() as connection:
        connection.execute(text(f'GRANT DELETE ON mention TO "{name}"'))
    theirs = create_engine(url)
    with theirs.begin() as connection:
        connection.execute(text("DELETE FROM mention"))
        found = connection.execute(text("SELECT erased_by, mentions, reason FROM erasure")).one()
    assert tuple(found) == (name, 1, None)
    theirs.dispose()


async def test_a_reader_reads_everything_and_writes_nothing(database, login, writer, made):
    await writer.write(Batch(log_id="c", results=(made.text(0, brands=(made.named(),)),)))
    engine = create_engine(granted(database, login, "brand_monitor_read"))
    with engine.connect() as connection:
        views = connection.execute(
            text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
        ).scalars()
        tables = ("mention", "dead_letter", "ingest_batch", "log", "log_partition", "erasure")
        for name in [*views, *tables]:
            connection.execute(text(f"SELECT * FROM {name}"))
        assert find_logs(connection, "c", {"mentions.text": None}) == {"mentions.text": "c"}
        assert connection.execute(text("SELECT brand FROM share_of_voice")).scalars().all() == ["VMware"] * 2
    assert audit(engine, (), {}).ok
    refused(
        engine,
        "SELECT addresses FROM subscription",
        "INSERT INTO brand (name, own) VALUES ('x', false)",
        "UPDATE mention SET text = ''",
        "DELETE FROM sentiment",
        "INSERT INTO correction (mention_id, subject) SELECT id, 'logo' FROM mention",
        "SELECT address FROM alert_recipient",
        "SELECT token_sha256 FROM publisher",
        "UPDATE collector_state SET part = ''",
        "SELECT prune_begin('2026-03-01Z')",
        "SELECT * FROM prune_some(1, NULL, NULL)",
        "SELECT prune_end()",
        "SELECT prune_marks()",
        "SELECT deletion_told('{}', '{}')",
        "DROP TABLE mention",
        "CREATE TABLE mine (id int)",
    )
    engine.dispose()


async def test_a_writer_s_role_is_enough_to_collect(database, login):
    url = granted(database, login, "brand_monitor_write")
    workers = create_async_engine(url)
    post = Collected(id="a", published_at=NOON, author_id="x", aliases=("one/1",))
    async with held(workers, "news", "forum") as one:
        assert one is not None
        await one.begin("rss")
        await one.save(Change(state={"next": 1}, known=[post], tally=Tally(posts=1)))
        assert await one.known(["one/1"], []) == await one.known([], ["x"]) == [post]
        assert await one.barred(["a"]) == Barred()
        await one.note_fault("away")
        await one.save(Change(state={}, gone=["a"]))
        assert (await one.known(["a"], []), await one.states()) == ([], {})
    engine = create_engine(url)
    with engine.begin() as connection:
        assert [each.posts for each in standings(connection)] == [1]
        token = publishers.add(connection, "crm", None)
    crm = publishers.Publisher("crm", None)
    assert await publishers.holding(workers) == {publishers.hashed(token): crm}
    with engine.begin() as connection:
        publishers.revoke(connection, "crm")
    assert await publishers.holding(workers) == {}
    engine.dispose()
    await workers.dispose()


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
