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

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from monitor.storage.driver import Statement, as_json, run, uuids
from monitor.storage.rows import array
from monitor.storage.story_graph import PERIOD, Arrangement, Member, Neighbours, Node, Place, arrange, connect

LOCK: Final = Statement("SELECT pg_advisory_xact_lock(hashtext('brand-monitor stories'))")
"""Waits until no other transaction works on stories; held until this one ends."""


def lock(connection: Connection) -> None:
    """See `LOCK`."""
    LOCK.run(connection)


def stored(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, Member]:
    """Those of the mentions that are there."""
    return {member.id: member for member in members(ask(ids).run(connection))}


def ask(ids: Iterable[UUID]) -> Statement:
    """Asks for mentions, for `members`."""
    return Statement(_STORED, {"ids": uuids(ids)})


def members(answer: Iterable[Sequence[Any]]) -> list[Member]:
    """Mentions as stories know them, by the answer to `ask`."""
    return [Member(id, at, tuple(keys or ()), story_id) for id, at, keys, story_id in answer]


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
    return made.places, [*_leads(made.leads), *([Statement(_NEW, _noted(new, made))] if new else [])]


def place(connection: Connection, members: Sequence[Member]) -> dict[UUID, Place]:
    """Where mentions belong that are in no story yet. Stories that they connect become one, and leads give
    way to those among them that came before.

    Leaves the rows of `members` to the caller, who writes what this returns.
    """
    beside = Neighbours(find(members, (member.id for member in members)).run(connection))
    parts = connect(members, beside)
    _unite(connection, [part.stories for part in parts if len(part.stories) > 1])
    made = arrange(members, parts, beside.firsts)
    noted = [Statement(_NOTE, _noted(sorted(made.nodes), made))] if made.nodes else []
    run(connection, *_leads(made.leads), *noted)
    return made.places


def move(connection: Connection, before: Collection[Member], now: Sequence[Member] = ()) -> None:
    """Mentions that were `before` are gone, or have become those `now`, whose rows are written: place these,
    and what the others may have held together."""
    moved = [*now, *_leave(connection, before)]
    if not moved:
        return
    places = place(connection, moved).items()
    given = as_json({"id": id, "story_id": each.story_id, "lead": each.lead} for id, each in places)
    Statement(_PLACES, given).run(connection)


def give_keys(connection: Connection, keys: Mapping[UUID, tuple[int, ...]]) -> None:
    """Write other keys of mentions that are there, and move them where they belong now."""
    before = [each for each in stored(connection, keys.keys()).values() if each.keys != keys[each.id]]
    if not before:
        return
    now = [member._replace(keys=keys[member.id], story_id=None) for member in before]
    given = as_json({"id": member.id, "keys": array(member.keys)} for member in now)
    Statement(_KEYS, given).run(connection)
    move(connection, before, now)


def _leave(connection: Connection, gone: Collection[Member]) -> list[Member]:
    """Take mentions out of their stories; returns the other members of those that may have fallen apart."""
    keyed = [member for member in gone if member.keys]
    if not keyed:
        return []
    ids = uuids(member.id for member in gone)
    theirs = as_json(
        {"story_id": member.story_id, "keys": array(member.keys), "published_at": member.published_at}
        for member in keyed
    )
    stories = uuids({member.story_id for member in keyed if member.story_id is not None})
    alone, firsts = run(
        connection,
        Statement(_ALONE, {**theirs, "gone": ids}),
        Statement(_FIRSTS, {"stories": stories, "without": ids}),
    )
    apart = {story_id for (story_id,) in alone}
    lead = [id for story_id, id in firsts if story_id not in apart]
    run(connection, *_leads(dict.fromkeys(lead, True)))
    if not apart:
        return []
    left = [member for member in keyed if member.story_id in apart]
    others, _ = run(connection, Statement(_OTHERS, {"stories": uuids(apart), "gone": ids}), _forget(left))
    rest = members(others)
    if rest:
        run(connection, _forget(rest))
    return rest


def _unite(connection: Connection, groups: Sequence[list[UUID]]) -> None:
    """Make one story of each group, and put it first in the list: the largest, so that few rows change."""
    if not groups:
        return
    given = {"stories": uuids(story for group in groups for story in group)}
    sizes = Counter[UUID](dict(Statement(_SIZES, given).run(connection)))
    for group in groups:
        group.sort(key=lambda story: (-sizes[story], story))
    pairs = {lost: group[0] for group in groups for lost in group[1:]}
    united = {"lost": uuids(pairs), "kept": uuids(pairs.values())}
    run(connection, Statement(_UNITE_KEYS, united), Statement(_UNITE_MENTIONS, united))


def _forget(members: Iterable[Member]) -> Statement:
    return Statement(_FORGET, _columns(sorted({node for member in members for node in member.nodes})))


def _leads(leads: Mapping[UUID, bool]) -> list[Statement]:
    rows = [{"id": id, "lead": lead} for id, lead in leads.items()]
    return [Statement(_LEADS, as_json(rows))] if rows else []


