import csv
import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from monitor.errors import SetupError
from monitor.reports.exports import COLUMNS
from monitor.reports.filters import Filter
from monitor.reports.mentions import all_mentions
from monitor.reports.report import ReportFormat, write_report

NOW = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)


class Page(HTMLParser):
    """What a browser would find: tags with attributes, and the text outside of them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br", "path", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += " ".join(data.split()) + " "

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def written(month, since, until, format=ReportFormat.HTML) -> Path:
    path = month.folder / "out" / f"report.{format}"
    write_report(month.connection, month.store, path, Filter(since, until), format, now=lambda: NOW)
    return path


def page_of(month, since, until) -> Page:
    return Page(written(month, since, until).read_text("utf-8"))


def test_the_page_says_the_findings_with_their_numbers(month, since, until):
    page = page_of(month, since, until)
    assert "VMware has 9 mentions, 50% of 6 opinions positive" in page.text
    assert "There is too little past to compare with" in page.text
    assert "VMware is spoken of most: 9 mentions, Citrix next with 6 mentions" in page.text
    assert "3 stories wait for an answer" in page.text
    for said in ("n = 16 mentions", "share of mentions", "week published"):
        assert said in page.text
    assert "3 inputs could not be read, 18% of what came (json-invalid 2, image-truncated 1)" in page.text
    assert "1 March 2026 to 31 March 2026 (UTC)" in page.text
    assert "Made 2026-04-02 08:00 ." in page.text
    assert "sentiment@1.0.0 (10 texts)" in page.text
    assert "logos@1.0.0 (4 pictures)" in page.text


def test_what_matters_comes_first_and_the_method_last(month, since, until):
    text = page_of(month, since, until).text
    places = [
        text.index(title)
        for title in (
            "What happened",
            "Our brands and the others",
            "To answer",
            "3 pictures show a brand without a word about it",
            "Where it comes from",
            "How these figures come about",
        )
    ]
    assert places == sorted(places)


def test_the_page_stands_alone(month, since, until):
    """No script, nothing that a browser would fetch, and a policy that holds it to that."""
    page = page_of(month, since, until)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base", "form"}
    handlers = [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert handlers == []
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not [
        attributes for _, attributes in page.tags if "xlink:href" in attributes or "srcset" in attributes
    ]
    assert {attributes["href"].partition(":")[0] for attributes in page.all("a")} == {"https"}
    source = (month.folder / "out" / "report.html").read_text("utf-8")
    assert not re.search(r"url\(|@import", source)
    (policy,) = [each["content"] for each in page.all("meta") if each.get("http-equiv")]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")


def test_hostile_text_stays_text(month, since, until):
    page = page_of(month, since, until)
    assert "<script>alert('VMware')</script><img src=x onerror=alert(1)>" in page.text
    assert "<i>mal</i>" in page.text
    assert page.text.count("M&M <b>") >= 2  # in the table, and inside the drawing
    assert page.all("b") == []


def test_every_picture_has_a_text_alternative_and_every_chart_a_name(month, since, until):
    page = page_of(month, since, until)
    pictures = page.all("img")
    assert [each["alt"] for each in pictures] == [
        "Picture with VMware, Citrix, boxes drawn",
        "Picture with Citrix, boxes drawn",
    ]
    charts = [
        each["aria-label"] for _, each in page.tags if each.get("role") == "img" and "aria-label" in each
    ]
    # Brand against brand: of health there are too few opinions for a line.
    assert len([label for label in charts if label and label.startswith("Chart: ")]) == 1


def test_days_are_those_of_the_zone_asked_for(month):
    tokyo = ZoneInfo("Asia/Tokyo")
    page = page_of(month, datetime(2026, 3, 1, tzinfo=tokyo), datetime(2026, 4, 1, tzinfo=tokyo))
    assert "(Asia/Tokyo)" in page.text
    assert "2026-03-03 19:00" in page.text


def test_an_empty_period_says_what_to_do_next(month, since):
    page = page_of(month, since - timedelta(days=9), since - timedelta(days=8))
    assert "No mention was published in this period" in page.text
    assert "brand-monitor publish" in page.text


def test_a_picture_that_is_gone_leaves_its_reason(month, since, until):
    with month.without_pictures():
        page = page_of(month, since, until)
    assert page.all("img") == []
    assert page.text.count("Picture not available: picture store") == 2


def test_csv_has_every_mention_and_no_formula(month, since, until):
    path = written(month, since, until, ReportFormat.CSV)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 14
    cells = [cell for row in rows for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    (formula,) = [row for row in rows if "HYPERLINK" in row["text"]]
    assert formula["text"] == '\'=HYPERLINK("http://evil.example") VMware'
    assert formula["author"] == "'=1+1"
    (reached,) = [row for row in rows if row["reach"] == "50000"]
    assert (reached["brands_named"], reached["published_at"]) == (
        "Citrix; VMware",
        "2026-03-02T10:00:00+00:00",
    )


def test_json_has_the_figures_and_every_mention(month, since, until):
    found = json.loads(written(month, since, until, ReportFormat.JSON).read_bytes())
    assert found["generated_at"] == "2026-04-02T08:00:00Z"
    assert len(found["mentions"]) == 14
    assert found["summary"]["texts"] == 10
    assert found["summary"]["voice"][0]["brand"] == "VMware"
    assert found["mentions"][0]["brands_named"] == ["VMware"] or found["mentions"][0]["brands_shown"]


def test_parquet_round_trips_every_mention_as_published(month, since, until):
    path = written(month, since, until, ReportFormat.PARQUET)
    table = pq.read_table(path)
    assert tuple(table.column_names) == COLUMNS
    read = table.to_pylist()
    lines = list(all_mentions(month.connection, Filter(since, until)))
    assert len(read) == len(lines) == 14
    for row, line in zip(read, lines, strict=True):
        told = {name: getattr(line, name) for name in COLUMNS}
        told |= {
            "mention_id": str(line.mention_id),
            "story_id": str(line.story_id),
            "brands_named": list(line.brands_named),
            "brands_shown": list(line.brands_shown),
            "shown_by": list(line.shown_by),
        }
        assert row == told
    assert table.schema.metadata[b"synthetic"] == b"false"
    assert table.schema.metadata[b"since"] == since.isoformat().encode()


def test_parquet_of_an_empty_period_has_the_columns(month, since):
    path = written(month, since - timedelta(days=9), since - timedelta(days=8), ReportFormat.PARQUET)
    assert pq.read_table(path).num_rows == 0
    assert tuple(pq.read_schema(path).names) == COLUMNS


def test_exports_keep_to_the_brands_and_sources_chosen(month, since, until):
    path = month.folder / "some.csv"
    chosen = Filter(since, until, brands=("Citrix",), sources=("news", "microblog"))
    write_report(month.connection, month.store, path, chosen, ReportFormat.CSV)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == [
            "VMware and Citrix announce results",
            "Citrix is slow",
        ]


def test_json_of_an_empty_period_is_json(month, since):
    path = written(month, since - timedelta(days=9), since - timedelta(days=8), ReportFormat.JSON)
    assert json.loads(path.read_bytes())["mentions"] == []


def test_a_path_that_cannot_be_written_is_named_and_leaves_nothing(month, since, until):
    (month.folder / "file").write_text("in the way")
    target = month.folder / "file" / "report.html"
    with pytest.raises(SetupError, match=r"file/report.html.*give another --output"):
        write_report(month.connection, month.store, target, Filter(since, until))


def test_a_report_replaces_the_last_one_whole(month, since, until):
    path = written(month, since, until)
    path.write_text("old")
    assert written(month, since, until) == path
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
