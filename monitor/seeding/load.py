"""Loads made-up mentions by COPY, in one transaction: the database is filled and counted, or as it was.

Indexes, foreign keys and triggers are put aside meanwhile and put back at the end, which is several times as
fast as keeping them up row by row; so nobody else can use the tables until it is done.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import psycopg
from sqlalchemy import Connection, Engine, insert, text

from monitor.brands import Brands
from monitor.errors import SetupError
from monitor.logos import LogoDetector
from monitor.messages import DeadLetter
from monitor.seeding.mentions import LOG_ID, MODEL, Author, Lines
from monitor.seeding.pictures import SeedPicture, make_pictures
from monitor.seeding.world import SOURCES, make_world
from monitor.storage import rollups, rows, statements
from monitor.storage.pictures import PictureStore
from monitor.storage.records import RecordPosition, Rejection
from monitor.storage.schema import check_revision
from monitor.storage.tables import logo_detection, picture, picture_scan, seeding

_LOADED: Final = ("mention", "brand_mention", "sentiment")
_BATCH: Final = 20_000
_REJECTED: Final = (
    ("json-invalid", "JSON is malformed: trailing characters (byte 214)"),
    ("date-without-zone", "published_at has no zone: '2026-03-01T09:30:00'"),
    ("image-truncated", "JPEG ends early: 18,233 of 52,100 bytes"),
    ("text-empty", "the text is blank"),
)
_COLUMNS: Final = {
    "mention": (
        *("id", "post_id", "kind", "source", "external_id", "published_at", "text", "author", "url", "lang"),
        *("reach", "picture_sha256", "model_version", "log_id", "topic", "partition", "record_offset"),
        *("recorded_at", "first_stored_at", "stored_at"),
    ),
    "brand_mention": ("mention_id", "brand_id", "start_char", "end_char", "matched"),
    "sentiment": (
        *("mention_id", "brand_id", "label", "p_negative", "p_neutral", "p_positive", "model_version"),
    ),
}


class Seeding(msgspec.Struct, frozen=True, kw_only=True):
    """What to make up."""

    mentions: int
    days: int = 365
    until: datetime
    number: int = 1
    """Equal numbers make equal databases."""
    over_real: bool = False
    """Also where there are mentions already."""


def seed(
    engine: Engine,
    brands: Brands,
    wanted: Seeding,
    samples: Path,
    detector: LogoDetector,
    store: PictureStore,
    told: Callable[[str, int], None] = lambda _step, _done: None,
) -> int:
    """Fill the database; returns the mentions made. `told` hears each step and how many are written.

    Needs the tables' owner (brand_monitor_migrate). Raises `SetupError` for a database that holds mentions,
    unless `over_real`.
    """
    chance = np.random.default_rng(wanted.number)
    with engine.begin() as connection:
        check_revision(connection)
        _refuse_real(connection, wanted)
    told("pictures", 0)  # outside of the transaction: the detector may take its time
    in_pictures = sum(source.share * source.pictures for source in SOURCES)
    pictures = make_pictures(samples, detector, store, brands, int(in_pictures * wanted.mentions))
    with engine.begin() as connection:
        _refuse_real(connection, wanted)
        ids = _write_brands(connection, brands)
        _write_pictures(connection, pictures, brands, ids)
        world = make_world(brands, wanted.until, wanted.days, chance)
        author = Author(world, brands, ids, pictures, wanted.mentions, chance)
        with _bare_tables(connection):
            done = 0
            for lines in author.hours(wanted.mentions, _BATCH):
                _copy(connection, lines)
                done += len(lines)
                told("mentions", done)
            told("indexes", done)
        told("roll-ups", done)
        rollups.rebuild(connection)
        _write_account(connection, author, wanted, chance)
        connection.execute(insert(seeding).values(mentions=done))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        told("statistics", done)
        connection.execute(text("VACUUM (ANALYZE)"))
    return done


def _refuse_real(connection: Connection, wanted: Seeding) -> None:
    there = connection.execute(text("SELECT count(*) FROM (SELECT FROM mention LIMIT 1) AS one")).scalar_one()
    if there and not wanted.over_real:
        raise SetupError(
            "the database holds mentions already; seed an empty one (MONITOR_DATABASE_URL), "
            "or add --force to mix made-up mentions into it for good"
        )
    seeded = connection.execute(text("SELECT count(*) FROM seeding")).scalar_one()
    if seeded:
        raise SetupError("the database was seeded before; drop it and make a new one to seed it again")


def _write_brands(connection: Connection, brands: Brands) -> list[int]:
    given = [{"name": rows.clean(brand.name), "own": brand.own} for brand in brands]
    connection.execute(statements.upsert_brands(), statements.arrays(given, statements.BRAND))
    known = {row.name: row.id for row in connection.execute(statements.select_brand_ids())}
    return [known[brand.name] for brand in brands]


def _write_pictures(
    connection: Connection, pictures: list[SeedPicture], brands: Brands, ids: list[int]
) -> None:
    by_name = {brand.name: id for brand, id in zip(brands, ids, strict=True)}
    connection.execute(
        insert(picture),
        [
            {
                "sha256": each.sha256,
                "media_type": each.media_type,
                "width": each.width,
                "height": each.height,
                "n_bytes": each.n_bytes,
                "url": each.url,
            }
            for each in pictures
        ],
    )
    connection.execute(
        insert(picture_scan),
        [
            {"picture_sha256": each.sha256, "model_version": MODEL, "brands_key": rows.brands_key(brands)}
            for each in pictures
        ],
    )
    found = [
        {
            "id": rows.detection_id(each.sha256, MODEL, find),
            "picture_sha256": each.sha256,
            "model_version": MODEL,
            "brand_id": by_name[find.brand],
            "score": find.score,
            "x": find.box.x,
            "y": find.box.y,
            "width": find.box.width,
            "height": find.box.height,
        }
        for each in pictures
        for find in each.detections
    ]
    if found:
        connection.execute(insert(logo_detection), found)


@contextmanager
def _bare_tables(connection: Connection) -> Iterator[None]:
    """The three large tables without secondary indexes, foreign keys and triggers, then with them again."""
    keys = connection.execute(_FOREIGN_KEYS, {"tables": list(_LOADED)}).all()
    indexes = connection.execute(_INDEXES, {"tables": list(_LOADED)}).all()
    for table in _LOADED:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    for key in keys:
        connection.execute(text(f'ALTER TABLE {key.of} DROP CONSTRAINT "{key.name}"'))
    for index in indexes:
        connection.execute(text(f'DROP INDEX "{index.name}"'))
    yield
    for index in indexes:
        connection.exec_driver_sql(index.definition)
    for table in _LOADED:
        connection.execute(text(f"ANALYZE {table}"))
    for key in keys:
        connection.execute(text(f'ALTER TABLE {key.of} ADD CONSTRAINT "{key.name}" {key.definition}'))
    for table in _LOADED:
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


_FOREIGN_KEYS = text("""
    SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(CAST(:tables AS regclass[]))
