"""Where the system stands: what Kafka holds, how far the workers are, and what became of it."""

import asyncio
from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine, func, select

from monitor.settings import Settings
from monitor.storage.audit import AuditReport, audit
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated
from monitor.storage.tables import ingest_batch
from monitor.stream.positions import PartitionPosition, read_log_id, read_positions


class PartitionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One partition: `records` the log holds, `lag` of them not yet committed; what became of the others.

    `stored` counts mentions new to the database, `replaced` those it had, `dead_letters` the refused ones.
    """

    topic: str
    partition: int
    records: int
    committed: int | None
    lag: int
    stored: int
    replaced: int
    dead_letters: int


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Every partition workers consume, and the audit of all books."""

    log_id: str
    partitions: tuple[PartitionStatus, ...]
    audit: AuditReport

    @property
    def lag(self) -> int:
        """Records no worker has committed yet."""
        return sum(line.lag for line in self.partitions)


async def read_status(settings: Settings) -> Status:
    """Ask Kafka, then the database: in this order the tables can only be ahead, never seem to lack something.

    Raises `OutageError` where a server is away, `SetupError` where topics or schema are missing.
    """
    log_id = await read_log_id(settings)
    positions = await read_positions(settings)
    return await asyncio.to_thread(_read_books, settings, log_id, positions)


def _read_books(settings: Settings, log_id: str, positions: Sequence[PartitionPosition]) -> Status:
    engine = sync_engine(settings)
    try:
        report = audit(engine, positions, log_id)
        sums = _sums(engine, log_id)
    finally:
        engine.dispose()
    rejected = {(line.topic, line.partition): line.rejected for line in report.partitions}
    lines = []
    for position in positions:
        place = (position.topic, position.partition)
        stored, replaced = sums.get(place, (0, 0))
        lines.append(
            PartitionStatus(
                topic=position.topic,
                partition=position.partition,
                records=position.high - position.low,
                committed=position.committed,
                lag=position.lag,
                stored=stored,
                replaced=replaced,
                dead_letters=rejected.get(place, 0),
            )
        )
    return Status(log_id=log_id, partitions=tuple(lines), audit=report)


def _sums(engine: Engine, log_id: str) -> dict[tuple[str, int], tuple[int, int]]:
    """(topic, partition) -> (stored, replaced) over all batches of this log."""
    table = ingest_batch.c
    query = (
        select(table.topic, table.partition, func.sum(table.stored), func.sum(table.replaced))
        .where(table.log_id == log_id)
        .group_by(table.topic, table.partition)
    )
    with translated(), engine.connect() as connection:
        return {
            (topic, partition): (int(stored), int(replaced))
            for topic, partition, stored, replaced in connection.execute(query)
        }
