"""Where mentions come from: sources and authors."""

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import about, brand_ids, sampled_hours, step_of_sample, values
from monitor.reports.filters import Filter

# Mentions whose authors are counted one by one; of more, every so many-th hour is read.
_READ: Final = 40_000

MOST_SOURCES: Final = 500
"""More would be no list to choose from."""


class SourceShare(msgspec.Struct, frozen=True, kw_only=True):
    """One source of mentions about the brands. `share` is 0..1 of all their mentions."""

    source: str
    mentions: int
    texts: int
    images: int
    share: float
    positive: int
    """Texts, by how they feel about a brand they name; one that names two counts twice."""
    neutral: int
    negative: int
    unsure: int
    """Texts that the model was not sure of, counted in the same way."""
    unscored: int
    """Texts in a language that the model does not speak, counted in the same way."""


class AuthorActivity(msgspec.Struct, frozen=True, kw_only=True):
    """One author of mentions about the brands; `reach` is the largest of them, in people."""

    source: str
    author: str
    mentions: int
    reach: int | None
    positive: int
    neutral: int
    negative: int
    unsure: int
    """Texts that the model was not sure of."""
    unscored: int
    """Texts in a language that the model does not speak."""
    estimated: bool
    """The counts are extrapolated from a sample of the period's hours; of less than that, they are exact."""


def sources(connection: Connection, chosen: Filter, limit: int = 50) -> tuple[SourceShare, ...]:
    """Sources of mentions about the chosen brands (or any brand), the busiest first."""
    query = f"""
        SELECT source, sum(texts + images)::bigint AS mentions, sum(texts)::bigint AS texts,
               sum(images)::bigint AS images,
               (sum(texts + images) / sum(sum(texts + images)) OVER ())::double precision AS share,
               sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
               sum(negative)::bigint AS negative, sum(unsure)::bigint AS unsure,
               sum(unscored)::bigint AS unscored
        FROM {about(chosen)} AS a GROUP BY 1 HAVING sum(texts + images) > 0
        ORDER BY mentions DESC, 1 LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    found = connection.execute(text(query), {**_given(connection, chosen), "limit": limit})
    return tuple(SourceShare(**row._asdict()) for row in found)


def authors(connection: Connection, chosen: Filter, limit: int = 20) -> tuple[AuthorActivity, ...]:
    """Authors of mentions about the chosen brands (or any brand), the busiest first."""
    # What is read is of all sources, kinds and languages: indexes that begin with those are no way to find an
    # hour.
    every = Filter(chosen.since, chosen.until, chosen.brands)
    step = step_of_sample(sum(each.mentions for each in sources(connection, every, limit=10_000)), _READ)
    hours = sampled_hours(step)
    # Grouped twice, which hashes: count(DISTINCT mention_id) would sort.
    query = f"""
        SELECT source, author, count(*) * {step} AS mentions, max(reach) AS reach,
               sum(positive)::bigint * {step} AS positive, sum(neutral)::bigint * {step} AS neutral,
               sum(negative)::bigint * {step} AS negative, sum(unsure)::bigint * {step} AS unsure,
               sum(unscored)::bigint * {step} AS unscored,
               {step} > 1 AS estimated
        FROM (
            SELECT source, author, mention_id, max(reach) AS reach,
                   count(*) FILTER (WHERE label = 'positive') AS positive,
                   count(*) FILTER (WHERE label = 'neutral') AS neutral,
                   count(*) FILTER (WHERE label = 'negative') AS negative,
                   count(*) FILTER (WHERE label = 'unsure') AS unsure,
                   count(*) FILTER (WHERE kind = 'text' AND label IS NULL) AS unscored
            FROM {hours} AS s(first, last) CROSS JOIN unnest(CAST(:brand_ids AS int[])) AS b(id)
            CROSS JOIN LATERAL (
                SELECT * FROM presence AS p
                WHERE published_at >= s.first AND published_at < s.last AND brand_id = b.id
                OFFSET 0  -- hour by hour through the index: joined freely, the planner reads the table whole
            ) AS each
            WHERE {chosen.where("each", "author IS NOT NULL")}
            GROUP BY 1, 2, 3
        ) AS each_mention
        GROUP BY 1, 2 ORDER BY mentions DESC, 1, 2 LIMIT :limit
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    found = connection.execute(text(query), {**_given(connection, chosen), "limit": limit})
    return tuple(AuthorActivity(**row._asdict()) for row in found)


def source_names(connection: Connection, limit: int = MOST_SOURCES) -> tuple[str, ...]:
    """Sources of mentions, by name."""
    return tuple(connection.execute(_SOURCES, {"limit": limit}).scalars())


# Looks each next name up in the index on (source, published_at): as many steps as sources, not as mentions.
_SOURCES: Final = text("""
    WITH RECURSIVE found AS (
        (SELECT source FROM mention ORDER BY source LIMIT 1)
        UNION ALL
        SELECT (SELECT m.source FROM mention AS m WHERE m.source > found.source ORDER BY m.source LIMIT 1)
        FROM found WHERE found.source IS NOT NULL
    )
    SELECT source FROM found WHERE source IS NOT NULL LIMIT :limit
""")


def _given(connection: Connection, chosen: Filter) -> dict[str, Any]:
    return {**values(chosen), "brand_ids": brand_ids(connection, chosen)}
