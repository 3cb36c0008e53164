"""How far each collector is, what it published, how it goes.

Whoever collects an entry of sources.toml holds its lock, on the very connection that its state is written
by: where the connection goes, the lock goes and nothing more is written.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.errors import OutageError
from monitor.messages import mention_uuid
from monitor.storage.collector_tables import collector, collector_state
from monitor.storage.engine import privacy_of
from monitor.storage.faults import translated
from monitor.storage.pruning_tables import pruning
from monitor.storage.storable import storable, storable_text

LOCK: Final = 0x636F6C6C
"""Of the advisory locks of entries, beside the hash of a name: "coll" as a number."""

# Arrays and documents in the place of thousands of parameters: these would take longer than the statement.
_KNOWN: Final = text("""
SELECT id, published_at, n_pictures, author_id, aliases FROM collected
WHERE source = :source AND id = ANY(cast(:names AS text[]))
UNION
SELECT id, published_at, n_pictures, author_id, aliases FROM collected
WHERE source = :source AND aliases && cast(:names AS text[])
UNION
SELECT id, published_at, n_pictures, author_id, aliases FROM collected
WHERE source = :source AND author_id = ANY(cast(:authors AS text[])) AND author_id IS NOT NULL
""")

_DEAD: Final = text("""
SELECT post FROM unnest(cast(:posts AS text[]), cast(:mentions AS uuid[])) AS given(post, id)
LEFT JOIN deleted_mention AS d USING (id) LEFT JOIN mention AS m USING (id)
LEFT JOIN collected AS c ON c.source = :source AND c.id = post
GROUP BY post
HAVING count(d.id) FILTER (WHERE m.id IS NULL) > 0 AND (count(m.id) = 0 OR count(c.id) = 0)
""")

_PUT: Final = text("""
INSERT INTO collected (source, id, aliases, author_id, published_at, n_pictures)
SELECT source, id, aliases, author_id, published_at, n_pictures
FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS given (
    source text, id text, aliases text[], author_id text, published_at timestamptz, n_pictures int)
ON CONFLICT (source, id) DO UPDATE SET
    aliases = excluded.aliases, author_id = excluded.author_id,
    published_at = excluded.published_at, n_pictures = excluded.n_pictures
""")

_TAKE: Final = text("DELETE FROM collected WHERE source = :source AND id = ANY(cast(:ids AS text[]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A post that was published, as table `collected` keeps it."""

    id: str
    published_at: datetime
    n_pictures: int = 0
    author_id: str | None = None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Barred:
    """Posts that are not published again: deleted from the database, or older than it keeps."""

    ids: frozenset[str] = frozenset()
    before: datetime | None = None

    def has(self, id: str, published_at: datetime) -> bool:
        """Whether a post is one of them."""
        return id in self.ids or (self.before is not None and published_at < self.before)


