"""Loads made-up mentions by COPY, in one transaction: the database is filled and counted, or as it was.

Indexes, keys and triggers are put aside meanwhile, and the roll-ups are worked out from all rows at the end:
many times as fast as keeping them up row by row, but nobody else can use the tables until it is done.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import Connection, Engine, insert, text

from monitor.brands import Brands
from monitor.errors import SetupError
from monitor.logos.finder import LogoFinder
from monitor.messages import DeadLetter, Detection
from monitor.seeding import bulk
from monitor.seeding.events import Event
from monitor.seeding.mentions import LOG_ID, MODEL, Author
from monitor.seeding.phrases import copied
from monitor.seeding.pictures import SeedPicture, make_pictures
from monitor.seeding.world import SOURCES, World
from monitor.seeding.worldmaking import make_world
from monitor.storage import dead_letter_rows, mention_rows, picture_rows, rollups, rows
from monitor.storage.brands import add_brands, brand_ids
from monitor.storage.figure_tables import seeding
from monitor.storage.pictures import PictureStore
from monitor.storage.pruning import kept_from
from monitor.storage.records import RecordPosition, Rejection
from monitor.storage.schema import check_revision
from monitor.storage.story_graph import PERIOD

_BATCH: Final = 5_000
_REJECTED: Final = (
    ("json-invalid", "JSON is malformed: trailing characters (byte 214)"),
    ("date-without-zone", "published_at has no zone: '2026-03-01T09:30:00'"),
    ("image-truncated", "JPEG ends early: 18,233 of 52,100 bytes"),
    ("text-empty", "the text is blank"),
)
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "picture": picture_rows.PICTURE,
    "picture_scan": picture_rows.SCAN,
    "logo_detection": picture_rows.DETECTION,
    "mention": (*mention_rows.MENTION, "first_stored_at", "stored_at", "story_keys"),
    "brand_mention": mention_rows.BRAND_MENTION,
    "sentiment": mention_rows.SENTIMENT,
}
_WRITTEN: Final = ("mention", "brand_mention", "sentiment")


class Seeding(msgspec.Struct, frozen=True, kw_only=True):
    """What to make up."""

    mentions: int
    days: int = 365
    until: datetime
    number: int = 1
    """Equal numbers make equal databases."""
    events: tuple[Event, ...] | None = None
    """What happens, and nothing else; None: something does."""
    over_real: bool = False
    """Also where there are mentions already."""


def seed(
    engine: Engine,
    brands: Brands,
    wanted: Seeding,
    samples: Path,
    finder: LogoFinder,
    store: PictureStore,
    told: Callable[[str, int], None] = lambda _step, _done: None,
) -> int:
    """Fill the database; returns the mentions made. `told` hears each step and how many are written.

    Needs the tables' owner (brand_monitor_migrate). Raises `SetupError` for a database that holds mentions,
    unless `over_real`, and for one that was seeded before.
    """
    world = make_world(
        brands,
        wanted.until,
        wanted.days,
        wanted.mentions,
        np.random.default_rng(wanted.number),
        wanted.events,
    )
    with engine.begin() as connection:
        check_revision(connection)
        _is_empty(connection, wanted)
    told("pictures", 0)  # outside of the transaction: the models may take their time
    in_pictures = sum(source.share * source.pictures for source in SOURCES)
    pictures = make_pictures(samples, finder, store, brands, int(in_pictures * wanted.mentions))
    return fill(engine, brands, wanted, world, pictures, told)


def fill(
    engine: Engine,
    brands: Brands,
    wanted: Seeding,
    world: World,
    pictures: Sequence[SeedPicture] = (),
    told: Callable[[str, int], None] = lambda _step, _done: None,
) -> int:
    """As `seed`, with a world and pictures that are there."""
    chance = np.random.default_rng((wanted.number, 1))
    with engine.begin() as connection:
        check_revision(connection)
        empty = _is_empty(connection, wanted)
        ids = _write_brands(connection, brands)
        author = Author(world, brands, ids, pictures, wanted.mentions, chance)
        done = 0
        with bulk.bare(connection, tuple(_COLUMNS)):
            if empty:  # corrections hang on mentions, so there are none either
                bulk.truncate(connection, tuple(_COLUMNS))
            _copy_pictures(connection, pictures, rows.brands_key(brands), ids, frozen=empty)
            for lines in author.hours(wanted.mentions, _BATCH):
                for table in _WRITTEN:
                    bulk.copy(connection, table, _COLUMNS[table], getattr(lines, table), frozen=empty)
                done += len(lines)
                told("mentions", done)
            told("indexes", done)
        told("roll-ups", done)
        connection.execute(_STORY_KEYS)
        _roll_up(connection)
        _write_account(connection, author, wanted, chance)
        connection.execute(insert(seeding).values(mentions=done))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        told("statistics", done)
        connection.execute(text("VACUUM (ANALYZE)"))
    return done


def _is_empty(connection: Connection, wanted: Seeding) -> bool:
    """Whether nothing is there; raises `SetupError` where nothing may be made up."""
    if kept_from(connection) is not None:
        raise SetupError("mentions of the database were pruned, and their figures would go; seed another one")
    there = connection.execute(text("SELECT EXISTS (SELECT FROM mention)")).scalar_one()
    if there and not wanted.over_real:
        raise SetupError(
            "the database holds mentions already; seed an empty one (MONITOR_DATABASE_URL), "
            "or add --force to mix made-up mentions into it for good"
        )
    if connection.execute(text("SELECT EXISTS (SELECT FROM seeding)")).scalar_one():
        raise SetupError("the database was seeded before; drop it and make a new one to seed it again")
    return not (there or connection.execute(text("SELECT EXISTS (SELECT FROM picture)")).scalar_one())


def _write_brands(connection: Connection, brands: Brands) -> list[int]:
    add_brands(connection, {brand.name: brand.own for brand in brands})
    known = brand_ids(connection)
    return [known[brand.name] for brand in brands]


def _copy_pictures(
    connection: Connection, pictures: Iterable[SeedPicture], key: str, ids: Sequence[int], *, frozen: bool
) -> None:
    """Pictures, their scans and what was found; `ids` are the brands' in the order of `Brands`."""
    for some in _chunks(pictures, _BATCH):
        lines = {
            "picture": [
                f"{each.sha256}\t{each.media_type}\t{each.width}\t{each.height}\t{each.n_bytes}\t"
                f"{copied(each.url)}\t\\N\n"
                for each in some
            ],
            "picture_scan": [f"{each.sha256}\t{MODEL}\t{key}\n" for each in some],
            "logo_detection": [
                f"{rows.detection_id(each.sha256, MODEL, found)}\t{each.sha256}\t{MODEL}\t{ids[place]}\t"
                f"{found.score}\t{found.box.x}\t{found.box.y}\t{found.box.width}\t{found.box.height}\t"
                f"{_evidence(found)}\n"
                for each in some
                for place, found in each.detections
            ],
        }
        for table, written in lines.items():
            bulk.copy(connection, table, _COLUMNS[table], written, frozen=frozen)


