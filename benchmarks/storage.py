"""How fast the batch writer is by size of batch, with roll-ups and without, and where its time goes.

    python benchmarks/storage.py [--mentions 20000] [--batch 64 128 256 512] [--database URL]

Everything runs against one PostgreSQL server, by default the embedded one in a temporary folder with its
durable defaults. One worker and its server take turns; of two (in one process here), one gets its rows
ready while the server works for the other. The limit is COPY of the very same rows: what the server can
take in one transaction without conflicts, with all indexes and constraints but without the triggers that
keep the roll-ups. The writer adds what COPY cannot do: many small transactions (each waits for the disk),
stories, idempotence, replacing, the account.

CPU is told beside the rate, in microseconds a mention, of this process and of the server's: on a busy machine
the rest is waiting for a core.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from database_server import database
from psycopg.pq import TransactionStatus

from monitor.brands import Brands, load_brands
from monitor.messages import BrandMention, Deletion, Sentiment, TextMention
from monitor.settings import Settings, load_settings
from monitor.storage import schema
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, Change, DeletionResult, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.texts import read
from monitor.texts.stories import story_keys

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_COPIED = ("mention", "brand_mention", "sentiment")
_EMPTIED = (*_COPIED, "story_key", "ingest_batch", "deleted_mention")


class Cost(NamedTuple):
    """What all processes have used up to some moment."""

    at: float
    worker: float
    """CPU seconds of this process."""
    server: float
    """CPU seconds of the server's processes of this database; 0 where the server is elsewhere."""
    wal: int
    """Bytes of the write-ahead log."""


@dataclass(frozen=True)
class Figure:
    """One line of the result."""

    name: str
    mentions: int
    before: Cost
    after: Cost
    statements: float = 0
    """Per batch, with BEGIN and COMMIT."""
    round_trips: float = 0

    @property
    def rate(self) -> float:
        """Mentions a second."""
        return self.mentions / (self.after.at - self.before.at)

    def row(self) -> dict[str, float | str]:
        """Plain numbers; microseconds of CPU and bytes of the log are a mention's."""
        each = 1e6 / self.mentions
        return {
            "name": self.name,
            "mentions_per_second": round(self.rate),
            "worker_us": round((self.after.worker - self.before.worker) * each),
            "server_us": round((self.after.server - self.before.server) * each),
            "wal_bytes": round((self.after.wal - self.before.wal) / self.mentions),
            "statements": round(self.statements, 1),
            "round_trips": round(self.round_trips, 1),
        }


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


class Meter:
    """Reads what the server has used; `connection` stays open beside what is measured."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def read(self) -> Cost:
        """Up to now."""
        wal, pids = self._connection.execute(_USED).fetchone() or (0, [])
        return Cost(time.perf_counter(), time.process_time(), sum(map(_cpu, pids)), int(wal))

    def close(self) -> None:
        """Read no more."""
        self._connection.close()


_USED: Final = """
    SELECT pg_current_wal_lsn() - '0/0', ARRAY(
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
           OR backend_type IN ('walwriter', 'checkpointer', 'background writer'))
"""


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # another machine's, or gone
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Counts what the driver sends meanwhile: statements, and round trips."""
    seen = {"statements": 0, "round_trips": 0}
    execute, enter = psycopg.AsyncConnection.execute, psycopg.AsyncPipeline.__aexit__
    commit = psycopg.AsyncConnection.commit

    async def executes(self: Any, *given: Any, **options: Any) -> Any:
        seen["statements"] += 1
        return await execute(self, *given, **options)

    async def leaves(self: Any, *given: Any) -> None:
        seen["round_trips"] += 1
        await enter(self, *given)

    async def commits(self: Any) -> None:
        seen["statements"] += 1  # the BEGIN
        if self.info.transaction_status != TransactionStatus.IDLE:
            seen["statements"] += 1
            seen["round_trips"] += 1
        await commit(self)

    psycopg.AsyncConnection.execute = executes  # type: ignore[method-assign]
    psycopg.AsyncPipeline.__aexit__ = leaves  # type: ignore[method-assign]
    psycopg.AsyncConnection.commit = commits  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        psycopg.AsyncConnection.execute = execute  # type: ignore[method-assign]
        psycopg.AsyncPipeline.__aexit__ = enter  # type: ignore[method-assign]
        psycopg.AsyncConnection.commit = commit  # type: ignore[method-assign]


