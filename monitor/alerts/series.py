"""What rules count, by the hour: of each subject a rule watches, the mentions it asks for.

Hours are those of UTC, as the roll-ups have them. Brands without a query and sources are read from these;
where there is a query, the mentions themselves are asked.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from monitor.alerts.matching import TooMuchError, true_of
from monitor.alerts.rules import Rule
from monitor.insights.usual import FEWEST_WEEKS, WEEKS
from monitor.queries import Query, parse
from monitor.reports.counts import FIRST_COUNTED
from monitor.reports.labels import label
from monitor.storage.pruning import kept_from

Span = tuple[datetime, datetime]
"""Mentions published from one whole hour to before another."""

HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7 * 24
"""Hours."""

MOST_SUBJECT: Final = 120
"""Columns of a subject's name: what publishers call a source may be long."""

_MOST_SOURCES: Final = 200
_FEWEST_OF_A_SOURCE: Final = 30
"""Mentions in all the hours looked at; a source with fewer is never missed."""


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of one subject by the hour from `start` on; what was not read counts 0.

    `counts` is what the rule asks for, `of` the texts with a verdict where it asks for a share of them, else
    the same; both are running totals, one longer than there are hours. `widest` is the largest reach of each
    hour. Nothing is known of moments before `earliest` (None: of none).
    """

    subject: str
    brand: str | None
    start: datetime
    earliest: datetime | None
    counts: Sequence[int]
    of: Sequence[int]
    widest: Sequence[int]

    def counted(self, since: datetime, until: datetime) -> tuple[int, int]:
        """`counts` and `of` in a window of whole hours."""
        return self._between(self._place(since), self._place(until))

    def before(self, since: datetime, until: datetime) -> list[tuple[int, int]]:
        """The same of the same hours and weekdays of up to eight weeks before, the latest first.

        Those of which all is known; none where that leaves fewer than four.
        """
        if self.earliest is None:
            return []
        first, last = self._place(since), self._place(until)
        known = max(0, -((self.start - self.earliest) // HOUR))
        places = range(first - _WEEK, max(known, first - WEEKS * _WEEK) - 1, -_WEEK)
        if len(places) < FEWEST_WEEKS:
            return []
        return [self._between(place, place + last - first) for place in places]

    def reach(self, since: datetime, until: datetime) -> int:
        """The widest reach in a window, in people."""
        return max(self.widest[self._place(since) : self._place(until)], default=0)

    def _place(self, moment: datetime) -> int:
        return (moment - self.start) // HOUR

    def _between(self, first: int, last: int) -> tuple[int, int]:
        return self.counts[last] - self.counts[first], self.of[last] - self.of[first]


def load(
    connection: Connection, rule: Rule, spans: Sequence[Span], patience: float, *, whole: bool
) -> list[Series]:
    """The series of each subject of a rule, read where `spans` are.

    `patience` is how many seconds mentions may be read for. Where a query is true of more than that, raises
    `TooMuchError`; or, if it need not be the `whole`, asks it of the newest days only, and `earliest` says
    how far that reached. Raises `QueryError` for a query that cannot be read any more.
    """
    if rule.kind == "silence":
        return _of_sources(connection, rule, spans)
    if rule.query is None:
        return _of_brands(connection, rule, spans)
    query = parse(rule.query)
    names = [name for _, name in _brands(connection, rule)] if rule.scope != "any" else [None]
    until = time.monotonic() + patience
    return [_of_query(connection, rule, query, name, spans, until, whole=whole) for name in names]


def _brands(connection: Connection, rule: Rule) -> list[tuple[int, str]]:
    which = {
        "brand": "name = :brand",
        "own": "own AND watched",
        "others": "NOT own AND watched",
        "any": "false",
    }[rule.scope]
    rows = connection.execute(
        text(f"SELECT id, name FROM brand WHERE {which} ORDER BY name"),  # noqa: S608 - our own words
        {"brand": rule.brand},
    )
    return [(row.id, row.name) for row in rows]


def _of_brands(connection: Connection, rule: Rule, spans: Sequence[Span]) -> list[Series]:
    brands = _brands(connection, rule)
    given = {**_given(spans), "ids": [id for id, _ in brands], "reach": rule.reach}
    by_brand: dict[int, list[Row[Any]]] = {}
    for row in connection.execute(text(_REACHED if rule.kind == "reach" else _HOURS), given):
        by_brand.setdefault(row.brand_id, []).append(row)
    first = {
        row.brand_id: row.first for row in connection.execute(text(_FIRST_OF_BRANDS), {"ids": given["ids"]})
    }
    counted = {"criticism": ("negative", "negative"), "negative-share": ("negative", "sure")}
    counts, of = counted.get(rule.kind, ("mentions", "mentions"))
    return [
        _series(
            name,
            name,
            spans,
            first.get(id),
            (
                (row.hour, getattr(row, counts), getattr(row, of), row.widest or 0)
                for row in by_brand.get(id, ())
            ),
        )
        for id, name in brands
    ]


def _of_sources(connection: Connection, rule: Rule, spans: Sequence[Span]) -> list[Series]:
    given = {
        **_given(spans),
        "source": rule.source,
        "most": _MOST_SOURCES,
        "fewest": _FEWEST_OF_A_SOURCE,
    }
    by_source: dict[str, list[tuple[datetime, int, int, int]]] = {}
    for row in connection.execute(text(_SOURCE_HOURS), given):
        by_source.setdefault(row.source, []).append((row.hour, row.mentions, row.mentions, 0))
    first = _first(connection)
    return [
        _series(label(source, MOST_SUBJECT), None, spans, first, hours)
        for source, hours in sorted(by_source.items())
    ]


def _of_query(
    connection: Connection,
    rule: Rule,
    query: Query,
    brand: str | None,
    spans: Sequence[Span],
    until: float,
    *,
    whole: bool,
) -> Series:
    # Of what was pruned there are figures, and nothing to ask a query of.
    earliest = max(filter(None, (_first(connection), kept_from(connection))), default=None)
    hours: list[tuple[datetime, int, int, int]] = []
    for since, before in _days(spans):
        try:
            hours += [
                counted
                for row in true_of(connection, query, brand, since, before, until)
                if (counted := _counted(rule, row)) is not None
            ]
        except TooMuchError:
            if whole:
                raise
            earliest = before if earliest is None else max(earliest, before)
            break
    return _series(brand or label(str(query), MOST_SUBJECT), brand, spans, earliest, hours)


def _counted(rule: Rule, row: Row[Any]) -> tuple[datetime, int, int, int] | None:
    """How a mention counts; None where it does not."""
    hour = row.published_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    negative = int(row.label == "negative")
    match rule.kind:
        case "criticism":
            return (hour, 1, 1, 0) if negative else None
        case "negative-share":
            return (hour, negative, 1, 0) if row.label in ("negative", "neutral", "positive") else None
        case "reach":
            return (
                (hour, 1, 1, row.reach) if row.reach is not None and row.reach >= (rule.reach or 0) else None
            )
        case _:
            return hour, 1, 1, 0


def _days(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in pieces of a day at most, the newest first."""
    for since, until in sorted(spans, reverse=True):
        last = until
        while last > since:
            first = max(since, last - _DAY)
            yield first, last
            last = first


