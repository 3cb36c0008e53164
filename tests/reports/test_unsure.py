"""What the model was not sure of: counted apart in every figure, found by its label, and never quoted."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import Connection

from monitor.corrections import correct_sentiment
from monitor.insights.standings import standings
from monitor.messages import BrandMention, TextMention, Verdict, mention_uuid
from monitor.reports.asked import Asked
from monitor.reports.authors import authors
from monitor.reports.content import gather
from monitor.reports.feeling import net_sentiment, sentiment_over_time
from monitor.reports.figures import summary
from monitor.reports.filters import Filter
from monitor.reports.mentions import most_extreme, search
from monitor.reports.method import method
from monitor.reports.origins import sources
from monitor.reports.pdf import pdf
from monitor.reports.report import page, write_report
from monitor.settings import Settings
from monitor.storage.engine import async_engine, sync_engine
from monitor.storage.pictures import PictureStore
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter
from monitor.verdict import verdict
from tests.reports.conftest import BRANDS, SINCE, UNTIL

MARCH = Filter(SINCE, UNTIL)
HALF_AN_HOUR = Filter(datetime(2026, 3, 5, 9, 45, tzinfo=UTC), datetime(2026, 3, 5, 10, 15, tzinfo=UTC))

# Negative, neutral, positive; with a threshold of 0.5, or without a verdict (None: not scored).
SAID: tuple[tuple[str, tuple[float, float, float] | None], ...] = (
    ("VMware is great", (0.05, 0.05, 0.9)),
    ("VMware never lets us down", (0.1, 0.1, 0.8)),
    ("VMware is quick", (0.1, 0.2, 0.7)),
    ("VMware lost our data", (0.6, 0.3, 0.1)),
    ("VMware, well, you know", (0.45, 0.1, 0.45)),
    ("VMware again", (0.2, 0.49, 0.31)),
    ("VMware ist heute wieder langsam", None),
)


def result(offset: int) -> TextResult:
    said, probabilities = SAID[offset]
    return TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=offset, timestamp=SINCE),
        mention=TextMention(
            id=f"t{offset}",
            source="forum",
            text=said,
            author="ann",
            published_at=HALF_AN_HOUR.since + timedelta(minutes=20 + offset),
        ),
        sentiment=None if probabilities is None else verdict(*probabilities, 0.5),
        brands=(BrandMention(brand="VMware", matched="VMware", start=0, end=6),),
        model_version="sentiment@1.0.0",
        language="en" if probabilities else "de",
    )


@pytest.fixture
async def told(settings: Settings) -> Iterator[Connection]:
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    results = tuple(result(offset) for offset in range(len(SAID)))
    await writer.write(Batch(log_id="c", results=results))
    await workers.dispose()
    engine = sync_engine(settings)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


# Of whole days from the roll-ups by day, of less than an hour from the rows.
@pytest.mark.parametrize("chosen", [MARCH, HALF_AN_HOUR], ids=["days", "minutes"])
def test_figures_are_of_what_the_model_was_sure_of(told: Connection, chosen: Filter) -> None:
    (felt,) = net_sentiment(told, chosen)
    assert (felt.mentions, felt.verdicts, felt.sure) == (7, 6, 4)
    assert (felt.positive, felt.neutral, felt.negative, felt.unsure, felt.unscored) == (3, 0, 1, 2, 1)
    assert felt.net_sentiment == (3 - 1) / 4
    assert (felt.health, felt.opinions) == (3 / 4, 4)
    (standing,) = (each for each in standings(told, chosen, "UTC") if each.brand == "VMware")
    assert (standing.health.n, standing.net.now) == (4, 0.5)
    (source,), (author,) = sources(told, chosen), authors(told, chosen)
    for each in (source, author):
        assert (each.positive, each.neutral, each.negative, each.unsure, each.unscored) == (3, 0, 1, 2, 1)


# Days of India begin within an hour of UTC: they are counted from the rows.
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_so_they_are_over_time(told: Connection, zone: str) -> None:
    (point,) = sentiment_over_time(told, MARCH, "VMware", "day", zone)
    assert (point.mentions, point.sure, point.unsure, point.unscored) == (7, 4, 2, 1)
    assert (point.net_sentiment, point.health) == (0.5, 0.75)


def test_a_period_of_nothing_but_texts_without_a_verdict_has_counts(told: Connection) -> None:
    last = HALF_AN_HOUR.since + timedelta(minutes=26)
    (felt,) = net_sentiment(told, Filter(last, last + timedelta(minutes=1)))
    assert (felt.mentions, felt.positive, felt.neutral, felt.negative, felt.unsure) == (1, 0, 0, 0, 0)
    assert (felt.net_sentiment, felt.health, felt.unscored) == (None, None, 1)


@pytest.mark.parametrize("brands", [(), ("VMware",)])
@pytest.mark.parametrize(
    ("label", "found"), [("unsure", ["t5", "t4"]), ("neutral", []), ("negative", ["t3"])]
)
def test_they_are_listed_by_their_label(
    told: Connection, brands: tuple[str, ...], label: Verdict, found: list[str]
) -> None:
    listed = search(told, Filter(SINCE, UNTIL, brands), label=label).rows
    assert [row.external_id for row in listed] == found
    assert {row.verdict for row in listed} <= {label}


def test_no_quote_is_of_them(told: Connection) -> None:
    quoted = {
        each.text
        for label in ("positive", "neutral", "negative")
        for each in most_extreme(told, MARCH, "VMware", label, 50)
    }
    assert quoted == {said for said, _ in SAID[:4]}


def test_a_person_who_judges_one_makes_it_count(told: Connection) -> None:
    correct_sentiment(told, mention_uuid("text", "forum", "t4"), "VMware", "negative", "ann")
    (felt,) = net_sentiment(told, MARCH)
    assert (felt.negative, felt.unsure, felt.net_sentiment) == (2, 1, (3 - 2) / 5)
    assert "VMware, well, you know" in {
        each.text for each in most_extreme(told, MARCH, "VMware", "negative", 9)
    }
    told.rollback()


def test_reports_say_it_in_words(told: Connection, settings: Settings) -> None:
    report = gather(told, Asked(chosen=MARCH), UNTIL)
    said = "The model was not sure in 2 of 6 verdicts: counted apart, in no sentiment"
    assert any(said in paragraph for paragraph in method(report))
    store = PictureStore(settings.picture_store)
    shown = page(report, store)
    assert said in shown
    assert "unsure about VMware" in shown
    assert pdf(report, store).startswith(b"%PDF")


def test_where_the_model_was_sure_nothing_speaks_of_it(told: Connection) -> None:
    first = HALF_AN_HOUR.since + timedelta(minutes=20)
    report = gather(told, Asked(chosen=Filter(first, first + timedelta(minutes=4))), UNTIL)
    assert not [paragraph for paragraph in method(report) if "not sure" in paragraph]


def test_exports_have_the_label_and_the_probabilities(
    told: Connection, settings: Settings, tmp_path: Path
) -> None:
    store = PictureStore(settings.picture_store)
    labels = ["positive"] * 3 + ["negative"] + ["unsure"] * 2
    write_report(told, store, tmp_path / "march.csv", MARCH, "csv")
    rows = list(csv.DictReader((tmp_path / "march.csv").read_text("utf-8-sig").splitlines()))
    assert [row["sentiment"] for row in rows] == [*labels, ""]
    assert (rows[4]["p_negative"], rows[5]["p_neutral"]) == ("0.45", "0.49")
    write_report(told, store, tmp_path / "march.parquet", MARCH, "parquet")
    assert pq.read_table(tmp_path / "march.parquet")["sentiment"].to_pylist() == [*labels, None]
    found = summary(told, MARCH)
    assert [each.unsure for each in found.feeling] == [2]
