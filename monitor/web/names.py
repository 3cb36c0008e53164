"""The brands, sources and languages there are to choose from."""

from sqlalchemy import Connection, text

from monitor.reports.languages import language_names
from monitor.reports.origins import source_names

__all__ = ["brand_names", "has_own", "is_known", "language_names", "source_names"]


def is_known(connection: Connection, name: str | None) -> bool:
    """Whether a brand of that name was ever watched."""
    query = text("SELECT EXISTS (SELECT FROM brand WHERE name = :name)")
    return bool(connection.execute(query, {"name": name}).scalar())


def has_own(connection: Connection) -> bool:
    """Whether a brand is ours."""
    return bool(connection.execute(text("SELECT EXISTS (SELECT FROM brand WHERE own)")).scalar())


def brand_names(connection: Connection) -> tuple[str, ...]:
    """All brands watched: ours first, then by name."""
    query = "SELECT name FROM brand WHERE watched ORDER BY own DESC, lower(name), name"
    return tuple(connection.execute(text(query)).scalars())
