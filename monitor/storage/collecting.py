"""Looks at what collectors do, without holding anything: how each goes, what was published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from monitor.storage.collector_tables import collected
from monitor.storage.collectors import LOCK, Collected
from monitor.storage.faults import translated


async def collected_after(engine: AsyncEngine, source: str, after: str, most: int) -> list[Collected]:
    """Posts of a source that were published, by any entry, in the order of their ids: so many after that id.

    Raises `OutageError` or `SetupError`.
    """
    table = collected.c
    query = (
        select(table.id, table.published_at, table.n_pictures, table.author_id, table.aliases)
        .where(table.source == source, table.id > after)
        .order_by(table.id)
        .limit(most)
    )
    with translated():
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
    return [Collected(**{**row, "aliases": tuple(row["aliases"] or ())}) for row in rows]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an entry goes, as table `collector` says; `runs`: a process holds its lock now."""

    name: str
    kind: str
    source: str
    runs: bool
    began_at: datetime
    succeeded_at: datetime | None
    failed_at: datetime | None
    fault: str | None
    posts: int
    pictures: int
    deletions: int
    skipped: int
    lost_pictures: int


_STANDINGS: Final = text("""
SELECT name, kind, source,
       EXISTS (
           SELECT FROM pg_locks
           WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = :lock
             AND objid::bigint = hashtext(name)::bigint & 4294967295
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       ) AS runs,
       began_at, succeeded_at, failed_at, fault, posts, pictures, deletions, skipped, lost_pictures
FROM collector ORDER BY name
""")


def standings(connection: Connection) -> list[Standing]:
    """Every entry that was ever collected, by name."""
    return [Standing(**row) for row in connection.execute(_STANDINGS, {"lock": LOCK}).mappings()]
