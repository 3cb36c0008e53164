"""What posts are about: themes, each a phrase with the posts that say it."""

from sqlalchemy import Connection

from monitor.reports.filters import Filter
from monitor.themes.theme import Theme

__all__ = ["Theme", "themes"]


def themes(connection: Connection, chosen: Filter, brand: str) -> tuple[Theme, ...]:
    """What the chosen texts about a brand are about, the largest theme first."""
    return ()
