"""Time in charts: which unit suits a span, and a point for every unit, also where nothing happened."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import msgspec

from monitor.reports.figures import FeelingPoint, Unit

# Bars that a phone's width still tells apart.
_MOST_DAYS: Final = 31
_MOST_WEEKS: Final = 26


class Bucket(msgspec.Struct, frozen=True):
    """One bar: its label and counts."""

    label: str
    point: FeelingPoint


def unit_for(first: date, last: date) -> Unit:
    """Days for up to a month, weeks for up to half a year, then months."""
    days = (last - first).days + 1
    if days <= _MOST_DAYS:
        return "day"
    return "week" if days <= 7 * _MOST_WEEKS else "month"


def without_gaps(points: Iterable[FeelingPoint], unit: Unit) -> tuple[Bucket, ...]:
    """A bar for every unit from the first point to the last, labelled for reading."""
    known = {point.start: point for point in points}
    buckets = []
    start, last = min(known), max(known)
    while start <= last:
        point = known.get(start, FeelingPoint(start=start, positive=0, neutral=0, negative=0))
        label = f"{start:%b %Y}" if unit == "month" else f"{start.day} {start:%b}"
        buckets.append(Bucket(label, point))
        start = _next(start, unit)
    return tuple(buckets)


def _next(start: date, unit: Unit) -> date:
    if unit == "day":
        return start + timedelta(days=1)
    if unit == "week":
        return start + timedelta(days=7)
    return (start + timedelta(days=31)).replace(day=1)
