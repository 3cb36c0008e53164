"""Brand against brand over time: how much is said of each, and how its opinions are."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, text

from monitor.reports.counts import step_of
from monitor.reports.feeling import FeelingPoint, Unit
from monitor.reports.filters import Filter
from monitor.reports.labels import label
from monitor.reports.timeline import unit_for, without_gaps
from monitor.reports.voice import BrandVoice

MOST: Final = 5
"""Lines that are told apart in one chart."""

_MOST_OWN: Final = 3

_UNITS: Final[tuple[Unit, ...]] = ("day", "week", "month")

_SOME: Final = 5
"""Mentions of a brand in a usual unit; with fewer its share jumps from none to all of what is said."""

_FEWEST_UNITS: Final = 3
"""Points that make a line; of fewer nothing is told over time."""


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in one day, week or month."""

    label: str
    mentions: int
    """Texts that name it and pictures that name or show it."""
    share: float | None
    """Of the mentions of all watched brands, 0..1; None where there were none."""
    positive: int
    opinions: int
    """positive + negative texts."""

    @property
    def health(self) -> float | None:
        """positive / opinions, 0..1; None without opinions."""
        return self.positive / self.opinions if self.opinions else None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One brand over time; the lines of one call have the same units."""

    brand: str
    own: bool
    points: tuple[Point, ...]

    @property
    def mentions(self) -> int:
        """Over all of the period."""
        return sum(point.mentions for point in self.points)

    @property
    def opinions(self) -> int:
        """Over all of the period."""
        return sum(point.opinions for point in self.points)

    @property
    def positive(self) -> int:
        """Over all of the period."""
        return sum(point.positive for point in self.points)


def beside(lines: Sequence[Line]) -> str:
    """Who is compared, in words; `lines` holds one at least."""
    first, *others = (label(line.brand, 24) for line in lines)
    if not others:
        return f"{first} alone: nothing to compare it with"
    *most, last = others
    return f"{first} beside {', '.join(most)} and {last}" if most else f"{first} beside {last}"


def contenders(voice: Sequence[BrandVoice]) -> tuple[BrandVoice, ...]:
    """Ours, at most three, and the most present others, `MOST` in all; `voice` has the most present first."""
    ours = [each for each in voice if each.own][:_MOST_OWN]
    others = [each for each in voice if not each.own]
    return (*ours, *others[: MOST - len(ours)])


def versus(
    connection: Connection, chosen: Filter, brands: Sequence[BrandVoice], zone: str
) -> tuple[Unit, tuple[Line, ...]]:
    """The brands by day, week or month of an IANA time zone, in their order, and which of the three.

    It is the finest that suits the period and has `_SOME` mentions in the middle (median) of all points, as
    long as `_FEWEST_UNITS` are left. Shares are of the mentions about all watched brands, whatever brands
    the filter names.
    """
    where = ZoneInfo(zone)
    first = chosen.since.astimezone(where).date()
    last = (chosen.until - timedelta(microseconds=1)).astimezone(where).date()
    unit = unit_for(first, last)
    lines = _lines(connection, chosen, brands, zone, unit)
    for coarser in _UNITS[_UNITS.index(unit) + 1 :]:
        if not lines or median(point.mentions for line in lines for point in line.points) >= _SOME:
            break
        longer = _lines(connection, chosen, brands, zone, coarser)
        if len(longer[0].points) < _FEWEST_UNITS:
            break
        unit, lines = coarser, longer
    return unit, lines


def _lines(
    connection: Connection, chosen: Filter, brands: Sequence[BrandVoice], zone: str, unit: Unit
) -> tuple[Line, ...]:
    given = {**chosen.values(), "unit": unit, "zone": zone, "step": step_of(chosen, ZoneInfo(zone))}
    counted: dict[str, dict[date, FeelingPoint]] = {}
    mentions: dict[tuple[str, date], int] = {}
    totals: dict[date, int] = {}
    for row in connection.execute(_MENTIONS, given):
        totals[row.start] = totals.get(row.start, 0) + row.mentions
        mentions[row.brand, row.start] = row.mentions
        counted.setdefault(row.brand, {})[row.start] = FeelingPoint(
            start=row.start, positive=row.positive, neutral=0, negative=row.negative
        )
    if not totals:
        return ()
    every = [FeelingPoint(start=start, positive=0, neutral=0, negative=0) for start in totals]
    units = [(bucket.label, bucket.point.start) for bucket in without_gaps(every, unit)]

    def point(brand: str, when: str, start: date) -> Point:
        felt = counted.get(brand, {}).get(start)
        n, total = mentions.get((brand, start), 0), totals.get(start, 0)
        return Point(
            label=when,
            mentions=n,
            share=n / total if total else None,
            positive=felt.positive if felt else 0,
            opinions=felt.opinions if felt else 0,
        )

    return tuple(
        Line(
            brand=each.brand,
            own=each.own,
            points=tuple(point(each.brand, when, start) for when, start in units),
        )
        for each in brands
    )


_MENTIONS: Final = text("""
    SELECT b.name AS brand, c.start, c.mentions, c.positive, c.negative
    FROM (
        SELECT brand_id, date_trunc(:unit, moment AT TIME ZONE :zone)::date AS start,
               sum(texts + images)::bigint AS mentions, sum(positive)::bigint AS positive,
               sum(negative)::bigint AS negative
        FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories, :step)
        GROUP BY 1, 2 HAVING sum(texts + images) > 0
    ) AS c JOIN brand AS b ON b.id = c.brand_id
    WHERE b.watched OR b.name = ANY(:brands)
""")
