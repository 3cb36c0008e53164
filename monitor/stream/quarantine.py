"""Finds the record that ends the worker, among all that were in its hands.

A record that crashes a library, takes all memory or never comes back from a model ends the process, and so
would every restart that meets it. What cannot be caught is counted, in the database, where it outlives the
process (`monitor.storage.attempts`):

1. A worker claims its partitions. After `deaths_before_quarantine` deaths in a row at one position, its next
   records are suspects.
2. A suspect goes through all five steps alone: no other record of this worker is in them meanwhile. While it
   is decoded and scored, where things happen that nobody can catch, the database knows which one it is.
3. A record that did not come back from that `_CERTAIN` times is not tried any more: it becomes a dead letter,
   `kills-the-worker`, and the stream goes on. So does one whose storing raises what is no outage.

A batch that stays in a model longer than `score_timeout` cannot be called back either: the worker ends itself
after it has accused the batch's partitions. A record that stays there alone is not tried again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn, Protocol

import structlog

from monitor.errors import DataError, ErrorCode, OutageError, SetupError
from monitor.storage.attempts import Claim, Place
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.records import Partition, Record, Stretch
from monitor.stream.scoring import StuckError

_log = structlog.get_logger(__name__)

_CERTAIN: Final = 2
"""Deaths of a record alone: one may be somebody pulling the plug."""

_SUSPECT_BATCHES: Final = 4
"""Batches at the position that may hold the culprit: one each being collected, scored and written, and one
that the last worker had finished without coming to commit it."""


class StuckWorkerError(OutageError):
    """A record, or several, is in a model that does not come back."""


class Claims(Protocol):
    """The database's memory, as `Attempts` has it. All raise `OutageError`."""

    async def written(self, places: Sequence[Place]) -> Mapping[tuple[str, int], int | None]:
        """Which of them were ever claimed, and where their last batch begins."""

    async def claim(self, places: Sequence[Place]) -> Mapping[tuple[str, int], Claim]:
        """Take partitions."""

    async def release(self, places: Sequence[Place]) -> None:
        """Give them back in good order."""

    async def begin(self, place: Place, offset: int) -> None:
        """A record is tried alone."""

    async def finish(self, place: Place, offset: int) -> None:
        """It came back."""

    async def accuse(self, place: Place, deaths: int) -> None:
        """The partition's next records are suspects."""


