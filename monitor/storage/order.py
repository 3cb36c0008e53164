"""Which record of a mention stands: the one place that knows the order of records.

Within a partition the log's order decides. Partitions and lives of a log have no common order, and clocks of
publishers may be wrong: of versions it is the order of arrival here, and a redelivered record came before.
Whether a version comes after a deletion in another partition is told by the records' timestamps, that of the
deletion no later than when it arrived: one dated 2099 deletes nothing of tomorrow.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from monitor.storage.records import Change, DeletionResult, RecordPosition, Result


class Place(NamedTuple):
    """Where a record lies; `recorded_at` is Kafka's timestamp."""

    log_id: str
    topic: str
    partition: int
    offset: int
    recorded_at: datetime

    @property
    def log(self) -> tuple[str, str, int]:
        """The partition, in this life of its topic."""
        return self.log_id, self.topic, self.partition


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables hold of a mention: the place of its row, and up to where its records are dead."""

    row: Place | None = None
    dead_to: Place | None = None


NOTHING: Final = Known()
"""Of a mention that never was."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a batch makes of a mention."""

    version: Result | None
    """To be written; None: what is there stays, or nothing is."""
    removed: bool
    """Whether what is there was deleted; before `version` is written."""
    deletion: DeletionResult | None
    """The last one that moved the mark."""
    dead_to: Place | None
    silent: tuple[RecordPosition, ...]
    """Versions whose mention was deleted after them, and deletions that leave a later version."""


def place(position: RecordPosition, log_id: str) -> Place:
    """The record's place in this life of its topic."""
    return Place(log_id, position.topic, position.partition, position.offset, position.timestamp)


def is_dead(version: Place, dead_to: Place | None) -> bool:
    """Whether a version came before the deletion that a mark stands for."""
    if dead_to is None:
        return False
    if version.log == dead_to.log:
        return version.offset <= dead_to.offset
    return version.recorded_at <= dead_to.recorded_at


def later(mark: Place | None, deletion: Place) -> Place:
    """The mark after a deletion; one that came before it does not move it."""
    if mark is None:
        return deletion
    if mark.log == deletion.log:
        if deletion.offset <= mark.offset:
            return mark
        return deletion._replace(recorded_at=max(mark.recorded_at, deletion.recorded_at))
    return deletion if deletion.recorded_at > mark.recorded_at else mark


def needs_redelivered(records: Sequence[Change], known: Known, log_id: str) -> bool:
    """Whether it matters which of the records were delivered before."""
    if len(records) == 1 and known.dead_to is None and (known.row is None or _deletes(records[0])):
        return False  # a new mention, or the first deletion: that is one whenever it came
    if known.dead_to is not None or any(map(_deletes, records)):
        return True
    logs = {place(each.position, log_id).log for each in records}
    return len(logs if known.row is None else logs | {known.row.log}) > 1


def _deletes(record: Change) -> bool:
    return isinstance(record, DeletionResult)


def settle(
    records: Sequence[Change],
    known: Known,
    redelivered: Collection[RecordPosition],
    log_id: str,
    now: datetime,
) -> Settled:
    """Take the records of one mention one by one, in the order they came."""
    if len(records) == 1 and known is NOTHING and not isinstance(first := records[0], DeletionResult):
        return Settled(first, False, None, None, ())  # nearly all there is: a new mention
    standing, dead_to = known.row, known.dead_to
    version: Result | None = None
    deletion: DeletionResult | None = None
    removed, silent = False, list[RecordPosition]()
    for n, record in enumerate(records):
        at = place(record.position, log_id)
        again = record.position in redelivered
        if isinstance(record, DeletionResult):
            if not (again and dead_to is not None):  # else it did what it does when it came first
                mark = later(dead_to, at._replace(recorded_at=min(at.recorded_at, now)))
                if mark != dead_to:
                    dead_to, deletion = mark, record
                if standing is not None and is_dead(standing, dead_to):
                    removed = known.row is not None
                    silent = [each.position for each in records[:n] if not isinstance(each, DeletionResult)]
                    standing = version = None
            if standing is not None:
                silent.append(record.position)
        elif is_dead(at, dead_to) or (standing is None and dead_to is not None and again):
            silent.append(record.position)
        elif standing is None or (at.offset >= standing.offset if at.log == standing.log else not again):
            standing, version = at, record
    return Settled(version, removed, deletion, dead_to, tuple(silent))
