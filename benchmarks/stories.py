"""What finding copies costs: the keys of a text, and the look-up among many mentions.

    python benchmarks/stories.py [--mentions 1500000] [--batch 64] [--database URL]

Keys are worked out for the texts of tests/texts/stories.tsv. For the look-up an empty PostgreSQL, by default
the embedded one in a temporary folder, is filled with made-up mentions of a year (one in three a copy, one in
a hundred a copy of the same one); then batches of which a third are copies are placed, each in a transaction
that is rolled back. `CPU` is that of this process and, on Linux, of the database's process beside it.
"""

import argparse
import csv
import os
import random
import statistics
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from database_server import database
from sqlalchemy import Connection, Engine, text

from monitor.logos.likeness import likeness
from monitor.seeding import bulk
from monitor.settings import load_settings
from monitor.storage import schema, stories
from monitor.storage.engine import sync_engine
from monitor.texts import read
from monitor.texts.stories import story_keys

_SINCE = datetime(2025, 3, 1, tzinfo=UTC)
_YEAR = timedelta(days=365)
_PAIRS = Path(__file__).parent.parent / "tests" / "texts" / "stories.tsv"

# Number o is an original, and n says what it says. One in two has up to 20 words, and a single key.
_FILL = """
INSERT INTO mention (id, post_id, kind, source, external_id, published_at, text, model_version, log_id, topic,
                     partition, record_offset, recorded_at, n_brand_mentions, n_sentiments, language,
                     story_id, lead, story_keys)
SELECT md5('m' || n)::uuid, md5('p' || n)::uuid, 'text', 'benchmark', n::text, moment, 'made up', 'none@0',
       'made', 'mentions.text', 0, n, moment, 0, 0, 'en', md5('s' || o)::uuid, n = o,
       ARRAY(SELECT hashtextextended(o || ':' || k, 0)
             FROM generate_series(1, CASE WHEN o % 2 = 0 THEN 1 ELSE 9 END) AS k)
FROM (SELECT n, :since + n * :step AS moment,
             CASE WHEN n % 100 = 1 THEN 1 WHEN n % 3 = 0 THEN n - 1 - 3 * least(hashint4(n) & 255, n / 3 - 1)
                  ELSE n END AS o
      FROM generate_series(1, :mentions) AS n) AS each
"""
_KEYS = """
INSERT INTO story_key (key, period, story_id)
SELECT key, floor(extract(epoch FROM published_at) / 2592000)::int AS period, (array_agg(story_id))[1]
FROM mention, unnest(story_keys) AS key GROUP BY 1, 2
"""
_SIZES = """
SELECT relname, pg_size_pretty(pg_table_size(oid)) AS rows, pg_size_pretty(pg_indexes_size(oid)) AS indexes,
       reltuples::bigint AS n
FROM pg_class WHERE relname IN ('mention', 'story_key') ORDER BY relname
"""


def signatures(repeats: int) -> None:
    """Print the CPU time of reading texts, and of their keys beside it."""
    with _PAIRS.open(encoding="utf-8", newline="") as lines:
        pairs = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    texts = [pair[side] for pair in pairs for side in ("text_a", "text_b")] * repeats
    started = time.process_time()
    readings = [read(each) for each in texts]
    for reading in readings:
        reading.words, reading.marks  # noqa: B018 - made when first asked for
    reads = time.process_time() - started
    started = time.process_time()
    found = [story_keys(reading, ("Nike",)) for reading in readings]
    keys = time.process_time() - started
    print(
        f"{len(texts):,} texts, {statistics.fmean(map(len, texts)):.0f} characters, "
        f"{statistics.fmean(map(len, found)):.1f} keys each on average: "
        f"reading {reads / len(texts) * 1e6:.0f} us, keys {keys / len(texts) * 1e6:.0f} us of CPU each"
    )
    pixels = np.random.default_rng(0).integers(0, 256, (720, 1280, 3), np.uint8)
    cv2.setNumThreads(1)
    started = time.process_time()
    for _ in range(50):
        likeness(pixels)
    print(f"a picture of 1280 x 720: {(time.process_time() - started) / 50 * 1e6:.0f} us of CPU")


def fill(engine: Engine, mentions: int) -> None:
    """Made-up mentions, and the keys of their stories."""
    with engine.begin() as connection, bulk.bare(connection, ("mention", "story_key")):
        step = _YEAR / mentions
        connection.execute(text(_FILL), {"since": _SINCE, "step": step, "mentions": mentions})
        connection.execute(text(_KEYS))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE) mention, story_key"))
        for row in connection.execute(text(_SIZES)):
            print(f"{row.relname}: {row.n:,} rows, {row.rows}, indexes {row.indexes}")


def look_up(engine: Engine, mentions: int, size: int, batches: int, told: str) -> None:
    """Print how long batches take to be placed."""
    chance = random.Random(1)
    walls, client, server = [], 0.0, 0.0
    for _ in range(batches):
        with engine.connect() as connection:
            process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            batch = list(_batch(connection, mentions, size, chance))
            before, cpu, started = _cpu(process), time.process_time(), time.perf_counter()
            stories.lock(connection)
            stories.stored(connection, [member.id for member in batch])
            stories.place(connection, batch)
            walls.append(time.perf_counter() - started)
            client += time.process_time() - cpu
            server += _cpu(process) - before
            connection.rollback()
    walls.sort()
    n = batches * size
    print(
        f"{told}: median {statistics.median(walls) * 1e3:.1f} ms a batch of {size}, 95th percentile "
        f"{walls[int(len(walls) * 0.95)] * 1e3:.1f} ms; CPU a mention: {client / n * 1e6:.0f} us here, "
        f"{server / n * 1e6:.0f} us in the database"
    )


def _batch(
    connection: Connection, mentions: int, size: int, chance: random.Random
) -> Iterator[stories.Member]:
    """A third of them copies of what came lately, one of them of the one that everybody repeats."""
    numbers = [1, *(chance.randrange(mentions * 9 // 10, mentions) for _ in range(size // 3 - 1))]
    known = connection.execute(
        text(
            "SELECT story_keys FROM mention WHERE id = ANY(SELECT md5('m' || n)::uuid FROM unnest(:n) AS n)"
        ),
        {"n": numbers},
    ).scalars()
    for keys in known:
        yield stories.Member(uuid.uuid4(), _SINCE + _YEAR, tuple(keys))
    for _ in range(size - len(numbers)):
        count = chance.choice([1, 9])
        keys = tuple(chance.randrange(-(2**63), 2**63) for _ in range(count))
        yield stories.Member(uuid.uuid4(), _SINCE + _YEAR, keys)


def _cpu(process: int) -> float:
    """CPU seconds of the database's process; 0 where nobody tells."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mentions", type=int, default=1_500_000)
    options.add_argument("--batch", type=int, default=64, help="MONITOR_TEXT_BATCH_SIZE")
    options.add_argument("--batches", type=int, default=200)
    options.add_argument("--database", help="an empty database; default: the embedded one")
    given = options.parse_args()
    signatures(repeats=10)
    with database(given.database) as url:
        settings = load_settings(database_url=url)
        schema.upgrade(settings)
        engine = sync_engine(settings)
        fill(engine, given.mentions)
        look_up(engine, given.mentions, given.batch, 20, "first batches, nothing of it in memory")
        look_up(engine, given.mentions, given.batch, given.batches, "then")
        engine.dispose()


if __name__ == "__main__":
    main()
