"""Writes a batch of results in one transaction, any number of times with the same effect.

The order inside the transaction, the same for every worker, is what makes it free of deadlocks:

1. the partitions' turns: one transaction at a time writes a partition, so that a worker that was thought
   dead and its successor follow each other
2. the turn at stories (`monitor.storage.stories`), for whoever writes mentions: what is a copy of what
   depends on all of them. What is there of the batch's mentions stays as it is from here on, and says which
   records stand (`monitor.storage.order`)
3. marks of deletions, then the mentions that they remove (by id)
4. pictures, then their scans (by SHA-256), then what the scans that were due found
5. the stories of new mentions; mentions; their brand mentions and sentiments, replacing all earlier ones
6. the stories of mentions that have changed
7. pictures that no mention shows any more
8. dead letters (by id)
9. the batch's own line of account (by topic, partition, offset), and the COMMIT

The caller commits Kafka offsets only after `write` returned.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.brands import Brands
from monitor.errors import DataError, SetupError
from monitor.messages import Detection
from monitor.storage import (
    account,
    dead_letter_rows,
    deletion,
    driver,
    logs,
    mention_rows,
    picture_rows,
    rows,
    schema,
    standing,
    stories,
)
from monitor.storage.brands import brand_ids, write_brands
from monitor.storage.driver import Statement, as_json, together
from monitor.storage.engine import privacy_of
from monitor.storage.faults import UnstorableError, translated
from monitor.storage.pruning import KEPT_FROM, refuse_old
from monitor.storage.records import (
    Batch,
    Change,
    DeletionResult,
    StorageRejection,
    WriteOutcome,
)
from monitor.storage.standing import Standing
from monitor.storage.story_graph import Neighbours

REASON: Final = "deleted by its publisher"
"""What table `erasure` says of mentions that a deletion in the log removed."""


_TURNS: Final = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(%(turns)s AS bigint[])) AS key"
"""Waits until no other transaction writes the partitions with these keys: what it did, and its account, is
visible then."""

_KEPT_FROM: Final = Statement(KEPT_FROM.text)


class BatchWriter:
    """The workers' way into the database. Safe for concurrent use; every call takes its own connection.

    All methods wait for the database only, and raise `OutageError` where the same call may succeed later and
    `SetupError` where somebody has to mend schema, rights or login first.
    """

    def __init__(self, engine: AsyncEngine, brands: Brands) -> None:
        self._engine = engine
        privacy = privacy_of(engine.sync_engine)
        self._keeps_heads = privacy is None or privacy.keeps_heads
        self._brands = brands
        self._brands_key = rows.brands_key(brands)
        self._brand_ids: dict[str, int] = {}
        self.kept_from: datetime | None = None
        """What is older is refused, as of the last batch. May be later by now, and is never earlier again."""

    async def prepare(self) -> None:
        """Check the schema's version and write the brands of brands.toml, those that left it are watched no
        more; call once before anything else.

        Brands that come into the gallery later are looked up when they are first found.
        """
        with translated():
            async with self._engine.connect() as connection:
                await connection.run_sync(schema.check_revision)
                self._brand_ids = await connection.run_sync(write_brands, self._brands)
                self.kept_from = (await connection.execute(KEPT_FROM)).scalar_one()
                await connection.commit()

    async def open_logs(self, cluster_id: str, topic_ids: Mapping[str, str | None]) -> dict[str, str]:
        """Topic -> log_id of the topics with these ids of Kafka's (None: the broker tells none), registered
        if they are new. For `Batch.log_id`; call it when partitions are assigned."""
        with translated():
            async with self._engine.begin() as connection:
                return await connection.run_sync(logs.open_logs, cluster_id, topic_ids)

    async def write(self, batch: Batch) -> WriteOutcome:
        """Write results, rejections and the account of the batch: all or nothing, unless the database refuses
        one of the results for good.

        Then also raises `StorageRejection`, which names the record: turn that one into a rejection and write
        the batch again. What came before it may be written already, and adds up all the same.
        """
        if not (batch.results or batch.rejections or batch.spans):
            return WriteOutcome(0, 0, 0)
        try:
            with translated():
                async with self._engine.begin() as connection:
                    return await self._write(connection, batch)
        except UnstorableError as error:
            refusal = error
        return await self._write_in_halves(batch, refusal)

    async def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        """What this model version found in those of the pictures it has seen, looking for these brands.

        A picture with no logo is in the answer with an empty tuple; one never scored is not in it.
        """
        if not sha256s:
            return {}
        with translated():
            async with self._engine.connect() as connection:
                return await picture_rows.known(connection, sha256s, model_version, self._brands_key)

    async def ping(self) -> None:
        """One round trip, for readiness."""
        with translated():
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))

    async def _write(self, connection: AsyncConnection, batch: Batch) -> WriteOutcome:
        """Of a batch of new texts there are two round trips: what is there, and what becomes of it, to the
        COMMIT."""
        turns = Statement(_TURNS, {"turns": rows.array(account.turns(batch))})
        stood, files_due, pictures_gone = Standing(), set[str](), 0
        left, released = [turns], list[Statement]()
        if batch.results or any(rejection.picture for rejection in batch.rejections):
            stood, beside = await self._stand(connection, turns, batch)
            if stood.marks:
                pictures_gone = await self._delete(connection, stood)
            files_due = await picture_rows.write(
                connection, stood.versions.values(), self._brands_key, self._ids()
            )
            if stood.removed and stood.versions:  # with them went keys
                again = {id: (version,) for id, version in stood.versions.items()}
                beside = Neighbours(*await together(connection, _beside(again)))
            left = await mention_rows.write(
                connection, stood.versions, stood.there, beside, batch.log_id, self._ids()
            )
            released = picture_rows.release(batch, stood)
        there = stood.there
        new = {id: version.position for id, version in stood.versions.items() if id not in there}
        lines = account.lines(batch, new)
        answers = await driver.commit(
            connection,
            *left,
            *released,
            *dead_letter_rows.write(batch.rejections, batch.log_id, keeps_head=self._keeps_heads),
            Statement(account.UPSERT, as_json(lines)),
        )
        pictures_gone += sum(n for ((n,),) in answers[len(left) : len(left) + len(released)])
        return replace(
            account.outcome(lines),
            silent=stood.silent,
            files_due=frozenset(files_due),
            pictures_gone=pictures_gone,
        )

    async def _stand(
        self, connection: AsyncConnection, turns: Statement, batch: Batch
    ) -> tuple[Standing, Neighbours]:
        """Take turns and the lock of the stories, then see what the batch's records make of what is there,
        and what their keys are beside.

        Raises `StorageRejection` for a mention from before mentions are kept; nobody can move that moment
        while the lock is held.
        """
        changes = standing.by_mention(batch.results)
        _, _, ((self.kept_from,),), known, beside = await together(
            connection,
            turns,
            stories.LOCK,
            _KEPT_FROM,
            standing.known(changes.keys()),
            _beside(changes),
        )
        stood = await standing.stand(connection, batch.log_id, changes, known)
        for version in stood.versions.values():
            try:
                refuse_old(version.mention.published_at, self.kept_from)
            except DataError as error:
                raise StorageRejection(version.position, error.detail, error.code) from None
        if not rows.brands_found(stood.versions.values()) <= self._brand_ids.keys():
            self._brand_ids = await connection.run_sync(brand_ids)
        return stood, Neighbours(beside)

    async def _delete(self, connection: AsyncConnection, stood: Standing) -> int:
        """Returns how many pictures went with the mentions."""
        marks = deletion.mark(stood.marks)
        if not stood.removed:
            await together(connection, *marks)
            return 0
        return (await connection.run_sync(deletion.remove, stood.removed, REASON, marks)).pictures

    async def _write_in_halves(self, batch: Batch, refusal: UnstorableError) -> WriteOutcome:
        """Write a refused batch piece by piece, each in its own transaction, down to the record at fault.

        Only a commit tells: triggers that wait for it may refuse what every statement took. Raises
        `StorageRejection` for that record, `SetupError` if a dead letter is refused.
        """
        beside = replace(batch, results=())
        if not batch.results:
            raise SetupError(
                f"the database refused dead letters or an account: {refusal}; run `brand-monitor doctor`"
            ) from refusal
        if len(batch.results) == 1 and beside == Batch(log_id=batch.log_id, results=()):
            raise StorageRejection(batch.results[0].position, str(refusal)) from refusal
        half = (len(batch.results) + 1) // 2
        outcome = WriteOutcome(0, 0, 0)
        for part in (batch.results[:half], batch.results[half:]):
            outcome += await self.write(Batch(log_id=batch.log_id, results=part))
        return outcome + await self.write(beside)

    def _ids(self) -> dict[str, int]:
        assert self._brand_ids or not self._brands, "BatchWriter.prepare() was not called"
        return self._brand_ids


def _beside(changes: Mapping[UUID, Iterable[Change]]) -> Statement:
    """Asks what versions of mentions are beside."""
    return stories.find(
        mention_rows.member(id, each)
        for id, of_it in changes.items()
        for each in of_it
        if not isinstance(each, DeletionResult)
    )
