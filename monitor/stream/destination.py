"""Where a scored batch goes: what the pipeline asks of the database, of Kafka and of the rest of a worker."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.storage.records import Batch, Change, Rejection, WriteOutcome
from monitor.stream.ledger import Ledger
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.quarantine import Quarantine
from monitor.stream.records import utc_now


class Writer(Protocol):
    """Step 3, as `BatchWriter` does it."""

    async def write(self, batch: Batch) -> WriteOutcome:
        """One transaction, idempotent. Raises `OutageError` or `StorageRejection`."""


class Announcements(Protocol):
    """Step 4, as `Announcer` does it."""

    async def announce(self, changes: Sequence[Change], rejections: Sequence[Rejection]) -> None:
        """Returns once Kafka has it. Raises `OutageError`."""


@dataclass(frozen=True)
class Destination:
    """Where scored batches go; shared by the agents of a worker. `logs` are by topic, see `Batch.log_id`;
    `pictures_gone` is called when a batch has let pictures go, whose files are to be removed."""

    logs: Mapping[str, str]
    writer: Writer
    announcer: Announcements
    ledger: Ledger
    retry: OutageRetry
    quarantine: Quarantine
    metrics: Metrics
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    pictures_gone: Callable[[], None] = lambda: None
