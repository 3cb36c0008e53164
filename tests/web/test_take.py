"""What leaves a page: its address, its rows, its report; the same whatever the page."""

import csv
import io
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader

from monitor.reports.asked import PATHS
from monitor.reports.exports import COLUMNS
from tests.web.conftest import HOSTILE


def rows_of(client: TestClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))


def pages_of(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())


@pytest.mark.parametrize("page", ["overview", "brand", "compare", "mentions"])
def test_a_page_offers_its_link_rows_report_and_subscription(client: TestClient, page: str) -> None:
    view = "since=2026-03-01&until=2026-03-10&source=forum"
    shown = client.get(f"{PATHS[page]}?{view}").text
    links = [part.partition('"')[0].replace("&amp;", "&") for part in shown.split('href="')[1:]]
    for path in (f"/take/{page}.csv", f"/take/{page}.pdf", "/subscriptions/new"):
        (link,) = [each for each in links if urlsplit(each).path == path]
        asked = parse_qs(urlsplit(link).query)
        assert (asked["since"], asked["until"]) == (["2026-03-01"], ["2026-03-10"])
        assert asked["source"] == ["forum"]


def test_csv_of_mentions_has_the_columns_of_exports_and_the_rows_of_the_view(client: TestClient) -> None:
    rows = rows_of(client, "/take/mentions.csv?since=2026-03-01&until=2026-03-10")
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == 8
    assert {row["source"] for row in rows_of(client, "/take/overview.csv?source=forum")} == {"forum"}
    of_brand = rows_of(client, "/take/brand.csv?name=Citrix")
    assert {row["brands_named"] for row in of_brand} == {"Citrix", "Citrix; VMware"}


def test_csv_of_a_search_has_what_fits_it(client: TestClient) -> None:
    assert [row["text"] for row in rows_of(client, "/take/mentions.csv?q=great")] == ["VMware is great"]
    negative = rows_of(client, "/take/mentions.csv?label=negative&brand=VMware")
    assert {row["text"] for row in negative} == {"VMware down again, third time this week", HOSTILE}
    assert rows_of(client, "/take/mentions.csv?q=nothing-like-it") == []


def test_csv_of_a_table_is_the_table(client: TestClient) -> None:
    brands = rows_of(client, "/take/compare.csv?since=2026-03-01&until=2026-03-10")
    assert brands[0]["brand"] == "VMware"
    assert {row["brand"] for row in brands} == {"VMware", "Citrix", "M&M <b>"}
    assert brands[0]["health_n"] == "4"
    cards = rows_of(client, "/take/answer.csv?since=2026-03-01&until=2026-03-10")
    assert {row["text"] for row in cards} == {"VMware down again, third time this week", HOSTILE}
    assert {row["state"] for row in cards} == {"new"}


def test_the_report_of_each_page_is_about_that_page(client: TestClient) -> None:
    view = "since=2026-03-01&until=2026-03-10"
    assert "VMware has 6 mentions" in pages_of(client, f"/take/overview.pdf?{view}")
    assert "Brand: Citrix" in pages_of(client, f"/take/brand.pdf?{view}&name=Citrix")
    assert "VMware beside Citrix and M&M <b>" in pages_of(client, f"/take/compare.pdf?{view}")
    found = pages_of(client, f"/take/mentions.pdf?{view}&q=great")
    assert "1 mention fits the search" in found
    assert "VMware is great" in found
    assert "never lets us down" not in found
    queue = pages_of(client, f"/take/answer.pdf?{view}")
    assert "2 stories wait for an answer" in queue
    assert HOSTILE in queue
    assert "New shirts" in pages_of(client, f"/take/pictures.pdf?{view}")
    assert "No phrase is shared by three different posts" in pages_of(client, f"/take/themes.pdf?{view}")


def test_an_empty_period_is_a_report_that_says_so(client: TestClient) -> None:
    view = "since=2020-03-01&until=2020-03-10"
    assert "No mention was published in this period" in pages_of(client, f"/take/overview.pdf?{view}")
    assert rows_of(client, f"/take/overview.csv?{view}") == []


@pytest.mark.parametrize("kind", ["csv", "pdf"])
def test_what_cannot_be_asked_is_refused_in_words(client: TestClient, kind: str) -> None:
    assert client.get(f"/take/mentions.{kind}?q=great+OR").status_code == 422
    assert client.get(f"/take/overview.{kind}?since=2026-03-09&until=2026-03-01").status_code == 422
    assert client.get(f"/take/nowhere.{kind}").status_code == 422
