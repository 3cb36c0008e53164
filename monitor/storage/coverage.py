"""The account against Kafka: which offsets it lacks, which left the log unread, which cannot be."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection, Row, text

from monitor.storage.findings import NAMED, Findings, few, span


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
    def high(self) -> int:
        """Offset the next record will get."""

    @property
    def committed(self) -> int | None:
        """First offset not yet committed; None if nothing was."""


class PartitionAudit(msgspec.Struct, frozen=True, kw_only=True):
    """One partition: how many offsets are accounted for, and which below the committed one are not."""

    topic: str
    partition: int
    committed: int | None
    covered: int
    rejected: int
    missing: tuple[tuple[int, int], ...]
    """First and last offset of every gap, of the first 20."""


def _spans(offsets: str, name: str) -> str:
    """SQL: the first spans of a multirange, and how many there are."""
    return f"""
        (SELECT coalesce(array_agg(ARRAY[lower(span), upper(span) - 1] ORDER BY span), '{{}}')
         FROM (SELECT span FROM unnest({offsets}) AS span ORDER BY span LIMIT {NAMED}) AS few) AS {name},
        (SELECT count(*) FROM unnest({offsets})) AS n_{name}"""  # noqa: S608 - our own words


def _size(offsets: str, name: str) -> str:
    """SQL: how many offsets a multirange holds."""
    return f"""
        (SELECT coalesce(sum(upper(span) - lower(span)), 0)::bigint
         FROM unnest({offsets}) AS span) AS {name}"""  # noqa: S608 - our own words


# What is older than a minute is settled: what a worker writes while this reads is not in the positions, and
# what it wrote last need not be committed yet.
_BOOKS: Final = text(f"""
WITH stood AS (
    SELECT * FROM unnest(CAST(:logs AS text[]), CAST(:topics AS text[]), CAST(:partitions AS int[]),
                         CAST(:lows AS bigint[]), CAST(:committeds AS bigint[]))
        AS given(log_id, topic, partition, low, committed)
), lines AS (
    SELECT log_id, topic, partition, range_agg(offsets) AS written, range_agg(rejected_offsets) AS rejected,
           min(written_at) < now() - interval '1 minute' AS settled,
           max(last_offset) FILTER (WHERE written_at < now() - interval '1 minute') AS settled_last
    FROM ingest_batch GROUP BY log_id, topic, partition
), letters AS (
    SELECT log_id, topic, partition, range_agg(int8range(record_offset, record_offset, '[]')) AS kept
    FROM dead_letter GROUP BY log_id, topic, partition
), books AS (
    SELECT log_id, topic, partition, low IS NOT NULL AS stands, low, committed, settled, settled_last,
           first_offset, low_offset, coalesce(exact_from, 0) AS exact_from,
           coalesce(written, '{{}}') AS written, coalesce(rejected, '{{}}') AS rejected,
           coalesce(kept, '{{}}') AS kept,
           -- Without a word on where reading began: from the first record there ever was for us.
           coalesce(first_offset, least(low, lower(written), committed), 0) AS begun
    FROM stood
    FULL JOIN lines USING (log_id, topic, partition)
    FULL JOIN letters USING (log_id, topic, partition)
    FULL JOIN log_partition USING (log_id, topic, partition)
), held AS (
    SELECT *, int8range(begun, greatest(begun, coalesce(committed, upper(written))))::int8multirange - written
                  AS lacking,
           greatest(begun, coalesce(committed, upper(written))) AS read_to
    FROM books
), told AS (
    SELECT *, lacking * int8range(exact_from, NULL)::int8multirange AS lost,
           lacking * int8range(NULL, exact_from)::int8multirange AS unknown,
           int8range(read_to, greatest(read_to, low))::int8multirange - written AS left_unread,
           rejected - kept AS unkept, kept - rejected AS unaccounted
    FROM held
)
SELECT log_id, topic, partition, stands, settled, settled_last, first_offset, low_offset, begun,
       NOT isempty(written) AS has_batches, upper(written) AS written_to,
       {_size("written", "covered")}, {_size("rejected", "rejected")},
       {_spans("lost", "missing")}, {_spans("unknown", "unknown")}, {_spans("left_unread", "unread")},
       {_spans("unkept", "letters_missing")}, {_spans("unaccounted", "letters_unaccounted")}
