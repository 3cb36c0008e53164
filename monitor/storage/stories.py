"""Which mentions are copies of one another: the stories, kept in the transaction that writes the mentions.

Mentions that share a key (`mention.story_keys`) in the same or in neighbouring periods of 30 days are of one
story, and so are those that others connect. So stories are the connected parts of a graph, and what they are
depends on the mentions alone, never on the order in which they came or on how they were batched. The first
of a story, by `published_at`, then id, is its lead. The graph still knows mentions that were pruned
(`monitor.storage.pruning`): what they held together stays one story, and copies of them join it for as long
as their keys are kept, which go by whole periods.

Table `story_key` tells for every key and period which story has it: one row, however many copies there are,
so that a mention is placed by looking up its own keys. A mention that connects two stories makes them one,
under the id of the larger. One that goes, or comes back with other words, takes its keys along; if nothing
else has the very same ones, its story is worked out anew from what is left.

One transaction at a time does this, from `lock` to its commit: whoever comes second sees what the first one
wrote, and two that touch the same stories cannot deadlock. Take the lock before any row of `mention` or
`picture`.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from monitor.storage.rollups import Comparison
from monitor.storage.rows import array

PERIOD: Final = timedelta(days=30)
"""A copy that comes later than the neighbouring period is a story of its own."""

_CHUNK: Final = 5000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Node = tuple[int, int]
"""A key and the period in which a mention has it."""


class Member(NamedTuple):
    """A mention, as far as stories go: `story_id` is the one it is or was in, None if in none yet."""

    id: UUID
    published_at: datetime
    keys: tuple[int, ...]
    story_id: UUID | None = None

    @property
    def nodes(self) -> list[Node]:
        """What it is found by."""
        period = (self.published_at - _EPOCH) // PERIOD
        return [(key, period) for key in self.keys]


class Place(NamedTuple):
    """Where a mention belongs."""

    story_id: UUID
    lead: bool


class _First(NamedTuple):
    published_at: datetime
    id: UUID


@dataclass
class _Part:
    """A connected part of the graph: mentions to be placed, and stories that they connect."""

    members: list[Member] = field(default_factory=list)
    stories: list[UUID] = field(default_factory=list)


def lock(connection: Connection) -> None:
    """Wait until no other transaction works on stories; held until this one ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('brand-monitor stories'))"))


def stored(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Member]:
    """Those of the mentions that are there."""
    found = connection.execute(_STORED, {"ids": list(ids)})
    return {row.id: _member(row) for row in found}


def place(connection: Connection, members: Sequence[Member]) -> dict[UUID, Place]:
    """Where mentions belong that are in no story yet. Stories that they connect become one, and leads give
    way to those among them that came before.

    Leaves the rows of `members` to the caller, who writes what this returns.
    """
    places = {member.id: Place(member.id, lead=True) for member in members if not member.keys}
    parts = _connected(connection, [member for member in members if member.keys])
    found = [story for part in parts for story in part.stories]
    firsts = _firsts(connection, found, [member.id for member in members])
    _unite(connection, [part.stories for part in parts if len(part.stories) > 1])
    taken = set(found)
    leads: dict[UUID, bool] = {}
    nodes: dict[Node, UUID] = {}
    for part in sorted(parts, key=lambda part: -len(part.members)):
        story_id = part.stories[0] if part.stories else _own_story(part.members, taken)
        before = [firsts[story] for story in part.stories if story in firsts]
        first = min([*before, *(_First(member.published_at, member.id) for member in part.members)])
        leads |= {each.id: each == first for each in before}
        for member in part.members:
            places[member.id] = Place(story_id, lead=member.id == first.id)
            nodes |= dict.fromkeys(member.nodes, story_id)
    if leads:
        connection.execute(_LEADS, {"ids": list(leads), "leads": list(leads.values())})
    _note(connection, nodes)
    return places


def move(connection: Connection, before: Collection[Member], now: Sequence[Member] = ()) -> None:
    """Mentions that were `before` are gone, or have become those `now`, whose rows are written: place these,
    and what the others may have held together."""
    _write(connection, place(connection, [*now, *_leave(connection, before)]))


