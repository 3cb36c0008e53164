"""What a page or report is about."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.reports.filters import Filter

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_previous_period_is_as_long() -> None:
    chosen = Filter(datetime(2026, 3, 1, tzinfo=BERLIN), datetime(2026, 3, 31, tzinfo=BERLIN))
    before = chosen.previous()
    assert (before.since, before.until) == (datetime(2026, 1, 30, tzinfo=BERLIN), chosen.since)


def test_the_previous_period_ends_where_dates_begin() -> None:
    chosen = Filter(datetime(2, 1, 1, tzinfo=BERLIN), datetime(9998, 12, 31, tzinfo=BERLIN))
    before = chosen.previous()
    assert before.until == chosen.since
    assert before.until - before.since < timedelta(days=366)
    before.since.astimezone(UTC)
    with pytest.raises(ValueError, match="is not before"):
        before.previous()