def _noted(nodes: Sequence[Node], made: Arrangement) -> dict[str, str]:
    return {**_columns(nodes), "stories": uuids(made.nodes[node] for node in nodes)}


def _columns(nodes: Iterable[Node]) -> dict[str, str]:
    kept = list(nodes)
    return {"keys": array([key for key, _ in kept]) or "{}", "periods": array([at for _, at in kept]) or "{}"}


_MEMBER: Final = "m.id, m.published_at, m.story_keys, m.story_id"
_SECONDS: Final = int(PERIOD.total_seconds())
PERIOD_SQL: Final = f"floor(extract(epoch FROM {{}}) / {_SECONDS})::int"

_STORED: Final = f"SELECT {_MEMBER} FROM mention AS m WHERE m.id = ANY(CAST(%(ids)s AS uuid[]))"  # noqa: S608 - our own words
_OTHERS: Final = f"""
    SELECT {_MEMBER} FROM mention AS m
    WHERE m.story_id = ANY(CAST(%(stories)s AS uuid[])) AND m.id <> ALL(CAST(%(gone)s AS uuid[]))
"""  # noqa: S608 - our own words

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

_FIRSTS: Final = """
    SELECT given.story_id, first.id
    FROM unnest(CAST(%(stories)s AS uuid[])) AS given(story_id)
    CROSS JOIN LATERAL (
        SELECT m.id FROM mention AS m
        WHERE m.story_id = given.story_id AND m.id <> ALL(CAST(%(without)s AS uuid[]))
        ORDER BY m.published_at, m.id LIMIT 1
    ) AS first
"""

# Stories of those that no other mention with the very same keys in the same period stands in for. OFFSET 0 as
# above.
_ALONE: Final = f"""
    SELECT given.story_id
    FROM json_to_recordset(CAST(%(rows)s AS json))
        AS given(story_id uuid, keys text, published_at timestamptz)
    WHERE NOT EXISTS (
        SELECT FROM mention AS m
        WHERE m.story_id = given.story_id AND m.id <> ALL(CAST(%(gone)s AS uuid[]))
          AND m.story_keys = given.keys::bigint[]
          AND {PERIOD_SQL.format("m.published_at")} = {PERIOD_SQL.format("given.published_at")}
        OFFSET 0)
"""  # noqa: S608 - our own words

_SIZES: Final = """
    SELECT story_id, count(*) FROM mention WHERE story_id = ANY(CAST(%(stories)s AS uuid[]))
    GROUP BY story_id
"""

# Found by the mentions' keys: an index of story_key by story would be half as large as the table.
_UNITE_KEYS: Final = f"""
    UPDATE story_key AS k SET story_id = given.kept
    FROM unnest(CAST(%(lost)s AS uuid[]), CAST(%(kept)s AS uuid[])) AS given(lost, kept)
    JOIN mention AS m ON m.story_id = given.lost CROSS JOIN unnest(m.story_keys) AS key
    WHERE k.key = key.key AND k.period = {PERIOD_SQL.format("m.published_at")} AND k.story_id = given.lost
"""  # noqa: S608 - our own words

_UNITE_MENTIONS: Final = """
    UPDATE mention AS m SET story_id = given.kept, lead = false
    FROM unnest(CAST(%(lost)s AS uuid[]), CAST(%(kept)s AS uuid[])) AS given(lost, kept)
    WHERE m.story_id = given.lost
"""

_LEADS: Final = """
    UPDATE mention AS m SET lead = given.lead
    FROM json_to_recordset(CAST(%(rows)s AS json)) AS given(id uuid, lead boolean)
    WHERE m.id = given.id AND m.lead <> given.lead
"""

_PLACES: Final = """
    UPDATE mention AS m SET story_id = given.story_id, lead = given.lead
    FROM json_to_recordset(CAST(%(rows)s AS json)) AS given(id uuid, story_id uuid, lead boolean)
    WHERE m.id = given.id AND (m.story_id, m.lead) <> (given.story_id, given.lead)
"""

_KEYS: Final = """
    UPDATE mention AS m SET story_keys = given.keys::bigint[]
    FROM json_to_recordset(CAST(%(rows)s AS json)) AS given(id uuid, keys text) WHERE m.id = given.id
"""

# Nobody else writes keys meanwhile: what was not there is not there.
_NEW: Final = """
    INSERT INTO story_key AS k (key, period, story_id)
    SELECT * FROM unnest(CAST(%(keys)s AS bigint[]), CAST(%(periods)s AS int[]), CAST(%(stories)s AS uuid[]))
"""

_NOTE: Final = f"""{_NEW}
    ON CONFLICT (key, period) DO UPDATE SET story_id = excluded.story_id WHERE k.story_id <> excluded.story_id
"""

_FORGET: Final = """
    DELETE FROM story_key AS k
    USING unnest(CAST(%(keys)s AS bigint[]), CAST(%(periods)s AS int[])) AS given(key, period)
    WHERE k.key = given.key AND k.period = given.period
"""
