"""The PDF as a reader gets it: extracted with pypdf, which knows nothing of how it was made."""

import io
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from pypdf import PdfReader

from monitor.brands import Brand, Brands
from monitor.delivery import messages
from monitor.insights.causes import Cause
from monitor.insights.explained import Explained
from monitor.insights.happenings import Happening
from monitor.messages import BrandMention, Sentiment, TextMention
from monitor.reports.asked import Asked
from monitor.reports.content import gather
from monitor.reports.filters import Filter
from monitor.reports.layout import sections
from monitor.reports.pdf import pdf
from monitor.reports.report import page
from monitor.storage.engine import async_engine
from monitor.storage.records import Batch, RecordPosition, TextResult
from monitor.storage.writer import BatchWriter

NOW = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("M&M <b>"), Brand("Quiet")))


def read(report, store) -> PdfReader:
    return PdfReader(io.BytesIO(pdf(report, store)))


def words(reader: PdfReader) -> str:
    """All text on one line, without the invisible places to break at."""
    return " ".join(" ".join(each.extract_text() for each in reader.pages).replace("\u200b", "").split())


@pytest.fixture
def report(month, since, until):
    return gather(month.connection, Asked(chosen=Filter(since, until)), NOW)


def test_the_pages_say_the_findings_with_their_figures(month, report):
    reader = read(report, month.store)
    said = words(reader)
    assert 2 <= len(reader.pages) <= 4
    assert report.headline in said
    for drawing in report.drawings.values():
        assert drawing.title in said, drawing.title
        assert drawing.note in said, drawing.note
    for section in sections(report):
        assert section.title in said
    for figure in ("VMware 9", "53%", "50% (6)", "json-invalid 2", "sentiment@1.0.0 (10 texts)"):
        assert figure in said, figure
    assert f"page {len(reader.pages)} of {len(reader.pages)}" in said


def test_it_is_tagged_titled_and_in_a_language(month, report):
    reader = read(report, month.store)
    catalogue = reader.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"].startswith("en")
    assert reader.metadata is not None
    assert reader.metadata.title == "VMware, 1 March 2026 to 31 March 2026 (UTC): brand report"
    assert "/StructTreeRoot" in catalogue


def test_pictures_are_in_it_and_one_that_is_gone_leaves_its_reason(month, report):
    assert sum(len(each.images) for each in read(report, month.store).pages) >= 2
    with month.without_pictures():
        gone = read(report, month.store)
    assert "Picture not available: picture store" in words(gone)


def test_hostile_text_stays_text(month, report):
    said = words(read(report, month.store))
    assert "<script>alert('VMware')</script><img src=x onerror=alert(1)>" in said
    links = [
        annotation.get_object()["/A"]["/URI"]
        for each in read(report, month.store).pages
        for annotation in each.get("/Annots", [])
        if "/A" in annotation.get_object()
    ]
    assert links
    assert all(link.startswith("https://") for link in links)


async def test_typst_markup_direction_marks_and_endless_words_stay_text(month, settings, since, until):
    """What Typst would read as code or markup, and what turns a line around, if it were not data."""
    hostile = (
        'VMware #read("/etc/passwd") #import "@preview/x:1.0.0" $x^2$ *b* _i_ `c` '
        "<label> @ref = h \\ // c /* "
        "\u202eevil\u202c \x07bell " + "x" * 300
    )
    workers = async_engine(settings)
    writer = BatchWriter(workers, BRANDS)
    await writer.prepare()
    result = TextResult(
        position=RecordPosition(topic="mentions.text", partition=0, offset=5000, timestamp=NOW),
        mention=TextMention(
            id="hostile",
            source="#panic()",
            text=hostile,
            published_at=since,
            author="*mal* \u202e",
            reach=10**9,
        ),
        sentiment=Sentiment(label="negative", p_negative=0.99, p_neutral=0.005, p_positive=0.005),
        brands=(BrandMention(brand="VMware", matched="VMware", start=0, end=6),),
        model_version="sentiment@1.0.0",
    )
    await writer.write(Batch(log_id="c", results=(result,), rejections=()))
    await workers.dispose()
    month.connection.rollback()
    report = gather(month.connection, Asked(chosen=Filter(since, until)), NOW)
    said = words(read(report, month.store))
    assert '#read("/etc/passwd") #import "@preview/x:1.0.0" $x^2$ *b* _i_ `c` <label> @ref = h' in said
    assert "#panic()" in said
    assert "\u202e" not in said
    assert "\x07" not in said


def test_synthetic_data_is_told_on_every_page(month, report):
    made_up = msgspec.structs.replace(report, figures=msgspec.structs.replace(report.figures, synthetic=True))
    reader = read(made_up, month.store)
    assert all("SYNTHETIC DATA" in each.extract_text() for each in reader.pages)
    assert "Synthetic data: made by a program" in page(made_up, month.store)
    assert "SYNTHETIC" not in words(read(report, month.store))


def test_an_empty_period_is_one_page_that_says_what_to_do(month, since):
    report = gather(
        month.connection, Asked(chosen=Filter(since - timedelta(days=9), since - timedelta(days=8))), NOW
    )
    reader = read(report, month.store)
    assert len(reader.pages) == 1
    assert "No mention was published in this period" in words(reader)
    assert "brand-monitor publish" in words(reader)


def test_what_a_report_is_narrowed_to_stands_on_it(month, since, until):
    chosen = Filter(since, until, brands=("Citrix",), sources=("forum", "news"), kinds=("text",))
    report = gather(month.connection, Asked(chosen=chosen), NOW)
    said = words(read(report, month.store))
    assert "Only brands: Citrix; sources: forum, news; texts only" in said
    assert report.focus == "Citrix"
    assert "Only brands: Citrix; sources: forum, news; texts only" in re.sub(
        r"<[^>]+>", "", page(report, month.store)
    )


def test_the_same_figures_give_the_same_pages(month, report):
    assert words(read(report, month.store)) == words(read(report, month.store))


def test_what_happened_stands_with_its_cause_in_the_report_and_without_names_in_messages(month, report):
    """A cause tells what publishers wrote: a file may hold that as text, a message must not."""
    happening = Happening(
        brand="VMware",
        own=True,
        kind="health",
        good=False,
        since=report.chosen.since,
        until=report.chosen.since + timedelta(days=2),
        mentions=44,
        usual=10,
        ratio=4.4,
        ratio_low=3.1,
        ratio_high=6.2,
        opinions=30,
        positive=4,
        health=4 / 30,
        health_usual=0.57,
        health_low=-0.6,
        health_high=-0.3,
        size=3,
    )
    made = Cause(
        brand="VMware",
        since=happening.since,
        until=happening.until,
        posts=44,
        author="https://evil.example #panic()",
        author_source="forum",
        author_posts=40,
    )
    told = msgspec.structs.replace(report, happened=(Explained(happening=happening, cause=made),))
    said = words(read(told, month.store))
    assert told.headline == happening.title
    assert happening.certainty in said
    assert "40 of 44 posts are by https://evil.example #panic()" in said
    assert "40 of 44 posts are by https://evil.example #panic()" in page(told, month.store)
    assert happening.title in messages._body(told, 0, None)
    assert "evil" not in messages._body(told, 0, None)
