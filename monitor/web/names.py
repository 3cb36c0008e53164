"""The brands and sources there are to choose from."""

from sqlalchemy import Connection, text

# Looks each next name up in the index on (source, published_at): as many steps as sources, not as mentions.
_SOURCES = text("""
    WITH RECURSIVE found AS (
        (SELECT source FROM mention ORDER BY source LIMIT 1)
        UNION ALL
        SELECT (SELECT m.source FROM mention AS m WHERE m.source > found.source ORDER BY m.source LIMIT 1)
        FROM found WHERE found.source IS NOT NULL
    )
    SELECT source FROM found WHERE source IS NOT NULL LIMIT :limit
""")

# More would be no list to choose from; what an address names is offered besides.
_MOST_SOURCES = 500


def brand_names(connection: Connection) -> tuple[str, ...]:
    """All brands watched: ours first, then by name."""
    found = connection.execute(text("SELECT name FROM brand ORDER BY own DESC, lower(name), name"))
    return tuple(found.scalars())


def source_names(connection: Connection) -> tuple[str, ...]:
    """Sources of mentions, by name."""
    return tuple(connection.execute(_SOURCES, {"limit": _MOST_SOURCES}).scalars())
