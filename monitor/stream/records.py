"""Kafka records as they are handed from the stream to the pipeline, before anyone has looked inside."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from monitor.errors import DataError
from monitor.messages import DeadLetter
from monitor.storage.records import RecordPosition, Rejection, Span


class Partition(NamedTuple):
    """A topic's partition; equal to Faust's and aiokafka's own."""

    topic: str
    partition: int


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Raw key, value and headers with their place in the log; `generation` is that of the group
    assignment."""

    position: RecordPosition
    generation: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    fault: DataError | None = None
    """Why this is no record that anybody could decode; `value` is then its bytes on the wire."""

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return Partition(self.position.topic, self.position.partition)

    @property
    def size(self) -> int:
        """Bytes of key, value and headers."""
        size = len(self.key or b"") + len(self.value or b"")
        for name, value in self.headers:
            size += len(name) + len(value)
        return size

    @property
    def content_type(self) -> str | None:
        """Header `content-type`; the last one wins, as in Kafka's own clients."""
        for name, value in reversed(self.headers):
            if name.lower() == "content-type":
                return value.decode("utf-8", "replace")
        return None

    def rejected(self, error: DataError, failed_at: datetime) -> Rejection:
        """This record as a dead letter: everything it was, and why."""
        letter = DeadLetter(
            key=self.key,
            value=self.value or b"",
            headers=self.headers,
            error_code=error.code.value,
            error_detail=error.detail[:LONGEST_DETAIL],
            source_topic=self.position.topic,
            source_partition=self.position.partition,
            source_offset=self.position.offset,
            failed_at=failed_at,
        )
        return Rejection(position=self.position, letter=letter)


LONGEST_DETAIL = 2000
"""Characters of an error's detail: enough for a person, and a dead letter's headers stay within their
envelope."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """An unbroken stretch of one partition, offsets `start` up to, not including, `end`: the records in it,
    and offsets that hold none (markers of transactions, aborted ones, what compaction removed).
    """

    partition: Partition
    start: int
    end: int
    records: tuple[Record, ...]
    size: int
    """Bytes of the records as they came."""
    generation: int

    @property
    def span(self) -> Span:
        """The offsets, for the batch's account."""
        return Span(*self.partition, self.start, self.end)

    def cut(self, count: int) -> tuple["Stretch", "Stretch | None"]:
        """The first `count` records with the offsets before them, and the rest."""
        if len(self.records) <= count:
            return self, None
        border = self.records[count].position.offset
        first = self.records[:count]
        size = sum(record.size for record in first)
        return (
            replace(self, end=border, records=first, size=size),
            replace(self, start=border, records=self.records[count:], size=self.size - size),
        )


_LAST_MOMENT: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
"""Seconds; Python's and PostgreSQL's last common year."""


def moment(seconds: float | None) -> datetime:
    """A record's timestamp. Publishers set it, to anything: what no calendar holds is moved to the nearest
    day."""
    if seconds is None or not 0.0 <= seconds <= _LAST_MOMENT:
        seconds = min(max(seconds or 0.0, 0.0), _LAST_MOMENT)
    return datetime.fromtimestamp(seconds, UTC)


def utc_now() -> datetime:
    """The clock of the stream room; tests pass their own."""
    return datetime.now(UTC)
