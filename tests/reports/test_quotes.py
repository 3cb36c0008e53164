"""Quotes, counts and charts that a reader takes at their word."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.messages import Box, BrandMention, Sentiment, TextMention, mention_uuid
from monitor.reports.charts import share_chart
from monitor.reports.figures import summary
from monitor.reports.filters import Filter
from monitor.reports.mentions import how_many, most_extreme
from monitor.reports.pictures import ShownLogo, ShownPicture
from monitor.reports.voice import BrandVoice
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from tests.reports.conftest import BRANDS


@pytest.fixture
async def campaign(month, settings, since):
    """Forty times the same text, surer than all others, and one more from where many read it."""
    said = "VMware is  THE best"
    results = tuple(
        TextResult(
            position=RecordPosition(topic="mentions.text", partition=0, offset=500 + n, timestamp=since),
            mention=TextMention(
                id=f"campaign-{n}",
                source="microblog",
                text=said if n % 2 else said.casefold(),
                published_at=since + timedelta(days=4, minutes=n),
                reach=9000 if n == 17 else n,
            ),
            sentiment=Sentiment(label="positive", p_negative=0.01, p_neutral=0.01, p_positive=0.98),
            brands=(BrandMention(brand="VMware", matched="VMware", start=0, end=6),),
            model_version="sentiment@1.0.0",
        )
        for n in range(40)
    )
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    await writer.write(Batch(log_id="d", results=results, rejections=()))
    await engine.dispose()
    month.connection.rollback()
    return month


def test_what_is_said_over_and_over_is_quoted_once(campaign, since, until):
    found = most_extreme(campaign.connection, Filter(since, until), "VMware", "positive", 3)
    assert [each.text.casefold().split() for each in found].count(["vmware", "is", "the", "best"]) == 1
    assert (found[0].reach, found[0].p) == (9000, pytest.approx(0.98))
    assert len(found) == 3
    assert [each.p for each in found] == sorted((each.p for each in found), reverse=True)


@pytest.mark.parametrize(
    "part",
    [{}, {"sources": ("forum",)}, {"kinds": ("image",)}, {"brands": ("VMware",)}, {"brands": ("Quiet",)}],
)
def test_the_number_of_mentions_is_that_of_the_summary(month, since, until, part):
    chosen = Filter(since, until, **part)
    assert how_many(month.connection, chosen) == summary(month.connection, chosen).mentions


def test_a_picture_names_each_brand_once_with_its_surest_find():
    box = Box(0.1, 0.1, 0.2, 0.2)
    found = tuple(
        ShownLogo(brand=brand, score=score, box=box, evidence=by, look=None, letters=None, line=line)
        for brand, score, by, line in (
            ("VMware", 0.8, "both", "by vmware"),
            ("VMware", 0.7, "look", None),
            ("Citrix", 0.61, "letters", "citrix " * 20),
            ("Dell", 0.6, None, None),
        )
    )
    shown = ShownPicture(
        sha256="0" * 64,
        url="file:///gone.jpg",
        mentions=1,
        detections=found,
        unnamed=(),
        mention_id=mention_uuid("image", "a", "b"),
        source="a",
        author=None,
        mention_url=None,
        caption=None,
        published_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    longest = f"{'citrix ' * 8}cit\N{HORIZONTAL ELLIPSIS}"
    assert shown.finds == (
        "VMware \N{MULTIPLICATION SIGN}2, best 80% by look and letters: “by vmware”; "
        f"Citrix 61% by its letters: “{longest}”; Dell 60% by a person"
    )


def test_the_longest_bar_leaves_room_for_its_number():
    voice = [
        BrandVoice(
            brand=brand, own=own, posts=n, words=n, picture=0, share=0.5, share_words=0.5, share_picture=0
        )
        for brand, own, n in (("A", False, 3000), ("B", True, 1000))
    ]
    drawn = share_chart(voice, 4000)
    assert drawn.title == "A leads with 50% of the voice; B is number 2 with 50%"
    assert drawn.spec["layer"][0]["encoding"]["x"]["scale"]["domain"][1] > 3300


@pytest.mark.parametrize(
    ("toward", "whole", "quoted"),
    [(0.93, 0.9, True), (0.62, 0.51, False), (0.97, None, True), (0.35, None, False)],
)
async def test_what_the_model_is_sure_of_only_once_is_not_quoted(
    settings, since, until, toward, whole, quoted
):
    def felt(p: float) -> Sentiment:
        return Sentiment(label="positive", p_negative=(1 - p) / 2, p_neutral=(1 - p) / 2, p_positive=p)

    named = BrandMention(
        brand="VMware", matched="vmware", start=8, end=14, sentiment=felt(toward) if whole else None
    )
    engine = async_engine(settings)
    writer = BatchWriter(engine, BRANDS)
    await writer.prepare()
    result = TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=1, timestamp=since),
        mention=TextMention(id="x", source="s", text="thanks, vmware", published_at=since),
        sentiment=felt(whole or toward),
        brands=(named,),
        model_version="sentiment@1.0.0",
    )
    await writer.write(Batch(log_id="d", results=(result,)))
    await engine.dispose()
    reading = sync_engine(settings)
    with reading.connect() as connection:
        found = most_extreme(connection, Filter(since, until), "VMware", "positive", 3)
    reading.dispose()
    assert bool(found) is quoted
