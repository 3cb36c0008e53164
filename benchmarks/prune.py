"""What a month's pruning takes beside a worker that writes, and how long that worker ever waits.

    python benchmarks/prune.py [--mentions 10000000] [--alone 60] [--folder DIR]    # 10^7: an hour, 25 GB

A database on an embedded PostgreSQL (settings of a server of 8 GB) is seeded with a year as `brand-monitor
seed` does. A worker's writer stores new texts in batches of 64, one after the other: for `--alone` seconds by
itself, then beside the pruning of the oldest 30 days. At last the limit: the next 30 days deleted by plain
statements, without triggers, keys and figures, in one transaction that is taken back. `--folder` keeps the
database, seeded, for the next run; each prunes its next 30 days.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from page_server import SERVER, Site
from sqlalchemy import Engine, text
from storage import texts

from monitor.brands import Brands, load_brands
from monitor.local.database import EmbeddedDatabase
from monitor.settings import Settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pruning import Pruned, Pruning
from monitor.storage.records import Batch, TextResult
from monitor.storage.writer import BatchWriter

_MONTH = timedelta(days=30)
_BATCH = 64
_PLENTY = 200_000
"""Texts for the worker: more than it can write meanwhile, the same again after that."""


def oldest(engine: Engine) -> datetime:
    """The midnight (UTC) before the first mention."""
    with engine.connect() as connection:
        first = connection.execute(text("SELECT min(published_at) FROM mention")).scalar_one()
    return datetime.combine(first.astimezone(UTC).date(), datetime.min.time(), UTC)


def figures(engine: Engine) -> tuple[object, ...]:
    """What all roll-ups by day and hour add up to, but for what the worker writes."""
    query = """
        SELECT (SELECT sum(mentions) FROM mention_hour WHERE source <> 'benchmark'),
               (SELECT sum(texts) FROM brand_day WHERE source <> 'benchmark'),
               (SELECT sum(negative) FROM brand_day WHERE source <> 'benchmark'),
               (SELECT sum(mentions) FROM about_hour WHERE source <> 'benchmark'),
               (SELECT sum(pairs) FROM pair_day WHERE source <> 'benchmark')
    """
    with engine.connect() as connection:
        return tuple(connection.execute(text(query)).one())


class Worker:
    """Writes batches one after the other, and notes how long each took, in seconds."""

    def __init__(self, settings: Settings, brands: Brands) -> None:
        self._engine = async_engine(settings)
        self._writer = BatchWriter(self._engine, brands)
        self._results = texts(_PLENTY, brands)
        self._life = 0

    async def __aenter__(self) -> "Worker":
        await self._writer.prepare()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._engine.dispose()

    async def write(self, more: Callable[[], bool]) -> list[float]:
        took: list[float] = []
        for results in self._batches():
            if not more():
                return took
            started = time.perf_counter()
            await self._writer.write(Batch(log_id=f"benchmark-{self._life}", results=results))
            took.append(time.perf_counter() - started)
        raise AssertionError("unreachable")

    def _batches(self) -> Iterator[tuple[TextResult, ...]]:
        while True:
            self._life += 1
            for start in range(0, len(self._results), _BATCH):
                yield tuple(self._results[start : start + _BATCH])


def told(name: str, took: list[float]) -> None:
    """A line of a worker's batches."""
    took = sorted(took)
    p99 = took[min(len(took) - 1, int(0.99 * len(took)))]
    rate = _BATCH * len(took) / sum(took)
    print(
        f"{name:<34}{len(took):>7,} batches, median {statistics.median(took) * 1000:.0f} ms, "
        f"99th percentile {p99 * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms, {rate:,.0f} mentions/s",
        flush=True,
    )


async def beside(worker: Worker, pruning: Pruning) -> tuple[Pruned, float, list[float], int]:
    """Prune while the worker writes: what went, in how many seconds, the worker's batches, steps."""
    steps = 0

    def step(_done: Pruned) -> None:
        nonlocal steps
        steps += 1

    started = time.perf_counter()
    pruner = asyncio.create_task(asyncio.to_thread(pruning.run, told=step))
    took = await worker.write(lambda: not pruner.done())
    return await pruner, time.perf_counter() - started, took, steps


def limit(engine: Engine, before: datetime) -> tuple[int, float]:
    """Mentions and seconds of plain deletion, taken back."""
    month = "SELECT id FROM mention WHERE published_at < :before"
    with engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # neither triggers nor keys
        started = time.perf_counter()
        for statement in (
            *(
                f"DELETE FROM {table} WHERE mention_id IN ({month})"
                for table in ("brand_mention", "sentiment", "presence")
            ),
            "DELETE FROM mention WHERE published_at < :before",
        ):
            n = connection.execute(text(statement), {"before": before}).rowcount
        seconds = time.perf_counter() - started
        connection.rollback()
    return n, seconds


async def measure(settings: Settings, alone: float) -> None:
    """Print the figures."""
    engine = sync_engine(settings)
    before = oldest(engine) + _MONTH
    counts = figures(engine)
    async with Worker(settings, load_brands()) as worker:
        until = time.perf_counter() + alone
        told("worker by itself", await worker.write(lambda: time.perf_counter() < until))
        pruning = Pruning(engine, before)
        started = time.perf_counter()
        pruning.begin()
        begun = time.perf_counter() - started
        done, seconds, took, steps = await beside(worker, pruning)
        told("worker beside the pruning", took)
    print(
        f"pruned {done.mentions:,} mentions and {done.pictures:,} pictures from before {before.date()} in "
        f"{seconds:,.0f} s ({done.mentions / seconds:,.0f}/s), {steps:,} steps; decided in {begun:.2f} s"
    )
    if figures(engine) != counts:
        raise SystemExit(f"the figures changed: {counts} before, {figures(engine)} after")
    n, least = limit(engine, before + _MONTH)
    print(
        f"limit: {n:,} mentions of the next 30 days in one plain transaction: {least:,.0f} s "
        f"({n / least:,.0f}/s)"
    )
    engine.dispose()


def main() -> None:
    """Seed where nothing is there, then measure."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mentions", type=int, default=10_000_000)
    options.add_argument("--alone", type=float, default=60, help="seconds the worker writes by itself")
    options.add_argument("--folder", type=Path, help="keeps the database; default: a temporary one")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        with EmbeddedDatabase(folder / "server", SERVER) as server:
            site = Site(server, folder, given.mentions)
            seconds = site.fill()
            size = site.one(f"SELECT pg_size_pretty(pg_database_size('{site.database}'))")
            made = "there already" if seconds is None else f"seeded in {seconds:,.0f} s"
            print(f"{given.mentions:,} mentions, {size}, {made}", flush=True)
            asyncio.run(measure(site.settings, given.alone))


if __name__ == "__main__":
    main()
