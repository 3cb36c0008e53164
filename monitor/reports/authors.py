"""Who speaks about the brands: those who do so most often, and those whom most people may have read."""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import Connection, text

from monitor.queries import Query, QueryError, parse
from monitor.queries.tree import Field
from monitor.reports.counts import brand_ids, step_of_sample
from monitor.reports.filters import Filter
from monitor.reports.mentions import MentionLine, most_reached
from monitor.reports.origins import sources

# Mentions whose authors are counted one by one; of more, every so many-th hour is read.
_READ: Final = 40_000

_WIDEST: Final = 20
"""Mentions of the widest reach that are looked at for one with an author."""


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

    @property
    def query(self) -> str | None:
        """Finds the author's mentions, in this source; None for a name that no query can hold."""
        try:
            return str(parse(str(Query(Field("author", self.author)))))
        except QueryError:
            return None


def authors(connection: Connection, chosen: Filter, limit: int = 20) -> tuple[AuthorActivity, ...]:
    """Authors of mentions about the chosen brands (or any brand): about half of them the busiest ones, half
    those of the widest reach, the widest of all among them; the busiest first."""
    # What is read is of all sources, kinds and languages: indexes that begin with those are no way to find an
    # hour.
    every = Filter(chosen.since, chosen.until, chosen.brands)
    step = step_of_sample(sum(each.mentions for each in sources(connection, every, limit=10_000)), _READ)
    # Grouped twice, which hashes: count(DISTINCT mention_id) would sort.
    query = f"""
        WITH each_author AS (
            SELECT source, author, count(*) * :step AS mentions, max(reach) AS reach,
                   sum(positive)::bigint * :step AS positive, sum(neutral)::bigint * :step AS neutral,
                   sum(negative)::bigint * :step AS negative, sum(unsure)::bigint * :step AS unsure,
                   sum(unscored)::bigint * :step AS unscored, :step > 1 AS estimated
            FROM (
                SELECT source, author, mention_id, max(reach) AS reach,
                       count(*) FILTER (WHERE label = 'positive') AS positive,
                       count(*) FILTER (WHERE label = 'neutral') AS neutral,
                       count(*) FILTER (WHERE label = 'negative') AS negative,
                       count(*) FILTER (WHERE label = 'unsure') AS unsure,
                       count(*) FILTER (WHERE kind = 'text' AND label IS NULL) AS unscored
                FROM sampled_hours(:since, :until, :step) AS s
                CROSS JOIN unnest(CAST(:brand_ids AS int[])) AS b(id) CROSS JOIN LATERAL (
                    SELECT * FROM presence AS p
                    WHERE published_at >= s.first AND published_at < s.last AND brand_id = b.id
                    OFFSET 0  -- hour by hour through the index: else the planner reads the table whole
                ) AS each
                WHERE {chosen.where("each", "author IS NOT NULL")}
                GROUP BY 1, 2, 3
            ) AS each_mention
            GROUP BY 1, 2
        ), ranked AS (
            SELECT *, row_number() OVER (ORDER BY mentions DESC, source, author) AS by_mentions,
                   row_number() OVER (ORDER BY reach DESC NULLS LAST, source, author) AS by_reach
            FROM each_author
        ), chosen AS (SELECT * FROM ranked ORDER BY least(by_mentions, by_reach), by_mentions LIMIT :limit)
        SELECT * FROM chosen ORDER BY by_mentions
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    ids = brand_ids(connection, chosen)
    given = {**chosen.values(), "brand_ids": ids, "step": step, "limit": limit}
    rows = connection.execute(text(query), given)
    names = AuthorActivity.__struct_fields__
    found = [AuthorActivity(**{name: getattr(row, name) for name in names}) for row in rows]
    return _with_widest(found, most_reached(connection, chosen, _WIDEST)) if step > 1 else tuple(found)


def _with_widest(found: list[AuthorActivity], reached: Iterable[MentionLine]) -> tuple[AuthorActivity, ...]:
    """With the author of the widest mention, whom a sample of hours may have missed."""
    widest = next((line for line in reached if line.author is not None), None)
    if widest is None or widest.author is None:
        return tuple(found)
    who = (widest.source, widest.author)
    known = next((each for each in found if (each.source, each.author) == who), None)
    if known is not None:
        of_all = msgspec.structs.replace(known, reach=widest.reach)
        return tuple(of_all if each is known else each for each in found)
    felt = {label: int(widest.sentiment == label) for label in ("positive", "neutral", "negative", "unsure")}
    missed = AuthorActivity(
        source=widest.source,
        author=widest.author,
        mentions=1,
        reach=widest.reach,
        **felt,
        unscored=int(widest.kind == "text" and widest.sentiment is None),
        estimated=True,
    )
    return (*found[:-1], missed)
