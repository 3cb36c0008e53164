"""Brand against brand over time: every mention in its unit, titles that say no more than figures do."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.messages import Sentiment, TextMention
from monitor.reports.charts import versus_health_chart, versus_share_chart
from monitor.reports.feeling import Unit
from monitor.reports.filters import Filter
from monitor.reports.versus import MOST, Line, Point, beside, contenders, versus
from monitor.reports.voice import BrandVoice, share_of_voice
from monitor.settings import Settings
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from tests.reports.conftest import BRANDS, SINCE

DAY = timedelta(days=1)


def voice(brand: str, posts: int, *, own: bool = False) -> BrandVoice:
    return BrandVoice(
        brand=brand,
        own=own,
        posts=posts,
        words=posts,
        picture=0,
        share=0.1,
        share_words=0.1,
        share_picture=0.0,
    )


def line(brand: str, positive: int, opinions: int, *, own: bool = False, mentions: int = 100) -> Line:
    """Two days, alike."""
    points = tuple(
        Point(label=day, mentions=mentions, share=0.5, positive=positive, opinions=opinions)
        for day in ("1 Mar", "2 Mar")
    )
    return Line(brand=brand, own=own, points=points)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Los_Angeles"])
def test_every_mention_is_in_one_unit_of_every_zone(month, since, until, zone):
    """Half-hour zones are counted from the rows, the others from the roll-ups."""
    where = ZoneInfo(zone)
    chosen = Filter(since.astimezone(where), until.astimezone(where))
    unit, lines = versus(month.connection, chosen, share_of_voice(month.connection, chosen), zone)
    assert unit == "week"  # sixteen mentions in a month
    found = {each.brand: (each.mentions, each.positive, each.opinions) for each in lines}
    assert found == {"VMware": (9, 3, 6), "Citrix": (6, 0, 1), "M&M <b>": (1, 1, 1)}
    assert len({tuple(point.label for point in each.points) for each in lines}) == 1
    for places in zip(*(each.points for each in lines), strict=True):
        shares = [point.share for point in places if point.share is not None]
        assert not shares or sum(shares) == pytest.approx(1)


def test_shares_are_of_all_watched_brands_whatever_brands_are_chosen(month, since, until):
    chosen = Filter(since, until, brands=("Citrix",))
    _, (citrix,) = versus(month.connection, chosen, share_of_voice(month.connection, chosen), "UTC")
    first = citrix.points[0]
    assert (first.mentions, first.share) == (1, pytest.approx(1 / 4))


async def much_talk(settings: Settings) -> None:
    """Five texts about VMware on each day of March."""
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    said = "VMware again"
    texts = tuple(
        TextResult(
            position=RecordPosition(topic="mentions.text", partition=1, offset=n, timestamp=SINCE),
            mention=TextMention(id=f"more-{n}", source="forum", text=said, published_at=SINCE + n * DAY / 5),
            sentiment=Sentiment(label="neutral", p_negative=0.1, p_neutral=0.8, p_positive=0.1),
            brands=BrandMatcher(BRANDS).find(said),
            model_version="sentiment@1.0.0",
        )
        for n in range(5 * 31)
    )
    await writer.write(Batch(log_id="c", results=texts))
    await engine.dispose()


async def test_the_unit_is_the_finest_with_some_mentions_a_point(month, settings, since):
    def told(days: int) -> tuple[Unit, int]:
        chosen = Filter(since, since + days * DAY, brands=("VMware",))
        unit, (vmware,) = versus(month.connection, chosen, share_of_voice(month.connection, chosen), "UTC")
        return unit, len(vmware.points)

    # 1 March is a Sunday.
    assert told(31) == ("week", 4)
    assert told(7) == ("day", 4)  # two weeks are no line
    await much_talk(settings)
    assert told(31) == ("day", 31)
    assert told(7) == ("day", 7)


def test_a_long_period_is_told_by_week_or_month(month, until):
    chosen = Filter(datetime(2025, 4, 1, tzinfo=until.tzinfo), until)
    unit, lines = versus(month.connection, chosen, share_of_voice(month.connection, chosen), "UTC")
    assert unit == "month"
    assert [point.label for point in lines[0].points] == ["Mar 2026"]
    assert versus_share_chart(lines, unit) is None  # one point is no line


def test_ours_come_first_and_five_are_enough():
    found = contenders(
        [
            *(voice(f"other {n}", 100 - n) for n in range(6)),
            *(voice(f"our {n}", 9 - n, own=True) for n in range(4)),
        ]
    )
    assert [each.brand for each in found] == ["our 0", "our 1", "our 2", "other 0", "other 1"]
    assert len(found) == MOST
    assert beside([line(each.brand, 1, 1) for each in found[:3]]) == "our 0 beside our 1 and our 2"
    assert beside([line("our 0", 1, 1)]) == "our 0 alone: nothing to compare it with"


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (
            [line("Ours", 90, 100, own=True), line("Theirs", 50, 100)],
            "Ours is liked best: 90% positive, Theirs next with 50%",
        ),
        (
            [line("Ours", 20, 100, own=True), line("Theirs", 50, 100)],
            "Theirs is liked better than Ours: 50% to 20% positive",
        ),
        (
            [line("Ours", 48, 100, own=True), line("Theirs", 50, 100)],
            "Ours is liked about as much as Theirs: 48% and 50% positive",
        ),
        (
            [line("Ours", 50, 100, own=True), line("Few", 9, 9)],
            None,  # no point of its own: nothing to compare
        ),
    ],
)
def test_brands_are_ranked_by_health_where_their_ranges_stand_apart(lines, title):
    drawing = versus_health_chart(lines, "day")
    assert (None if drawing is None else drawing.title) == title


def test_the_most_spoken_of_is_named_with_its_mentions():
    first = versus_share_chart([line("Ours", 1, 2, own=True), line("Theirs", 1, 2, mentions=40)], "day")
    assert first is not None
    assert first.title == "Ours is spoken of most: 200 mentions, Theirs next with 80 mentions"
    second = versus_share_chart([line("Ours", 1, 2, own=True), line("Theirs", 1, 2, mentions=140)], "day")
    assert second is not None
    assert second.title == "Theirs is spoken of most: 280 mentions; Ours in 200 mentions"


def test_hostile_names_are_drawn():
    lines = [
        line("constructor", 9, 30, own=True),
        line("\ufffe" + "\U0001f600" * 60, 9, 30),
        line("<b>&", 9, 30),
    ]
    for drawing in (versus_share_chart(lines, "day"), versus_health_chart(lines, "day")):
        assert drawing is not None
        assert drawing.svg is not None
