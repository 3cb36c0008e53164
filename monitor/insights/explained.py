"""What happened, each with what set it off: the headline's first, then the others, the largest first."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from monitor.insights.causes import Cause, cause
from monitor.insights.happenings import Happening, first
from monitor.messages import Label

_CAUSES: Final = 4
"""Happenings whose cause is looked for: the largest; it takes a look at their posts."""


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, and what set it off; None: nothing was looked for, or stands out."""

    happening: Happening
    cause: Cause | None

    @property
    def days(self) -> tuple[date, date]:
        """Its first and its last day, in the zone it is told in."""
        where, last = ZoneInfo(self.happening.zone), self.happening.until - timedelta(microseconds=1)
        return self.happening.since.astimezone(where).date(), last.astimezone(where).date()


def explained(connection: Connection, found: Sequence[Happening]) -> tuple[Explained, ...]:
    """The happenings, which come the largest first, with the causes of the first few."""
    top = first(found)
    return tuple(
        Explained(
            happening=each,
            cause=cause(connection, each.brand, each.since, each.until, _label(each))
            if place < _CAUSES and each.kind != "silence"
            else None,
        )
        for place, each in enumerate(sorted(found, key=lambda each: each is not top))
    )


def _label(happening: Happening) -> Label | None:
    """Of opinions those that moved them are looked at; of volume every post."""
    if happening.kind != "health" or happening.good is None:
        return None
    return "positive" if happening.good else "negative"
