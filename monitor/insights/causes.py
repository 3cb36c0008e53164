"""What made a window of time what it is: the story, the theme, the author and the source behind its posts.

Each of them stands out by its share of the window's posts, beside its share of those of the eight weeks
before: what an author who always speaks, or a theme that is always there, adds to a window is no cause of it.
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar, cast
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Label
from monitor.reports.filters import Filter
from monitor.reports.labels import label as shortened
from monitor.reports.wording import counted, day
from monitor.themes.collection import Collection
from monitor.themes.memory import Memory, state
from monitor.themes.posts import Sample, read_posts

_USUAL: Final = timedelta(weeks=8)
_THEMES: Final = 12
_READ: Final = 2_000
"""Posts read of the window and of the weeks before, at most about: a fifth of them is in any sample."""

_kept: Final = Memory(256)
_FEWEST: Final = 3
_LEAST: Final = 0.2
"""What fewer of the window's posts share, beyond what is usual, is no cause of it."""

_Part = TypeVar("_Part", bound=Hashable)


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
    widest_author: str | None = None
    """Whose post more people may have seen than all others of the window together; so do the next three."""
    widest_source: str | None = None
    widest_reach: int | None = None
    """People; None: no post is so wide."""
    widest_mention_id: UUID | None = None

    @property
    def words(self) -> str:
        """What made it, the largest first: `61 of 89 posts share one story, first posted by ...`."""
        told = [
            (self.theme_posts, f"speak of “{self.theme}”"),
            (self.story_posts, f"share one story, first posted by {self._first}"),
            (self.author_posts, f"are by {shortened(self.author or '')}"),
            (self.source_posts, f"come from {shortened(self.source or '')}"),
        ]
        found = sorted((each for each in told if each[0]), key=lambda each: -each[0])
        if not found:
            return f"No story, theme, author or source stands out in {counted(self.posts, 'post')}"
        (n, said), *others = found
        parts = [f"{n:,} of {counted(self.posts, 'post')} {said}", *(f"{n:,} {said}" for n, said in others)]
        if self.widest_reach is not None:
            who = _who(self.widest_author, self.widest_source)
            parts.append(f"most people may have read {who}: {self.widest_reach:,}")
        return "; ".join(parts)

    @property
    def _first(self) -> str:
        on = f" on {day(self.first_at)}" if self.first_at else ""
        return f"{_who(self.first_author, self.first_source)}{on}"


def _who(author: str | None, source: str | None) -> str:
    who = shortened(author) if author else "an unnamed author"
    return f"{who} ({shortened(source)})" if source else who


def cause(
    connection: Connection, brand: str, since: datetime, until: datetime, label: Label | None = None
) -> Cause | None:
    """What sets the posts about a brand in [since, until) apart from those of the eight weeks before.

    `label`: only texts that feel so about it. None where there are no posts.
    """
    window = Filter(since, until, brands=(brand,))
    usual = Filter(since - _USUAL, since, brands=(brand,))

    def find() -> Cause | None:
        return _cause(connection, brand, window, usual, label)

    key = state(connection, window, usual), window, label
    return cast(Cause | None, _kept.get(key, find))


def _cause(
    connection: Connection, brand: str, chosen: Filter, before: Filter, label: Label | None
) -> Cause | None:
    given = {"brand": brand, "since": chosen.since, "until": chosen.until, "label": label}
    written = text(f"SELECT p.source, p.author, count(*) AS n {_WINDOW} GROUP BY 1, 2")
    authors = Counter({(row.source, row.author): row.n for row in connection.execute(written, given)})
    posts = authors.total()
    if not posts:
        return None
    window = read_posts(connection, chosen, brand, _READ, label)
    usual = read_posts(connection, before, brand, _READ, label)
    return Cause(
        brand=brand,
        since=chosen.since,
        until=chosen.until,
        posts=posts,
        **_theme(connection, brand, posts, window, usual),
        **_story(connection, given, posts),
        **_author(authors, usual),
        **_source(authors, usual),
        **_widest(connection, given),
    )


