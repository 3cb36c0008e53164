"""Sources that say nothing about a brand for longer than their eight weeks before explain.

A gap of a day or more is silence where so many mentions are usual in it that none would hardly ever come by
chance: P(0) of a negative binomial count, with the variance of `monitor.insights.spread`. A brand's mentions
may fall for that alone, so a silence is told in place of the drop that it makes.
"""

import math
from datetime import datetime, timedelta
from statistics import median
from typing import Final, NamedTuple

import msgspec
import numpy as np
from sqlalchemy import Connection, text

from monitor.insights.expected import Past
from monitor.insights.series import Numbers
from monitor.insights.usual import FEWEST_WEEKS, WEEK
from monitor.reports.filters import Filter

_SURE: Final = 20.0
"""2 log of one in 1,800: a market of a dozen brands has a hundred pairs of brand and source."""

_SHORTEST: Final = timedelta(days=2)
"""A shorter one is told by its alert."""

_DAY: Final = timedelta(days=1)

_LONG_VIEW: Final = timedelta(days=100)
"""In longer periods gaps are looked for by whole days."""


class Silence(NamedTuple):
    """Nothing about a brand (its place in the series) from a source in [since, until)."""

    brand: int
    source: str
    since: datetime
    until: datetime
    usual: float
    """Mentions to expect in that time."""
    all_usual: float
    """And from all sources together."""


def silences(connection: Connection, past: Past, chosen: Filter) -> tuple[Silence, ...]:
    """The longest silence of each source and brand, if it is one, inside the period."""
    series = past.series
    begin = series.starts[series.view]
    if begin - series.starts[0] < FEWEST_WEEKS * WEEK:
        return ()
    end = min(chosen.until, series.newest)
    gaps = _gaps(connection, chosen, begin, end)
    rates = _rates(connection, chosen, series.starts[0], begin)
    of_brand = {brand: sum(n for (other, _), n in rates.items() if other == brand) for brand, _ in rates}
    rows = {id: row for row, id in enumerate(series.ids)}
    moments = np.array([start.timestamp() for start in series.starts])
    found = []
    for (brand, source), rate in rates.items():
        since, until = gaps.get((brand, source), (begin, end))
        if brand not in rows or until - since < _SHORTEST:
            continue
        days = _weighed(past, moments, rows[brand], since, until)
        if _surprise(past, rows[brand], rate * days, days) >= _SURE:
            found.append(Silence(rows[brand], source, since, until, rate * days, of_brand[brand] * days))
    return tuple(found)


def _weighed(past: Past, moments: Numbers, row: int, since: datetime, until: datetime) -> float:
    """Days of a span, weekends and the like as much as they count; `moments`: where days begin and end."""
    overlap = np.minimum(moments[1:], until.timestamp()) - np.maximum(moments[:-1], since.timestamp())
    return float((np.maximum(overlap, 0) / np.diff(moments) * past.weight[row]).sum())


def _surprise(past: Past, row: int, mean: float, days: float) -> float:
    """-2 log of the probability of no mention at all."""
    variance = past.variance_of(row, mean, days)
    variance = max(variance, 1.01 * mean)
    return 2 * mean**2 / (variance - mean) * math.log(variance / mean) if mean else 0.0


def _rates(
    connection: Connection, chosen: Filter, since: datetime, until: datetime
) -> dict[tuple[int, str], float]:
    """Mentions a day of each brand and source, as in the middle one of the weeks: events leave that alone."""
    weeks = (until - since) // WEEK
    whole = msgspec.structs.replace(chosen, since=until - weeks * WEEK, until=until)
    counts: dict[tuple[int, str], list[float]] = {}
    for row in connection.execute(_WEEKS, whole.values()):
        counts.setdefault((row.brand_id, row.source), []).append(row.mentions)
    return {pair: median(found + [0.0] * (weeks - len(found))) / 7 for pair, found in counts.items()}


def _gaps(
    connection: Connection, chosen: Filter, since: datetime, until: datetime
) -> dict[tuple[int, str], tuple[datetime, datetime]]:
    """The longest time in which each source that said something at all said nothing about a brand."""
    within = msgspec.structs.replace(chosen, since=since, until=until)
    step = "day" if until - since > _LONG_VIEW else "hour"
    unit = timedelta(**{f"{step}s": 1})
    found = connection.execute(_GAPS, {**within.values(), "unit": unit, "step": step})
    return {(row.brand_id, row.source): (row.since, row.until) for row in found}


_WEEKS: Final = text("""
    SELECT brand_id, source, sum(texts + images)::float AS mentions
    FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories)
    GROUP BY 1, 2, floor(extract(epoch FROM CAST(:until AS timestamptz) - moment - interval '1 s') / 604800)
""")

_GAPS: Final = text("""
    WITH spoke AS (
        SELECT brand_id, source, moment
        FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories, :step)
        WHERE texts + images > 0
    ), spoken AS (
        SELECT brand_id, source, moment + CAST(:unit AS interval) AS since, moment AS until FROM spoke
        UNION ALL
        SELECT DISTINCT brand_id, source, CAST(:since AS timestamptz), CAST(NULL AS timestamptz) FROM spoke
    ), gaps AS (
        SELECT brand_id, source, since,
               lead(until, 1, CAST(:until AS timestamptz))
                   OVER (PARTITION BY brand_id, source ORDER BY since) AS until
        FROM spoken
    )
    SELECT DISTINCT ON (brand_id, source) brand_id, source, since, until FROM gaps
    ORDER BY brand_id, source, until - since DESC
""")
