"""What made a window of time what it is: the story, the theme, the author and the source behind its posts."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Label
from monitor.reports.wording import counted, day

_FEWEST: Final = 3
"""What fewer posts share is no cause."""
_LEAST: Final = 0.2
"""Neither is what fewer of the window's posts share."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """What the posts of a window about a brand share more than its usual ones do. Counts are posts there.

    A part that nothing stands out in is None, its count 0.
    """

    brand: str
    since: datetime
    until: datetime
    posts: int
    theme: str | None = None
    """Name of a theme."""
    theme_query: str | None = None
    """Finds its posts, with the brand and the window chosen."""
    theme_posts: int = 0
    source: str | None = None
    source_posts: int = 0
    author: str | None = None
    author_source: str | None = None
    author_posts: int = 0
    story_id: UUID | None = None
    story_posts: int = 0
    first_author: str | None = None
    """Who posted the story first, wherever and whenever that was; the next three tell of the same post."""
    first_source: str | None = None
    first_at: datetime | None = None
    first_mention_id: UUID | None = None

    @property
    def words(self) -> str:
        """What made it, the strongest first: `61 of 89 posts share one story, first posted by ...`."""
        told = [
            (self.theme_posts, f"speak of “{self.theme}”"),
            (self.story_posts, f"share one story, first posted by {self._first}"),
            (self.author_posts, f"are by {self.author}"),
            (self.source_posts, f"come from {self.source}"),
        ]
        found = [(n, said) for n, said in told if n]
        if not found:
            return f"No story, theme, author or source stands out in {counted(self.posts, 'post')}"
        (n, said), *others = found
        return "; ".join(
            (f"{n:,} of {counted(self.posts, 'post')} {said}", *(f"{n:,} {said}" for n, said in others))
        )

    @property
    def _first(self) -> str:
        who = self.first_author or "an unnamed author"
        when = f" on {day(self.first_at)}" if self.first_at else ""
        return f"{who} ({self.first_source}){when}" if self.first_source else who


def cause(
    connection: Connection, brand: str, since: datetime, until: datetime, label: Label | None = None
) -> Cause | None:
    """What sets the posts about a brand in [since, until) apart from those of the eight weeks before.

    `label`: only of texts that feel so about it. None where there are none.
    """
    given = {"brand": brand, "since": since, "until": until, "label": label}
    posts = connection.execute(text(f"SELECT count(*) {_WINDOW}"), given).scalar_one()  # noqa: S608
    if not posts:
        return None
    fewest = max(_FEWEST, _LEAST * posts)
    return Cause(brand=brand, since=since, until=until, posts=posts, **_story(connection, given, fewest))


_WINDOW: Final = """
    FROM presence AS p
    WHERE p.brand_id = (SELECT id FROM brand WHERE name = :brand)
      AND p.published_at >= :since AND p.published_at < :until
      AND (CAST(:label AS text) IS NULL OR p.label = :label)
"""


def _story(connection: Connection, given: dict[str, Any], fewest: float) -> dict[str, Any]:
    """The story that most of the posts tell, and who told it first."""
    largest = text(f"""
        SELECT p.story_id, count(*) AS n {_WINDOW}
        GROUP BY 1 HAVING count(*) >= :fewest ORDER BY n DESC, min(p.published_at), 1 LIMIT 1
    """)  # noqa: S608 - the conditions are our own; their values travel as parameters
    found = connection.execute(largest, {**given, "fewest": fewest}).one_or_none()
    if found is None:
        return {}
    first = connection.execute(
        text("""
            SELECT id, author, source, published_at FROM mention WHERE story_id = :story
            ORDER BY published_at, id LIMIT 1
        """),
        {"story": found.story_id},
    ).one_or_none()
    told = {"story_id": found.story_id, "story_posts": found.n}
    if first is None:
        return told
    return told | {
        "first_author": first.author,
        "first_source": first.source,
        "first_at": first.published_at,
        "first_mention_id": first.id,
    }
