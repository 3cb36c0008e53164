"""How many stories wait for an answer: a number that every page shows, so that it may not take long."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from monitor.answers.ours import of_them, our_brands, whole
from monitor.reports.filters import Filter

_POSTS: Final = 3_000
"""Posts that are looked at, the newest: some 20 ms. Which of two larger numbers it is helps nobody."""


class Waiting(NamedTuple):
    """`stories` wait; `more`: at least so many, older posts were not looked at."""

    stories: int
    more: bool

    def __str__(self) -> str:
        return f"{self.stories // 100 * 100:,}+" if self.more else f"{self.stories:,}"


def waiting(connection: Connection, chosen: Filter) -> Waiting:
    """The open stories of the view, as `queue` finds them."""
    brands = of_them(our_brands(connection), chosen)
    view = whole(chosen)
    query = text(_WAITING.format(where=view.where("p")))
    row = connection.execute(query, {**view.values(), "brand_ids": list(brands), "most": _POSTS}).one()
    return Waiting(row.stories, row.posts >= _POSTS)


# The state of each story is looked up: most were never touched, and answers only become more.
_WAITING: Final = """
    WITH felt AS MATERIALIZED (
        SELECT each.story_id, each.published_at
        FROM unnest(CAST(:brand_ids AS int[])) AS b(id) CROSS JOIN LATERAL (
            SELECT p.story_id, p.published_at FROM presence AS p
            WHERE p.brand_id = b.id AND p.label IN ('negative', 'unsure') AND {where}
            ORDER BY p.published_at DESC LIMIT :most
        ) AS each ORDER BY each.published_at DESC LIMIT :most
    ), story AS MATERIALIZED (SELECT DISTINCT story_id FROM felt)
    SELECT (SELECT count(*) FROM felt) AS posts, count(*) AS stories FROM story AS s
    WHERE coalesce((
        SELECT (array_agg(a.state ORDER BY a.id DESC))[1]
        FROM mention AS m JOIN answer AS a ON a.mention_id = m.id
        WHERE m.story_id = s.story_id AND a.undone_at IS NULL
    ), 'new') IN ('new', 'seen')
"""
