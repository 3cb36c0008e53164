"""What a person takes out of a page: its address, its files, and the same every Monday."""

import csv
import io
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OURS, Site, opened
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser

VIEW = "/brand?name=VMware&since=2026-03-01&until=2026-03-31"


def test_the_link_of_a_view_is_copied_and_opens_the_same_view(
    browser: Browser, site: Site, watch: Watch
) -> None:
    with opened(browser, site.url, watch, permissions=["clipboard-read", "clipboard-write"]) as window:
        page = window.new_page()
        page.goto(f"{VIEW}&source=forum")
        title = page.locator("h1").inner_text()
        page.get_by_role("link", name="Link", exact=True).click()
        expect(page.get_by_role("link", name="Link copied")).to_be_visible()
        address = page.evaluate("navigator.clipboard.readText()")
        assert "source=forum" in address
        page.goto(address)
        assert page.locator("h1").inner_text() == title


def test_the_files_of_a_view_are_saved(page: Page) -> None:
    page.goto(f"{VIEW}&source=blog")
    with page.expect_download() as got:
        page.get_by_role("link", name="CSV").click()
    assert got.value.suggested_filename == "brand-2026-03-01-to-2026-03-31.csv"
    rows = list(csv.DictReader(io.StringIO(got.value.path().read_text("utf-8-sig"), newline="")))
    assert rows
    assert {row["source"] for row in rows} == {"blog"}
    with page.expect_download() as got:
        page.get_by_role("link", name="PDF").click()
    assert got.value.suggested_filename == "brand-2026-03-01-to-2026-03-31.pdf"
    assert got.value.path().read_bytes().startswith(b"%PDF-")


def test_a_view_is_asked_for_and_stopped(page: Page) -> None:
    page.goto(VIEW)
    page.get_by_role("link", name="Send me this every Monday").click()
    expect(page.locator("#page")).to_contain_text("Brand: VMware")
    page.get_by_label("To", exact=True).fill("discord://4174216298/not-a-token-of-anybody")
    page.get_by_label("Your name").fill("ann")
    page.get_by_role("button", name="Send it from now on").click()
    expect(page.locator("h1")).to_have_text("1 view is sent by itself")
    assert "not-a-token-of-anybody" not in page.content()
    assert grave_faults(page) == []
    page.get_by_role("button", name=re.compile("^Stop")).click()
    expect(page.locator("h1")).to_have_text("No view is sent by itself")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/compare", "/subscriptions/new?page=mentions&q=outage", "/subscriptions"])
def test_pages_fit_and_have_no_grave_faults(
    browser: Browser, site: Site, watch: Watch, path: str, width: int, scheme: str
) -> None:
    with opened(
        browser, site.url, watch, viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as window:
        page = window.new_page()
        page.goto(path)
        assert too_wide(page) == []
        assert grave_faults(page) == []


def test_brands_are_compared_over_time(page: Page) -> None:
    page.goto("/compare?since=2026-03-01&until=2026-03-31")
    expect(page.locator("h1")).to_have_text(re.compile(f"^{OURS} beside Cloudera"))
    expect(page.locator("[data-chart] svg")).to_have_count(2)
    page.get_by_text("The numbers over time, as tables").click()
    expect(page.get_by_role("row").filter(has_text="20 Mar").first).to_be_visible()
