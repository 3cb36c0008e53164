"""What happened, asked of a real database in which it was planted."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Connection, Engine, text

from monitor.insights.happenings import first, happened
from monitor.insights.standings import standings
from monitor.reports.feeling import net_sentiment
from monitor.reports.filters import Filter
from monitor.reports.voice import share_of_voice
from tests.insights.conftest import OUTAGE, UNTIL

MONTH = Filter(UNTIL - timedelta(days=28), UNTIL)
WEEK = Filter(UNTIL - timedelta(days=7), UNTIL)


def of(found, brand):
    return [each for each in found if each.brand == brand]


@pytest.mark.parametrize("days", [14, 28, 91])
def test_the_outage_is_the_headline_of_any_period_that_holds_it(connection: Connection, days: int) -> None:
    found = happened(connection, Filter(UNTIL - timedelta(days=days), UNTIL), "UTC")
    top = first(found)
    assert top is not None
    assert (top.brand, top.own, top.good) == ("Ours", True, False)
    assert top.since <= OUTAGE < top.until <= OUTAGE + timedelta(days=4)
    assert top.title.startswith("Ours drew criticism ")


def test_a_launch_is_praise_and_quiet_brands_are_quiet(connection: Connection) -> None:
    found = happened(connection, WEEK, "UTC")
    (launch,) = of(found, "Rival")
    assert launch.good is True
    assert of(found, "Calm") == of(found, "Ours") == []


def test_before_the_events_nothing_happened(connection: Connection) -> None:
    calm = Filter(OUTAGE - timedelta(days=9), OUTAGE - timedelta(days=2))
    assert happened(connection, calm, "UTC") == ()


def test_a_silent_source_is_named(connection: Connection) -> None:
    (silent,) = [each for each in happened(connection, WEEK, "UTC") if each.source]
    assert (silent.brand, silent.source, silent.kind, silent.good) == ("Loud", "forum", "silence", None)
    assert silent.usual > 20


def test_its_counts_are_those_of_the_roll_ups(connection: Connection) -> None:
    for each in happened(connection, MONTH, "UTC"):
        if each.source is None:
            (felt,) = net_sentiment(connection, Filter(each.since, each.until, brands=(each.brand,)))
            assert (felt.mentions, felt.positive, felt.opinions) == (
                each.mentions,
                each.positive,
                each.opinions,
            )


def test_a_filter_of_brands_limits_what_is_told_and_changes_nothing_about_it(connection: Connection) -> None:
    every = happened(connection, MONTH, "UTC")
    for brand in ("Ours", "Calm"):
        only = happened(connection, msgspec.structs.replace(MONTH, brands=(brand,)), "UTC")
        assert only == tuple(of(every, brand))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns"])
def test_days_are_those_of_the_zone(connection: Connection, zone: str) -> None:
    there = ZoneInfo(zone)
    until = datetime(2026, 6, 1, tzinfo=there)
    chosen = Filter(until - timedelta(days=28), until)
    top = first(happened(connection, chosen, zone))
    assert top is not None
    assert (top.brand, top.zone) == ("Ours", zone)
    assert top.since.astimezone(there).hour == 0
    assert top.since <= OUTAGE < top.until


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2, 1, 1, tzinfo=UTC), datetime(2, 2, 1, tzinfo=UTC)),
        (datetime(9998, 1, 1, tzinfo=UTC), datetime(9998, 2, 1, tzinfo=UTC)),
    ],
)
def test_where_nothing_is_known_nothing_is_told(
    connection: Connection, since: datetime, until: datetime
) -> None:
    assert happened(connection, Filter(since, until), "UTC") == ()
    assert standings(connection, Filter(since, until), "UTC") == ()


def test_any_period_is_answered(connection: Connection) -> None:
    whole = Filter(datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC))
    assert first(happened(connection, whole, "UTC")) is not None
    odd = Filter(OUTAGE - timedelta(minutes=95, seconds=7), OUTAGE + timedelta(hours=29))
    assert {each.brand for each in happened(connection, odd, "Asia/Kolkata")} <= {"Ours"}


def test_of_an_empty_database_there_is_nothing_to_tell(empty: Connection) -> None:
    assert happened(empty, WEEK, "UTC") == ()
    assert standings(empty, WEEK, "UTC") == ()


def test_what_is_not_watched_any_more_is_not_told(planted: Engine) -> None:
    with planted.connect() as connection:
        connection.execute(text("UPDATE brand SET watched = false WHERE name = 'Rival'"))
        assert of(happened(connection, WEEK, "UTC"), "Rival") == []
        assert "Rival" not in {each.brand for each in standings(connection, WEEK, "UTC")}
        connection.rollback()


def test_standings_are_the_figures_of_the_pages(connection: Connection) -> None:
    found = {each.brand: each for each in standings(connection, WEEK, "UTC")}
    before = {each.brand: each for each in share_of_voice(connection, WEEK.previous())}
    for voice in share_of_voice(connection, WEEK):
        standing = found[voice.brand]
        assert standing.share.now == pytest.approx(voice.share)
        assert standing.share.before == pytest.approx(before[voice.brand].share)
    for felt in net_sentiment(connection, WEEK):
        standing = found[felt.brand]
        assert (standing.health.now, standing.net.now) == (felt.health, felt.net_sentiment)
        assert (standing.health.n, standing.net.n) == (felt.opinions, felt.sure)


def test_the_usual_of_a_brand_is_what_it_was_made_with(connection: Connection) -> None:
    """Also where the weeks before hold an outage: that is no part of what is usual."""
    found = {each.brand: each for each in standings(connection, WEEK, "UTC")}
    assert found["Ours"].mentions.usual == pytest.approx(250, rel=0.2)
    assert found["Calm"].mentions.usual == pytest.approx(90, rel=0.2)
    assert found["Calm"].mentions.from_usual is not None
    assert not found["Calm"].mentions.from_usual.sure
    rival = found["Rival"].mentions.from_usual
    assert rival is not None
    assert rival.sure
    assert rival.value == pytest.approx(2.8, rel=0.3)


def test_without_a_past_there_is_no_usual(connection: Connection) -> None:
    """Nor a period before, where most of it lies before the first mention."""
    opening = Filter(UNTIL - timedelta(days=88), UNTIL - timedelta(days=70))
    for each in standings(connection, opening, "UTC"):
        assert each.mentions.usual is None
        assert each.mentions.before is None
        assert each.mentions.words == each.health.words == ""
