"""The brands and sources there are to choose from."""

from sqlalchemy import Connection, text

from monitor.reports.origins import source_names

__all__ = ["brand_names", "source_names"]


def brand_names(connection: Connection) -> tuple[str, ...]:
    """All brands watched: ours first, then by name."""
    found = connection.execute(text("SELECT name FROM brand ORDER BY own DESC, lower(name), name"))
    return tuple(found.scalars())
