"""What the records of a batch make of its mentions, by what the tables hold of these."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.storage import rows
from monitor.storage.deletion import Mark
from monitor.storage.driver import Statement, as_json, together, uuids
from monitor.storage.order import NOTHING, Known, Place, Settled, needs_redelivered, settle
from monitor.storage.records import Change, ImageResult, RecordPosition, Result
from monitor.storage.story_graph import Member


@dataclass(frozen=True)
class Standing:
    """What becomes of a batch's mentions; `pictures` are those that the ones which are there show, `found`
    are all of these."""

    settled: Mapping[UUID, Settled] = field(default_factory=dict)
    pictures: Mapping[UUID, str] = field(default_factory=dict)
    found: Mapping[UUID, Member] = field(default_factory=dict)

    @property
    def there(self) -> dict[UUID, Member]:
        """Mentions that are there and stay."""
        return {id: each for id, each in self.found.items() if not self.settled[id].removed}

    @cached_property
    def versions(self) -> dict[UUID, Result]:
        """To be written, each mention once."""
        return {id: each.version for id, each in self.settled.items() if each.version is not None}

    @property
    def marks(self) -> dict[UUID, Mark]:
        """To be set or moved."""
        return {
            id: Mark(each.dead_to, each.deletion.kind, each.deletion.deletion.deleted_at)
            for id, each in self.settled.items()
            if each.dead_to is not None and each.deletion is not None
        }

    @property
    def removed(self) -> list[UUID]:
        """Mentions that are there and to be deleted."""
        return [id for id, each in self.settled.items() if each.removed]

    @property
    def silent(self) -> frozenset[RecordPosition]:
        """Records that nobody is to hear of."""
        return frozenset(place for each in self.settled.values() for place in each.silent)

    @property
    def pictures_replaced(self) -> list[str]:
        """Pictures that mentions show whose new versions show another one."""
        now = {id: picture_of(version) for id, version in self.versions.items() if id in self.pictures}
        return [self.pictures[id] for id, sha256 in now.items() if sha256 != self.pictures[id]]


def picture_of(version: Result) -> str | None:
    """SHA-256 of the picture that a version of a mention shows."""
    return version.picture.sha256 if isinstance(version, ImageResult) else None


def by_mention(changes: Iterable[Change]) -> dict[UUID, list[Change]]:
    """What records are about, in their order."""
    found: defaultdict[UUID, list[Change]] = defaultdict(list)
    for change in changes:
        found[rows.mention_id(change)].append(change)
    return found


def known(ids: Collection[UUID]) -> Statement:
    """Asks for what `stand` needs."""
    return Statement(_KNOWN, {"ids": uuids(ids)})


async def stand(
    connection: AsyncConnection,
    log_id: str,
    changes: Mapping[UUID, Sequence[Change]],
    answer: Iterable[Sequence[Any]],
) -> Standing:
    """Settle what stands, by the answer to `known`; the caller holds the lock of the stories since before it
    asked."""
    known: dict[UUID, Known] = {}
    pictures: dict[UUID, str] = {}
    found: dict[UUID, Member] = {}
    for id, *columns in answer:
        row, (picture, published_at, keys), mark = columns[:5], columns[5:8], columns[8:]
        known[id] = Known(
            row=None if row[0] is None else Place(*row), dead_to=None if mark[0] is None else Place(*mark)
        )
        if row[0] is not None:
            found[id] = Member(id, published_at, tuple(keys or ()))
        if picture is not None:
            pictures[id] = picture
    asked = [
        change.position
        for id, of_it in changes.items()
        if needs_redelivered(of_it, known.get(id, NOTHING), log_id)
        for change in of_it
    ]
    again = await _redelivered(connection, asked, log_id)
    now = datetime.now(UTC)
    settled = {id: settle(of_it, known.get(id, NOTHING), again, log_id, now) for id, of_it in changes.items()}
    return Standing(settled, pictures, found)


async def _redelivered(
    connection: AsyncConnection, places: Collection[RecordPosition], log_id: str
) -> set[RecordPosition]:
    if not places:
        return set()
    rows = ({"topic": each.topic, "partition": each.partition, "at": each.offset} for each in places)
    (answer,) = await together(connection, Statement(_REDELIVERED, {**as_json(rows), "log_id": log_id}))
    known = set(answer)
    return {place for place in places if (place.topic, place.partition, place.offset) in known}


# Of each of the mentions that is there or was deleted: its row's place, picture, time and keys, and its mark.
# OFFSET 0 keeps it look-ups; a plan made while the tables were small would read all of them for good.
_KNOWN: Final = """
    SELECT given.id, m.*, d.*
    FROM unnest(CAST(%(ids)s AS uuid[])) AS given(id)
    LEFT JOIN LATERAL (
        SELECT log_id, topic, partition, record_offset, recorded_at, picture_sha256, published_at, story_keys
        FROM mention WHERE mention.id = given.id OFFSET 0) AS m ON true
    LEFT JOIN LATERAL (
        SELECT log_id, topic, partition, record_offset, recorded_at
        FROM deleted_mention WHERE deleted_mention.id = given.id OFFSET 0) AS d ON true
    WHERE m.log_id IS NOT NULL OR d.log_id IS NOT NULL
"""

# Records that were taken before, as a mention or a deletion: what was a dead letter once is new. OFFSET 0
# keeps it a look-up in the index of offsets for each record; a join would read all batches.
_REDELIVERED: Final = """
    SELECT given.*
    FROM json_to_recordset(CAST(%(rows)s AS json)) AS given(topic text, partition int, at bigint)
    WHERE EXISTS (
        SELECT FROM ingest_batch AS b
        WHERE b.log_id = %(log_id)s AND b.topic = given.topic AND b.partition = given.partition
          AND b.offsets @> given.at AND NOT b.rejected_offsets @> given.at OFFSET 0)
"""
