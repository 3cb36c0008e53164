"""Days of all brands at once: one reading of the roll-ups for the period and the eight weeks before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, text

from monitor.insights.usual import WEEKS
from monitor.reports.counts import FIRST_COUNTED, step_of
from monitor.reports.filters import Filter

Numbers = NDArray[np.float64]

_HISTORY: Final = timedelta(weeks=WEEKS)
_DAY: Final = timedelta(days=1)
_LONGEST: Final = timedelta(days=800)
"""Of a longer period the last two years or so are looked through."""


@dataclass(frozen=True)
class Series:
    """Counts of every brand and day, by brands (rows) and days (columns), the days before the period first.

    A day begins at the hour at which the period begins, in the zone of whoever asks.
    """

    ids: tuple[int, ...]
    brands: tuple[str, ...]
    own: tuple[bool, ...]
    newest: datetime
    """The last moment of which something is known."""
    starts: tuple[datetime, ...]
    """First moment of each day, and the end of the last."""
    view: int
    """The day with which the period begins: those before it are its past."""
    mentions: Numbers
    """Texts that name a brand and pictures that show or name it."""
    stories: Numbers
    """Those that are the first of their story."""
    positive: Numbers
    neutral: Numbers
    negative: Numbers
    praise: Numbers
    """Positive texts that are no copies, and negative ones: a story that is passed on is one opinion."""
    criticism: Numbers
    share: Numbers
    """Of each day, 0..1: what of its usual mentions comes in the part of it that has passed; 0 of days before
    the first mention of all and after the newest: of these nothing is known."""


def read(connection: Connection, chosen: Filter, zone: str) -> Series | None:
    """The days of all watched brands and of those that a filter names; None where the period has none that is
    known."""
    where = ZoneInfo(zone)
    ends = connection.execute(_ENDS, {"now": datetime.now(UTC)}).one()
    if ends.first is None or ends.first >= chosen.until or ends.newest is None or ends.newest < chosen.since:
        return None
    newest = min(chosen.until, ends.newest)
    until = min(chosen.until, newest + _DAY).astimezone(where)
    begin = max(chosen.since, until - _LONGEST).astimezone(where).replace(minute=0, second=0, microsecond=0)
    shift = timedelta(hours=begin.hour)
    past = max(0, min(_HISTORY, begin - ends.first) // _DAY)
    # Days are steps on the clock of the wall: 23 and 25 hours long where clocks change.
    length = -((begin - until) // _DAY)
    starts = tuple(begin + n * _DAY for n in range(-past, length + 1))
    whole = msgspec.structs.replace(chosen, since=starts[0], until=until, brands=())
    brands = connection.execute(_BRANDS, {"brands": list(chosen.brands)}).all()
    counts = np.zeros((7, len(brands), len(starts) - 1))
    row_of = {brand.id: row for row, brand in enumerate(brands)}
    first_day = starts[0].date()
    step = step_of(whole, where, midnight=not shift)
    given = {**whole.values(), "zone": zone, "shift": shift, "ids": list(row_of), "step": step}
    for found in connection.execute(_DAILY, given):
        column = (found.day - first_day).days
        if 0 <= column < counts.shape[2]:
            counts[:, row_of[found.brand_id], column] = [each or 0 for each in found[2:]]
    return Series(
        ids=tuple(brand.id for brand in brands),
        brands=tuple(brand.name for brand in brands),
        own=tuple(brand.own for brand in brands),
        newest=newest,
        starts=starts,
        view=past,
        mentions=counts[0],
        positive=counts[1],
        neutral=counts[2],
        negative=counts[3],
        praise=counts[4],
        criticism=counts[5],
        stories=counts[6],
        share=_shares(connection, whole, starts, (ends.first, newest), zone),
    )


_ENDS: Final = text(f"""
    SELECT {FIRST_COUNTED} AS first,
           greatest((SELECT max(published_at) FROM mention WHERE published_at <= :now),
                    (SELECT max(hour) FROM mention_hour WHERE hour < kept_from())) AS newest
""")  # noqa: S608 - our own words

_BRANDS: Final = text("""
    SELECT id, name, own FROM brand
    WHERE watched OR name = ANY(:brands)
    ORDER BY own DESC, name
""")


# Mentions and opinions by brand and day.
_DAILY: Final = text("""
    SELECT brand_id, ((moment AT TIME ZONE :zone) - CAST(:shift AS interval))::date AS day,
           sum(texts + images) AS mentions,
           sum(positive) AS positive, sum(neutral) AS neutral, sum(negative) AS negative,
           sum(positive) FILTER (WHERE lead) AS praise, sum(negative) FILTER (WHERE lead) AS criticism,
           sum(texts + images) FILTER (WHERE lead) AS stories
    FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories, :step)
    WHERE brand_id = ANY(:ids) GROUP BY 1, 2
""")


def _shares(
    connection: Connection,
    chosen: Filter,
    starts: Sequence[datetime],
    known: tuple[datetime, datetime],
    zone: str,
) -> Numbers:
    """How much of each day has passed, by when of the day people speak; a day that began before the first
    mention of all is not known."""
    first, newest = known
    passed = np.array(
        [
            np.clip((newest - start) / (end - start), 0, 1) if start >= first else 0.0
            for start, end in pairwise(starts)
        ]
    )
    partial = np.flatnonzero((passed > 0) & (passed < 1))
    if len(partial):
        given: dict[str, Any] = {**chosen.values(), "zone": zone}
        by_hour = np.full(24, 1.0)
        for found in connection.execute(text(_hourly(chosen)), given):
            by_hour[int(found.hour)] += float(found.mentions)
        hours = np.roll(by_hour / by_hour.sum(), -starts[0].hour)
        so_far = np.concatenate(([0.0], np.cumsum(hours)))
        passed[partial] = np.interp(24 * passed[partial], np.arange(25), so_far)
    return passed


def _hourly(chosen: Filter) -> str:
    """Mentions by the hour of the day, of the newest four weeks: enough to know a day's shape."""
    return f"""
        SELECT extract(hour FROM hour AT TIME ZONE :zone) AS hour, sum(texts + images) AS mentions
        FROM brand_hour WHERE hour >= CAST(:until AS timestamptz) - interval '28 days' AND hour < :until
        {" AND source = ANY(:sources)" if chosen.sources else ""}
        GROUP BY 1
    """  # noqa: S608 - the conditions are our own; their values travel as parameters
