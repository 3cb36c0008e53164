"""What the roll-ups say of any period is what the rows say: whatever its edges, brands, sources, kinds and
languages, by posts and by stories."""

import math
import random
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Connection, text

from monitor.insights.standings import standings
from monitor.local import EmbeddedDatabase
from monitor.queries import parse
from monitor.reports.authors import authors
from monitor.reports.feeling import net_sentiment, sentiment_over_time
from monitor.reports.figures import summary
from monitor.reports.filters import Filter
from monitor.reports.mentions import all_mentions, most_extreme, most_reached, search
from monitor.reports.origins import sources
from monitor.reports.pictures import shown_pictures
from monitor.reports.voice import share_of_voice
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine
from tests.seeding.conftest import UNTIL, WANTED, Maker, maker

__all__ = ["maker"]

FIRST = UNTIL - timedelta(days=9)
WORD = r"[^\W\d_]{2,}(?:['\u2019-][^\W\d_]+)*"
BRANDS = ("VMware", "Cloudera", "Adidas", "Nike", "Sprite")
SOURCES = ("microblog", "photo-sharing", "news")


@pytest.fixture(scope="module")
def seeded(database_server: EmbeddedDatabase, migrated: str, maker: Maker) -> Iterator[Connection]:
    """Nine days of 2,500 mentions; some posts have their text on one day and their picture on another, a
    third of them are copies, and those in German are not scored."""
    name = f"counts_{uuid.uuid4().hex[:12]}"
    engine = sync_engine(load_settings(database_url=database_server.copy(migrated, name)))
    maker.fill(engine, msgspec.structs.replace(WANTED, mentions=2_500, days=9))
    with engine.begin() as connection:
        connection.execute(text("SELECT setseed(0.25)"))
        connection.execute(
            text("""
                UPDATE mention SET published_at = published_at + (random() * 30 - 15) * interval '1 hour'
                WHERE kind = 'image' AND post_id IN (SELECT post_id FROM post_pair) AND random() < 0.5
            """)
        )
        connection.execute(
            text(
                "UPDATE mention SET language = CASE WHEN hashtext(id::text) % 5 = 0 THEN 'de' ELSE 'fr' END"
                " WHERE hashtext(id::text) % 2 = 0"
            )
        )
        connection.execute(
            text("DELETE FROM sentiment WHERE mention_id IN (SELECT id FROM mention WHERE language = 'de')")
        )
        connection.execute(
            text("UPDATE mention SET n_sentiments = 0 WHERE language = 'de' AND kind = 'text'")
        )
        connection.execute(
            text("""
                WITH placed AS (
                    SELECT id, first_value(id) OVER story AS story, row_number() OVER story = 1 AS lead
                    FROM mention WHERE hashtext(external_id) % 3 = 0
                    WINDOW story AS (PARTITION BY hashtext(external_id) % 100 ORDER BY published_at, id)
                )
                UPDATE mention AS m SET story_id = p.story, lead = p.lead FROM placed AS p WHERE p.id = m.id
            """)
        )
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    database_server.drop(name)


def choices(n: int) -> list[Filter]:
    """Periods with edges on days, on hours and on neither, and every mixture of what can be chosen."""
    chance = random.Random(11)
    made = []
    for _ in range(n):
        unit = chance.choice((timedelta(days=1), timedelta(hours=1), timedelta(seconds=17, microseconds=3)))
        steps = timedelta(days=9) // unit
        first, last = sorted(chance.sample(range(steps), 2))
        made.append(
            Filter(
                since=FIRST + first * unit,
                until=FIRST + last * unit,
                brands=tuple(chance.sample(BRANDS, chance.choice((0, 0, 1, 1, 2, 4)))),
                sources=tuple(chance.sample(SOURCES, chance.choice((0, 0, 1, 2)))),
                kinds=chance.choice(((), (), ("text",), ("image",), ("text", "image"))),
                languages=chance.choice(((), (), ("de",), ("en", "und"), ("de", "fr"))),
                counting=chance.choice(("posts", "stories")),
            )
        )
    return made


def one(connection: Connection, chosen: Filter, query: str) -> Any:
    return connection.execute(text(query), chosen.values()).scalar_one()


