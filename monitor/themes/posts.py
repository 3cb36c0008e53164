"""The posts that themes are looked for in: what was said about a brand, one text a story."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, text

from monitor.messages import Verdict
from monitor.reports.counts import step_of_sample
from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Filter
from monitor.reports.mentions import how_many
from monitor.texts.language import UNDETERMINED

SAMPLE: Final = 5_000
"""Posts read of a period, at most about: a second's work. Of more a fifth is read, or less: a theme of one
post in a hundred still has ten."""


class Post(NamedTuple):
    """A text or caption about a brand. `label` is how it feels about it, `certainty` the model's probability
    of that (None where a person said so, or nobody)."""

    id: UUID
    text: str
    language: str
    story_id: UUID
    published_at: datetime
    source: str
    author: str | None
    reach: int | None
    label: Verdict | None
    certainty: float | None


class Sample(NamedTuple):
    """Posts of every `step`-th hour; 1: all there are."""

    posts: tuple[Post, ...]
    step: int


def read_posts(
    connection: Connection, chosen: Filter, brand: str, most: int = SAMPLE, label: Verdict | None = None
) -> Sample:
    """What was said about a brand (with that label), about `most` of it at most, the oldest first.

    Of more, the posts of every so many-th hour are read: the same every time.
    """
    about = msgspec.structs.replace(chosen, brands=(brand,))
    step = step_of_sample(_number(connection, about, label), most)
    query = f"""
        SELECT m.id, m.text, m.language, each.story_id, each.published_at, each.source, each.author,
               each.reach, each.label, each.certainty
        FROM sampled_hours(:since, :until, :step) AS s CROSS JOIN LATERAL (
            SELECT * FROM presence AS p
            WHERE published_at >= s.first AND published_at < s.last
              AND brand_id = (SELECT id FROM brand WHERE name = :brand)
            OFFSET 0  -- hour by hour through the index: joined freely, the planner reads the table whole
        ) AS each JOIN mention AS m ON m.id = each.mention_id
        WHERE {chosen.where("each", _SAID)}
        ORDER BY each.published_at, m.id LIMIT {2 * most}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    given = {**chosen.values(), "brand": brand, "label": label, "step": step}
    found = [Post(*row) for row in connection.execute(text(query), given)]
    return Sample(_in_main_language(found), step)


_SAID: Final = "m.text <> '' AND (CAST(:label AS text) IS NULL OR each.label = :label)"


def _number(connection: Connection, about: Filter, label: Verdict | None) -> int:
    if label is None:
        return how_many(connection, about)
    return sum(getattr(each, label) for each in net_sentiment(connection, about))


def _in_main_language(posts: Sequence[Post]) -> tuple[Post, ...]:
    """Short posts whose language nobody knows are taken for what most others are in, or for English."""
    known = Counter(post.language for post in posts if post.language != UNDETERMINED)
    main = max(known, key=lambda language: (known[language], language), default="en")
    return tuple(post._replace(language=main) if post.language == UNDETERMINED else post for post in posts)
