"""How fast the batch writer is, beside the same without roll-ups, and its limit: COPY of the very same rows.

    python benchmarks/storage.py [--mentions 50000] [--batch 64] [--workers 1] [--database URL]

Both run against one PostgreSQL server in one run, by default the embedded one in a temporary folder with its
durable defaults. COPY is what the server can take in one transaction without conflicts, with all indexes and
constraints but without the triggers that keep the roll-ups; the writer adds what COPY cannot do: many small
transactions (each waits for the disk), idempotence, replacing, the account. `CPU` is this process's share of
the time: on a busy machine the rest is waiting.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from database_server import database
from sqlalchemy import text

from monitor.brands import Brands, load_brands
from monitor.messages import BrandMention, Deletion, Sentiment, TextMention
from monitor.settings import Settings, load_settings
from monitor.storage import schema
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, Change, DeletionResult, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.texts import read
from monitor.texts.stories import story_keys

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_COPIED = ("mention", "brand_mention", "sentiment")


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    mentions: int
    seconds: float
    cpu_seconds: float

    def __str__(self) -> str:
        rate = self.mentions / self.seconds
        took = f"{self.seconds:>8.2f} s (CPU {self.cpu_seconds:.2f} s)"
        return f"{self.name:<46}{self.mentions:>9,} mentions {took} {rate:>9,.0f}/s"


def texts(n: int, brands: Brands) -> list[TextResult]:
    """Mentions of about 140 characters, each naming one brand: a mention, a brand mention, two sentiments."""
    felt = Sentiment(label="positive", p_negative=0.1, p_neutral=0.2, p_positive=0.7)
    made = []
    for offset in range(n):
        name = brands[offset % len(brands)].name
        said = (
            f"{name} came up again in conversation number {offset}, " + "as it tends to do these days, " * 3
        )
        made.append(
            TextResult(
                position=RecordPosition(
                    topic="mentions.text",
                    partition=offset % 8,
                    offset=offset,
                    timestamp=_NOON + timedelta(milliseconds=offset),
                ),
                mention=TextMention(
                    id=str(offset),
                    source="benchmark",
                    text=said,
                    published_at=_NOON + timedelta(seconds=offset),
                    author=f"author {offset % 997}",
                    reach=offset,
                ),
                sentiment=felt,
                brands=(BrandMention(brand=name, matched=name, start=0, end=len(name), sentiment=felt),),
                model_version="sentiment@1.0.0",
                story_keys=story_keys(read(said), (name,)),
            )
        )
    return made


def deletions(results: Sequence[TextResult]) -> list[DeletionResult]:
    """Of all of them, each on its mention's partition, behind them all."""
    return [
        DeletionResult(
            position=msgspec.structs.replace(result.position, offset=result.position.offset + len(results)),
            kind="text",
            deletion=Deletion(id=result.mention.id, source=result.mention.source, deleted_at=_NOON),
        )
        for result in results
    ]


async def write(
    settings: Settings, brands: Brands, results: Sequence[Change], batch: int, workers: int
) -> tuple[float, float]:
    """Seconds, and CPU seconds, for all of them in batches of that size, by that many workers at once."""
    engine = async_engine(settings)
    writer = BatchWriter(engine, brands)
    await writer.prepare()

    async def work(share: Sequence[Change]) -> None:
        for start in range(0, len(share), batch):
            await writer.write(Batch(log_id="benchmark", results=tuple(share[start : start + batch])))

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work(results[n::workers]) for n in range(workers)))
    took = time.perf_counter() - started, time.process_time() - cpu
    await engine.dispose()
    return took


def without_rollups(url: str) -> None:
    """Empty the tables and switch the triggers off that move the roll-ups."""
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {', '.join(_COPIED)}, ingest_batch, deleted_mention CASCADE")
        for table in (*_COPIED, "logo_detection", "correction"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def copy(url: str) -> tuple[float, float]:
    """Seconds, and CPU seconds, to COPY the tables' rows into the emptied tables, in one transaction."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        kept: dict[str, list[bytes]] = {}
        for table in _COPIED:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as out:
                kept[table] = [bytes(block) for block in out]
        cursor.execute(f"TRUNCATE {', '.join(_COPIED)} CASCADE")
        connection.commit()
        started, cpu = time.perf_counter(), time.process_time()
        for table in _COPIED:
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as into:
                for block in kept[table]:
                    into.write(block)
        connection.commit()
        return time.perf_counter() - started, time.process_time() - cpu


def main() -> None:
    """Print the figures, the limit first."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mentions", type=int, default=50_000)
    options.add_argument("--batch", type=int, default=64, help="MONITOR_TEXT_BATCH_SIZE")
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--database", help="an empty database; default: the embedded one")
    given = options.parse_args()
    brands = load_brands()
    results = texts(given.mentions, brands)
    with database(given.database) as url:
        settings = load_settings(database_url=url)
        schema.upgrade(settings)
        size, workers = given.batch, given.workers
        name = f"writer, batches of {size}, {workers} at once"
        first = Figure(name, given.mentions, *asyncio.run(write(settings, brands, results, size, workers)))
        again = Figure(
            f"{name}, redelivered",
            given.mentions,
            *asyncio.run(write(settings, brands, results, size, workers)),
        )
        gone = Figure(
            f"deletions, batches of {size}, {workers} at once",
            given.mentions,
            *asyncio.run(write(settings, brands, deletions(results), size, workers)),
        )
        without_rollups(url)
        bare = Figure(
            f"{name}, no roll-ups",
            given.mentions,
            *asyncio.run(write(settings, brands, results, size, workers)),
        )
        limit = Figure("limit: COPY of the same rows, one transaction", given.mentions, *copy(url))
        engine = sync_engine(settings)
        with engine.connect() as connection:
            stored = connection.execute(text("SELECT count(*) FROM mention")).scalar_one()
        engine.dispose()
    if stored != len(results):
        raise SystemExit(f"{stored:,} rows of {len(results):,}: the figures mean nothing")
    for figure in (limit, bare, first, again, gone):
        print(figure)
    print(f"writer / without roll-ups: {bare.seconds / first.seconds:.0%}")
    print(f"writer / limit: {limit.seconds / first.seconds:.0%}")


if __name__ == "__main__":
    main()