_WINDOW: Final = """
    FROM presence AS p
    WHERE p.brand_id = (SELECT id FROM brand WHERE name = :brand)
      AND p.published_at >= :since AND p.published_at < :until
      AND (CAST(:label AS text) IS NULL OR p.label = :label)
"""


def _theme(connection: Connection, brand: str, posts: int, window: Sample, usual: Sample) -> dict[str, Any]:
    if not window.posts:
        return {}
    collection = Collection(connection, brand, window, usual, _THEMES)
    now = Counter({each: len(collection.posts_now(each)) for each in collection.found})
    before = Counter({each: len(collection.posts_before(each)) for each in collection.found})
    found = _outstanding(now, len(window.posts), before, len(usual.posts))
    if found is None:
        return {}
    theme = collection.theme(found)
    # As many of the window's posts as of those read.
    n = round(posts * now[found] / len(window.posts)) if window.step > 1 else now[found]
    return {"theme": theme.name, "theme_query": theme.query, "theme_posts": n}


def _author(window: Mapping[tuple[str, str | None], int], usual: Sample) -> dict[str, Any]:
    before = Counter((post.source, post.author) for post in usual.posts)
    named = Counter({each: n for each, n in window.items() if each[1] is not None})
    found = _outstanding(named, sum(window.values()), before, len(usual.posts))
    return {"author": found[1], "author_source": found[0], "author_posts": named[found]} if found else {}


def _source(window: Mapping[tuple[str, str | None], int], usual: Sample) -> dict[str, Any]:
    now: Counter[str] = Counter()
    for (source, _), n in window.items():
        now[source] += n
    found = _outstanding(now, now.total(), Counter(post.source for post in usual.posts), len(usual.posts))
    return {"source": found, "source_posts": now[found]} if found else {}


def _outstanding(now: Counter[_Part], posts: int, before: Counter[_Part], usual: int) -> _Part | None:
    """The part that has the most posts beyond its usual share of them, if they are enough."""

    def beyond(part: _Part) -> float:
        return now[part] - (posts * before[part] / usual if usual else 0)

    best = max(sorted(now, key=repr), key=beyond, default=None)
    return best if best is not None and beyond(best) >= max(_FEWEST, _LEAST * posts) else None


def _story(connection: Connection, given: dict[str, Any], posts: int) -> dict[str, Any]:
    """The story that most of the posts tell, and who told it first."""
    largest = text(f"""
        SELECT p.story_id, count(*) AS n {_WINDOW}
        GROUP BY 1 HAVING count(*) >= :fewest ORDER BY n DESC, min(p.published_at), 1 LIMIT 1
    """)
    fewest = max(_FEWEST, _LEAST * posts)
    found = connection.execute(largest, {**given, "fewest": fewest}).one_or_none()
    if found is None:
        return {}
    told = {"story_id": found.story_id, "story_posts": found.n}
    first = connection.execute(_FIRST, {"story": found.story_id}).one_or_none()
    if first is None:  # erased a moment ago
        return told
    return told | {
        "first_author": first.author,
        "first_source": first.source,
        "first_at": first.published_at,
        "first_mention_id": first.id,
    }


def _widest(connection: Connection, given: dict[str, Any]) -> dict[str, Any]:
    """The post that more people may have seen than all others together: many speak after it, or of it."""
    widest = text(f"""
        SELECT p.mention_id, p.author, p.source, p.reach, sum(p.reach) OVER () AS together {_WINDOW}
        ORDER BY p.reach DESC NULLS LAST, p.published_at, p.mention_id LIMIT 1
    """)
    found = connection.execute(widest, given).one_or_none()
    if found is None or found.reach is None or 2 * found.reach <= found.together:
        return {}
    return {
        "widest_author": found.author,
        "widest_source": found.source,
        "widest_reach": found.reach,
        "widest_mention_id": found.mention_id,
    }


_FIRST: Final = text("""
    SELECT id, author, source, published_at FROM mention WHERE story_id = :story
    ORDER BY published_at, id LIMIT 1
""")
