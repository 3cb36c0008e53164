"""Pages, API and report of a period whose first days were pruned: figures as before, and what is missing."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from monitor.insights import series
from monitor.reports.counts import step_of
from monitor.reports.feeling import sentiment_over_time
from monitor.reports.filters import Filter
from monitor.reports.report import ReportFormat, write_report
from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.pruning import Pruning

NOTE = "Mentions published before 9 March 2026 are no longer kept; figures of that time are."
MONTH = "since=2026-03-01&until=2026-03-31"
PAGES = (
    "/",
    "/brand?name=VMware",
    "/compare",
    "/themes?name=VMware",
    "/mentions",
    "/pictures",
    "/answer",
    "/quality",
)


def asked(path: str, period: str = MONTH) -> str:
    return f"{path}{'&' if '?' in path else '?'}{period}"


def prune(settings: Settings, before: datetime) -> None:
    engine = sync_engine(settings)
    pruning = Pruning(engine, before)
    pruning.begin()
    assert pruning.run().finished
    engine.dispose()


@pytest.fixture
def pruned(settings: Settings) -> None:
    """Of seven texts and a picture from 6 to 10 March those before the 9th are gone."""
    prune(settings, datetime(2026, 3, 9, tzinfo=UTC))


@pytest.mark.usefixtures("pruned")
@pytest.mark.parametrize("path", PAGES)
def test_pages_say_from_when_on_mentions_are_kept(client: TestClient, path: str) -> None:
    page = client.get(asked(path))
    assert page.status_code == 200
    assert NOTE in page.text
    assert NOTE not in client.get(asked(path, "since=2026-03-09&until=2026-03-31")).text


def test_the_figures_are_as_before(client: TestClient, settings: Settings) -> None:
    addresses = [
        asked(path)
        for path in ("/api/summary", "/api/timeline?name=VMware", "/api/sources", "/api/standings")
    ]
    before = [client.get(address).json() for address in addresses]
    assert before[0]["kept_from"] is None
    for day in (9, 11):  # some of them, then all
        prune(settings, datetime(2026, 3, day, tzinfo=UTC))
        after = [client.get(address).json() for address in addresses]
        assert after[0].pop("kept_from") == f"2026-03-{day:02}T00:00:00Z"
        # These are told by the mentions themselves.
        for name in ("authors", "first_published", "last_published", "corrections"):
            after[0].pop(name)
            before[0].pop(name, None)
        before[0].pop("kept_from", None)
        assert after == before
    assert client.get(asked("/api/mentions")).json()["rows"] == []
    for path in PAGES:
        assert client.get(asked(path)).status_code == 200


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_days_are_as_before_wherever_they_begin(settings: Settings, zone: str) -> None:
    """Those of India and Newfoundland begin inside an hour of UTC."""
    where = ZoneInfo(zone)
    chosen = Filter(datetime(2026, 3, 1, tzinfo=where), datetime(2026, 4, 1, tzinfo=where))
    engine = sync_engine(settings)

    def drawn() -> tuple[object, ...]:
        with engine.connect() as connection:
            known = series.read(connection, chosen, zone)
            assert known is not None
            feeling = sentiment_over_time(connection, chosen, "VMware", "day", zone)
            texts = connection.execute(
                text("""
                    SELECT sum(texts), sum(images)
                    FROM brand_counts(:since, :until, :sources, :kinds, :languages, :stories, :step)
                """),
                {**chosen.values(), "step": step_of(chosen, where)},
            ).one()
        return feeling, known.mentions.tolist(), known.praise.tolist(), tuple(texts)

    before = drawn()
    assert sum(before[3]) > 0
    for day in (9, 11):
        prune(settings, datetime(2026, 3, day, tzinfo=UTC))
        assert drawn() == before
    engine.dispose()


@pytest.mark.usefixtures("pruned")
def test_the_lists_hold_what_is_kept(client: TestClient) -> None:
    rows = client.get(asked("/api/mentions")).json()["rows"]
    assert {row["published_at"][:10] for row in rows} == {"2026-03-09", "2026-03-10"}


@pytest.mark.usefixtures("pruned")
def test_the_report_says_it_too(settings: Settings, tmp_path: Path) -> None:
    chosen = Filter(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
    engine = sync_engine(settings)
    path = tmp_path / "report.html"
    with engine.connect() as connection:
        write_report(connection, PictureStore(settings.picture_store), path, chosen, ReportFormat.HTML)
    engine.dispose()
    assert NOTE in re.sub(r"\s+", " ", path.read_text("utf-8"))
