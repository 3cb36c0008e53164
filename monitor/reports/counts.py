"""The roll-ups as SQL: counts of any period, exact to the microsecond, from whole hours and the two edges.

Whole hours of the period come from `brand_hour` and `combination_hour`; what lies before the first and after
the last of them is counted from the rows of `presence`, which are those of an hour or two.
"""

import math
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, text

from monitor.reports.filters import Filter

_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)


def values(chosen: Filter) -> dict[str, Any]:
    """Parameters of the tables below: the filter's, its whole hours [since_hour, until_hour), its edges."""
    given = chosen.values()
    given["since_hour"], given["until_hour"] = _whole_hours(chosen)
    for n, (since, until) in enumerate(_edges(chosen)):
        given[f"edge{n}_since"], given[f"edge{n}_until"] = since, until
    return given


def brand_hours(chosen: Filter) -> str:
    """A table like `brand_hour` of the period, sources and kinds chosen: its rows are to be summed up."""
    texts = "text" in chosen.kinds or not chosen.kinds
    images = "image" in chosen.kinds or not chosen.kinds
    counts = [
        *(name if texts else f"0 AS {name}" for name in ("texts", "positive", "neutral", "negative")),
        *(name if images else f"0 AS {name}" for name in ("images", "captions", "shown", "silent")),
    ]
    edges = [
        f"""UNION ALL
        SELECT p.published_at, p.source, p.brand_id, (p.kind = 'text')::int, (p.label = 'positive')::int,
               (p.label = 'neutral')::int, (p.label = 'negative')::int, (p.kind = 'image')::int,
               (p.kind = 'image' AND p.named)::int, p.shown::int, p.silent::int
        FROM presence AS p WHERE {where}
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        for where in _in_edges(chosen, "p")
    ]
    sources = " AND source = ANY(:sources)" if chosen.sources else ""
    return f"""(
        SELECT hour, source, brand_id, {", ".join(counts)}
        FROM brand_hour WHERE hour >= :since_hour AND hour < :until_hour{sources}
        {"".join(edges)}
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def combination_hours(chosen: Filter) -> str:
    """A table like `combination_hour` of the period, sources and kinds chosen."""
    edges = [
        f"""UNION ALL
        SELECT p.published_at, p.source, p.kind, array_agg(p.brand_id ORDER BY p.brand_id), 1
        FROM presence AS p WHERE {where}
        GROUP BY p.mention_id, p.published_at, p.source, p.kind HAVING count(*) > 1
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        for where in _in_edges(chosen, "p")
    ]
    more = " AND source = ANY(:sources)" if chosen.sources else ""
    more += " AND kind = ANY(:kinds)" if chosen.kinds else ""
    return f"""(
        SELECT hour, source, kind, brands, mentions
        FROM combination_hour WHERE hour >= :since_hour AND hour < :until_hour{more}
        {"".join(edges)}
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def mention_hours(chosen: Filter) -> str:
    """A table like `mention_hour` of the period, sources and kinds chosen."""
    edges = [
        f"""UNION ALL
        SELECT m.published_at, m.source, m.kind, m.model_version, 1
        FROM mention AS m WHERE {where}
        """  # noqa: S608 - the conditions are our own; their values travel as parameters
        for where in _in_edges(chosen, "m")
    ]
    more = " AND source = ANY(:sources)" if chosen.sources else ""
    more += " AND kind = ANY(:kinds)" if chosen.kinds else ""
    return f"""(
        SELECT hour, source, kind, model_version, mentions
        FROM mention_hour WHERE hour >= :since_hour AND hour < :until_hour{more}
        {"".join(edges)}
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def pairs(chosen: Filter) -> str:
    """Posts whose text and picture were both chosen: counted as two mentions, they are one post."""
    if len(chosen.kinds) == 1:
        return "(SELECT * FROM post_pair WHERE false)"
    sources = " AND source = ANY(:sources)" if chosen.sources else ""
    return f"""(
        SELECT * FROM post_pair
        WHERE text_at >= :since AND text_at < :until AND image_at >= :since AND image_at < :until{sources}
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def about(chosen: Filter) -> str:
    """A table source, texts, images, positive, neutral, negative: mentions about the brands, to be summed up.

    Counts texts and images once even if they are about several of the brands; feelings once a brand.
    Needs the parameter `brand_ids` (`brand_ids()`).
    """
    return f"""(
        SELECT source, texts, images, positive, neutral, negative FROM {brand_hours(chosen)} AS h
        WHERE brand_id = ANY(:brand_ids)
        UNION ALL
        SELECT source, -mentions * (again - 1) * (kind = 'text')::int,
               -mentions * (again - 1) * (kind = 'image')::int, 0, 0, 0
        FROM {combination_hours(chosen)} AS c,
             LATERAL (SELECT count(*) AS again FROM unnest(c.brands) AS id WHERE id = ANY(:brand_ids)) AS n
        WHERE again > 1
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def brand_ids(connection: Connection, chosen: Filter) -> list[int]:
    """Ids of the brands chosen; of all brands if none is."""
    found = connection.execute(text("SELECT id, name FROM brand ORDER BY id"))
    return [id for id, name in found if not chosen.brands or name in chosen.brands]


def step_of_sample(n: int, wanted: int) -> int:
    """Every how many-th hour to read, to meet about `wanted` of `n` mentions; 1 reads all.

    A prime above 3 meets every hour of the day and every day of the week alike.
    """
    step = max(1, math.ceil(n / wanted))
    if step == 1:
        return 1
    while step <= 3 or step == 7 or any(step % divisor == 0 for divisor in range(2, math.isqrt(step) + 1)):
        step += 1
    return step


def sampled_hours(step: int) -> str:
    """A table first, last of the spans of time to read: all of the period, or every `step`-th whole hour."""
    if step == 1:
        return "(VALUES (CAST(:since AS timestamptz), CAST(:until AS timestamptz)))"
    return f"""(
        SELECT hour, hour + interval '1 hour' FROM generate_series(
            CAST(:since_hour AS timestamptz), :until_hour, interval '{step} hours') AS hour
    )"""  # noqa: S608 - a whole number


def in_whole_hours(zone: tzinfo, chosen: Filter) -> bool:
    """Whether the days of a zone begin on the hour (UTC) all through the period; those of India do not."""
    moments = (chosen.since, chosen.since + (chosen.until - chosen.since) / 2, chosen.until)
    offsets = (moment.astimezone(zone).utcoffset() or timedelta() for moment in moments)
    return all(offset % _HOUR == timedelta() for offset in offsets)


def _whole_hours(chosen: Filter) -> tuple[datetime, datetime]:
    """First and last whole hour; the same moment twice if there is none."""
    since, until = (moment.astimezone(UTC) - _EPOCH for moment in (chosen.since, chosen.until))
    first = -(-since // _HOUR) * _HOUR
    return _EPOCH + first, _EPOCH + max(first, until // _HOUR * _HOUR)


def _edges(chosen: Filter) -> list[tuple[datetime, datetime]]:
    """What of the period is no whole hour: nothing, its beginning, its end, both, or all of it."""
    since_hour, until_hour = _whole_hours(chosen)
    if since_hour == until_hour:
        return [(chosen.since, chosen.until)]
    edges = [(chosen.since, since_hour), (until_hour, chosen.until)]
    return [(since, until) for since, until in edges if since < until]


def _in_edges(chosen: Filter, table: str) -> list[str]:
    """A condition for each edge; one condition for both would make the database read what lies between."""
    where = chosen.where(table)
    return [
        where.replace(":since", f":edge{n}_since").replace(":until", f":edge{n}_until")
        for n in range(len(_edges(chosen)))
    ]
