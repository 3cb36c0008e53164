"""Due moments and periods against the zone database itself, through every clock change since 2000."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.delivery.schedule import Schedule, read_schedule

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
SCHEDULES = st.builds(
    Schedule,
    weekday=st.none() | st.integers(0, 6),
    at=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)


@given(SCHEDULES, MOMENTS)
def test_the_latest_is_not_later_than_now_and_the_next_follows_it(schedule, now):
    latest, following = schedule.latest_due(now), schedule.next_due(now)
    assert latest <= now < following
    assert schedule.next_due(latest) == following
    assert schedule.latest_due(following) == following


@given(SCHEDULES, MOMENTS)
@example(Schedule(None, time(0, 30, fold=1), ZoneInfo("America/Santiago")), datetime(2026, 1, 1, tzinfo=UTC))
def test_a_local_day_has_one_due_moment_at_most_and_a_week_one(schedule, now):
    """Every clock change passes: neither the repeated hour nor the skipped one doubles or drops a report."""
    due = schedule.due_between(now, now + timedelta(days=400))
    days = [each.astimezone(schedule.zone).date() for each in due]
    assert len(set(days)) == len(days)
    step = 1 if schedule.weekday is None else 7
    gaps = {(later - earlier).days for earlier, later in pairwise(days)}
    # A zone may leave a calendar day out (Samoa, 2011), or skip a late evening into the next day.
    assert gaps <= ({1, 2} if step == 1 else {6, 7, 8, 14})
    assert len(due) >= 400 // step - 2


@given(SCHEDULES, MOMENTS)
def test_periods_are_whole_days_that_touch_and_never_overlap(schedule, now):
    first = schedule.next_due(now)
    second = schedule.next_due(first)
    one, two = schedule.period(first), schedule.period(second)
    assert one.since.astimezone(UTC) < one.until.astimezone(UTC) <= first
    if schedule.weekday is None:
        assert one.until == two.since
    assert one.until.astimezone(UTC) <= two.until.astimezone(UTC)
    for moment in (one.since, one.until):
        just_before = (moment.astimezone(UTC) - timedelta(microseconds=1)).astimezone(schedule.zone)
        assert just_before.date() < moment.date()


@pytest.mark.parametrize(
    ("text", "now", "due"),
    [
        # Germany's clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 back on 25 October.
        ("daily 02:30 Europe/Berlin", "2026-03-29T00:00:00+00:00", "2026-03-29T03:30:00+02:00"),
        ("daily 02:30 Europe/Berlin", "2026-10-24T22:00:00+00:00", "2026-10-25T02:30:00+02:00"),
        ("daily 02:30 Europe/Berlin", "2026-10-25T00:30:00+00:00", "2026-10-26T02:30:00+01:00"),
        ("Monday 08:00 Europe/Berlin", "2026-03-27T12:00:00+00:00", "2026-03-30T08:00:00+02:00"),
        ("Monday 08:00 Europe/Berlin", "2026-03-30T06:00:00+00:00", "2026-04-06T08:00:00+02:00"),
        # Samoa had no 30 December 2011.
        ("daily 08:00 Pacific/Apia", "2011-12-29T18:00:00+00:00", "2011-12-31T08:00:00+14:00"),
    ],
)
def test_clock_changes_known_to_people(text, now, due):
    assert read_schedule(text).next_due(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_monday_morning_reports_the_week_that_ended_with_sunday():
    schedule = read_schedule("monday 08:00 Europe/Berlin")
    period = schedule.period(datetime(2026, 3, 30, 6, tzinfo=UTC))
    # 167 hours: the week lost one.
    assert period.since.isoformat() == "2026-03-23T00:00:00+01:00"
    assert period.until.isoformat() == "2026-03-30T00:00:00+02:00"


def test_a_schedule_reads_back_as_it_is_written():
    assert str(read_schedule("MONDAY 8:00 Europe/Berlin")) == "Monday 08:00 Europe/Berlin"
    assert read_schedule("daily 23:59 UTC").at == time(23, 59)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no schedule"),
        ("Monday 08:00", "is no schedule"),
        ("Moonday 08:00 UTC", "neither daily nor a weekday"),
        ("daily 25:00 UTC", "no time of day"),
        ("daily 08:00 Europe", "no time zone"),
        ("daily 08:00 Mars/Olympus", "no time zone"),
        ("daily 08:00 ../etc/passwd", "no time zone"),
    ],
)
def test_what_is_no_schedule_is_told_with_an_example(text, says):
    with pytest.raises(ValueError, match=says) as fault:
        read_schedule(text)
    assert "Monday 08:00 Europe/Berlin" in str(fault.value)
