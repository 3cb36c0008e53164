"""Moments and days as people type them, made exact: every moment has a zone."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

# Beyond them a moment has no date in other zones, nor has the period before it.
_FIRST_YEAR: Final = 2
_LAST_YEAR: Final = 9998

_LONGEST_AGO: Final = 36_500
"""Days."""


def moment(text: str) -> datetime:
    """An RFC 3339 moment with a zone, e.g. 2026-03-01T09:30:00Z."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no RFC 3339 moment; write it like 2026-03-01T09:30:00Z"
        ) from error
    if parsed.tzinfo is None:
        raise typer.BadParameter(f"{text!r} has no zone; write it like 2026-03-01T09:30:00Z or ...+01:00")
    return _in_range(parsed, text)


def zone(name: str) -> tzinfo:
    """An IANA time zone, e.g. Europe/Berlin."""
    try:
        return ZoneInfo(name)
    except (
        ZoneInfoNotFoundError,
        ValueError,
        OSError,
    ) as error:  # OSError: a folder's name, such as "Europe"
        raise typer.BadParameter(f"{name!r} is no time zone; name it like Europe/Berlin or UTC") from error


def start_of(text: str, where: tzinfo) -> datetime:
    """A day (its first moment in `where`), or a moment; one without a zone is in `where`."""
    day = _day(text)
    if day is not None:
        return _in_range(datetime.combine(day, time.min, where), text)
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is neither a day (2026-03-01) nor a moment (2026-03-01T09:30)"
        ) from error
    return _in_range(parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=where), text)


def since(text: str) -> datetime:
    """So many days ago (`30d`), or as `start_of` in UTC."""
    days = text[:-1]
    if text[-1:] == "d" and days.isascii() and days.isdigit() and 0 < int(days) <= _LONGEST_AGO:
        return datetime.now(UTC) - timedelta(days=int(days))
    return start_of(text, UTC)


def end_of(text: str, where: tzinfo) -> datetime:
    """Like `start_of`, but of a day the moment it is over: `--until 2026-03-31` includes that day."""
    start, day = start_of(text, where), _day(text)
    return start if day is None else datetime.combine(day + timedelta(days=1), time.min, where)


def _in_range(parsed: datetime, text: str) -> datetime:
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise typer.BadParameter(f"{text!r} is out of range; take a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return parsed


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