def give_keys(connection: Connection, keys: Mapping[UUID, tuple[int, ...]]) -> None:
    """Write other keys of mentions that are there, and move them where they belong now."""
    before = [each for each in stored(connection, keys.keys()).values() if each.keys != keys[each.id]]
    if not before:
        return
    now = [member._replace(keys=keys[member.id], story_id=None) for member in before]
    given = {"ids": [member.id for member in now], "keys": [array(member.keys) for member in now]}
    connection.execute(_KEYS, given)
    move(connection, before, now)


def compare(connection: Connection) -> tuple[Comparison, ...]:
    """Leads and table `story_key` against the mentions, as `rollups.compare` does it: a row removed by hand
    leaves a story without a lead, or its keys behind."""
    return tuple(
        Comparison(table=table, **connection.execute(query).one()._asdict())
        for table, query in (("story_key", _COMPARE_KEYS), ("mention.lead", _COMPARE_LEADS))
    )


def rebuild(connection: Connection) -> None:
    """Work all stories out anew, in the caller's transaction; workers wait until it ends. Some 0.07 ms a
    mention. Needs the rights of brand_monitor_write."""
    lock(connection)
    connection.execute(text("DELETE FROM story_key"))
    last = uuid.UUID(int=0)
    while found := connection.execute(_SOME, {"last": last, "limit": _CHUNK}).all():
        _write(connection, place(connection, [_member(row)._replace(story_id=None) for row in found]))
        last = found[-1].id


def _leave(connection: Connection, gone: Collection[Member]) -> list[Member]:
    """Take mentions out of their stories; returns the other members of those that may have fallen apart."""
    keyed = [member for member in gone if member.keys]
    if not keyed:
        return []
    ids = [member.id for member in gone]
    given = {
        "gone": ids,
        "ids": [member.id for member in keyed],
        "stories": [member.story_id for member in keyed],
        "keys": [array(member.keys) for member in keyed],
        "moments": [member.published_at for member in keyed],
    }
    apart = set(connection.execute(_ALONE, given).scalars())
    stories = {member.story_id for member in keyed if member.story_id is not None}
    first = [each.id for each in _firsts(connection, list(stories - apart), ids).values()]
    connection.execute(_LEADS, {"ids": first, "leads": [True] * len(first)})
    if not apart:
        return []
    rest = [_member(row) for row in connection.execute(_OTHERS, {"stories": list(apart), "gone": ids})]
    left = [member for member in keyed if member.story_id in apart]
    nodes = sorted({node for member in (*left, *rest) for node in member.nodes})
    connection.execute(_FORGET, _columns(nodes))
    return rest


def _write(connection: Connection, places: Mapping[UUID, Place]) -> None:
    given = {
        "ids": list(places),
        "stories": [each.story_id for each in places.values()],
        "leads": [each.lead for each in places.values()],
    }
    connection.execute(_PLACES, given)


def _connected(connection: Connection, members: Sequence[Member]) -> list[_Part]:
    parents: dict[UUID, UUID] = {}  # of mentions and of stories; no two have one id

    def root(id: UUID) -> UUID:
        while (parent := parents.setdefault(id, id)) != id:
            parents[id] = id = parents[parent]
        return id

    at: dict[Node, UUID] = {}
    for member in members:
        for node in member.nodes:
            parents[root(member.id)] = root(at.setdefault(node, member.id))
    for key, period in at:
        if (after := at.get((key, period + 1))) is not None:
            parents[root(at[key, period])] = root(after)
    stories: set[UUID] = set()
    if at:
        for key, period, story_id in connection.execute(_FOUND, _columns(at)):
            parents[root(at[key, period])] = root(story_id)
            stories.add(story_id)
    parts: defaultdict[UUID, _Part] = defaultdict(_Part)
    for member in members:
        parts[root(member.id)].members.append(member)
    for story_id in stories:
        parts[root(story_id)].stories.append(story_id)
    return list(parts.values())


def _firsts(connection: Connection, stories: Sequence[UUID], without: Collection[UUID]) -> dict[UUID, _First]:
    """The first mention of each story, of those that have others than these."""
    if not stories:
        return {}
    found = connection.execute(_FIRSTS, {"stories": list(stories), "without": list(without)})
    return {row.story_id: _First(row.published_at, row.id) for row in found}