FROM told ORDER BY topic, partition, log_id
""")  # noqa: S608 - our own words


def check(
    connection: Connection,
    positions: Sequence[PartitionPosition],
    logs: Mapping[str, str],
    findings: Findings,
) -> tuple[PartitionAudit, ...]:
    """One answer per position, in their order. What stands in the books of other lives is looked at, too."""
    given = {
        "logs": [logs[each.topic] for each in positions],
        "topics": [each.topic for each in positions],
        "partitions": [each.partition for each in positions],
        "lows": [each.low for each in positions],
        "committeds": [each.committed for each in positions],
    }
    books = {(row.log_id, row.topic, row.partition): row for row in connection.execute(_BOOKS, given)}
    answers = []
    for position in positions:
        row = books.pop((logs[position.topic], position.topic, position.partition))
        place = f"{position.topic}[{position.partition}]"
        _gaps(place, row, findings, low=position.low)
        _ends(place, row, position, findings)
        _beginning(place, row, position, findings)
        answers.append(_answer(row, position))
    elsewhere: defaultdict[tuple[str, str], int] = defaultdict(int)
    for row in books.values():
        _gaps(f"{row.topic}[{row.partition}] of log {row.log_id}", row, findings, low=None)
        elsewhere[row.topic, row.log_id] += row.covered
    findings.notes += few(
        [
            f"{topic}: {covered:,} offsets of log {log_id}, another life of the topic than the one in Kafka "
            "now, cannot be compared with it any more"
            for (topic, log_id), covered in elsewhere.items()
        ]
    )
    return tuple(answers)


def _answer(row: Row[Any], position: PartitionPosition) -> PartitionAudit:
    return PartitionAudit(
        topic=position.topic,
        partition=position.partition,
        committed=position.committed,
        covered=row.covered,
        rejected=row.rejected,
        missing=tuple((first, last) for first, last in row.missing),
    )


def _gaps(place: str, row: Row[Any], findings: Findings, low: int | None) -> None:
    def lines(gaps: Sequence[Sequence[int]], n: int, what: str) -> list[str]:
        return few([f"{place}: {span(gap)} {what}" for gap in gaps], n)

    lost = [f"{place}: {span(gap)} {_lost(gap, low)}" for gap in row.missing]
    findings.faults += few(lost, row.n_missing)
    findings.faults += lines(row.letters_missing, row.n_letters_missing, "rejected but not in dead_letter")
    findings.faults += lines(
        row.letters_unaccounted, row.n_letters_unaccounted, "in dead_letter but in no batch"
    )
    findings.notes += lines(
        row.unknown,
        row.n_unknown,
        "committed before schema 0010 and not in the database: whether transaction markers, compaction or a "
        "loss cannot be known",
    )


def _lost(gap: Sequence[int], low: int | None) -> str:
    if low is None:
        return "not in the database, though later ones are"
    lost = "committed but not in the database"
    return f"{lost}, and no longer in Kafka" if gap[1] < low else lost


def _ends(place: str, row: Row[Any], position: PartitionPosition, findings: Findings) -> None:
    """Where the group, the books and the log end."""
    if row.n_unread:
        findings.faults += few(
            [
                f"{place}: {span(gap)} left the log before they were read; raise the topic's retention"
                for gap in row.unread
            ],
            row.n_unread,
        )
    if position.committed is None:
        if row.settled:
            findings.faults.append(
                f"{place}: nothing is committed, but batches up to offset {row.written_to - 1} are in the "
                "database: the group's offsets were deleted or expired"
            )
    elif position.committed > position.high:
        findings.faults.append(
            f"{place}: offset {position.committed} is committed, but the log ends at {position.high}: it was "
            "emptied or made anew"
        )
    if row.settled_last is not None and row.settled_last >= position.high:
        findings.faults.append(
            f"{place}: batches up to offset {row.settled_last} are in the database, but the log ends at "
            f"{position.high}: it was emptied or made anew"
        )


def _beginning(place: str, row: Row[Any], position: PartitionPosition, findings: Findings) -> None:
    """What is not owed, because nobody here could read it."""
    if row.first_offset is None:
        # Whoever never read and never committed here owes nothing.
        begun = row.begun if row.has_batches or position.committed is not None else position.low
        if begun > 0:
            findings.notes.append(
                f"{place}: Kafka no longer holds {span((0, begun - 1))}, from before anything was read here"
            )
        return
    if row.low_offset is None:
        if row.first_offset > 0:
            findings.notes.append(
                f"{place}: reading began at offset {row.first_offset}, before schema 0010; whether Kafka "
                f"held {span((0, row.first_offset - 1))} then is not known"
            )
        return
    if row.low_offset > 0:
        findings.notes.append(
            f"{place}: Kafka no longer held {span((0, row.low_offset - 1))} when reading began"
        )
    if row.first_offset > row.low_offset:
        findings.notes.append(
            f"{place}: reading began at offset {row.first_offset}; Kafka held "
            f"{span((row.low_offset, row.first_offset - 1))} then, which the group had committed or skipped"
        )