def _evidence(found: Detection) -> str:
    scores = ("\\N" if score is None else str(score) for score in (found.look, found.letters))
    return "\t".join((found.evidence, *scores, "\\N" if found.line is None else copied(found.line)))


def _chunks(pictures: Iterable[SeedPicture], size: int) -> Iterator[list[SeedPicture]]:
    source = iter(pictures)
    while some := list(islice(source, size)):
        yield some


def _roll_up(connection: Connection) -> None:
    """What `rollups.rebuild` does, for tables that nobody is reading."""
    for table in rollups.TABLES:
        with bulk.bare(connection, (table,)):
            bulk.truncate(connection, (table,))
            connection.execute(text(rollups.filling(table)))


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
        for statement in dead_letter_rows.write(letters, LOG_ID):
            statement.run(connection)
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


_STORY_KEYS = text(f"""
    INSERT INTO story_key (key, period, story_id)
    SELECT DISTINCT key, floor(extract(epoch FROM published_at) / {int(PERIOD.total_seconds())})::int,
           story_id
    FROM mention, unnest(story_keys) AS key WHERE model_version = '{MODEL}'
""")  # noqa: S608 - our own words

_BATCH_LINE = text("""
    INSERT INTO ingest_batch (log_id, topic, partition, first_offset, last_offset,
                              offsets, mention_offsets, rejected_offsets,
                              deliveries, records, stored, replaced, rejected, stored_digest)
    SELECT :log, :topic, 0, 0, n + bad - 1, int8multirange(int8range(0, n + bad)),
           int8multirange(int8range(0, n)), int8multirange(int8range(n, n + bad)), 1, n + bad, n, 0, bad,
           (SELECT bit_xor(mention_digest(id)) FROM mention WHERE log_id = :log AND topic = :topic)
    FROM (SELECT CAST(:n AS bigint) AS n, CAST(:bad AS bigint) AS bad) AS given
""")
