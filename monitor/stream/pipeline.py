"""The life of a batch, in the order that loses nothing:

1. decode each record; what is wrong with one becomes a dead letter
2. score the rest
3. write results, deletions, dead letters and the batch's account in one database transaction
4. publish findings, deletions and dead letters, and wait for Kafka to acknowledge them
5. enter the batch's end into the ledger: only now may its offsets be committed

Three batches are under way at a time: while n is in steps 3 to 5, n+1 is in steps 1 and 2 and n+2 is
collected. Batches go through each step in the order of their records, so step 5 never runs ahead of a batch
still unwritten. A worker killed anywhere before the commit of offsets finds the batch again in Kafka;
writing it twice is the same as writing it once.

Where workers died before, a record goes through all five steps alone (`monitor.stream.quarantine`).
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, Collection
from dataclasses import dataclass, replace
from functools import partial

import structlog

from monitor.errors import OutageError, SetupError
from monitor.storage.records import (
    Batch,
    ImageResult,
    Rejection,
    StorageRejection,
    TextResult,
    WriteOutcome,
)
from monitor.stream.destination import Destination
from monitor.stream.intake import Intake
from monitor.stream.records import Record, Stretch
from monitor.stream.scoring import Outcome, Scoring, StuckError
from monitor.texts.language import DETECTED

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Scored:
    stretches: list[Stretch]
    records: list[Record]
    outcomes: list[Outcome]
    seconds: float
    suspect: Record | None = None


class Pipeline:
    """Moves one agent's records through the five steps."""

    def __init__(self, name: str, scoring: Scoring, intake: Intake, destination: Destination) -> None:
        self.name = name
        self.scoring = scoring
        self._intake = intake
        self._to = destination
        self._scored: asyncio.Queue[_Scored] = asyncio.Queue()
        self._turn = asyncio.Semaphore(1)  # to score: one batch at a time is scored or waits to be written
        self._open = True
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.last_batch_at: float | None = None

    async def run(self, stretches: AsyncIterable[Stretch]) -> None:
        """Process stretches until the iterator ends or this is cancelled; what is not stored then stays in
        Kafka.

        Raises what stops the worker: `OutageError` after all retries, `SetupError`, or a fault of our own.
        """
        tasks = [
            asyncio.create_task(step, name=f"{self.name}-{what}")
            for what, step in (
                ("collect", self._collect(stretches)),
                ("score", self._score_batches()),
                ("store", self._store_batches()),
            )
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._under_way = 0  # what was under way will not be finished: nobody needs to wait for it
            self._idle.set()

    def open(self) -> None:
        """Take records again: a new assignment is complete."""
        self._open = True

    async def drain(self, timeout: float) -> bool:  # noqa: ASYNC109 - part of the contract
        """Take no more records, finish the batches under way; returns whether that took less than
        `timeout` seconds.

        Batches not yet in step 1 are forgotten: Kafka has them. Holds up a rebalance for at most `timeout`.
        """
        self._open = False
        await self._intake.clear()
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            _log.warning(
                "batch not finished in time, Kafka will deliver it again", agent=self.name, seconds=timeout
            )
            return False
        return True

    @property
    def busy(self) -> bool:
        """Whether a batch is in steps 1 to 5."""
        return self._under_way > 0

    async def _collect(self, stretches: AsyncIterable[Stretch]) -> None:
        async for stretch in stretches:
            if self._wanted(stretch):
                await self._intake.put(stretch)

    async def _score_batches(self) -> None:
        parts: deque[tuple[list[Stretch], Record | None]] = deque()
        while True:
            await self._turn.acquire()
            stretches: list[Stretch] = []
            while not stretches:
                while not parts:
                    parts.extend(self._to.quarantine.parts(await self._intake.batch()))
                part, suspect = parts.popleft()
                stretches = [stretch for stretch in part if self._wanted(stretch)]
            await (self._score(stretches) if suspect is None else self._try(stretches, suspect))

    async def _score(self, stretches: list[Stretch]) -> None:
        """Steps 1 and 2 beside other batches."""
        self._begin()
        await self._to.quarantine.enter()
        records = [record for stretch in stretches for record in stretch.records]
        started = self._to.clock()
        outcomes = await self._outcomes(records)
        self._hand_over(_Scored(stretches, records, outcomes, self._to.clock() - started))

    async def _try(self, stretches: list[Stretch], suspect: Record) -> None:
        """A suspect, through all steps, while nothing else of this worker is in them."""
        await self._idle.wait()
        async with self._to.quarantine.alone(suspect) as guilty:
            if not all(self._wanted(stretch) for stretch in stretches):
                self._turn.release()  # a rebalance came while it waited
                return
            self._begin()
            started = self._to.clock()
            if guilty is None:
                async with self._to.quarantine.marked(suspect):
                    outcomes = await self._outcomes([suspect], suspect)
            else:
                outcomes = [suspect.rejected(guilty, self._to.now())]
            self._hand_over(_Scored(stretches, [suspect], outcomes, self._to.clock() - started, suspect))
            await self._idle.wait()

    async def _outcomes(self, records: list[Record], suspect: Record | None = None) -> list[Outcome]:
        """One a record, in order; nobody looks into a record that could not be read off the wire."""
        sound = [record for record in records if record.fault is None]
        try:
            scored = iter(await self.scoring.score(sound) if sound else [])
        except StuckError as error:
            await self._to.quarantine.stuck(sound, suspect, error)
        return [
            next(scored) if record.fault is None else record.rejected(record.fault, self._to.now())
            for record in records
        ]

    def _hand_over(self, scored: _Scored) -> None:
        self._to.metrics.batch_seconds.labels(self.name, "score").observe(scored.seconds)
        self._scored.put_nowait(scored)

    async def _store_batches(self) -> None:
        while True:
            scored = await self._scored.get()
            self._turn.release()
            try:
                await self._store(scored)
            except (OutageError, SetupError):
                raise
            except Exception:
                if scored.suspect is not None:
                    await self._to.quarantine.blame(scored.suspect)
                raise
            if scored.suspect is None:
                await self._to.quarantine.leave()
            self._end()

    async def _store(self, scored: _Scored) -> None:
        metrics, started = self._to.metrics, self._to.clock()
        batch, outcome = await self._write(scored)  # step 3
        if outcome.files_due:
            await self.scoring.restore(_pictures(batch, outcome.files_due))
        if outcome.pictures_gone:
            self._to.pictures_gone()
        written = self._to.clock()
        silent = outcome.silent
        told = [change for change in batch.results if not (silent and change.position in silent)]
        await self._to.retry(  # step 4
            "publishing findings and dead letters",
            lambda: self._to.announcer.announce(told, batch.rejections),
        )
        announced = self._to.clock()
        self._to.ledger.stored(scored.stretches)  # step 5
        self._to.quarantine.passed(scored.stretches)
        self.last_batch_at = announced
        metrics.batch_seconds.labels(self.name, "write").observe(written - started)
        metrics.batch_seconds.labels(self.name, "announce").observe(announced - written)
        metrics.records.labels(self.name).inc(len(scored.records))
        metrics.stored.labels(self.name).inc(outcome.stored)
        metrics.replaced.labels(self.name).inc(outcome.replaced)
        metrics.deleted.labels(self.name).inc(outcome.deleted)
        for language, count in _unscored(batch).items():
            metrics.unscored.labels(language).inc(count)
        for rejection in batch.rejections:
            metrics.rejected.labels(self.name, rejection.letter.error_code).inc()
        _log.info(
            "batch",
            agent=self.name,
            records=len(scored.records),
            stored=outcome.stored,
            replaced=outcome.replaced,
            rejected=outcome.rejected,
            deleted=outcome.deleted,
            score_s=round(scored.seconds, 3),
            write_s=round(written - started, 3),
            announce_s=round(announced - written, 3),
        )

    async def _write(self, scored: _Scored) -> tuple[Batch, WriteOutcome]:
        """Write the batch; a record the database can never take becomes a dead letter of it."""
        batch = Batch(
            log_id=self._to.logs[scored.stretches[0].partition.topic],
            spans=tuple(stretch.span for stretch in scored.stretches),
            results=tuple(outcome for outcome in scored.outcomes if not isinstance(outcome, Rejection)),
            rejections=tuple(outcome for outcome in scored.outcomes if isinstance(outcome, Rejection)),
        )
        while True:
            attempt = batch
            try:
                outcome = await self._to.retry("writing a batch", partial(self._to.writer.write, attempt))
            except StorageRejection as refusal:
                kept = tuple(one for one in attempt.results if one.position != refusal.position)
                if len(kept) == len(attempt.results):
                    raise  # not one of the results: dropping it again and again would help nobody
                (record,) = (one for one in scored.records if one.position == refusal.position)
                rejection = record.rejected(refusal, self._to.now())
                (refused,) = (one for one in attempt.results if one.position == refusal.position)
                if isinstance(refused, ImageResult):
                    rejection = replace(rejection, picture=refused.picture)
                batch = replace(attempt, results=kept, rejections=(*attempt.rejections, rejection))
            else:
                return attempt, outcome

    def _wanted(self, stretch: Stretch) -> bool:
        """Whether the stretch belongs to the present assignment; others are with another worker, or come
        again."""
        return self._open and stretch.generation == self._to.ledger.generation

    def _begin(self) -> None:
        self._under_way += 1
        self._idle.clear()

    def _end(self) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()


def _unscored(batch: Batch) -> Counter[str]:
    """Texts without a verdict, by language."""
    return Counter(
        result.language if result.language in DETECTED else "other"
        for result in batch.results
        if isinstance(result, TextResult) and result.sentiment is None
    )


def _pictures(batch: Batch, sha256s: Collection[str]) -> list[ImageResult]:
    """One result of the batch for each of the pictures."""
    shown = {one.picture.sha256: one for one in batch.results if isinstance(one, ImageResult)}
    return [shown[sha256] for sha256 in sha256s]