def _unite(connection: Connection, groups: Sequence[list[UUID]]) -> None:
    """Make one story of each group, and put it first in the list: the largest, so that few rows change."""
    if not groups:
        return
    given = {"stories": [story for group in groups for story in group]}
    sizes = Counter({row.story_id: row.size for row in connection.execute(_SIZES, given)})
    for group in groups:
        group.sort(key=lambda story: (-sizes[story], story))
    pairs = {lost: group[0] for group in groups for lost in group[1:]}
    united = {"lost": list(pairs), "kept": list(pairs.values())}
    connection.execute(_UNITE_KEYS, united)
    connection.execute(_UNITE_MENTIONS, united)


def _own_story(members: Iterable[Member], taken: set[UUID]) -> UUID:
    """The id that most of them had, if it is free; else a new one. Never a mention's own, which is that of
    its story while it has no keys."""
    had = Counter(member.story_id for member in members if member.story_id is not None)
    free = (story for story, _ in had.most_common() if story not in taken)
    story_id = next(free, None) or uuid.uuid4()
    taken.add(story_id)
    return story_id


def _note(connection: Connection, nodes: Mapping[Node, UUID]) -> None:
    if nodes:
        given = sorted(nodes)
        connection.execute(_NOTE, {**_columns(given), "stories": [nodes[node] for node in given]})


def _columns(nodes: Iterable[Node]) -> dict[str, list[int]]:
    kept = list(nodes)
    return {"keys": [key for key, _ in kept], "periods": [period for _, period in kept]}


def _member(row: Row[Any]) -> Member:
    return Member(row.id, row.published_at, tuple(row.story_keys or ()), row.story_id)


_MEMBER: Final = "m.id, m.published_at, m.story_keys, m.story_id"
_SECONDS: Final = int(PERIOD.total_seconds())
_PERIOD_SQL: Final = f"floor(extract(epoch FROM {{}}) / {_SECONDS})::int"

_STORED: Final = text(f"SELECT {_MEMBER} FROM mention AS m WHERE m.id = ANY(:ids)")  # noqa: S608 - our own words
_OTHERS: Final = text(f"""
    SELECT {_MEMBER} FROM mention AS m WHERE m.story_id = ANY(:stories) AND m.id <> ALL(:gone)
""")  # noqa: S608 - our own words

# For every node given: the stories that have its key in its period or beside it.
_FOUND: Final = text("""
    SELECT given.key, given.period, k.story_id
    FROM unnest(CAST(:keys AS bigint[]), CAST(:periods AS int[])) AS given(key, period)
    JOIN story_key AS k ON k.key = given.key AND k.period BETWEEN given.period - 1 AND given.period + 1
""")

_FIRSTS: Final = text("""
    SELECT given.story_id, first.published_at, first.id
    FROM unnest(CAST(:stories AS uuid[])) AS given(story_id)
    CROSS JOIN LATERAL (
        SELECT m.published_at, m.id FROM mention AS m
        WHERE m.story_id = given.story_id AND m.id <> ALL(CAST(:without AS uuid[]))
        ORDER BY m.published_at, m.id LIMIT 1
    ) AS first
""")

# Stories of those that no other mention with the very same keys in the same period stands in for.
_ALONE: Final = text(f"""
    SELECT given.story_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:stories AS uuid[]), CAST(:keys AS text[]),
                CAST(:moments AS timestamptz[])) AS given(id, story_id, keys, published_at)
    WHERE NOT EXISTS (
        SELECT FROM mention AS m
        WHERE m.story_id = given.story_id AND m.id <> ALL(CAST(:gone AS uuid[]))
          AND m.story_keys = given.keys::bigint[]
          AND {_PERIOD_SQL.format("m.published_at")} = {_PERIOD_SQL.format("given.published_at")})
""")  # noqa: S608 - our own words

_SIZES: Final = text("""
    SELECT story_id, count(*) AS size FROM mention WHERE story_id = ANY(:stories) GROUP BY story_id
""")

# Found by the mentions' keys: an index of story_key by story would be half as large as the table.
_UNITE_KEYS: Final = text(f"""
    UPDATE story_key AS k SET story_id = given.kept
    FROM unnest(CAST(:lost AS uuid[]), CAST(:kept AS uuid[])) AS given(lost, kept)
    JOIN mention AS m ON m.story_id = given.lost CROSS JOIN unnest(m.story_keys) AS key
    WHERE k.key = key.key AND k.period = {_PERIOD_SQL.format("m.published_at")} AND k.story_id = given.lost
""")  # noqa: S608 - our own words

