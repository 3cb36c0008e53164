"""Stories held against the mentions, and worked out anew: a row removed by hand leaves a story without a
lead, or its keys behind."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from monitor.storage import stories
from monitor.storage.rollups import Comparison

_CHUNK: Final = 5000


def compare(connection: Connection) -> tuple[Comparison, ...]:
    """Leads and table `story_key` against the mentions, as `rollups.compare` does it."""
    return tuple(
        Comparison(table=table, **connection.execute(query).one()._asdict())
        for table, query in (("story_key", _COMPARE_KEYS), ("mention.lead", _COMPARE_LEADS))
    )


def rebuild(connection: Connection) -> None:
    """Work all stories out anew, in the caller's transaction; workers wait until it ends. Some 0.07 ms a
    mention. Needs the rights of brand_monitor_write."""
    stories.lock(connection)
    connection.execute(text("DELETE FROM story_key"))
    last = UUID(int=0)
    while ids := connection.execute(_SOME, {"last": last, "limit": _CHUNK}).scalars().all():
        mentions = stories.stored(connection, ids).values()
        stories.move(connection, (), [each._replace(story_id=None) for each in mentions])
        last = ids[-1]


_SOME: Final = text("SELECT id FROM mention WHERE id > :last ORDER BY id LIMIT :limit")

# Up to the period where mentions are kept from there may be keys of pruned ones; before it all may be gone.
_COMPARE_KEYS: Final = text(f"""
    WITH kept AS (
        SELECT coalesce(max({stories.PERIOD_SQL.format("before")}), -1000000) AS period FROM pruning
    ), expected AS (
        SELECT DISTINCT key, {stories.PERIOD_SQL.format("m.published_at")} AS period, m.story_id
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