""")

_INDEXES = text("""
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = ANY(CAST(:tables AS regclass[])) AND NOT indisunique
""")


def _copy(connection: Connection, lines: Lines) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor:
        for table in _LOADED:
            columns = ", ".join(f'"{name}"' for name in _COLUMNS[table])
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as into:
                into.write("".join(getattr(lines, table)))


def _write_account(
    connection: Connection, author: Author, wanted: Seeding, chance: np.random.Generator
) -> None:
    """A batch for each topic, as if a worker had written it, and a few dead letters of the last week."""
    for kind, stored in author.offsets.items():
        topic = f"mentions.{kind}"
        n_rejected = min(200, stored // 2000) if kind == "text" else 0
        letters = [
            _rejection(topic, stored + n, wanted.until - timedelta(hours=float(chance.uniform(0, 168))), n)
            for n in range(n_rejected)
        ]
        if letters:
            connection.execute(
                statements.insert_dead_letters(),
                statements.arrays(
                    [rows.dead_letter_row(letter, LOG_ID) for letter in letters], statements.DEAD_LETTER
                ),
            )
        if stored:
            connection.execute(_BATCH_LINE, {"log": LOG_ID, "topic": topic, "n": stored, "bad": n_rejected})


def _rejection(topic: str, offset: int, moment: datetime, n: int) -> Rejection:
    code, detail = _REJECTED[n % len(_REJECTED)]
    at = moment.astimezone(UTC)
    return Rejection(
        position=RecordPosition(topic=topic, partition=0, offset=offset, timestamp=at),
        letter=DeadLetter(
            key=None,
            value=b"{}",
            headers=(),
            error_code=code,
            error_detail=detail,
            source_topic=topic,
            source_partition=0,
            source_offset=offset,
            failed_at=at,
        ),
    )


_BATCH_LINE = text("""
    INSERT INTO ingest_batch (log_id, topic, partition, first_offset, last_offset, offsets, rejected_offsets,
                              deliveries, records, stored, replaced, rejected)
    SELECT :log, :topic, 0, 0, n + bad - 1, int8multirange(int8range(0, n + bad)),
           int8multirange(int8range(n, n + bad)), 1, n + bad, n, 0, bad
    FROM (SELECT CAST(:n AS bigint) AS n, CAST(:bad AS bigint) AS bad) AS given
""")
