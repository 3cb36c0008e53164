"""An alert as a person sets it: what it would have told of appears by itself, and it is found again."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OURS, Site, opened
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser


def test_an_alert_is_set_and_given_up_again(page: Page) -> None:
    page.goto("/alerts")
    page.get_by_role("button", name="Set an alert").click()
    tried = page.locator("#tried")
    expect(tried).to_contain_text("It would have told you")  # by itself: criticism of our brands
    page.get_by_label("What").select_option("A theme comes up")
    expect(tried).to_contain_text("a theme is found by a query")
    page.get_by_label("About").select_option(OURS)
    page.get_by_label("Only mentions with").fill("outage OR down")
    page.get_by_label("Only mentions with").press("Tab")
    expect(tried.locator("strong")).to_have_text(re.compile(r"It would have told you \d+ times?"))
    expect(tried.locator("li").first).to_contain_text(f"{OURS}, ")
    expect(page.get_by_label("Reach of the author")).to_be_hidden()
    expect(page.get_by_label("Source")).to_be_hidden()
    page.get_by_role("button", name="Set the alert").click()
    expect(page.locator("h1")).to_have_text(f"A theme comes up: “outage OR down” about {OURS}")
    expect(page.get_by_role("status").first).to_contain_text("Set.")
    page.get_by_text("Change what it watches").click()
    expect(page.locator("#tried li").first).to_be_visible()
    page.get_by_role("button", name="Give it up").click()
    expect(page.locator("main")).to_contain_text("Now: given up")
    page.get_by_role("link", name="Alerts").first.click()
    expect(page.locator("main")).not_to_contain_text("outage OR down")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_what_is_asked_follows_the_kind(
    browser: Browser, site: Site, watch: Watch, width: int, scheme: str
) -> None:
    with opened(
        browser, site.url, watch, viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as window:
        page = window.new_page()
        page.goto("/alerts/new?query=outage&brand=" + OURS)
        expect(page.get_by_label("What")).to_have_value("theme")
        expect(page.get_by_label("About")).to_have_value(f"brand:{OURS}")
        expect(page.locator("#tried strong")).to_be_visible()
        for kind, shown, hidden in (
            ("reach", "Reach of the author", "clear changes"),
            ("silence", "Source", "About"),
            ("volume-up", "About", "Source"),
        ):
            page.get_by_label("What").select_option(kind)
            expect(page.get_by_label(shown)).to_be_visible()
            expect(page.get_by_label(hidden)).to_be_hidden()
            page.wait_for_load_state("networkidle")
        page.get_by_label("Messages").select_option("one a day")
        expect(page.get_by_label("at", exact=True)).to_be_visible()
        assert too_wide(page) == []
        assert grave_faults(page) == []


def test_without_the_script_it_is_tried_and_set_all_the_same(
    browser: Browser, site: Site, watch: Watch
) -> None:
    with opened(browser, site.url, watch, java_script_enabled=False) as window:
        page = window.new_page()
        page.goto("/alerts/new")
        page.get_by_role("button", name="Show what it would have told of").click()
        expect(page.locator("#tried strong")).to_contain_text("It would have told you")
        page.get_by_label("Name of the alert").fill("By hand")
        page.get_by_role("button", name="Set the alert").click()
        expect(page.locator("h1")).to_have_text("By hand")
        page.get_by_role("button", name="Give it up").click()
