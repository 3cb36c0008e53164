"""`brand-monitor report` and `schedule`: the period asked for, and what is refused with which words."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from monitor.cli import app
from monitor.commands.report import Last, _last, _period
from monitor.errors import SetupError

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MONITOR_REPORT_TO", "MONITOR_REPORT_SCHEDULE"):
        monkeypatch.delenv(name, raising=False)


@given(st.sampled_from(Last), st.sampled_from(ZONES), MOMENTS)
def test_the_last_whole_unit_is_over_and_ends_less_than_a_unit_ago(last, name, now):
    zone = ZoneInfo(name)
    first, end = _last(last, zone, now)
    assert first < end
    assert end.astimezone(UTC) <= now
    longest = {Last.DAY: 3, Last.WEEK: 9, Last.MONTH: 33}[last]  # a zone may leave a day out
    assert now - end.astimezone(UTC) < timedelta(days=longest)
    if last is Last.WEEK:
        assert (first.weekday(), end.weekday()) == (0, 0)
        assert (end.date() - first.date()).days == 7
    if last is Last.MONTH:
        assert (first.day, end.day) == (1, 1)


def test_the_last_week_of_a_zone():
    first, end = _last(Last.WEEK, ZoneInfo("Europe/Berlin"), NOW)
    assert (first.isoformat(), end.isoformat()) == ("2026-03-16T00:00:00+01:00", "2026-03-23T00:00:00+01:00")


def test_seven_days_where_nothing_is_asked_for():
    first, end = _period(None, None, None, UTC, NOW)
    assert (end, end - first) == (NOW, timedelta(days=7))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--last", "week", "--since", "2026-03-01"], "leave --since and --until away"),
        (["--since", "2026-03-02", "--until", "2026-03-01"], "is not before --until"),
        (["--send", "now", "-o", "report.pdf"], "written or sent, not both"),
        (["-o", "report.docx"], "name the --format"),
        (["--zone", "Mars/Olympus"], "no time zone"),
        (["--counting", "copies"], "'copies' is not one of 'posts', 'stories'"),
    ],
)
def test_what_contradicts_itself_is_refused(options, says):
    run = CliRunner().invoke(app, ["report", *options])
    assert run.exit_code == 2
    assert says in " ".join(run.output.replace("│", " ").split())


def test_sending_without_recipients_names_the_setting():
    run = CliRunner().invoke(app, ["report", "--send", "now"])
    assert isinstance(run.exception, SetupError)
    assert "MONITOR_REPORT_TO names nobody" in str(run.exception)


@pytest.mark.parametrize(
    ("schedule", "to", "says"),
    [
        ("Monday", None, "MONITOR_REPORT_SCHEDULE: 'Monday' is no schedule"),
        ("daily 08:00 UTC", None, "MONITOR_REPORT_TO is not set"),
        ("daily 08:00 UTC", "quack://secret", "MONITOR_REPORT_TO: an address that begins with 'quack'"),
    ],
)
def test_a_schedule_that_cannot_work_says_which_setting(monkeypatch, schedule, to, says):
    for name, value in (("MONITOR_REPORT_SCHEDULE", schedule), ("MONITOR_REPORT_TO", to)):
        if value is not None:
            monkeypatch.setenv(name, value)
    run = CliRunner().invoke(app, ["schedule", "--once"])
    assert isinstance(run.exception, SetupError)
    assert says in str(run.exception)
    assert "secret" not in str(run.exception)


def test_both_a_period_that_is_empty_and_dates_are_bad_parameters():
    with pytest.raises(typer.BadParameter):
        _period("2026-03-01T00:00Z", "2026-02-01T00:00Z", None, UTC, NOW)