async def write(
    name: str, settings: Settings, brands: Brands, results: Sequence[Change], batch: int, workers: int = 1
) -> Figure:
    """All of them in batches of that size; by several workers at once, each its own partitions."""
    engine = async_engine(settings)
    writer = BatchWriter(engine, brands)
    await writer.prepare()
    meter = Meter(settings.database_url.get_secret_value())
    shares = [
        [each for each in results if each.position.partition % workers == number] for number in range(workers)
    ]

    async def work(share: Sequence[Change]) -> None:
        for start in range(0, len(share), batch):
            await writer.write(Batch(log_id="benchmark", results=tuple(share[start : start + batch])))

    before = meter.read()
    with counted() as seen:
        await asyncio.gather(*map(work, shares))
    after, batches = meter.read(), sum(-(-len(share) // batch) for share in shares)
    meter.close()
    await engine.dispose()
    return Figure(
        name, len(results), before, after, seen["statements"] / batches, seen["round_trips"] / batches
    )


def emptied(url: str, *, rollups: bool) -> None:
    """Empty the tables, and switch the triggers that move the roll-ups on or off."""
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {', '.join(_EMPTIED)} CASCADE")
        for table in (*_COPIED, "logo_detection", "correction"):
            connection.execute(f"ALTER TABLE {table} {'ENABLE' if rollups else 'DISABLE'} TRIGGER USER")


def copy(url: str, mentions: int) -> Figure:
    """COPY the tables' rows into the emptied tables, in one transaction."""
    meter = Meter(url)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        kept: dict[str, list[bytes]] = {}
        for table in _COPIED:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as out:
                kept[table] = [bytes(block) for block in out]
        cursor.execute(f"TRUNCATE {', '.join(_COPIED)} CASCADE")
        connection.commit()
        before = meter.read()
        for table in _COPIED:
            with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as into:
                for block in kept[table]:
                    into.write(block)
        connection.commit()
        after = meter.read()
    meter.close()
    return Figure("limit: COPY of the same rows, one transaction", mentions, before, after)


def writer_table(
    mentions: int = 20_000, batches: Sequence[int] = (64, 128, 256, 512), url: str | None = None
) -> list[dict[str, float | str]]:
    """Rows a size of batch: without roll-ups, with them, and by two workers at once; then redelivery and
    deletion in batches of the first size, and the limit. `url`: an empty database, else the embedded one."""
    brands = load_brands()
    results = texts(mentions, brands)
    figures: list[Figure] = []
    with database(url) as at:
        settings = load_settings(database_url=at)
        schema.upgrade(settings)

        def add(name: str, given: Sequence[Change], batch: int, workers: int = 1) -> None:
            name = f"{name}, batches of {batch}"
            figures.append(asyncio.run(write(name, settings, brands, given, batch, workers)))

        for batch in batches:
            emptied(at, rollups=False)
            add("without roll-ups", results, batch)
            emptied(at, rollups=True)
            add("writer", results, batch)
            emptied(at, rollups=True)
            add("two writers at once", results, batch, workers=2)
        add("redelivered", results, batches[0])
        figures.append(copy(at, mentions))
        add("deletions", deletions(results), batches[0])
    return [figure.row() for figure in figures]


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mentions", type=int, default=20_000)
    options.add_argument("--batch", type=int, nargs="+", default=[64, 128, 256, 512])
    options.add_argument("--database", help="an empty database; default: the embedded one")
    given = options.parse_args()
    rows = writer_table(given.mentions, given.batch, given.database)
    print("| one worker | mentions/s | worker, us | server, us | log, bytes | statements | round trips |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(
            "|",
            " | ".join(f"{value:,}" if value != row["name"] else str(value) for value in row.values()),
            "|",
        )


if __name__ == "__main__":
    main()