class Quarantine:
    """Who is suspect, for the pipelines of one worker."""

    def __init__(
        self, claims: Claims, retry: OutageRetry, metrics: Metrics, logs: Mapping[str, str], deaths: int
    ) -> None:
        """`logs` are by topic; `deaths` at one place make its records suspects."""
        self._claims = claims
        self._retry = retry
        self._metrics = metrics
        self._logs = logs
        self._deaths = deaths
        self._places: dict[Partition, Place] = {}
        self._suspect_until: dict[Partition, int] = {}
        self._tried: dict[Partition, Claim] = {}
        self._gate = _Gate()

    async def written(self, places: Sequence[Place]) -> Mapping[Any, int | None]:
        """Partitions that this service has ever read, and where their last batch begins. Raises `OutageError`
        after all retries."""
        return await self._retry("looking up partitions", lambda: self._claims.written(places))

    async def claim(self, places: Sequence[Place], batch_sizes: Mapping[str, int]) -> None:
        """Take these partitions; `batch_sizes` are by topic. Raises `OutageError` after all retries."""
        self._places = {Partition(place.topic, place.partition): place for place in places}
        claims = await self._retry("claiming partitions", lambda: self._claims.claim(places))
        self._suspect_until.clear()
        self._tried.clear()
        for partition, place in self._places.items():
            known = claims[partition]
            if known.deaths >= self._deaths or known.suspects:
                window = place.position + _SUSPECT_BATCHES * batch_sizes[place.topic]
                self._suspect_until[partition] = max(window, *(offset + 1 for offset in known.suspects), 0)
                self._tried[partition] = known
                _log.warning(
                    "a worker died here before, records are tried one at a time",
                    topic=place.topic,
                    partition=place.partition,
                    offset=place.position,
                    deaths=known.deaths,
                )

    async def release(self, topics: Collection[str]) -> None:
        """Give partitions of these topics back; without a database they stay claimed, which only counts as
        one death more."""
        try:
            await self._claims.release([place for place in self._places.values() if place.topic in topics])
        except OutageError as error:
            _log.warning("partitions not released", error=str(error))

    def parts(self, batch: Sequence[Stretch]) -> list[tuple[list[Stretch], Record | None]]:
        """The batch as it has to be tried: what nobody suspects together, then each suspect alone."""
        suspected = {stretch.partition for stretch in batch if self._suspected(stretch)}
        sound = [stretch for stretch in batch if stretch.partition not in suspected]
        parts: list[tuple[list[Stretch], Record | None]] = [(sound, None)] if sound else []
        for stretch in batch:
            # All of the partition, also what is behind its suspects: nothing overtakes.
            rest: Stretch | None = stretch if stretch.partition in suspected else None
            while rest is not None:
                first, rest = rest.cut(1)
                parts.append(([first], first.records[0] if first.records else None))
        return parts

    async def enter(self) -> None:
        """A batch that nobody suspects begins; waits for the end of a suspect."""
        await self._gate.enter()

    async def leave(self) -> None:
        """It is stored."""
        await self._gate.leave()

    @asynccontextmanager
    async def alone(self, record: Record) -> AsyncIterator[DataError | None]:
        """While a suspect goes through the steps: no batch of another pipeline is under way. Gives the reason
        where the record is guilty and must not be tried.
        """
        async with self._gate.alone():
            tries = self._tried.get(record.partition, Claim()).suspects.get(record.position.offset, 0)
            if tries >= _CERTAIN:
                self._metrics.quarantined.labels(record.position.topic).inc()
                _log.error("a record ends workers, it is dead-lettered", record=str(record.position))
                yield DataError(
                    ErrorCode.KILLS_THE_WORKER,
                    f"{tries} workers tried this record alone and did not come back: it "
                    "crashes a library, takes all memory or never leaves a model",
                )
            else:
                yield None

    @asynccontextmanager
    async def marked(self, record: Record) -> AsyncIterator[None]:
        """While a suspect is in the hands of libraries; should the process end here, the database knows."""
        place, offset = self._place(record.partition), record.position.offset
        await self._retry("beginning a suspect", lambda: self._claims.begin(place, offset))
        try:
            yield
        except (OutageError, SetupError, asyncio.CancelledError) as error:
            # Not the record's fault, unless it is stuck; a database that is away leaves the mark, one of two.
            if not isinstance(error, StuckWorkerError):
                with contextlib.suppress(OutageError):
                    await self._claims.finish(place, offset)
            raise
        await self._retry("finishing a suspect", lambda: self._claims.finish(place, offset))

    async def blame(self, record: Record) -> None:
        """What a suspect came to counts as a death, for the next worker would meet the same: storing it
        raised what is no outage. Raises `OutageError`."""
        await self._claims.begin(self._place(record.partition), record.position.offset)

    def passed(self, stretches: Sequence[Stretch]) -> None:
        """These are stored: a partition whose suspects are behind it is sound again."""
        for stretch in stretches:
            if stretch.end >= self._suspect_until.get(stretch.partition, stretch.end + 1):
                del self._suspect_until[stretch.partition]

    async def stuck(self, records: Sequence[Record], suspect: Record | None, error: StuckError) -> NoReturn:
        """These are in a model that does not come back; its thread cannot be stopped, so the worker has to
        end. Raises `StuckWorkerError`, having told the database who it was.
        """
        for partition in {record.partition for record in records}:
            await self._claims.accuse(self._place(partition), self._deaths)
        if suspect is not None:
            await self.blame(suspect)  # a second time: that long alone is more than a suspicion
        first, last = records[0].position, records[-1].position
        raise StuckWorkerError(
            f"{error}: {len(records)} records, {first} to {last}; the worker ends, and the next one tries "
            "them one at a time"
        ) from error

    def _place(self, partition: Partition) -> Place:
        """Of a partition that may be with another worker by now, where what happened here counts, too."""
        log_id = self._logs[partition.topic]
        return Place(log_id=log_id, topic=partition.topic, partition=partition.partition, position=0, low=0)

    def _suspected(self, stretch: Stretch) -> bool:
        return stretch.start < self._suspect_until.get(stretch.partition, stretch.start)


class _Gate:
    """Many batches beside each other, or one suspect alone; a suspect that waits lets no new batch in."""

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._beside = 0
        self._waiting = 0
        self._alone = False

    async def enter(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not (self._alone or self._waiting))
            self._beside += 1

    async def leave(self) -> None:
        async with self._changed:
            self._beside -= 1
            self._changed.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._changed:
            self._waiting += 1
            try:
                await self._changed.wait_for(lambda: not (self._alone or self._beside))
            finally:
                self._waiting -= 1
            self._alone = True
        try:
            yield
        finally:
            async with self._changed:
                self._alone = False
                self._changed.notify_all()