def rows_of(chosen: Filter) -> str:
    """Every appearance of a brand in what was chosen, from the tables the workers write."""
    return f"""
        SELECT m.id, m.post_id, m.kind, m.source, m.author, m.language, b.name AS brand, true AS words
        FROM brand_mention AS n JOIN mention AS m ON m.id = n.mention_id JOIN brand AS b ON b.id = n.brand_id
        WHERE {chosen.where("m")}
        UNION
        SELECT m.id, m.post_id, m.kind, m.source, m.author, m.language, b.name, false
        FROM mention AS m JOIN logo_detection AS d
          ON d.picture_sha256 = m.picture_sha256 AND d.model_version = m.model_version
        JOIN brand AS b ON b.id = d.brand_id
        WHERE {chosen.where("m")}
    """


IN_BRANDS = "(cardinality(CAST(:brands AS text[])) = 0 OR brand = ANY(:brands))"


@pytest.mark.parametrize("chosen", choices(24), ids=range(24))
def test_the_summary_says_what_the_rows_say(seeded, chosen):
    found = summary(seeded, chosen)
    each = rows_of(chosen)
    if chosen.brands:
        mentions = (
            f"(SELECT DISTINCT id, post_id, kind, source, language FROM ({each}) AS e WHERE {IN_BRANDS})"
        )
    else:
        mentions = f"(SELECT id, post_id, kind, source, language FROM mention AS m WHERE {chosen.where('m')})"
    for name, query in {
        "texts": f"count(*) FILTER (WHERE kind = 'text') FROM {mentions} AS c",
        "images": f"count(*) FILTER (WHERE kind = 'image') FROM {mentions} AS c",
        "posts": f"count(DISTINCT post_id) FROM {mentions} AS c",
        "sources": f"count(DISTINCT source) FROM {mentions} AS c",
        "brand_posts": f"count(DISTINCT post_id) FROM ({each}) AS e WHERE {IN_BRANDS}",
        "image_only": f"""
            count(DISTINCT id) FROM ({each}) AS e WHERE NOT words AND {IN_BRANDS} AND NOT EXISTS (
            SELECT FROM mention AS t JOIN brand_mention AS n ON n.mention_id = t.id
            JOIN brand AS b ON b.id = n.brand_id WHERE t.post_id = e.post_id AND b.name = e.brand)""",
    }.items():
        assert getattr(found, name) == one(seeded, chosen, f"SELECT {query}"), name
    n_german = one(
        seeded, chosen, f"SELECT count(*) FROM {mentions} AS c WHERE kind = 'text' AND language = 'de'"
    )
    assert {each.language: each.texts for each in found.unscored} == ({"de": n_german} if n_german else {})
    numbers = {"posts": found.by_posts, "stories": found.by_stories}
    assert numbers[chosen.counting] == found.mentions
    assert found.by_stories <= found.by_posts


@pytest.mark.parametrize("chosen", choices(24), ids=range(24))
def test_voice_feeling_and_origins_say_what_the_rows_say(seeded, chosen):
    each = rows_of(chosen)
    counted = seeded.execute(
        text(f"""
            SELECT brand, count(DISTINCT post_id), count(DISTINCT post_id) FILTER (WHERE words),
                   count(DISTINCT id) FILTER (WHERE NOT words)
            FROM ({each}) AS e GROUP BY 1
        """),
        chosen.values(),
    )
    expected = {brand: tuple(counts) for brand, *counts in counted}
    found = {v.brand: (v.posts, v.words, v.picture) for v in share_of_voice(seeded, chosen)}
    assert found == {brand: n for brand, n in expected.items() if not chosen.brands or brand in chosen.brands}

    felt = seeded.execute(
        text(f"""
            SELECT e.brand, s.label, count(*) FROM (SELECT DISTINCT id, brand FROM ({each}) AS e
                                                    WHERE kind = 'text') AS e
            JOIN brand AS b ON b.name = e.brand
            JOIN sentiment AS s ON s.mention_id = e.id AND s.brand_id = b.id
            WHERE {IN_BRANDS.replace("brand =", "e.brand =")} GROUP BY 1, 2
        """),
        chosen.values(),
    )
    labels = {(brand, label): n for brand, label, n in felt}
    for feeling in net_sentiment(seeded, chosen):
        for label in ("positive", "neutral", "negative", "unsure"):
            assert getattr(feeling, label) == labels.pop((feeling.brand, label), 0)
        sure = feeling.positive + feeling.neutral + feeling.negative
        assert feeling.mentions == sure + feeling.unsure + feeling.unscored
    assert labels == {}

    of_sources = seeded.execute(
        text(f"SELECT source, count(DISTINCT id) FROM ({each}) AS e WHERE {IN_BRANDS} GROUP BY 1"),
        chosen.values(),
    )
    assert {s.source: s.mentions for s in sources(seeded, chosen)} == dict(of_sources.all())
    of_authors = seeded.execute(
        text(f"SELECT source, author, count(DISTINCT id) FROM ({each}) AS e WHERE {IN_BRANDS} GROUP BY 1, 2"),
        chosen.values(),
    )
    assert {(a.source, a.author): a.mentions for a in authors(seeded, chosen, 10_000)} == {
        (source, author): n for source, author, n in of_authors
    }


