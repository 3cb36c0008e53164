"""The account against the rows: whether those there are those that batches stored, and whole.

Equal counts hide a row that was removed and another forged, so the mentions are compared by the XOR of their
digests (`mention_digest`): stored by batches, less those erased, must be those in the table.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, text

from monitor.storage.findings import NAMED, Findings, few


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over everything; the digests are those of the mentions counted beside them."""

    stored: int
    stored_digest: int
    replaced: int
    rejected: int
    deleted: int
    erased: int
    erased_digest: int
    mentions: int
    mentions_digest: int
    uncounted: int
    """Mentions that do not know how many brand mentions and sentiments they have."""
    dead_letters: int


_SUMS: Final = text("""
SELECT * FROM
    (SELECT coalesce(sum(stored), 0)::bigint AS stored, coalesce(bit_xor(stored_digest), 0) AS stored_digest,
            coalesce(sum(replaced), 0)::bigint AS replaced, coalesce(sum(rejected), 0)::bigint AS rejected,
            coalesce(sum(deleted), 0)::bigint AS deleted
     FROM ingest_batch) AS batches,
    (SELECT coalesce(sum(mentions), 0)::bigint AS erased, coalesce(bit_xor(digest), 0) AS erased_digest
     FROM erasure) AS erasures,
    (SELECT count(*) AS mentions, coalesce(bit_xor(mention_digest(id)), 0) AS mentions_digest,
            count(*) FILTER (WHERE n_brand_mentions IS NULL) AS uncounted FROM mention) AS there,
    (SELECT count(*) AS dead_letters FROM dead_letter) AS letters
""")

_ERASURES: Final = text("""
WITH told AS (
    SELECT *, CASE WHEN reason IS NOT NULL THEN 'explained'
                   WHEN ids IS NOT NULL AND NOT EXISTS (
                        SELECT FROM unnest(ids) AS gone(id) LEFT JOIN mention AS m ON m.id = gone.id
                        WHERE m.id IS NULL) THEN 'back'
                   ELSE 'unexplained' END AS state
    FROM erasure WHERE kind <> 'upgrade'
), grouped AS (
    -- Those with a reason are told by it, however often it was given.
    SELECT state, kind, erased_by, reason, sum(mentions)::bigint AS mentions, count(*) AS times,
           min(erased_at) AS since, max(erased_at) AS until, max(id) AS id
    FROM told GROUP BY state, kind, erased_by, reason, CASE WHEN state <> 'explained' THEN id END
), numbered AS (
    SELECT *, count(*) OVER (PARTITION BY state) AS n,
           row_number() OVER (PARTITION BY state ORDER BY id DESC) AS place FROM grouped
)
SELECT state, kind, since, until, times, erased_by, reason, mentions, n FROM numbered
WHERE place <= :limit ORDER BY id DESC
""")

_UPGRADE: Final = text("SELECT erased_at, mentions FROM erasure WHERE kind = 'upgrade'")

# What `order.is_dead` says, in SQL.
_REVIVED: Final = text("""
SELECT m.log_id, m.topic, m.partition, m.record_offset, count(*) OVER () AS n
FROM mention AS m JOIN deleted_mention AS d USING (id)
WHERE CASE WHEN (m.log_id, m.topic, m.partition) = (d.log_id, d.topic, d.partition)
           THEN m.record_offset <= d.record_offset ELSE m.recorded_at <= d.recorded_at END
LIMIT :limit
""")

# Of no batch: its record was not delivered, or was no mention.
_UNACCOUNTED: Final = text("""
WITH account AS (
    SELECT log_id, topic, partition, range_agg(mention_offsets) AS offsets
    FROM ingest_batch GROUP BY log_id, topic, partition
)
SELECT m.id, m.log_id, m.topic, m.partition, m.record_offset, count(*) OVER () AS n
FROM mention AS m LEFT JOIN account AS a USING (log_id, topic, partition)
WHERE NOT coalesce(a.offsets @> m.record_offset, false)
LIMIT :limit
""")

# One record is one mention, so of two that claim it one is not from there.
_DOUBLED: Final = text("""
SELECT log_id, topic, partition, record_offset, count(*) OVER () AS n
FROM mention GROUP BY log_id, topic, partition, record_offset HAVING count(*) > 1
LIMIT :limit
""")

_PARTS: Final = {
    "brand mentions": ("brand_mention", "n_brand_mentions"),
    "sentiments": ("sentiment", "n_sentiments"),
}

