"""Days and moments as people type them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import typer

from monitor.commands.moments import end_of, moment, start_of, zone

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        # A day belongs to its zone, and --until includes it.
        ("2026-03-01", "2026-03-01", "2026-02-28T23:00:00Z", "2026-03-01T23:00:00Z"),
        # The day the clocks go forward has 23 hours.
        ("2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
        ("2026-03-01T09:30", "2026-03-01T10:30:00Z", "2026-03-01T08:30:00Z", "2026-03-01T10:30:00Z"),
    ],
)
def test_a_period_in_a_zone(since: str, until: str, first: str, last: str) -> None:
    assert start_of(since, BERLIN) == datetime.fromisoformat(first)
    assert end_of(until, BERLIN) == datetime.fromisoformat(last)


@pytest.mark.parametrize("text", ["", "today", "2026-13-01", "2026-03-01T25:00", "03/01/2026"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        start_of(text, UTC)


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_the_ends_of_the_calendar_are_refused(text: str) -> None:
    for read in (start_of, end_of):
        with pytest.raises(typer.BadParameter, match="from 2 to 9998"):
            read(text, BERLIN)
    with pytest.raises(typer.BadParameter):
        moment(text)


def test_the_last_day_of_all_has_no_end() -> None:
    with pytest.raises(typer.BadParameter, match="9999-12-31"):
        end_of("9999-12-31", UTC)


def test_a_moment_needs_a_zone() -> None:
    assert moment("2026-03-01T09:30:00+01:00") == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="no zone"):
        moment("2026-03-01T09:30:00")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "Europe", "../etc/passwd"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(typer.BadParameter, match="no time zone"):
        zone(name)
