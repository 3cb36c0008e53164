"""Deletes mentions for good: their rows, what hangs on them, and the files of pictures that nothing else
shows.

A deleted mention leaves a mark in `deleted_mention`: the place in the log up to which its records stay dead,
so that a late delivery of an old record does not bring it back, and a record published later does
(`monitor.storage.order`). Deletions of the log are marked by the worker that reads them (`mark`,
`remove`); whoever deletes by SQL lets `delete` mark the place of the row itself.

Stories that it led get another lead; those that it held together fall apart. Corrections of its picture's
logos move to another mention that shows the picture. The trigger on `mention` notes the reason in table
`erasure`, by which the audit tells this from a loss. The files go after the commit (`sweep`).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, text

from monitor.errors import OutageError
from monitor.messages import Kind
from monitor.storage import stories
from monitor.storage.deletion_tables import deleted_mention
from monitor.storage.driver import Statement, as_json, insert, run, uuids
from monitor.storage.faults import translated
from monitor.storage.order import Place
from monitor.storage.pictures import PictureStore

_FAILURES: Final = 10
"""Files that cannot be removed before a sweep gives up: the store is away, or not ours to write."""


LetterPlace = tuple[str, int, int]
"""Topic, partition and offset of a record that was rejected."""


class Mark(NamedTuple):
    """Up to where the records of a mention stay dead, and when it was deleted."""

    place: Place
    kind: Kind
    deleted_at: datetime


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """Rows removed."""

    mentions: int
    brand_mentions: int
    sentiments: int
    corrections: int
    """Of texts, and of pictures that no other mention shows."""
    corrections_moved: int
    """Of pictures, to other mentions that show them."""
    answers: int
    """What people did about its stories, with their notes."""
    pictures: int
    """Pictures that no other mention shows: `sweep` removes the files once the rows are gone."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep did."""

    removed: int
    """Files removed, or found gone already."""


def delete(connection: Connection, ids: Collection[UUID], reason: str) -> Removed:
    """Delete these mentions in the caller's transaction, and mark them at the place of their own record; ids
    of which there is no mention are passed over.

    The marks keep source and id until somebody has told of the deletion on `mentions.findings` and blanks
    them. Workers that write mentions wait until the transaction ends: some hundred at a time. Needs the
    rights of brand_monitor_migrate. Call `sweep` after the commit.
    """
    stories.lock(connection)
    return remove(connection, ids, reason, [Statement(_MARK_OWN, {"ids": uuids(ids)})])


def mark(marks: Mapping[UUID, Mark]) -> list[Statement]:
    """Sets or moves the marks of mentions, there or not. Needs the rights of brand_monitor_write and the lock
    of the stories."""
    rows = [
        dict(zip(_MARKED, (id, *each.place, each.deleted_at, each.kind), strict=True))
        for id, each in marks.items()
    ]
    return [Statement(_MARK, as_json(rows))] if rows else []


def remove(
    connection: Connection, ids: Collection[UUID], reason: str, marks: Sequence[Statement] = ()
) -> Removed:
    """Remove those of the mentions that are marked, `marks` in the same round trip, with all that hangs on
    them. Needs the rights of brand_monitor_write and the lock of the stories."""
    removal = Statement(_REMOVE, {"ids": uuids(ids), "reason": reason})
    *_, there, (counts,) = run(connection, *marks, stories.ask(ids), removal)
    stories.move(connection, stories.members(there))
    return msgspec.convert(dict(zip(Removed.__struct_fields__, counts, strict=True)), Removed)


def deleted_since(connection: Connection, rejected: Mapping[LetterPlace, UUID]) -> set[LetterPlace]:
    """Those of rejected records whose mention was deleted after them."""
    given = {
        "topics": [topic for topic, _, _ in rejected],
        "partitions": [partition for _, partition, _ in rejected],
        "offsets": [offset for _, _, offset in rejected],
        "ids": list(rejected.values()),
    }
    return {(row.topic, row.partition, row.record_offset) for row in connection.execute(_SINCE, given)}


