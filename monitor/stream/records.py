"""A Kafka record as it is handed from the stream to the pipeline, before anyone has looked inside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.errors import DataError
from monitor.messages import DeadLetter
from monitor.storage.records import RecordPosition, Rejection
from monitor.stream.ledger import Partition


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Raw key, value and headers with their place in the log; `generation` is that of the group
    assignment."""

    position: RecordPosition
    generation: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def partition(self) -> Partition:
        """Topic and partition."""
        return Partition(self.position.topic, self.position.partition)

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


def ends(records: Iterable[Record]) -> list[tuple[Partition, int]]:
    """Per partition the offset after its last record."""
    last: dict[Partition, int] = {}
    for record in records:
        last[record.partition] = max(last.get(record.partition, 0), record.position.offset + 1)
    return list(last.items())


def utc_now() -> datetime:
    """The clock of the stream room; tests pass their own."""
    return datetime.now(UTC)
