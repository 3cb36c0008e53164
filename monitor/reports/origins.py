"""Where mentions come from: sources."""

from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import values
from monitor.reports.filters import Filter

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


def sources(connection: Connection, chosen: Filter, limit: int = 50) -> tuple[SourceShare, ...]:
    """Sources of mentions about the chosen brands (or any brand), the busiest first."""
    found = connection.execute(_SHARES, {**values(connection, chosen), "limit": limit})
    return tuple(SourceShare(**row._asdict()) for row in found)


def source_names(connection: Connection, limit: int = MOST_SOURCES) -> tuple[str, ...]:
    """Sources of mentions, by name."""
    return tuple(connection.execute(_SOURCES, {"limit": limit}).scalars())


_SHARES: Final = text("""
    SELECT source, sum(texts + images)::bigint AS mentions, sum(texts)::bigint AS texts,
           sum(images)::bigint AS images,
           (sum(texts + images) / sum(sum(texts + images)) OVER ())::double precision AS share,
           sum(positive)::bigint AS positive, sum(neutral)::bigint AS neutral,
           sum(negative)::bigint AS negative, sum(unsure)::bigint AS unsure,
           sum(unscored)::bigint AS unscored
    FROM about_counts(:brand_ids, :since, :until, :sources, :kinds, :languages, :stories)
    GROUP BY 1 HAVING sum(texts + images) > 0
    ORDER BY mentions DESC, 1 LIMIT :limit
""")

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
