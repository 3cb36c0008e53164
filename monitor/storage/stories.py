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
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Row, text

from monitor.storage.driver import Statement, uuids
from monitor.storage.rollups import Comparison
from monitor.storage.rows import array
from monitor.storage.story_graph import PERIOD, Arrangement, Member, Neighbours, Node, Place, arrange, connect

_CHUNK: Final = 5000

LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtext('brand-monitor stories'))")
"""Waits until no other transaction works on stories; held until this one ends."""


def lock(connection: Connection) -> None:
    """See `LOCK`."""
    LOCK.run(connection)


def stored(connection: Connection, ids: Collection[UUID]) -> dict[UUID, Member]:
    """Those of the mentions that are there."""
    found = connection.execute(_STORED, {"ids": list(ids)})
    return {row.id: _member(row) for row in found}


def find(members: Iterable[Member], without: Iterable[UUID] = ()) -> Statement:
    """Looks up what is beside mentions, for `Neighbours`; mentions `without` are first of no story."""
    nodes = dict.fromkeys(node for member in members for node in member.nodes)
    return Statement(_FOUND, {**_columns(nodes), "without": uuids(without)})


def arranged(
    members: Sequence[Member], beside: Neighbours
) -> tuple[dict[UUID, Place], list[Statement]] | None:
    """Where mentions belong that are in no story yet, and the statements that say so to others; None where
    they connect stories, which takes `place`.

    Leaves the rows of `members` to the caller, as `place` does.
    """
    parts = connect(members, beside)
    if any(len(part.stories) > 1 for part in parts):
        return None
    made = arrange(members, parts, beside.firsts)
    new = [node for node in made.nodes if node not in beside.there]
    return made.places, [*_leads(made), *([Statement(_NEW, _noted(new, made))] if new else [])]


def place(connection: Connection, members: Sequence[Member]) -> dict[UUID, Place]:
    """Where mentions belong that are in no story yet. Stories that they connect become one, and leads give
    way to those among them that came before.

    Leaves the rows of `members` to the caller, who writes what this returns.
    """
    beside = Neighbours(find(members, (member.id for member in members)).run(connection))
    parts = connect(members, beside)
    _unite(connection, [part.stories for part in parts if len(part.stories) > 1])
    made = arrange(members, parts, beside.firsts)
    for statement in _leads(made):
        statement.run(connection)
    if made.nodes:
        Statement(_NOTE, _noted(sorted(made.nodes), made)).run(connection)
    return made.places


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
    first = _firsts(connection, stories - apart, ids)
    Statement(_LEADS, {"ids": first, "leads": [True] * len(first)}).run(connection)
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


def _firsts(connection: Connection, stories: Collection[UUID], without: Collection[UUID]) -> list[UUID]:
    """The first mention of each story, of those that have others than these."""
    if not stories:
        return []
    return [
        row.id for row in connection.execute(_FIRSTS, {"stories": list(stories), "without": list(without)})
    ]


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


def _leads(made: Arrangement) -> list[Statement]:
    if not made.leads:
        return []
    return [Statement(_LEADS, {"ids": list(made.leads), "leads": list(made.leads.values())})]


def _noted(nodes: Sequence[Node], made: Arrangement) -> dict[str, str]:
    return {**_columns(nodes), "stories": uuids(made.nodes[node] for node in nodes)}


def _columns(nodes: Iterable[Node]) -> dict[str, str]:
    kept = list(nodes)
    return {"keys": array([key for key, _ in kept]) or "{}", "periods": array([at for _, at in kept]) or "{}"}


def _member(row: Row[Any]) -> Member:
    return Member(row.id, row.published_at, tuple(row.story_keys or ()), row.story_id)


_MEMBER: Final = "m.id, m.published_at, m.story_keys, m.story_id"
_SECONDS: Final = int(PERIOD.total_seconds())
_PERIOD_SQL: Final = f"floor(extract(epoch FROM {{}}) / {_SECONDS})::int"

_STORED: Final = text(f"SELECT {_MEMBER} FROM mention AS m WHERE m.id = ANY(:ids)")  # noqa: S608 - our own words
_OTHERS: Final = text(f"""
    SELECT {_MEMBER} FROM mention AS m WHERE m.story_id = ANY(:stories) AND m.id <> ALL(:gone)
""")  # noqa: S608 - our own words

# For every node given: the stories that have its key in its period or beside it, and the first of each.
# OFFSET 0 keeps it look-ups; a plan made while the table was small would read all of it for good.
_FOUND: Final = """
    WITH found AS MATERIALIZED (
        SELECT given.key, given.period, k.period AS at, k.story_id
        FROM unnest(CAST(%(keys)s AS bigint[]), CAST(%(periods)s AS int[])) AS given(key, period)
        CROSS JOIN LATERAL (
            SELECT period, story_id FROM story_key
            WHERE story_key.key = given.key AND story_key.period BETWEEN given.period - 1 AND given.period + 1
            OFFSET 0
        ) AS k
    ), firsts AS (
        SELECT story.story_id, first.published_at, first.id
        FROM (SELECT DISTINCT story_id FROM found) AS story
        CROSS JOIN LATERAL (
            SELECT m.published_at, m.id FROM mention AS m
            WHERE m.story_id = story.story_id AND m.id <> ALL(CAST(%(without)s AS uuid[]))
            ORDER BY m.published_at, m.id LIMIT 1
        ) AS first
    )
    SELECT found.*, firsts.published_at, firsts.id FROM found LEFT JOIN firsts USING (story_id)
"""

_FIRSTS: Final = text("""
    SELECT first.id
    FROM unnest(CAST(:stories AS uuid[])) AS given(story_id)
    CROSS JOIN LATERAL (
        SELECT m.id FROM mention AS m
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

_LEADS: Final = """
    UPDATE mention AS m SET lead = given.lead
    FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(leads)s AS boolean[])) AS given(id, lead)
    WHERE m.id = given.id AND m.lead <> given.lead
"""

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

# Nobody else writes keys meanwhile: what was not there is not there.
_NEW: Final = """
    INSERT INTO story_key AS k (key, period, story_id)
    SELECT * FROM unnest(CAST(%(keys)s AS bigint[]), CAST(%(periods)s AS int[]), CAST(%(stories)s AS uuid[]))
"""

_NOTE: Final = f"""{_NEW}
    ON CONFLICT (key, period) DO UPDATE SET story_id = excluded.story_id WHERE k.story_id <> excluded.story_id
"""

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