MOMENT = timedelta(microseconds=1)
DAY = FIRST.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)


@pytest.mark.parametrize("step", ["day", "hour", "moment"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        (timedelta(hours=9, minutes=20), timedelta(hours=9, minutes=50)),
        (timedelta(hours=9, minutes=20), timedelta(hours=10, minutes=30)),
        (timedelta(hours=9, minutes=20), timedelta(hours=10)),
        (timedelta(hours=9), timedelta(hours=9, minutes=20)),
        (timedelta(hours=9), timedelta(hours=14)),
        (timedelta(hours=22, minutes=10), timedelta(hours=26, minutes=10)),
        (timedelta(0), timedelta(days=1)),
        (timedelta(0), timedelta(days=2, hours=5)),
        (-MOMENT, timedelta(days=1) + MOMENT),
        (MOMENT, timedelta(days=2) - MOMENT),
        (timedelta(hours=-30), timedelta(days=3, hours=7, minutes=31)),
    ],
)
def test_a_period_is_put_together_without_gap_or_overlap(seeded, since, until, step):
    """Whichever whole hours and days it has: none, none but its ends, all of it."""
    period = {"since": DAY + since, "until": DAY + until, "step": step}
    parts = seeded.execute(
        text("""
            SELECT first_hour(:since, :until), first_day(:since, :until), last_day(:since, :until),
                   last_hour(:since, :until)
        """),
        period,
    ).one()
    assert sorted([period["since"], *parts, period["until"]]) == [period["since"], *parts, period["until"]]
    counted = "brand_id, lead, sum(texts), sum(images), sum(negative), sum(unscored), sum(silent)"
    found = seeded.execute(
        text(
            f"SELECT {counted} FROM brand_counts(:since, :until, step => :step) GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        period,
    ).all()
    each = seeded.execute(
        text(f"SELECT {counted} FROM brand_moments(:since, :until) GROUP BY 1, 2 ORDER BY 1, 2"), period
    ).all()
    assert found == each
    numbers = seeded.execute(
        text("""
            SELECT (SELECT coalesce(sum(mentions), 0) FROM mention_counts(:since, :until)),
                   (SELECT coalesce(sum(mentions), 0) FROM about_any(:since, :until)),
                   (SELECT count(*) FROM mention WHERE published_at >= :since AND published_at < :until),
                   (SELECT count(DISTINCT mention_id) FROM presence
                    WHERE published_at >= :since AND published_at < :until)
        """),
        period,
    ).one()
    assert numbers[:2] == numbers[2:]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2026, 5, 24), datetime(2026, 5, 31, 13, 30)),
        # Winter at both ends and in the middle: London and Lord Howe have other offsets than in between.
        (datetime(2024, 12, 10), datetime(2026, 12, 10)),
        (datetime(2025, 7, 1), datetime(2027, 7, 1)),
    ],
    ids=["week", "winters", "summers"],
)
@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/London", "Europe/Berlin", "Asia/Kolkata", "Pacific/Chatham", "Australia/Lord_Howe"],
)
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_days_are_those_of_the_zone(seeded, zone, unit, since, until):
    where = ZoneInfo(zone)
    chosen = Filter(since.replace(tzinfo=where), until.replace(tzinfo=where), sources=("microblog",))
    expected = seeded.execute(
        text(f"""
            SELECT date_trunc(:unit, published_at AT TIME ZONE :zone)::date,
                   count(*) FILTER (WHERE label = 'positive'), count(*) FILTER (WHERE label = 'neutral'),
                   count(*) FILTER (WHERE label = 'negative'), count(*) FILTER (WHERE label = 'unsure')
            FROM brand_sentiment AS s WHERE brand = 'VMware' AND {chosen.where("s")} GROUP BY 1 ORDER BY 1
        """),
        {**chosen.values(), "unit": unit, "zone": zone},
    ).all()
    points = sentiment_over_time(seeded, chosen, "VMware", unit, zone)
    found = [(p.start, p.positive, p.neutral, p.negative, p.unsure) for p in points]
    assert [point for point in found if any(point[1:])] == [tuple(row) for row in expected]
    assert sum(p.unsure for p in points)


