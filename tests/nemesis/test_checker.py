"""The checker can fail: each way to lose, double or falsify something is reported as exactly that.

One deployment on the embedded servers is filled by a real worker; each test spoils a copy of its database.
"""

import asyncio
import random
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.settings import Settings, load_settings
from monitor.stream.topics import create_topics
from tests.nemesis.archive import Archive, Entry, Place
from tests.nemesis.checker import Fault, Wrong, check
from tests.nemesis.crew import Crew
from tests.nemesis.kafka import Kafka
from tests.nemesis.models import LOGOS, SENTIMENT, write_models
from tests.nemesis.oracle import Expected, Oracle
from tests.nemesis.publisher import Publisher

pytestmark = pytest.mark.timeout(120)

PARTITIONS = 2
GROUP = "checked"


@dataclass
class World:
    """Topics that are published to and a database to be filled."""

    settings: Settings
    folder: Path
    oracle: Oracle
    texts: list[Entry]
    images: list[Entry]
    findings: list[Entry]
    dead: list[Entry]
    database: str = ""

    @property
    def expected(self) -> Expected:
        return self.oracle.expect(self.texts, self.images, {})

    def url(self) -> str:
        return self.settings.database_url.get_secret_value()

    def faults(self, url: str) -> list[Fault]:
        return check(url, self.expected, self.findings, self.dead)

    async def read(self) -> None:
        archive = Archive(self.settings.bootstrap_servers)
        await archive.start()
        try:
            names = [self.settings.topic(name) for name in ("text", "image", "findings", "dead")]
            await archive.read(*names)
            self.texts, self.images, self.findings, self.dead = (
                list(archive.entries(name)) for name in names
            )
        finally:
            await archive.close()


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path_factory.mktemp("broker") / "broker.log") as broker:
        yield broker


@pytest.fixture(scope="module")
def oracle() -> Iterator[tuple[Path, Oracle]]:
    with tempfile.TemporaryDirectory() as name:
        write_models(Path(name))
        yield Path(name), Oracle(Path(name))


Make = Callable[[], World]


