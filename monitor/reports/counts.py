"""The roll-ups as SQL: counts of any period, exact to the microsecond.

Whole days of the period (UTC) come from the roll-ups by day, whole hours beside them from those by hour, and
what is left before the first and after the last of them is counted from the rows, which are those of an hour
or two. Each function returns a table to select from; its parameters are those of `values`.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, text

from monitor.reports.filters import Filter

FIRST_COUNTED: Final = """(
    SELECT least((SELECT min(published_at) FROM mention),
                 (SELECT min(hour) FROM mention_hour WHERE hour < kept_from())))"""
"""When the first mention was published that is counted; of one that was pruned its hour."""

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1, 1, 1, tzinfo=UTC)


def values(chosen: Filter) -> dict[str, Any]:
    """Parameters of the tables below: the filter's, its whole days and hours, its edges."""
    given = chosen.values()
    given["since_hour"], given["until_hour"] = _whole(_HOUR, chosen.since, chosen.until)
    given["since_day"], given["until_day"] = _whole(_DAY, given["since_hour"], given["until_hour"])
    for n, (since, until) in enumerate(_edges(chosen)):
        given[f"edge{n}_since"], given[f"edge{n}_until"] = since, until
    return given


def brand_counts(chosen: Filter) -> str:
    """A table of counts as in `brand_day`, by brand_id, source and language: its rows are to be summed up.

    `twice` are posts whose text and picture are both chosen: counted as two mentions, they are one post.
    """
    key = "source, brand_id, language"
    days = f"""
        SELECT {key}, {_counts(chosen)}, 0, 0 FROM brand_day
        WHERE day >= :since_day AND day < :until_day{_rows(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    hours = (
        f"SELECT {key}, {_counts(chosen)}, 0, 0 FROM brand_hour WHERE {span}{_rows(chosen)}"  # noqa: S608
        for span in _hours_beside_days(chosen)
    )
    edges = (f"SELECT p.source, p.brand_id, p.language, {_EACH}, 0, 0 {rows}" for rows in _edge_rows(chosen))
    names = (*_TEXT_COUNTS, *_IMAGE_COUNTS)
    none = ", ".join("0" for _ in names)
    pairs = (
        f"""
        SELECT source, brand_id, text_language, {none}, pairs, named FROM brand_pair_day
        WHERE day >= :since_day AND day < :until_day{_pair_rows(chosen)}
        """,  # noqa: S608 - the conditions are our own; their values travel as parameters
        f"""
        SELECT source, brand_id, text_language, {none}, 1, (brand_id = ANY(caption_brands))::int
        FROM {_pairs_beside_days(chosen)} AS p, unnest(text_brands) AS brand_id
        WHERE brand_id = ANY(image_brands)
        """,  # noqa: S608 - the conditions are our own
    )
    parts = (days, *hours, *edges, *(pairs if _both_kinds(chosen) else ()))
    return f"""(
        SELECT * FROM ({_all(parts)}) AS counted({key}, {", ".join(names)}, twice, twice_named)
    )"""  # noqa: S608 - the conditions are our own


def brand_hours(chosen: Filter) -> str:
    """The same by hour, without `twice`: for days that are not those of UTC."""
    whole = f"""
        SELECT hour, source, brand_id, lead, {_counts(chosen)}
        FROM brand_hour WHERE hour >= :since_hour AND hour < :until_hour{_rows(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    edges = (
        f"SELECT p.published_at, p.source, p.brand_id, p.lead, {_EACH} {rows}" for rows in _edge_rows(chosen)
    )
    return f"({_all((whole, *edges))})"


def brand_days(chosen: Filter) -> str:
    """A table like `brand_hours` with the first moments of days (UTC) in `hour`."""
    days = f"""
        SELECT day AS hour, source, brand_id, lead, {_counts(chosen)}
        FROM brand_day WHERE day >= :since_day AND day < :until_day{_rows(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    hours = (
        f"SELECT hour, source, brand_id, lead, {_counts(chosen)} FROM brand_hour WHERE {span}{_rows(chosen)}"  # noqa: S608
        for span in _hours_beside_days(chosen)
    )
    edges = (
        f"SELECT p.published_at, p.source, p.brand_id, p.lead, {_EACH} {rows}" for rows in _edge_rows(chosen)
    )
    return f"({_all((days, *hours, *edges))})"


def brand_steps(chosen: Filter, zone: tzinfo, *, days: bool = True) -> str:
    """One of the two above, the coarsest of which the days of a zone can be put together; `days`: these begin
    at midnight. Where they begin inside an hour, each mention at its own moment; those that were pruned at
    the beginning of their hour, for nobody knows any more when in it they were published."""
    if _in_steps_of(_HOUR, zone, chosen):
        return brand_days(chosen) if days and _in_steps_of(_DAY, zone, chosen) else brand_hours(chosen)
    pruned = f"""
        SELECT hour, source, brand_id, lead, {_counts(chosen)}
        FROM brand_hour WHERE hour >= :since_hour AND hour < least(:until_hour, kept_from()){_rows(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    kept = f"""
        SELECT p.published_at, p.source, p.brand_id, p.lead, {_EACH}
        FROM presence AS p WHERE {chosen.where("p")} AND p.published_at >= (SELECT kept_from())
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    return f"({_all((pruned, kept))})"


def combination_hours(chosen: Filter) -> str:
    """A table like `combination_hour`, of mentions about at least one of the parameter `brand_ids`."""
    overlap = "brands && CAST(:brand_ids AS int[])"
    whole = f"""
        SELECT source, kind, brands, mentions FROM combination_hour
        WHERE hour >= :since_hour AND hour < :until_hour AND {overlap}{_rows(chosen)}{_kinds(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    edges = (
        f"""
        SELECT p.source, p.kind, array_agg(p.brand_id ORDER BY p.brand_id), 1 {rows}
        GROUP BY p.mention_id, p.source, p.kind HAVING count(*) > 1
        """
        for rows in _edge_rows(chosen)
    )
    return f"({_all((whole, *edges))})"


def mention_hours(chosen: Filter, more: str = "true") -> str:
    """A table like `mention_hour` of the mentions chosen, whatever brands they are about. `more` is a
    condition on rows of that table, which those of single mentions need not meet."""
    whole = f"""
        SELECT source, kind, model_version, language, mentions, unscored FROM mention_hour
        WHERE hour >= :since_hour AND hour < :until_hour{_rows(chosen)}{_kinds(chosen)} AND {more}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    edges = (
        f"""
        SELECT m.source, m.kind, m.model_version, m.language, 1,
               coalesce(m.kind = 'text' AND m.n_sentiments = 0, false)::int
        FROM mention AS m WHERE {where}
        """  # noqa: S608 - the conditions are our own
        for where in _in_edges(chosen, "m")
    )
    return f"({_all((whole, *edges))})"


def about_hours(chosen: Filter) -> str:
    """A table like `about_hour` of the mentions chosen: those about any brand, once."""
    whole = f"""
        SELECT source, kind, mentions, silent FROM about_hour
        WHERE hour >= :since_hour AND hour < :until_hour{_rows(chosen)}{_kinds(chosen)}
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    edges = (
        f"SELECT p.source, p.kind, 1, bool_or(p.silent)::int {rows} GROUP BY p.mention_id, p.source, p.kind"
        for rows in _edge_rows(chosen)
    )
    return f"({_all((whole, *edges))})"


def pairs(chosen: Filter) -> str:
    """Posts whose text and picture were both chosen, row by row: for several brands that count as one."""
    if not _both_kinds(chosen):
        return "(SELECT * FROM post_pair WHERE false)"
    return f"(SELECT * FROM post_pair WHERE {_paired('text_at >= :since AND text_at < :until', chosen)})"  # noqa: S608


def pair_counts(chosen: Filter) -> str:
    """A table pairs, about of those posts, to be summed up: all, and those about any brand in both."""
    if not _both_kinds(chosen):
        return "(SELECT 0 AS pairs, 0 AS about)"
    return f"""(
        SELECT pairs, about FROM pair_day WHERE day >= :since_day AND day < :until_day{_pair_rows(chosen)}
        UNION ALL
        SELECT 1, (text_brands <> '{{}}' AND image_brands <> '{{}}')::int
        FROM {_pairs_beside_days(chosen)} AS p
    )"""  # noqa: S608 - the conditions are our own; their values travel as parameters


def about(chosen: Filter) -> str:
    """A table source, texts, images, positive, neutral, negative, unsure, unscored: mentions about the
    brands, to be summed up.

    Counts texts and images once even if they are about several of the brands; feelings (and texts without
    one) once a brand.
    Needs the parameter `brand_ids` (`brand_ids()`).
    """
    if not chosen.brands:
        return f"""(
            SELECT source, mentions * (kind = 'text')::int AS texts,
                   mentions * (kind = 'image')::int AS images,
                   0 AS positive, 0 AS neutral, 0 AS negative, 0 AS unsure, 0 AS unscored
            FROM {about_hours(chosen)} AS a
            UNION ALL
            SELECT source, 0, 0, positive, neutral, negative, unsure, unscored
            FROM {brand_counts(chosen)} AS b
        )"""  # noqa: S608 - the conditions are our own
    of_each = f"""
        SELECT source, texts, images, positive, neutral, negative, unsure, unscored
        FROM {brand_counts(chosen)} AS b WHERE brand_id = ANY(:brand_ids)
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
    again = f"""
        SELECT source, -mentions * (again - 1) * (kind = 'text')::int,
               -mentions * (again - 1) * (kind = 'image')::int, 0, 0, 0, 0, 0
        FROM {combination_hours(chosen)} AS c,
             LATERAL (SELECT count(*) AS again FROM unnest(c.brands) AS id WHERE id = ANY(:brand_ids)) AS n
        WHERE again > 1
    """  # noqa: S608 - the conditions are our own
    return f"({_all((of_each, again) if len(chosen.brands) > 1 else (of_each,))})"


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


def _in_steps_of(length: timedelta, zone: tzinfo, chosen: Filter) -> bool:
    """Whether the days of a zone begin on the hour, or on the day, of UTC all through the period.

    Those of India never do, those of London begin on the day in winter.
    """
    moments = (chosen.since, chosen.since + (chosen.until - chosen.since) / 2, chosen.until)
    offsets = (moment.astimezone(zone).utcoffset() or timedelta() for moment in moments)
    return all(offset % length == timedelta() for offset in offsets)


_TEXT_COUNTS: Final = ("texts", "positive", "neutral", "negative", "unsure", "unscored")
_IMAGE_COUNTS: Final = ("images", "captions", "shown", "silent")

# One row of presence, as `_counts` has them.
_EACH: Final = """(p.kind = 'text')::int, (p.label IS NOT DISTINCT FROM 'positive')::int,
               (p.label IS NOT DISTINCT FROM 'neutral')::int, (p.label IS NOT DISTINCT FROM 'negative')::int,
               (p.label IS NOT DISTINCT FROM 'unsure')::int, (p.kind = 'text' AND p.label IS NULL)::int,
               (p.kind = 'image')::int, (p.kind = 'image' AND p.named)::int, p.shown::int, p.silent::int"""

_OTHER_DAY: Final = "(text_at AT TIME ZONE 'UTC')::date <> (image_at AT TIME ZONE 'UTC')::date"


def _counts(chosen: Filter) -> str:
    texts, images = (not chosen.kinds or kind in chosen.kinds for kind in ("text", "image"))
    return ", ".join(
        (
            *(name if texts else f"0 AS {name}" for name in _TEXT_COUNTS),
            *(name if images else f"0 AS {name}" for name in _IMAGE_COUNTS),
        )
    )


def _both_kinds(chosen: Filter) -> bool:
    return len(chosen.kinds) != 1


def _rows(chosen: Filter) -> str:
    """Which rows of a roll-up."""
    return "".join(
        (
            " AND source = ANY(:sources)" if chosen.sources else "",
            " AND language = ANY(:languages)" if chosen.languages else "",
            " AND lead" if chosen.counting == "stories" else "",
        )
    )


def _pair_rows(chosen: Filter) -> str:
    """Which rows about pairs: those whose text and picture are both chosen."""
    return "".join(
        (
            " AND source = ANY(:sources)" if chosen.sources else "",
            " AND text_language = ANY(:languages) AND image_language = ANY(:languages)"
            if chosen.languages
            else "",
            " AND lead" if chosen.counting == "stories" else "",
        )
    )


def _kinds(chosen: Filter) -> str:
    return " AND kind = ANY(:kinds)" if chosen.kinds else ""


def _all(parts: tuple[str, ...]) -> str:
    return " UNION ALL ".join(parts)


def _whole(unit: timedelta, since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """First and last whole unit; the last moment twice if there is none."""
    first, last = (moment.astimezone(UTC) - _EPOCH for moment in (since, until))
    first, last = -(-first // unit) * unit, last // unit * unit
    return (_EPOCH + first, _EPOCH + last) if first < last else (until, until)


def _edges(chosen: Filter) -> list[tuple[datetime, datetime]]:
    """What of the period is no whole hour: nothing, its beginning, its end, both, or all of it."""
    since_hour, until_hour = _whole(_HOUR, chosen.since, chosen.until)
    edges = [(chosen.since, since_hour), (until_hour, chosen.until)]
    return [(since, until) for since, until in edges if since < until]


def _hours_beside_days(chosen: Filter) -> Iterator[str]:
    """Conditions on whole hours outside of the whole days."""
    given = values(chosen)
    for first, last in (("since_hour", "since_day"), ("until_day", "until_hour")):
        if given[first] < given[last]:
            yield f"hour >= :{first} AND hour < :{last}"


def _pairs_beside_days(chosen: Filter) -> str:
    """Pairs that no whole day counts: those at the edges, and those of two days."""
    given = values(chosen)
    spans = [
        f"text_at >= :{first} AND text_at < :{last}"
        for first, last in (("since", "since_day"), ("until_day", "until"))
        if given[first] < given[last]
    ]
    spans.append(f"text_at >= :since_day AND text_at < :until_day AND {_OTHER_DAY}")
    return f"({_all(tuple(f'SELECT * FROM post_pair WHERE {_paired(span, chosen)}' for span in spans))})"  # noqa: S608


def _paired(span: str, chosen: Filter) -> str:
    return f"{span} AND image_at >= :since AND image_at < :until{_pair_rows(chosen)}"


def _edge_rows(chosen: Filter) -> Iterator[str]:
    for where in _in_edges(chosen, "p"):
        yield f"FROM presence AS p WHERE {where}"


def _in_edges(chosen: Filter, table: str) -> list[str]:
    """A condition for each edge; one condition for both would make the database read what lies between."""
    where = chosen.where(table)
    return [
        where.replace(":since", f":edge{n}_since").replace(":until", f":edge{n}_until")
        for n in range(len(_edges(chosen)))
    ]