@pytest.mark.parametrize("order", ["newest", "oldest", "reach"])
@pytest.mark.parametrize("chosen", choices(8), ids=range(8))
@pytest.mark.parametrize("label", [None, "negative", "unsure"])
@pytest.mark.parametrize("words", [None, "support", '"hall four"'])
def test_a_list_has_every_mention_once_in_its_order(seeded, chosen, order, label, words):
    found, after = [], None
    while True:
        query = parse(words) if words else None
        page = search(seeded, chosen, query=query, label=label, order=order, after=after, limit=40)
        found += page.rows
        after = page.next
        if after is None:
            break

    def fits(line: Any) -> bool:
        said = (line.text or "").casefold()
        if words and words.strip('"') not in said:
            return False
        return label is None or line.sentiment == label

    every = [line for line in all_mentions(seeded, chosen) if fits(line)]
    if order == "reach":
        every.sort(key=lambda line: (-1 if line.reach is None else line.reach, line.mention_id), reverse=True)
    else:
        every.sort(key=lambda line: (line.published_at, line.mention_id), reverse=order == "newest")
    assert [line.mention_id for line in found] == [line.mention_id for line in every]


def test_the_most_reached_are_about_a_brand_first(seeded):
    whole = Filter(FIRST - timedelta(days=1), UNTIL + timedelta(days=1))
    about = [line for line in all_mentions(seeded, whole) if line.brands_named or line.brands_shown]
    about.sort(key=lambda line: (-1 if line.reach is None else line.reach, line.mention_id), reverse=True)
    assert most_reached(seeded, whole, 12) == tuple(about[:12])
    everything = most_reached(seeded, whole, 3_000)
    assert len(everything) == 2_500
    assert not everything[-1].brands_named + everything[-1].brands_shown


@pytest.mark.parametrize("label", ["positive", "neutral", "negative"])
def test_the_most_extreme_are_those_the_model_is_surest_of(seeded, label):
    quotes = most_extreme(seeded, Filter(FIRST, UNTIL), "VMware", label, 1)
    surest = f"max(p_{label}) FROM brand_sentiment WHERE brand = 'VMware' AND label = '{label}'"
    # Texts that name no other brand come first.
    assert quotes[0].p == pytest.approx(seeded.execute(text(f"SELECT {surest}")).scalar_one(), abs=0.01)


