"""Quiet hours and digests, on clocks that change."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.rules import Rule
from monitor.alerts.timing import after_quiet, due

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def rule(**more) -> Rule:
    return Rule(name="r", kind="criticism", scope="own", **more)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


NIGHT = {"quiet_from": time(22), "quiet_until": time(7), "zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("asked", "now", "expected"),
    [
        ({}, "2026-03-10T03:00Z", ("2026-03-10T03:00Z", None)),
        (NIGHT, "2026-03-10T12:00Z", ("2026-03-10T12:00Z", None)),
        (NIGHT, "2026-03-10T20:59Z", ("2026-03-10T20:59Z", None)),
        (NIGHT, "2026-03-10T21:00Z", ("2026-03-11T06:00Z", "quiet")),
        (NIGHT, "2026-03-10T05:59Z", ("2026-03-10T06:00Z", "quiet")),
        (NIGHT, "2026-03-10T06:00Z", ("2026-03-10T06:00Z", None)),
        (NIGHT, "2026-03-28T23:00Z", ("2026-03-29T05:00Z", "quiet")),  # the night that lacks an hour
        ({"digest": "hour"}, "2026-03-10T03:10Z", ("2026-03-10T03:10Z", "digest")),
        (
            {"digest": "day", "digest_at": time(8), "zone": "Asia/Kolkata"},
            "2026-03-10T03:00Z",
            ("2026-03-11T02:30Z", "digest"),
        ),
        (
            {**NIGHT, "digest": "day", "digest_at": time(6)},
            "2026-03-10T12:00Z",
            ("2026-03-11T06:00Z", "quiet"),
        ),
    ],
)
def test_when_it_is_sent_and_what_holds_it(asked, now, expected):
    moment, held = due(rule(**asked), at(now))
    assert (moment, held) == (at(expected[0]), expected[1])


@given(TIMES, TIMES, st.sampled_from(ZONES), MOMENTS)
def test_quiet_hours_end_within_a_day_and_hold_nothing_longer(first, last, zone, now):
    if first == last:
        return
    asked = rule(quiet_from=first, quiet_until=last, zone=zone)
    moment = after_quiet(asked, now)
    # Clock changes, and a day that a zone left out, may add some hours.
    assert now <= moment <= now + timedelta(hours=49)
    if moment != now:
        there = moment.astimezone(ZoneInfo(zone)).time().replace(second=0, microsecond=0)
        assert there >= last or (there < last and moment - now < timedelta(hours=26))
