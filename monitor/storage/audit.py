"""Counts what the log held against what the tables hold: nothing lost, nothing doubled, or which offsets.

Every batch leaves a row in `ingest_batch` with exactly the offsets it accounts for, in the transaction that
wrote them. Redelivery may cut batches elsewhere, so coverage is the union of these ranges, not their sum.
`monitor.storage.coverage` holds it against Kafka, `monitor.storage.integrity` against the rows.
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Engine

from monitor.storage import coverage, integrity
from monitor.storage.coverage import PartitionAudit, PartitionPosition
from monitor.storage.faults import translated
from monitor.storage.findings import Findings

__all__ = ["AuditReport", "PartitionAudit", "PartitionPosition", "audit"]


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """The sums, a line in `faults` for everything that does not add up, and one in `notes` for what is true
    and no fault: what Kafka no longer holds, what was erased and why, what cannot be known."""

    partitions: tuple[PartitionAudit, ...]
    stored: int
    mentions: int
    replaced: int
    rejected: int
    dead_letters: int
    deleted: int
    """Records that delete a mention."""
    erased: int
    """Mentions that were stored and then removed."""
    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Everything adds up."""
        return not self.faults


def audit(engine: Engine, positions: Sequence[PartitionPosition], logs: Mapping[str, str]) -> AuditReport:
    """Add up everything, as of one moment. Read `positions` before calling: the tables may be ahead of them.

    `logs` names the present life of each topic (`monitor.storage.logs.find_logs`). Reads every mention; needs
    no more than the read role. Raises `OutageError`, or `SetupError` if the schema is missing.
    """
    findings = Findings()
    with translated(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        partitions = coverage.check(connection, positions, logs, findings)
        sums = integrity.check(connection, findings)
    return AuditReport(
        partitions=partitions,
        stored=sums.stored,
        mentions=sums.mentions,
        replaced=sums.replaced,
        rejected=sums.rejected,
        dead_letters=sums.dead_letters,
        deleted=sums.deleted,
        erased=sums.erased,
        faults=tuple(findings.faults),
        notes=tuple(findings.notes),
    )
