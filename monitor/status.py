"""Where the system stands: what Kafka holds, how far the workers are, and what became of it."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Engine, func, select, tuple_

from monitor.settings import Settings
from monitor.storage.account_tables import ingest_batch
from monitor.storage.audit import AuditReport, audit
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated
from monitor.storage.logs import find_logs
from monitor.stream.identity import LogIdentity, read_log
from monitor.stream.positions import PartitionPosition, read_positions


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

    cluster_id: str
    logs: Mapping[str, str]
    """Topic -> log_id: the life of it that Kafka holds now."""
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
    identity = await read_log(settings)
    positions = await read_positions(settings)
    return await asyncio.to_thread(_read_books, settings, identity, positions)


def _read_books(settings: Settings, identity: LogIdentity, positions: Sequence[PartitionPosition]) -> Status:
    engine = sync_engine(settings)
    try:
        with translated(), engine.connect() as connection:
            logs = find_logs(connection, identity.cluster_id, identity.topic_ids)
        report = audit(engine, positions, logs)
        sums = _sums(engine, logs)
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
    return Status(cluster_id=identity.cluster_id, logs=logs, partitions=tuple(lines), audit=report)


def _sums(engine: Engine, logs: Mapping[str, str]) -> dict[tuple[str, int], tuple[int, int]]:
    """(topic, partition) -> (stored, replaced) over all batches of these lives."""
    table = ingest_batch.c
    query = (
        select(table.topic, table.partition, func.sum(table.stored), func.sum(table.replaced))
        .where(tuple_(table.topic, table.log_id).in_(logs.items()))
        .group_by(table.topic, table.partition)
    )
    with translated(), engine.connect() as connection:
        return {
            (topic, partition): (int(stored), int(replaced))
            for topic, partition, stored, replaced in connection.execute(query)
        }