def test_the_views_say_what_the_functions_say(seeded):
    """Those of days and weeks, for periods of whole days and weeks."""
    week = Filter(UNTIL - timedelta(days=7), UNTIL)  # a Monday to a Monday
    day = Filter(FIRST + timedelta(days=3), FIRST + timedelta(days=4))
    both = {"day": day.since.date(), "week": week.since.date()}

    def view(query: str) -> dict[Any, Any]:
        return {row[0]: tuple(row[1:]) for row in seeded.execute(text(query), both)}

    for channel, name in (("any", "posts"), ("words", "words"), ("picture", "picture")):
        shares = view(f"SELECT brand, posts FROM share_of_voice WHERE day = :day AND channel = '{channel}'")
        assert shares == {v.brand: (n,) for v in share_of_voice(seeded, day) if (n := getattr(v, name))}
    assert view(
        "SELECT brand, mentions, positive, neutral, negative, unsure FROM sentiment_daily WHERE day = :day"
    ) == {
        f.brand: (f.mentions, f.positive, f.neutral, f.negative, f.unsure) for f in net_sentiment(seeded, day)
    }
    pictures = view(
        "SELECT count(DISTINCT mention_id) FROM image_only_mentions WHERE published_at::date = :day"
    )
    assert set(pictures) == {summary(seeded, day).image_only}
    assert len(shown_pictures(seeded, day, 500, unnamed_only=True)) <= next(iter(pictures))
    of_sources = view(
        "SELECT source, sum(mentions)::bigint, sum(unsure)::bigint FROM source_daily"
        " WHERE day = :day AND brand = 'VMware' GROUP BY 1"
    )
    ours = msgspec.structs.replace(day, brands=("VMware",))
    assert of_sources == {s.source: (s.mentions, s.unsure) for s in sources(seeded, ours)}
    of_authors = view(
        "SELECT author || '@' || source, mentions, reach, negative, unsure FROM brand_authors"
        " WHERE day = :day AND brand = 'VMware'"
    )
    assert of_authors == {
        f"{a.author}@{a.source}": (a.mentions, a.reach, a.negative, a.unsure)
        for a in authors(seeded, ours, 1_000)
    }


def test_the_weekly_view_says_what_changed(seeded):
    """A post whose text and picture are of two days counts on both days there, hence the margin."""
    week = Filter(UNTIL - timedelta(days=7), UNTIL)
    found = {
        row.brand: row
        for row in seeded.execute(
            text("SELECT * FROM brand_weekly WHERE week = :week"), {"week": week.since.date()}
        )
    }
    now = share_of_voice(seeded, week)
    assert set(found) == {voice.brand for voice in now}
    for voice in now:
        row = found[voice.brand]
        assert voice.posts <= row.posts <= 1.1 * voice.posts + 2
        assert row.share == pytest.approx(voice.share, abs=0.01)
    felt = {standing.brand: standing.health for standing in standings(seeded, week, "UTC")}
    for brand, row in found.items():
        assert row.health == felt[brand].now
        assert row.opinions == felt[brand].n


def test_the_view_of_terms_scores_words_by_their_log_odds(seeded):
    """Monroe, Colaresi and Quinn 2008, equations 15, 16 and 20 to 22, of single words of every text."""
    said = seeded.execute(
        text("""
            SELECT s.label, m.text FROM brand_sentiment AS s JOIN mention AS m ON m.id = s.mention_id
            WHERE s.brand = 'VMware' AND s.label IN ('positive', 'negative')
              AND s.published_at >= '2026-05-01' AND s.published_at < '2026-06-01'
        """)
    )
    counted: dict[str, Counter[str]] = {"positive": Counter(), "negative": Counter()}
    for label, words in said:
        plain = re.sub(r"(?:https?://|www\.|[@#])\S+", " ", words)
        counted[label].update({word.casefold() for word in re.findall(WORD, plain)})
    expected = {
        term: pytest.approx(_z_score(term, counted["positive"], counted["negative"]))
        for term in counted["positive"] | counted["negative"]
        if counted["positive"][term] + counted["negative"][term] >= 3
    }
    found = seeded.execute(
        text("SELECT term, z FROM brand_terms WHERE brand = 'VMware' AND month = '2026-05-01'")
    )
    assert dict(found.all()) == expected
    assert len(expected) > 50


def _z_score(term: str, positive: Counter[str], negative: Counter[str]) -> float:
    background = positive + negative
    prior = 500 * background[term] / background.total()
    odds = [(n[term] + prior) / (n.total() + 500 - n[term] - prior) for n in (positive, negative)]
    return math.log(odds[0] / odds[1]) / math.sqrt(sum(1 / (n[term] + prior) for n in (positive, negative)))