# One in a language that the model does not speak was written without a sentiment, and says so (0).
_UNSCORED: Final = text("""
SELECT count(*) FROM mention AS m
WHERE kind = 'text' AND n_sentiments IS DISTINCT FROM 0 AND NOT EXISTS (
    SELECT FROM sentiment AS s
    WHERE s.mention_id = m.id AND s.brand_id IS NULL AND s.model_version = m.model_version
)
""")


def check(connection: Connection, findings: Findings) -> Sums:
    """Reads every mention and what hangs on it, in statements that keep no more than a few rows here."""
    sums = Sums(**connection.execute(_SUMS).one()._asdict())
    _erasures(connection, findings)
    wrong = _compare(sums, findings)
    _rows(connection, _UNACCOUNTED, "is from no record that a batch stored", findings)
    _rows(connection, _REVIVED, "is of a mention that was deleted after it", findings)
    if wrong:
        _rows(connection, _DOUBLED, "is the record of more than one mention", findings)
    for what, (table, counted) in _PARTS.items():
        _parts(connection, what, table, counted, findings)
    if unscored := connection.execute(_UNSCORED).scalar_one():
        findings.faults.append(
            f"{unscored:,} text mentions have no sentiment of the model version that scored them"
        )
    if sums.uncounted:
        findings.notes.append(
            f"{sums.uncounted:,} mentions were written before schema 0010 or made up: whether they have all "
            "their brand mentions and sentiments cannot be known"
        )
    return sums


def _compare(sums: Sums, findings: Findings) -> bool:
    """Whether the mentions are not those they should be."""
    if sums.stored - sums.erased != sums.mentions:
        findings.faults.append(
            f"batches stored {sums.stored:,} mentions, {sums.erased:,} of them were erased, table mention "
            f"holds {sums.mentions:,}: rows were removed or added by something else than a worker"
        )
    elif sums.stored_digest ^ sums.erased_digest != sums.mentions_digest:
        findings.faults.append(
            f"table mention holds as many mentions as it should, {sums.mentions:,}, but not the same: rows "
            "were removed and others added by something else than a worker"
        )
    else:
        return False
    return True


def _erasures(connection: Connection, findings: Findings) -> None:
    for row in connection.execute(_UPGRADE):
        findings.notes.append(
            f"what was stored before schema 0010 ({row.erased_at:%Y-%m-%d}) is known by its number only"
            + (f": {row.mentions:,} mentions more had been stored than were there" if row.mentions else "")
        )
    told: dict[str, list[str]] = {"unexplained": [], "back": [], "explained": []}
    numbers: dict[str, int] = {}
    for row in connection.execute(_ERASURES, {"limit": NAMED}):
        told[row.state].append(_erased(row))
        numbers[row.state] = row.n
    findings.faults += few(told["unexplained"], numbers.get("unexplained"))
    for state in ("back", "explained"):
        findings.notes += few(told[state], numbers.get(state))


def _erased(row: Row[Any]) -> str:
    how = "TRUNCATE removed" if row.kind == "truncate" else "removed"
    when = f"on {row.until:%Y-%m-%d %H:%M}"
    if row.times > 1:
        when = f"in {row.times:,} goes from {row.since:%Y-%m-%d %H:%M} to {row.until:%Y-%m-%d %H:%M}"
    line = f"{how} {row.mentions:,} mentions {when} as {row.erased_by}"
    if row.state == "explained":
        return f"{line}: {row.reason}"
    return f"{line} without a reason" + (", and published again since" if row.state == "back" else "")


def _rows(connection: Connection, query: Any, what: str, findings: Findings) -> None:
    found = connection.execute(query, {"limit": NAMED}).all()
    findings.faults += few(
        [f"{row.topic}[{row.partition}]@{row.record_offset} (log {row.log_id}) {what}" for row in found],
        found[0].n if found else 0,
    )


def _parts(connection: Connection, what: str, table: str, counted: str, findings: Findings) -> None:
    query = text(f"""
        SELECT m.id, m.{counted} AS wanted, coalesce(there.n, 0) AS found, count(*) OVER () AS n
        FROM mention AS m
        LEFT JOIN (SELECT mention_id, count(*) AS n FROM {table} GROUP BY mention_id) AS there
          ON there.mention_id = m.id
        WHERE m.{counted} <> coalesce(there.n, 0)
        LIMIT :limit
    """)  # noqa: S608 - names of our own tables
    rows = connection.execute(query, {"limit": NAMED}).all()
    findings.faults += few(
        [f"mention {row.id} was written with {row.wanted} {what}, it has {row.found}" for row in rows],
        rows[0].n if rows else 0,
    )
