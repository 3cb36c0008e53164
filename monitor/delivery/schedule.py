"""When reports are due, and of which days: wall-clock times of a named zone, through every clock change.

Plain calendar arithmetic on the zone database. Cron expressions say nothing about the period a run is for,
and that period is what makes a report the same report after a restart.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_HOW: Final = 'write it like "Monday 08:00 Europe/Berlin" or "daily 07:30 America/New_York"'


class Period(msgspec.Struct, frozen=True):
    """Whole days: [since, until), in the schedule's zone."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every day, or every week on one weekday (0 is Monday), at a wall-clock time of a zone.

    A time that a clock change skips is due at the first moment that is as late (02:30 at 03:30); one that it
    repeats is due the first time only. A date line's lost day (Samoa, 30 December 2011) is not due.
    """

    weekday: int | None
    at: time
    zone: ZoneInfo

    def __str__(self) -> str:
        day = "daily" if self.weekday is None else _WEEKDAYS[self.weekday].capitalize()
        return f"{day} {self.at:%H:%M} {self.zone.key}"

    def next_due(self, after: datetime) -> datetime:
        """The first due moment after `after`, in UTC."""
        return next(due for due in self._around(after) if due > after)

    def latest_due(self, now: datetime) -> datetime:
        """The last due moment at or before `now`, in UTC."""
        return max(due for due in self._around(now) if due <= now)

    def due_between(self, after: datetime, until: datetime) -> list[datetime]:
        """Due moments after `after`, up to and including `until`, in UTC, oldest first."""
        found = []
        due = self.next_due(after)
        while due <= until:
            found.append(due)
            due = self.next_due(due)
        return found

    def period(self, due: datetime) -> Period:
        """The whole days a report due then is about: the day before, or the seven days before."""
        today = due.astimezone(self.zone).date()
        until = self._start_of(today)
        # The day before by the calendar may be one that the zone left out.
        before = until.astimezone(UTC) - timedelta(microseconds=1)
        first = before.astimezone(self.zone).date() if self.weekday is None else today - timedelta(days=7)
        return Period(self._start_of(first), until)

    def _around(self, moment: datetime) -> list[datetime]:
        """Due moments of two weeks before to two weeks after, each once, oldest first."""
        today = moment.astimezone(self.zone).date()
        days = (today + timedelta(days=offset) for offset in range(-15, 16))
        return sorted(
            {self._due_on(day) for day in days if self.weekday in (None, day.weekday()) and self._exists(day)}
        )

    def _due_on(self, day: date) -> datetime:
        # fold=0: of a repeated time the first; a skipped one moves on by as much as the clock does.
        return datetime.combine(day, self.at.replace(fold=0), self.zone).astimezone(UTC)

    def _start_of(self, day: date) -> datetime:
        # Through UTC: a skipped midnight becomes the moment that the day began with.
        return datetime.combine(day, time(), self.zone).astimezone(UTC).astimezone(self.zone)

    def _exists(self, day: date) -> bool:
        """Whether the zone had that day at all."""
        noon = datetime.combine(day, time(12), self.zone)
        return noon.astimezone(UTC).astimezone(self.zone).date() == day


def read_schedule(text: str) -> Schedule:
    """`daily HH:MM ZONE` or `WEEKDAY HH:MM ZONE`; the zone is an IANA name. Raises `ValueError`."""
    parts = text.split()
    if len(parts) != 3:
        raise ValueError(f"{text!r} is no schedule; {_HOW}")
    day, at, zone = parts
    if day.lower() not in ("daily", *_WEEKDAYS):
        raise ValueError(f"{day!r} is neither daily nor a weekday; {_HOW}")
    try:
        moment = datetime.strptime(at, "%H:%M").time()
    except ValueError:
        raise ValueError(f"{at!r} is no time of day; {_HOW}") from None
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder's name, such as "Europe"
        raise ValueError(f"{zone!r} is no time zone; {_HOW}") from None
    return Schedule(None if day.lower() == "daily" else _WEEKDAYS.index(day.lower()), moment, where)
