"""What the counting functions of the database are called with.

`brand_counts`, `mention_counts`, `about_counts` and the others (migration 0023) count any period out of the
roll-ups, exact to the microsecond. They take what `Filter.values` gives and return rows to be summed up.
"""

import math
from datetime import timedelta, tzinfo
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from monitor.reports.filters import Filter

FIRST_COUNTED: Final = """(
    SELECT least((SELECT min(published_at) FROM mention),
                 (SELECT min(hour) FROM mention_hour WHERE hour < kept_from())))"""
"""When the first mention was published that is counted; of one that was pruned its hour."""

Step = Literal["day", "hour", "moment"]
"""How coarse the moments of `brand_counts` may be: those of whole days (UTC), of hours, of the mentions."""

_CLOCK: Final = timedelta(days=14)
"""No zone sets its clocks back or forth for a shorter time: those of Morocco for Ramadan."""

_LENGTHS: Final[dict[Step, timedelta]] = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


def step_of(chosen: Filter, zone: tzinfo, *, midnight: bool = True) -> Step:
    """The coarsest of which the days of a zone can be put together; `midnight`: these begin then.

    Those of India never begin on the hour, those of London begin on the day of UTC in winter.
    """
    n = (chosen.until - chosen.since) // _CLOCK
    moments = [chosen.since + i * _CLOCK for i in range(n + 1)] + [chosen.until]
    offsets = {moment.astimezone(zone).utcoffset() or timedelta() for moment in moments}
    for step, length in _LENGTHS.items():
        if (midnight or step != "day") and all(offset % length == timedelta() for offset in offsets):
            return step
    return "moment"


def brand_ids(connection: Connection, chosen: Filter) -> list[int]:
    """Ids of the brands chosen; of all brands if none is."""
    found = connection.execute(text("SELECT id, name FROM brand ORDER BY id"))
    return [id for id, name in found if not chosen.brands or name in chosen.brands]


def values(connection: Connection, chosen: Filter) -> dict[str, Any]:
    """Parameters of the functions that take `brand_ids` as well: null stands for any brand."""
    ids = brand_ids(connection, chosen) if chosen.brands else None
    return {**chosen.values(), "brand_ids": ids}


def step_of_sample(n: int, wanted: int) -> int:
    """The step of `sampled_hours` with which about `wanted` of `n` mentions are met; 1 reads all.

    A prime above 3 meets every hour of the day and every day of the week alike.
    """
    step = max(1, math.ceil(n / wanted))
    if step == 1:
        return 1
    while step <= 3 or step == 7 or any(step % divisor == 0 for divisor in range(2, math.isqrt(step) + 1)):
        step += 1
    return step
