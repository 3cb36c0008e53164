"""How often workers died at one place of a partition, kept where it outlives them.

A worker claims its partitions when they are assigned, and releases them when it leaves in good order. A claim
that finds the last one unreleased at the very same position means that its holder died there.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.storage.faults import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a worker begins to read a partition; `low` is the first offset that Kafka still holds."""

    log_id: str
    topic: str
    partition: int
    position: int
    low: int


class Claim(NamedTuple):
    """What is known of a partition: `deaths` in a row at this position, and by offset how often a worker
    tried a record alone and never came back."""

    deaths: int = 0
    suspects: Mapping[int, int] = {}


_WRITTEN: Final = text("""
SELECT topic, partition,
       (SELECT max(first_offset) FROM ingest_batch AS one
        WHERE (one.log_id, one.topic, one.partition) = (known.log_id, known.topic, known.partition)
       ) AS written
FROM log_partition AS known
WHERE (log_id, topic, partition) IN (
    SELECT * FROM unnest(cast(:log_id AS text[]), cast(:topic AS text[]), cast(:partition AS int[])))
""")

_PLACES: Final = """
    SELECT * FROM unnest(cast(:log_id AS text[]), cast(:topic AS text[]), cast(:partition AS int[]))"""

_CLAIM: Final = text("""
INSERT INTO log_partition AS known (log_id, topic, partition, first_offset, low_offset, position, held)
SELECT log_id, topic, partition, position, low, position, true
FROM unnest(cast(:log_id AS text[]), cast(:topic AS text[]), cast(:partition AS int[]),
            cast(:position AS bigint[]), cast(:low AS bigint[]))
     AS given (log_id, topic, partition, position, low)
ORDER BY log_id, topic, partition
ON CONFLICT (log_id, topic, partition) DO UPDATE SET
    deaths = CASE WHEN known.position = excluded.position THEN known.deaths + known.held::int ELSE 0 END,
    position = excluded.position,
    held = true,
    changed_at = now()
RETURNING topic, partition, deaths
""")

_RELEASE: Final = text(f"""
UPDATE log_partition SET held = false, changed_at = now()
WHERE held AND (log_id, topic, partition) IN ({_PLACES})
""")  # noqa: S608 - a part of our own

_FORGET: Final = text("""
DELETE FROM suspect AS one
USING unnest(cast(:log_id AS text[]), cast(:topic AS text[]), cast(:partition AS int[]),
             cast(:position AS bigint[])) AS given (log_id, topic, partition, position)
WHERE (one.log_id, one.topic, one.partition) = (given.log_id, given.topic, given.partition)
  AND one.record_offset < given.position
""")

_SUSPECTS: Final = text(f"""
SELECT topic, partition, record_offset, deaths FROM suspect WHERE (log_id, topic, partition) IN ({_PLACES})
""")  # noqa: S608 - a part of our own

_BEGIN: Final = text("""
INSERT INTO suspect AS known (log_id, topic, partition, record_offset, deaths)
VALUES (:log_id, :topic, :partition, :offset, 1)
ON CONFLICT (log_id, topic, partition, record_offset) DO UPDATE SET deaths = known.deaths + 1
""")

_FINISH: Final = text("""
WITH gone AS (
    DELETE FROM suspect
    WHERE (log_id, topic, partition, record_offset) = (:log_id, :topic, :partition, :offset) AND deaths = 1
)
UPDATE suspect SET deaths = deaths - 1
WHERE (log_id, topic, partition, record_offset) = (:log_id, :topic, :partition, :offset) AND deaths > 1
""")

_ACCUSE: Final = text("""
UPDATE log_partition SET deaths = greatest(deaths, :deaths), changed_at = now()
WHERE log_id = :log_id AND topic = :topic AND partition = :partition
""")


class Attempts:
    """Reads and writes tables `log_partition` and `suspect`. All methods wait for the database only, in a
    transaction of their own, and raise `OutageError` or `SetupError`.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def written(self, places: Sequence[Place]) -> dict[tuple[str, int], int | None]:
        """Those of the partitions that were ever claimed, by topic and number, and where the last batch
        begins that was written of each."""
        with translated():
            async with self._engine.connect() as connection:
                found = await connection.execute(_WRITTEN, _columns(places))
        return {(row.topic, row.partition): row.written for row in found}

    async def claim(self, places: Sequence[Place]) -> dict[tuple[str, int], Claim]:
        """Take the partitions, by topic and number, and learn what happened to their last holders."""
        if not places:
            return {}
        with translated():
            async with self._engine.begin() as connection:
                claimed = (await connection.execute(_CLAIM, _columns(places, "position", "low"))).all()
                await connection.execute(_FORGET, _columns(places, "position"))
                suspects: dict[tuple[str, int], dict[int, int]] = defaultdict(dict)
                for row in await connection.execute(_SUSPECTS, _columns(places)):
                    suspects[row.topic, row.partition][row.record_offset] = row.deaths
        return {
            (row.topic, row.partition): Claim(row.deaths, suspects[row.topic, row.partition])
            for row in claimed
        }

    async def release(self, places: Sequence[Place]) -> None:
        """Give the partitions back in good order: that is no death, nor does it take one back."""
        if places:
            await self._execute(_RELEASE, _columns(places))

    async def begin(self, place: Place, offset: int) -> None:
        """A record is tried alone now; should this be the last that is heard of it, it counts as a death."""
        await self._execute(_BEGIN, _key(place) | {"offset": offset})

    async def finish(self, place: Place, offset: int) -> None:
        """The record begun last came back; deaths before that stay."""
        await self._execute(_FINISH, _key(place) | {"offset": offset})

    async def accuse(self, place: Place, deaths: int) -> None:
        """Records of the partition's next batches must be tried alone, as after so many deaths."""
        await self._execute(_ACCUSE, _key(place) | {"deaths": deaths})

    async def _execute(self, statement: TextClause, parameters: Mapping[str, object]) -> None:
        with translated():
            async with self._engine.begin() as connection:
                await connection.execute(statement, parameters)


def _columns(places: Sequence[Place], *more: str) -> dict[str, list[object]]:
    names = ("log_id", "topic", "partition", *more)
    return {name: [getattr(place, name) for place in places] for name in names}


def _key(place: Place) -> dict[str, object]:
    return {"log_id": place.log_id, "topic": place.topic, "partition": place.partition}
