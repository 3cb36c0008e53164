"""The report of the seeded database: the PDF's pages and figures, and the HTML page in a browser."""

import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from tests.browser.conftest import OURS, Site, opened, run
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser

PERIOD = {"since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture(scope="module")
def reports(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports")
    days = ("--since", PERIOD["since"], "--until", PERIOD["until"])
    for name in ("report.pdf", "report.html"):
        run("report", *days, "--output", str(folder / name), environment=site.environment)
    return folder


def test_the_pdf_has_its_pages_and_the_figures_of_the_pages(reports: Path, site: Site) -> None:
    reader = PdfReader(io.BytesIO((reports / "report.pdf").read_bytes()))
    told = [" ".join(each.extract_text().replace("\u200b", "").split()) for each in reader.pages]
    assert 3 <= len(told) <= 4
    for number, text in enumerate(told, 1):
        assert "SYNTHETIC DATA" in text
        assert f"page {number} of {len(told)}" in text
    all_of_it = " ".join(told)
    figures = site.api("summary", **PERIOD)
    assert f"{figures['texts']:,} texts and {figures['images']:,} pictures" in all_of_it
    assert f"{OURS} drew criticism" in told[0]
    for title in ("What happened", "Our brands and the others", "What is spoken of", "To answer"):
        assert title in all_of_it
    assert (
        sum(len(each.images) for each in reader.pages) >= 4
    )  # a file that several pictures share is in it once
    assert Path(reports / "report.pdf").stat().st_size < 5_000_000


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_html_report_stands_alone(
    reports: Path, browser: Browser, site: Site, watch: Watch, width: int, scheme: str
) -> None:
    with opened(
        browser, site.url, watch, viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    ) as window:
        page = window.new_page()
        page.goto((reports / "report.html").as_uri())
        assert re.match(f"^{OURS} drew criticism ", page.locator("h1").inner_text())
        assert page.locator("figure svg").count() == 2
        assert too_wide(page) == []
        assert page.evaluate("() => [...document.images].every((each) => each.naturalWidth > 0)")
        assert grave_faults(page) == []