@dataclass(slots=True)
class Tally:
    """What became of items, added to the figures of table `collector`."""

    posts: int = 0
    pictures: int = 0
    deletions: int = 0
    skipped: int = 0
    lost_pictures: int = 0

    @property
    def published(self) -> int:
        """How much went out."""
        return self.posts + self.pictures + self.deletions

    def add(self, more: "Tally") -> None:
        """These, too."""
        for name, count in asdict(more).items():
            setattr(self, name, getattr(self, name) + count)


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written of one page: posts that are known now and no more, and a part's state.

    `state` None: it stays; {}: it is forgotten.
    """

    part: str = ""
    state: Mapping[str, Any] | None = None
    known: Sequence[Collected] = ()
    gone: Collection[str] = ()
    tally: Tally = field(default_factory=Tally)


class Held:
    """An entry whose lock this process holds. One coroutine at a time; every method is one transaction and
    raises `OutageError` or `SetupError`."""

    def __init__(self, connection: AsyncConnection, name: str, source: str) -> None:
        self._held = connection
        self._name = name
        self._source = source
        assert connection.sync_connection is not None, "the lock was taken on it"
        self._privacy = privacy_of(connection.sync_connection)

    @property
    def _connection(self) -> AsyncConnection:
        # By itself it would connect anew, without the lock.
        if self._held.invalidated or self._held.closed:
            raise OutageError(f"the database connection that held the lock of {self._name!r} is gone")
        return self._held

    async def begin(self, kind: str) -> None:
        """Write down that it is taken up."""
        values = {"kind": kind, "source": self._source, "began_at": func.now()}
        taken = insert(collector).values(name=self._name, **values)
        with translated():
            async with self._connection.begin():
                await self._connection.execute(
                    taken.on_conflict_do_update(index_elements=["name"], set_=values)
                )

    async def states(self) -> dict[str, dict[str, Any]]:
        """Its states by part."""
        query = select(collector_state.c.part, collector_state.c.state).where(
            collector_state.c.collector == self._name
        )
        with translated():
            async with self._connection.begin():
                return {row.part: row.state for row in await self._connection.execute(query)}

    async def known(self, names: Collection[str], authors: Collection[str]) -> list[Collected]:
        """Posts of its source that were published: by id or alias, and all of these authors."""
        if not names and not authors:
            return []
        accounts = {self._account(id): id for id in authors}
        asked = {
            "source": self._source,
            "names": list(names),
            # By their own names, those from before these were hidden.
            "authors": [*accounts, *authors],
        }
        with translated():
            async with self._connection.begin():
                rows = (await self._connection.execute(_KNOWN, asked)).all()
        return [
            Collected(
                id=row.id,
                published_at=row.published_at,
                n_pictures=row.n_pictures,
                author_id=accounts.get(row.author_id, row.author_id),
                aliases=tuple(row.aliases or ()),
            )
            for row in rows
        ]

    async def barred(self, ids: Collection[str]) -> Barred:
        """Which of these posts must not be published. What came back after its deletion may be edited, and so
        may a post of this entry's of which only the text or the picture was."""
        mentions = {mention_uuid(kind, self._source, id): id for id in ids for kind in ("text", "image")}
        given = {
            "source": self._source,
            "posts": list(mentions.values()),
            "mentions": list(mentions),
        }
        with translated():
            async with self._connection.begin():
                found = (await self._connection.execute(_DEAD, given)).scalars().all()
                before = (await self._connection.execute(select(func.max(pruning.c.before)))).scalar_one()
        return Barred(frozenset(found), before)

    async def save(self, change: Change) -> None:
        """Everything of a page at once, after Kafka has acknowledged what came of it."""
        with translated():
            async with self._connection.begin():
                await self._save_posts(change)
                await self._save_state(change)
                counts = {
                    name: collector.c[name] + count for name, count in asdict(change.tally).items() if count
                }
                await self._connection.execute(
                    update(collector)
                    .where(collector.c.name == self._name)
                    .values(succeeded_at=func.now(), fault=None, **counts)
                )

    async def note_fault(self, fault: str) -> None:
        """Write down why it failed."""
        with translated():
            async with self._connection.begin():
                await self._connection.execute(
                    update(collector)
                    .where(collector.c.name == self._name)
                    .values(failed_at=func.now(), fault=storable_text(fault[:1000]))
                )

    async def _save_posts(self, change: Change) -> None:
        rows = [
            {
                "source": self._source,
                "id": each.id,
                "aliases": list(each.aliases) or None,
                "author_id": None if each.author_id is None else self._account(each.author_id),
                "published_at": each.published_at,
                "n_pictures": each.n_pictures,
            }
            for each in change.known
        ]
        if rows:
            await self._connection.execute(_PUT, {"rows": msgspec.json.encode(rows).decode()})
        if change.gone:
            await self._connection.execute(_TAKE, {"source": self._source, "ids": list(change.gone)})

    def _account(self, id: str) -> str:
        return id if self._privacy is None else self._privacy.account(self._source, id)

    async def _save_state(self, change: Change) -> None:
        if change.state is None:
            return
        key = {"collector": self._name, "part": change.part}
        if not change.state:
            await self._connection.execute(
                delete(collector_state).where(*(collector_state.c[name] == key[name] for name in key))
            )
            return
        values = {"state": storable(change.state), "changed_at": func.now()}
        await self._connection.execute(
            insert(collector_state)
            .values(**key, **values)
            .on_conflict_do_update(index_elements=["collector", "part"], set_=values)
        )


@asynccontextmanager
async def held(
    engine: AsyncEngine, name: str, source: str, *, shared: bool = False
) -> AsyncIterator[Held | None]:
    """The entry, or None where another process holds it; `shared`: several may, and none has states.

    Raises `OutageError` or `SetupError`.
    """
    lock = (LOCK, func.hashtext(name))
    take = func.pg_try_advisory_lock_shared(*lock) if shared else func.pg_try_advisory_lock(*lock)
    free = func.pg_advisory_unlock_shared(*lock) if shared else func.pg_advisory_unlock(*lock)
    with translated():
        connection = await engine.connect()
    try:
        with translated():
            async with connection.begin():
                taken = (await connection.execute(select(take))).scalar_one()
        if not taken:
            yield None
            return
        try:
            yield Held(connection, name, source)
        finally:
            await _unlock(connection, free)
    finally:
        await connection.close()


async def _unlock(connection: AsyncConnection, free: ColumnElement[Any]) -> None:
    """The connection may be gone, or stand in a transaction that was cut: then it is closed for good."""
    try:
        await connection.rollback()
        async with connection.begin():
            await connection.execute(select(free))
    except (SQLAlchemyError, OSError):
        await connection.invalidate()
