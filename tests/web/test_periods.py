"""Days of an address as moments: whatever was typed, no more is gone through than where mentions are."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient

from monitor.web.views import Choice, View, WrongAddressError

BERLIN = ZoneInfo("Europe/Berlin")
PAGES = ("/?", "/brand?name=VMware", "/pictures?", "/mentions?", "/api/summary?", "/api/timeline?name=VMware")


def viewed(client: TestClient, since: str | None, until: str | None) -> View:
    given = [None if day is None else date.fromisoformat(day) for day in (since, until)]
    databases = client.app.state.site.databases  # type: ignore[attr-defined]
    with databases.reading() as connection:
        return Choice(*given).view(connection, BERLIN)


@pytest.mark.parametrize("since", ["0002-03-01", "0020-03-01", "0202-03-01", "2006-03-01"])
def test_a_year_half_typed_is_no_two_thousand_years_of_work(client: TestClient, since: str) -> None:
    view = viewed(client, since, "2026-03-31")
    assert view.first == date.fromisoformat(since)  # as typed
    assert view.chosen.since == datetime(2026, 3, 6, tzinfo=BERLIN)
    assert view.chosen.until == datetime(2026, 3, 11, tzinfo=BERLIN)


def test_ten_years_stay_as_asked(client: TestClient) -> None:
    view = viewed(client, "2016-04-01", "2026-03-31")
    assert view.chosen.since == datetime(2016, 4, 1, tzinfo=BERLIN)
    assert view.chosen.until == datetime(2026, 4, 1, tzinfo=BERLIN)


def test_of_ages_without_a_mention_one_day_is_looked_at(client: TestClient) -> None:
    view = viewed(client, "0002-01-01", "0202-03-01")
    assert (view.chosen.since, view.chosen.until) == (
        datetime(202, 3, 1, tzinfo=BERLIN),
        datetime(202, 3, 2, tzinfo=BERLIN),
    )


def test_a_last_day_alone_begins_thirty_days_before(client: TestClient) -> None:
    view = viewed(client, None, "0202-03-01")
    assert view.chosen.since.astimezone(UTC).date() == date(202, 1, 30)
    with pytest.raises(WrongAddressError, match="exchange them"):
        viewed(client, "2026-03-01", "0202-03-01")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("since", ["0002-03-01", "0020-03-01", "0202-03-01"])
def test_the_figures_are_those_of_all_that_is_there(client: TestClient, path: str, since: str) -> None:
    assert client.get(f"{path}&since={since}&until=2026-03-31").status_code == 200