def _series(
    subject: str,
    brand: str | None,
    spans: Sequence[Span],
    earliest: datetime | None,
    hours: Iterable[tuple[datetime, int, int, int]],
) -> Series:
    start = min(since for since, _ in spans)
    n = (max(until for _, until in spans) - start) // HOUR
    counts, of, widest = ([0] * n for _ in range(3))
    for hour, counted, out_of, reach in hours:
        place = (hour - start) // HOUR
        counts[place] += counted
        of[place] += out_of
        widest[place] = max(widest[place], reach)
    return Series(
        subject,
        brand,
        start,
        earliest,
        tuple(accumulate(counts, initial=0)),
        tuple(accumulate(of, initial=0)),
        widest,
    )


def _given(spans: Sequence[Span]) -> dict[str, Any]:
    return {"sinces": [since for since, _ in spans], "untils": [until for _, until in spans]}


def _first(connection: Connection) -> datetime | None:
    found: datetime | None = connection.execute(text(f"SELECT {FIRST_COUNTED}")).scalar_one()
    return found


_SPANS: Final = "unnest(CAST(:sinces AS timestamptz[]), CAST(:untils AS timestamptz[])) AS s(since, until)"

_HOURS: Final = f"""
    SELECT h.brand_id, h.hour, sum(h.texts + h.images)::bigint AS mentions,
           sum(h.negative)::bigint AS negative,
           sum(h.positive + h.neutral + h.negative)::bigint AS sure, 0 AS widest
    FROM {_SPANS} JOIN brand_hour AS h ON h.hour >= s.since AND h.hour < s.until
    WHERE h.brand_id = ANY(:ids) GROUP BY 1, 2
"""  # noqa: S608 - our own words

_REACHED: Final = f"""
    SELECT p.brand_id, date_trunc('hour', p.published_at, 'UTC') AS hour, count(*) AS mentions,
           max(p.reach) AS widest
    FROM {_SPANS} JOIN presence AS p ON p.published_at >= s.since AND p.published_at < s.until
    WHERE p.brand_id = ANY(:ids) AND p.reach >= :reach GROUP BY 1, 2
"""  # noqa: S608 - as above

# Of what was pruned the day: by days there is little to look through.
_FIRST_OF_BRANDS: Final = """
    SELECT b AS brand_id,
           least((SELECT min(published_at) FROM presence WHERE brand_id = b),
                 (SELECT min(day) FROM brand_day WHERE brand_id = b AND day < kept_from())) AS first
    FROM unnest(CAST(:ids AS int[])) AS b
"""

_SOURCE_HOURS: Final = f"""
    WITH hourly AS (
        SELECT h.source, h.hour, sum(h.mentions)::bigint AS mentions
        FROM {_SPANS} JOIN mention_hour AS h ON h.hour >= s.since AND h.hour < s.until
        WHERE CAST(:source AS text) IS NULL OR h.source = :source
        GROUP BY 1, 2
    ), busy AS (
        SELECT source FROM hourly GROUP BY source HAVING sum(mentions) >= :fewest
        ORDER BY sum(mentions) DESC, source LIMIT :most
    )
    SELECT * FROM hourly JOIN busy USING (source)
"""  # noqa: S608 - as above