@pytest.fixture(scope="module")
def make(
    embedded: EmbeddedBroker,
    oracle: tuple[Path, Oracle],
    database_server: EmbeddedDatabase,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Make:
    """Published to, not yet consumed."""
    models, judge = oracle

    def made() -> World:
        name = f"checked_{uuid.uuid4().hex[:8]}"
        folder = tmp_path_factory.mktemp("checked")
        settings = load_settings(
            ocr=False,
            kafka_url=embedded.url,
            database_url=database_server.copy(migrated, name),
            topic_prefix=name,
            consumer_group=name,
            topic_partitions=PARTITIONS,
            picture_store=str(folder / "pictures"),
            models_dir=models,
            sentiment_model=SENTIMENT,
            logo_model=LOGOS,
            logo_embedder="",
            brands_file=models / "brands.toml",
            rebalance_timeout=1.5,
            session_timeout=6.0,
            log_format="json",
        )
        world = World(settings, folder, judge, [], [], [], [], name)
        asyncio.run(_publish(world))
        return world

    return made


@pytest.fixture(scope="module")
def filled(make: Make) -> World:
    """By a real worker."""
    world = make()
    asyncio.run(_work(world))
    return world


@pytest.fixture
def copy(filled: World, database_server: EmbeddedDatabase) -> Iterator[str]:
    """The URL of a copy of the filled database."""
    name = f"spoilt_{uuid.uuid4().hex[:8]}"
    yield database_server.copy(filled.database, name)
    database_server.drop(name)


async def _publish(world: World) -> None:
    await create_topics(world.settings)
    archive = Archive(world.settings.bootstrap_servers)
    await archive.start()
    topics = {name: world.settings.topic(name) for name in ("text", "image")}
    partitions = dict.fromkeys(topics, PARTITIONS)
    servers = world.settings.bootstrap_servers
    publisher = Publisher(servers, topics, partitions, archive, random.Random(1), ("none",))
    publisher.drafts.phase = 3
    await publisher.start()
    await publisher.load(250)
    known = publisher.some_known(10)
    await publisher.publish(publisher.drafts.text(one.id) for one in known)
    gone = publisher.some_known(10)
    await publisher.publish(publisher.drafts.deletion("text", one.id) for one in gone)
    await publisher.publish(publisher.drafts.text(one.id) for one in gone[:3])
    await publisher.poison(10)
    await publisher.close()
    await archive.close()


async def _work(world: World) -> None:
    """Until a worker has committed everything."""
    await world.read()
    ends = {(e.place.topic, e.place.partition): e.place.offset + 1 for e in (*world.texts, *world.images)}
    kafka = Kafka(world.settings.bootstrap_servers, world.settings.consumer_group)
    crew = Crew(world.settings, world.folder, {})
    worker = crew.add()
    deadline = time.monotonic() + 60
    try:
        while True:
            committed = await kafka.committed(ends)
            if all(committed.get(place, 0) >= end for place, end in ends.items()):
                break
            assert time.monotonic() < deadline, crew.log_tail()
            await asyncio.sleep(0.2)
    finally:
        await asyncio.to_thread(worker.process.stop)
    await world.read()


def spoil(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement)


def again(url: str, table: str) -> str:
    """SQL that doubles a row under another id."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT string_agg(quote_ident(attname), ',') FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'",
            (table,),
        ).fetchone()
    assert found
    columns = found[0]
    chosen = f"SELECT gen_random_uuid(), {columns} FROM {table} ORDER BY {table}.id LIMIT 1"
    return f"INSERT INTO {table} (id, {columns}) {chosen}"


def only(faults: Sequence[Fault], wrong: Wrong) -> list[Fault]:
    """Those faults, and no others."""
    assert {fault.wrong for fault in faults} == {wrong}, faults
    return list(faults)


ONE = "(SELECT id FROM mention WHERE kind = 'text' ORDER BY id LIMIT 1)"


def test_nothing_is_wrong_with_what_a_worker_wrote(filled: World) -> None:
    assert filled.faults(filled.url()) == []
    assert len(filled.expected.mentions) > 200
    assert len(filled.expected.letters) >= 10
    assert any(mention.detections for mention in filled.expected.mentions.values())
    assert any(mention.toward for mention in filled.expected.mentions.values())
    assert any(mention.older for mention in filled.expected.mentions.values())
    assert len(filled.expected.gone) == 7


def test_a_row_deleted_is_lost(filled: World, copy: str) -> None:
    spoil(copy, f"DELETE FROM mention WHERE id = {ONE}")
    (fault,) = only(filled.faults(copy), Wrong.LOST)
    assert fault.phase == 3


def test_a_row_deleted_and_another_forged_are_both_seen(filled: World, copy: str) -> None:
    spoil(copy, f"UPDATE mention SET external_id = 'forged' WHERE id = {ONE}")
    assert [fault.wrong for fault in filled.faults(copy)] == [Wrong.LOST, Wrong.INVENTED]


def test_a_mention_that_was_deleted_and_is_there_is_revived(filled: World, copy: str) -> None:
    _, _, gone = next(iter(filled.expected.gone))
    lost = f"(SELECT external_id FROM mention WHERE id = {ONE})"
    spoil(copy, f"UPDATE mention SET external_id = '{gone}' WHERE external_id = {lost}")
    assert [fault.wrong for fault in filled.faults(copy)] == [Wrong.LOST, Wrong.REVIVED]


def test_a_deletion_that_is_not_told_on_is_seen(filled: World) -> None:
    findings = [one for one in filled.findings if b"deleted_at" not in (one.record.value or b"")]  # type: ignore[union-attr]
    faults = check(filled.url(), filled.expected, findings, filled.dead)
    assert len(only(faults, Wrong.NOT_ANNOUNCED)) == len(filled.expected.gone)


def test_a_row_of_an_older_version_is_stale(filled: World, copy: str) -> None:
    mention = next(one for one in filled.expected.mentions.values() if one.older and one.said.text)
    older = min(mention.older)
    spoil(copy, f"UPDATE mention SET author = '{older}' WHERE author = '{mention.said.author}'")
    (fault,) = only(filled.faults(copy), Wrong.STALE)
    assert older in fault.what


def test_a_second_row_of_a_mention_is_doubled(filled: World, copy: str) -> None:
    spoil(copy, "ALTER TABLE mention DISABLE TRIGGER USER", again(copy, "mention"))
    faults = [fault for fault in filled.faults(copy) if fault.wrong is not Wrong.ROLL_UP]
    only(faults, Wrong.DOUBLED)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sentiment SET p_positive = 0.5, p_negative = 0.5, p_neutral = 0"
        f" WHERE mention_id = {ONE} AND brand_id IS NULL",
        f"DELETE FROM sentiment WHERE mention_id = {ONE}",
        "DELETE FROM brand_mention WHERE mention_id = (SELECT mention_id FROM brand_mention LIMIT 1)",
        f"UPDATE mention SET text = text || '!' WHERE id = {ONE}",
        "DELETE FROM logo_detection WHERE id = (SELECT d.id FROM logo_detection d JOIN mention m"
        " USING (picture_sha256) ORDER BY d.id LIMIT 1)",
    ],
    ids=["verdict", "no verdict", "brands", "text", "logo"],
)
def test_a_row_that_says_something_else_is_wrong_content(filled: World, copy: str, statement: str) -> None:
    spoil(copy, statement)
    only(filled.faults(copy), Wrong.CONTENT)


def test_a_falsified_roll_up_is_seen(filled: World, copy: str) -> None:
    spoil(copy, "UPDATE mention_hour SET mentions = mentions + 1")
    only(filled.faults(copy), Wrong.ROLL_UP)


def test_a_dead_letter_removed_is_a_letter_lost(filled: World, copy: str) -> None:
    spoil(copy, "DELETE FROM dead_letter WHERE id = (SELECT min(id::text)::uuid FROM dead_letter)")
    only(filled.faults(copy), Wrong.LETTER_LOST)


def test_a_dead_letter_twice_is_a_letter_doubled(filled: World, copy: str) -> None:
    spoil(copy, again(copy, "dead_letter"))
    only(filled.faults(copy), Wrong.LETTER_DOUBLED)


def test_a_dead_letter_with_another_code_is_seen(filled: World, copy: str) -> None:
    spoil(copy, "UPDATE dead_letter SET error_code = 'storage-rejected'")
    only(filled.faults(copy), Wrong.LETTER_CODE)


def test_findings_and_letters_not_announced_are_seen(filled: World) -> None:
    faults = check(filled.url(), filled.expected, [], filled.dead)
    announced = len(filled.expected.mentions) + len(filled.expected.gone)
    assert len(only(faults, Wrong.NOT_ANNOUNCED)) == announced
    faults = check(filled.url(), filled.expected, filled.findings, [])
    assert len(only(faults, Wrong.NOT_ANNOUNCED)) == len(filled.expected.letters)


async def taken(reader: AIOKafkaConsumer, size: int) -> AsyncIterator[list[Any]]:
    """Batches as Faust's `take()` hands them out: whatever becomes of one, it is acknowledged."""
    while True:
        batch: list[Any] = []
        while len(batch) < size:
            for records in (await reader.getmany(timeout_ms=500, max_records=size - len(batch))).values():
                batch += records
        try:
            yield batch
        finally:
            await _acknowledge(reader, batch)


async def _acknowledge(reader: AIOKafkaConsumer, batch: Sequence[Any]) -> None:
    ends: dict[TopicPartition, int] = {}
    for record in batch:
        place = TopicPartition(record.topic, record.partition)
        ends[place] = max(ends.get(place, 0), record.offset + 1)
    await reader.commit(ends)


async def _member(world: World) -> AIOKafkaConsumer:
    """A stand-in for a worker, in the workers' group."""
    reader = AIOKafkaConsumer(
        world.settings.topic("text"),
        bootstrap_servers=world.settings.bootstrap_servers,
        group_id=world.settings.consumer_group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await reader.start()
    return reader


async def commits_first(world: World) -> list[Place]:
    """A worker that commits, and dies before it writes."""
    reader = await _member(world)
    try:
        batch: list[Any] = []
        while len(batch) < 40:
            for records in (await reader.getmany(timeout_ms=500, max_records=40)).values():
                batch += records
        await _acknowledge(reader, batch)
    finally:
        await reader.stop()
    return [Place(one.topic, 0, one.partition, one.offset) for one in batch]


async def takes(world: World) -> list[Place]:
    """A worker whose first write fails: the database is away, the batch is acknowledged all the same."""
    reader = await _member(world)
    batches = taken(reader, 30)
    try:
        batch = await anext(batches)
        # The database is away, the body raises: the generator of an agent that failed is closed.
        await batches.aclose()
    finally:
        await reader.stop()
    return [Place(one.topic, 0, one.partition, one.offset) for one in batch]


@pytest.mark.parametrize("sabotage", [commits_first, takes])
def test_what_is_committed_before_it_is_written_is_lost(make: Make, sabotage: Any) -> None:
    world = make()
    gone = set(asyncio.run(sabotage(world)))
    asyncio.run(_work(world))
    faults = world.faults(world.url())
    lost = {name for name, mention in world.expected.mentions.items() if mention.said.place in gone}
    letters = {place for place in world.expected.letters if place in gone}
    kinds = [fault.wrong for fault in faults]
    # Of a mention that was there before, the older version stays.
    assert kinds.count(Wrong.LOST) + kinds.count(Wrong.STALE) == len(lost)
    assert kinds.count(Wrong.LETTER_LOST) == len(letters)
    assert kinds.count(Wrong.LOST) >= 20
    assert set(kinds) <= {Wrong.LOST, Wrong.STALE, Wrong.LETTER_LOST, Wrong.NOT_ANNOUNCED}
