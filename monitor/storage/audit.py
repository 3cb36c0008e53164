"""Counts what the log held against what the tables hold: nothing lost, nothing doubled, or which offsets.

Every batch leaves a row in `ingest_batch` with exactly the offsets it wrote, in the transaction that wrote
them. Redelivery may cut batches elsewhere, so coverage is the union of these ranges, not their sum.
"""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from sqlalchemy import Connection, Engine, text

from monitor.storage.faults import translated


class PartitionPosition(Protocol):
    """Where a consumer group stands in one partition; `monitor.stream.positions` reads it from Kafka."""

    @property
    def topic(self) -> str:
        """Kafka topic."""

    @property
    def partition(self) -> int:
        """Its number."""

    @property
    def low(self) -> int:
        """First offset the log still holds."""

    @property
    def committed(self) -> int | None:
        """First offset not yet committed; None if nothing was."""


class PartitionAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One partition: how many offsets were written, and the ranges below the committed one that were not."""

    topic: str
    partition: int
    committed: int | None
    covered: int
    rejected: int
    missing: tuple[tuple[int, int], ...]
    """First and last offset of every gap."""


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """The sums, and one line in `faults` for everything that does not add up."""

    partitions: tuple[PartitionAudit, ...]
    stored: int
    mentions: int
    replaced: int
    rejected: int
    dead_letters: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Everything adds up."""
        return not self.faults


_PARTITION: Final = text("""
WITH written AS (
    SELECT coalesce(range_agg(offsets), '{}') AS all_of_it,
           coalesce(range_agg(rejected_offsets), '{}') AS rejected
    FROM (
        SELECT unnest(offsets) AS offsets, NULL::int8range AS rejected_offsets FROM ingest_batch
        WHERE log_id = :log_id AND topic = :topic AND partition = :partition
        UNION ALL
        SELECT NULL, unnest(rejected_offsets) FROM ingest_batch
        WHERE log_id = :log_id AND topic = :topic AND partition = :partition
    ) AS spans
), letters AS (
    SELECT coalesce(range_agg(int8range(record_offset, record_offset, '[]')), '{}') AS kept FROM dead_letter
    WHERE log_id = :log_id AND topic = :topic AND partition = :partition
), owed AS (
    -- From the first record there ever was for us: the log may have dropped old ones since they were written.
    SELECT int8range(least(:low, lower(all_of_it), :committed), :committed)::int8multirange AS offsets
    FROM written
)
SELECT
    (SELECT coalesce(sum(upper(span) - lower(span)), 0)::bigint FROM unnest(all_of_it) AS span) AS covered,
    (SELECT coalesce(sum(upper(span) - lower(span)), 0)::bigint FROM unnest(rejected) AS span) AS rejected,
    (SELECT coalesce(array_agg(ARRAY[lower(span), upper(span) - 1] ORDER BY span), '{}')
     FROM unnest(owed.offsets - all_of_it) AS span) AS missing,
    (SELECT coalesce(array_agg(ARRAY[lower(span), upper(span) - 1] ORDER BY span), '{}')
     FROM unnest(rejected - kept) AS span) AS letters_missing,
    (SELECT coalesce(array_agg(ARRAY[lower(span), upper(span) - 1] ORDER BY span), '{}')
     FROM unnest(kept - rejected) AS span) AS letters_unaccounted
FROM written, letters, owed
""")

_SUMS: Final = text("""
SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(sum(replaced), 0)::bigint AS replaced,
       coalesce(sum(rejected), 0)::bigint AS rejected,
       (SELECT count(*) FROM mention) AS mentions, (SELECT count(*) FROM dead_letter) AS dead_letters
FROM ingest_batch
""")

_UNSCORED: Final = text("""
SELECT count(*) FROM mention AS m
WHERE kind = 'text' AND NOT EXISTS (
    SELECT FROM sentiment AS s
    WHERE s.mention_id = m.id AND s.brand_id IS NULL AND s.model_version = m.model_version
)
""")


def audit(engine: Engine, positions: Sequence[PartitionPosition], log_id: str) -> AuditReport:
    """Add up everything, as of one moment. Read `positions` before calling: the tables may be ahead of them.

    Offsets without a record (transaction markers, compacted topics) read as gaps: publish without either.
    Raises `OutageError`, or `SetupError` if the schema is missing.
    """
    with translated(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        faults: list[str] = []
        partitions = tuple(_partition(connection, position, log_id, faults) for position in positions)
        sums = connection.execute(_SUMS).one()
        unscored = connection.execute(_UNSCORED).scalar_one()
    if sums.stored != sums.mentions:
        faults.append(
            f"batches stored {sums.stored:,} mentions, table mention holds {sums.mentions:,}: "
            "rows were removed or added by something else than a worker"
        )
    if unscored:
        faults.append(f"{unscored:,} text mentions have no sentiment of the model version that scored them")
    return AuditReport(
        partitions=partitions,
        stored=sums.stored,
        mentions=sums.mentions,
        replaced=sums.replaced,
        rejected=sums.rejected,
        dead_letters=sums.dead_letters,
        faults=tuple(faults),
    )


def _partition(
    connection: Connection, position: PartitionPosition, log_id: str, faults: list[str]
) -> PartitionAudit:
    place = f"{position.topic}[{position.partition}]"
    committed = position.committed
    row = connection.execute(
        _PARTITION,
        {
            "log_id": log_id,
            "topic": position.topic,
            "partition": position.partition,
            "low": position.low,
            # Nothing committed: nothing is owed yet.
            "committed": position.low if committed is None else committed,
        },
    ).one()
    if committed is not None and committed < position.low:
        faults.append(
            f"{place}: offsets {committed} to {position.low - 1} left the log before they were read; "
            "raise the topic's retention"
        )
    faults += [f"{place}: {_span(gap)} committed but not in the database" for gap in row.missing]
    faults += [f"{place}: {_span(gap)} rejected but not in dead_letter" for gap in row.letters_missing]
    faults += [f"{place}: {_span(gap)} in dead_letter but in no batch" for gap in row.letters_unaccounted]
    return PartitionAudit(
        topic=position.topic,
        partition=position.partition,
        committed=committed,
        covered=row.covered,
        rejected=row.rejected,
        missing=tuple((first, last) for first, last in row.missing),
    )


def _span(gap: Sequence[int]) -> str:
    first, last = gap
    return f"offset {first}" if first == last else f"offsets {first} to {last}"
