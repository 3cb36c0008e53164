"""By posts and by stories, by language: a German text nobody scored, and a story of three copies over two
sources and two days, whose oldest arrived last."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pytest
from sqlalchemy import Connection, text

from monitor.corrections import correct_sentiment
from monitor.insights.standings import standings
from monitor.messages import BrandMention, Label, Sentiment, TextMention, mention_uuid
from monitor.reports.asked import Asked
from monitor.reports.authors import authors
from monitor.reports.content import gather
from monitor.reports.detail import mention
from monitor.reports.figures import sentiment_over_time, share_of_voice, summary
from monitor.reports.filters import Filter
from monitor.reports.languages import Unscored, in_words, language_names
from monitor.reports.mentions import all_mentions, copies, folded, most_extreme, search, story
from monitor.reports.method import method
from monitor.reports.origins import sources
from monitor.reports.report import page
from monitor.settings import Settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.rollups import compare
from monitor.storage.writer import BatchWriter
from tests.reports.conftest import BRANDS, SINCE, UNTIL

OUTAGE = "VMware is down for thousands of customers since this morning"
MARCH = Filter(SINCE, UNTIL)

# In order of arrival: id, day and hour of March, source, author, language, text, label; None: not scored.
SAID: tuple[tuple[str, int, int, str, str, str, str, Label | None], ...] = (
    ("copy", 5, 9, "news", "bo", "en", OUTAGE, "negative"),
    ("late copy", 5, 18, "forum", "cy", "en", OUTAGE, "negative"),
    ("german", 5, 10, "forum", "di", "de", "VMware ist heute wieder langsam", None),
    ("praise", 6, 10, "forum", "ed", "en", "VMware is back, and quick", "positive"),
    ("first", 4, 20, "news", "al", "en", OUTAGE, "negative"),
)


def felt(label: Label | None) -> Sentiment | None:
    if label is None:
        return None
    p = {"negative": 0.05, "neutral": 0.05, "positive": 0.05} | {label: 0.9}
    return Sentiment(label=label, p_negative=p["negative"], p_neutral=p["neutral"], p_positive=p["positive"])


def result(offset: int) -> TextResult:
    id, day, hour, source, author, language, said, label = SAID[offset]
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=SINCE),
        mention=TextMention(
            id=id,
            source=source,
            text=said,
            author=author,
            published_at=datetime(2026, 3, day, hour, tzinfo=UTC),
        ),
        sentiment=felt(label),
        brands=(BrandMention(brand="VMware", matched="VMware", start=0, end=6),),
        model_version="sentiment@1.0.0",
        language=language,
    )


def tell_the_story(connection: Connection) -> None:
    """The texts that say the same are one story, and the first of those there leads it."""
    connection.execute(
        text("""
            WITH placed AS (
                SELECT id, first_value(id) OVER story AS story, row_number() OVER story = 1 AS lead
                FROM mention WINDOW story AS (PARTITION BY text ORDER BY published_at, id)
            )
            UPDATE mention AS m SET story_id = p.story, lead = p.lead FROM placed AS p WHERE p.id = m.id
        """)
    )


@dataclass(frozen=True)
class Told:
    connection: Connection
    store: PictureStore


@pytest.fixture
async def told(settings: Settings) -> Iterator[Told]:
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    engine = sync_engine(settings)
    for offset in range(len(SAID)):
        await writer.write(Batch(log_id="c", results=(result(offset),)))
        with engine.begin() as connection:
            tell_the_story(connection)
    await workers.dispose()
    with engine.connect() as connection:
        assert [each for each in compare(connection) if not each.ok] == []
        yield Told(connection, PictureStore(settings.picture_store))
    engine.dispose()


def by_stories(chosen: Filter = MARCH) -> Filter:
    return msgspec.structs.replace(chosen, counting="stories")


def only(chosen: Filter, *languages: str) -> Filter:
    return msgspec.structs.replace(chosen, languages=languages)


def test_the_summary_says_both_numbers_and_what_was_not_scored(told):
    posts, stories = summary(told.connection, MARCH), summary(told.connection, by_stories())
    assert (posts.mentions, posts.by_posts, posts.by_stories) == (5, 5, 3)
    assert (stories.mentions, stories.by_posts, stories.by_stories) == (3, 5, 3)
    assert posts.unscored == stories.unscored == (Unscored(language="de", texts=1),)
    assert posts.unscored_texts == 1
    assert [(each.model_version, each.mentions) for each in posts.models] == [("sentiment@1.0.0", 4)]
    (felt_by_posts,), (felt_by_stories,) = posts.feeling, stories.feeling
    assert (felt_by_posts.mentions, felt_by_posts.negative, felt_by_posts.unscored) == (5, 3, 1)
    assert felt_by_posts.net_sentiment == (1 - 3) / 4
    assert (felt_by_stories.mentions, felt_by_stories.negative, felt_by_stories.unscored) == (3, 1, 1)
    assert felt_by_stories.net_sentiment == 0


@pytest.mark.parametrize("brands", [("VMware",), ("VMware", "Citrix")])
def test_so_it_does_of_chosen_brands(told, brands):
    found = summary(told.connection, msgspec.structs.replace(MARCH, brands=brands))
    assert (found.by_posts, found.by_stories) == (5, 3)
    assert found.unscored == (Unscored(language="de", texts=1),)


def test_a_story_counts_where_and_when_it_appeared_first(told):
    days = sentiment_over_time(told.connection, by_stories(), "VMware", "day")
    assert [(each.start.day, each.negative, each.positive, each.unscored) for each in days] == [
        (4, 1, 0, 0),
        (5, 0, 0, 1),
        (6, 0, 1, 0),
    ]
    fifth = Filter(datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC))
    assert summary(told.connection, by_stories(fifth)).texts == 1  # the German one
    found = {each.source: (each.mentions, each.unscored) for each in sources(told.connection, by_stories())}
    assert found == {"news": (1, 0), "forum": (2, 1)}
    assert {each.author for each in authors(told.connection, by_stories())} == {"al", "di", "ed"}
    assert share_of_voice(told.connection, by_stories())[0].posts == 3
    (vmware,) = standings(told.connection, by_stories(), "UTC")
    assert (vmware.mentions.n, vmware.share.n, vmware.health.n) == (3, 3, 2)


def test_everything_is_found_by_language(told):
    german = only(MARCH, "de")
    assert language_names(told.connection) == ("de", "en")
    assert summary(told.connection, german).texts == 1
    assert summary(told.connection, german).feeling[0].net_sentiment is None
    assert [each.external_id for each in all_mentions(told.connection, german)] == ["german"]
    assert [each.external_id for each in search(told.connection, german).rows] == ["german"]
    assert [each.author for each in authors(told.connection, german)] == ["di"]
    assert most_extreme(told.connection, german, "VMware", "negative", 9) == ()
    assert summary(told.connection, only(MARCH, "de", "en")).texts == 5
    assert summary(told.connection, only(by_stories(), "en")).texts == 2


def test_what_a_person_says_of_a_text_nobody_scored_counts(told):
    id = mention_uuid("text", "forum", "german")
    assert mention(told.connection, id).opinions == ()
    correct_sentiment(told.connection, id, None, "negative", by="ann")
    found = summary(told.connection, only(MARCH, "de"))
    assert (found.unscored, found.feeling[0].negative, found.feeling[0].unscored) == ((), 1, 0)
    assert summary(told.connection, msgspec.structs.replace(MARCH, brands=("VMware",))).unscored == ()
    (whole, toward) = mention(told.connection, id).opinions
    assert (whole.label, whole.p_negative, whole.corrected) == ("negative", None, True)
    assert (toward.brand, toward.label, toward.corrected) == ("VMware", "negative", True)
    (quote,) = most_extreme(told.connection, only(MARCH, "de"), "VMware", "negative", 9)
    assert (quote.p, quote.corrected) == (1, True)
    assert mention(told.connection, id).line.verdict == "negative"


def test_copies_are_listed_and_folded(told):
    first = mention_uuid("text", "news", "first")
    found = story(told.connection, first, limit=2)
    assert [row.external_id for row in found.rows] == ["first", "copy"]
    rest = story(told.connection, first, after=found.next, limit=2)
    assert ([row.external_id for row in rest.rows], rest.next) == (["late copy"], None)
    assert copies(told.connection, [first]) == {first: 2}
    assert mention(told.connection, mention_uuid("text", "news", "copy")).copies == 2
    lines = list(all_mentions(told.connection, MARCH))
    assert [(row.external_id, n) for row, n in folded(told.connection, lines)] == [
        ("first", 2),
        ("german", 0),
        ("praise", 0),
    ]
    assert [row.external_id for row in search(told.connection, by_stories()).rows] == [
        "praise",
        "german",
        "first",
    ]
    assert search(told.connection, MARCH, fold=True) == search(told.connection, by_stories())


@pytest.mark.parametrize(
    ("narrowed", "shown"),
    [
        ({"brands": ("VMware",)}, ["first", "german", "praise"]),
        ({"brands": ("Citrix",)}, []),
        ({"sources": ("forum",)}, ["german", "late copy", "praise"]),  # the first of the story is in the news
        ({"languages": ("en",)}, ["first", "praise"]),
        ({"since": datetime(2026, 3, 5, tzinfo=UTC)}, ["copy", "german", "late copy", "praise"]),
    ],
)
@pytest.mark.parametrize("order", ["newest", "oldest", "reach"])
def test_copies_are_folded_where_the_first_one_is_chosen(told, narrowed, shown, order):
    chosen = msgspec.structs.replace(MARCH, **narrowed)
    found = search(told.connection, chosen, fold=True, order=order).rows
    assert sorted(row.external_id for row in found) == shown
    assert len(search(told.connection, chosen, label="negative", fold=True).rows) == sum(
        row.sentiment == "negative" for row in all_mentions(told.connection, chosen)
    )


def test_reports_say_it_in_words(told):
    report = gather(told.connection, Asked(chosen=MARCH), UNTIL)
    assert report.stories == "5 mentions tell 3 stories; the others are copies"
    unscored = "1 text not scored: de 1 (the model does not speak that language: in no sentiment)"
    assert any(unscored in paragraph for paragraph in method(report))
    shown = page(report, told.store)
    assert "5 mentions tell 3 stories" in shown
    assert "not scored" in shown
    limited = gather(told.connection, Asked(chosen=only(by_stories(), "de")), UNTIL)
    assert limited.limits == "languages: de; the first of each story, no copies"


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({}, ""),
        ({"de": 1}, "1 text not scored: de 1"),
        ({"de": 12, "und": 3}, "15 texts not scored: de 12, unknown 3"),
        (
            dict.fromkeys(("de", "es", "fr", "it", "pl", "pt", "tr"), 1000),
            "7,000 texts not scored: de 1,000, es 1,000, fr 1,000, it 1,000, pl 1,000, others 2,000",
        ),
    ],
)
def test_what_was_not_scored_in_words(numbers, words):
    assert in_words([Unscored(language=code, texts=n) for code, n in numbers.items()]) == words