def sweep(engine: Engine, store: PictureStore) -> Swept:
    """Remove the files of pictures whose last mention went; each in a transaction of its own, so that it may
    be broken off anywhere, and run beside workers and other sweeps.

    A worker that shows such a picture again meanwhile takes the row away first, or finds that the file was
    removed, and puts it again (`BatchWriter`). Needs the rights of brand_monitor_write. Raises `OutageError`
    where files could not be removed: they are due again.
    """
    removed, failures = 0, list[OutageError]()
    with translated():
        with engine.begin() as connection:
            connection.execute(_DROP_OLD)
            due = connection.execute(_DUE).scalars().all()
        for sha256 in due:
            try:
                removed += _remove_file(engine, store, sha256)
            except OutageError as error:
                failures.append(error)
                if len(failures) == _FAILURES:
                    break
    if failures:
        raise OutageError(f"{len(failures):,} of {len(due):,} files not removed: {failures[0]}")
    return Swept(removed=removed)


def _remove_file(engine: Engine, store: PictureStore, sha256: str) -> bool:
    with engine.begin() as connection:
        url = connection.execute(_LOCK, {"sha256": sha256}).scalar_one_or_none()
        if url is None:
            return False  # shown again, or another sweep is at it
        if connection.execute(_SHOWN, {"sha256": sha256}).scalar_one():
            connection.execute(_FORGET, {"sha256": sha256})
            return False
        store.remove(url)
        connection.execute(_REMOVED, {"sha256": sha256})
        return True


# What `order.later` makes of marks, in SQL: a row that is there comes after its mark.
_MARK_OWN: Final = """
    INSERT INTO deleted_mention AS d (id, log_id, topic, partition, record_offset, recorded_at, deleted_at,
                                      kind, source, external_id)
    SELECT id, log_id, topic, partition, record_offset, recorded_at, now(), kind, source, external_id
    FROM mention WHERE id = ANY(CAST(%(ids)s AS uuid[])) ORDER BY id FOR UPDATE
    ON CONFLICT (id) DO UPDATE SET
        log_id = excluded.log_id, topic = excluded.topic, partition = excluded.partition,
        record_offset = excluded.record_offset, recorded_at = greatest(d.recorded_at, excluded.recorded_at),
        deleted_at = excluded.deleted_at, source = excluded.source, external_id = excluded.external_id
"""

_MARKED: Final = (
    *("id", "log_id", "topic", "partition", "record_offset", "recorded_at", "deleted_at", "kind"),
)
_MARK: Final = f"""{insert(deleted_mention, _MARKED, order_by=("id",))}
    ON CONFLICT (id) DO UPDATE SET
        log_id = excluded.log_id, topic = excluded.topic, partition = excluded.partition,
        record_offset = excluded.record_offset, recorded_at = excluded.recorded_at,
        deleted_at = excluded.deleted_at
"""

_REMOVE: Final = f"""
    SELECT {", ".join(Removed.__struct_fields__)} FROM mention_remove(CAST(%(ids)s AS uuid[]), %(reason)s)
"""  # noqa: S608 - names of our own

# What `order.is_dead` says, in SQL.
_SINCE: Final = text("""
    SELECT l.topic, l.partition, l.record_offset
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]),
                CAST(:ids AS uuid[])) AS given(topic, partition, record_offset, id)
    JOIN dead_letter AS l USING (topic, partition, record_offset)
    JOIN deleted_mention AS d ON d.id = given.id
    WHERE CASE WHEN (l.log_id, l.topic, l.partition) = (d.log_id, d.topic, d.partition)
               THEN l.record_offset <= d.record_offset ELSE l.recorded_at <= d.recorded_at END
""")

# Nobody put a file longer ago whose row is not written, or which is not put again, yet.
_DROP_OLD: Final = text("DELETE FROM picture_gone WHERE removed_at < now() - interval '1 day'")

# In no order: files that cannot be removed do not hold up the others for good.
_DUE: Final = text("SELECT sha256 FROM picture_gone WHERE removed_at IS NULL ORDER BY random()")

_LOCK: Final = text("""
    SELECT url FROM picture_gone WHERE sha256 = :sha256 AND removed_at IS NULL FOR UPDATE SKIP LOCKED
""")
_SHOWN: Final = text("SELECT EXISTS (SELECT FROM picture WHERE sha256 = :sha256)")
_FORGET: Final = text("DELETE FROM picture_gone WHERE sha256 = :sha256")
_REMOVED: Final = text("UPDATE picture_gone SET removed_at = now() WHERE sha256 = :sha256")