_UNITE_MENTIONS: Final = text("""
    UPDATE mention AS m SET story_id = given.kept, lead = false
    FROM unnest(CAST(:lost AS uuid[]), CAST(:kept AS uuid[])) AS given(lost, kept)
    WHERE m.story_id = given.lost
""")

_LEADS: Final = text("""
    UPDATE mention AS m SET lead = given.lead
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leads AS boolean[])) AS given(id, lead)
    WHERE m.id = given.id AND m.lead <> given.lead
""")

_PLACES: Final = text("""
    UPDATE mention AS m SET story_id = given.story_id, lead = given.lead
    FROM unnest(CAST(:ids AS uuid[]), CAST(:stories AS uuid[]), CAST(:leads AS boolean[]))
        AS given(id, story_id, lead)
    WHERE m.id = given.id AND (m.story_id, m.lead) <> (given.story_id, given.lead)
""")

_KEYS: Final = text("""
    UPDATE mention AS m SET story_keys = given.keys::bigint[]
    FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS given(id, keys) WHERE m.id = given.id
""")

_NOTE: Final = text("""
    INSERT INTO story_key AS k (key, period, story_id)
    SELECT * FROM unnest(CAST(:keys AS bigint[]), CAST(:periods AS int[]), CAST(:stories AS uuid[]))
    ON CONFLICT (key, period) DO UPDATE SET story_id = excluded.story_id WHERE k.story_id <> excluded.story_id
""")

_FORGET: Final = text("""
    DELETE FROM story_key AS k
    USING unnest(CAST(:keys AS bigint[]), CAST(:periods AS int[])) AS given(key, period)
    WHERE k.key = given.key AND k.period = given.period
""")

_SOME: Final = text(f"SELECT {_MEMBER} FROM mention AS m WHERE m.id > :last ORDER BY m.id LIMIT :limit")  # noqa: S608 - our own words

# Up to the period where mentions are kept from there may be keys of pruned ones; before it all may be gone.
_COMPARE_KEYS: Final = text(f"""
    WITH kept AS (
        SELECT coalesce(max({_PERIOD_SQL.format("before")}), -1000000) AS period FROM pruning
    ), expected AS (
        SELECT DISTINCT key, {_PERIOD_SQL.format("m.published_at")} AS period, m.story_id
        FROM mention AS m, unnest(m.story_keys) AS key
    ), wrong AS (
        (SELECT k.key, k.period, k.story_id FROM story_key AS k JOIN kept ON k.period > kept.period
         EXCEPT SELECT * FROM expected)
        UNION
        SELECT one.key, one.period, one.story_id
        FROM story_key AS one JOIN kept ON one.period > kept.period JOIN story_key AS two
          ON two.key = one.key AND two.period = one.period + 1 AND two.story_id <> one.story_id
    ), missing AS (
        SELECT e.* FROM expected AS e JOIN kept ON e.period >= kept.period
        EXCEPT SELECT key, period, story_id FROM story_key
    )
    SELECT (SELECT count(*) FROM story_key) AS rows, (SELECT count(*) FROM wrong) AS wrong,
           (SELECT count(*) FROM missing) AS missing,
           coalesce((SELECT 'holds ' || to_jsonb(wrong)::text FROM wrong LIMIT 1),
                    (SELECT 'lacks ' || to_jsonb(missing)::text FROM missing LIMIT 1)) AS example
""")  # noqa: S608 - our own words

_COMPARE_LEADS: Final = text("""
    WITH placed AS (
        SELECT id, lead, row_number() OVER (PARTITION BY story_id ORDER BY published_at, id) = 1 AS first
        FROM mention
    ), wrong AS (SELECT id, lead FROM placed WHERE lead AND NOT first),
       missing AS (SELECT id, lead FROM placed WHERE first AND NOT lead)
    SELECT (SELECT count(*) FROM placed WHERE lead) AS rows, (SELECT count(*) FROM wrong) AS wrong,
           (SELECT count(*) FROM missing) AS missing,
           coalesce((SELECT 'holds ' || to_jsonb(wrong)::text FROM wrong LIMIT 1),
                    (SELECT 'lacks ' || to_jsonb(missing)::text FROM missing LIMIT 1)) AS example
""")
