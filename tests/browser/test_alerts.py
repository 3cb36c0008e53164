"""An alert as a person sets it: what it would have told of appears by itself, and it is found again."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OURS, Site, opened
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser

SLOW = 60_000
"""Milliseconds: a preview reads mentions, on machines that do other things, too."""


def test_an_alert_is_set_and_given_up_again(page: Page) -> None:
    page.goto("/alerts")
    page.get_by_role("button", name="Set an alert").click()
    tried = page.locator("#tried")
    expect(tried).to_contain_text(
        "It would have told you", timeout=SLOW
    )  # by itself: criticism of our brands
    page.locator("[name=kind]").select_option("A theme comes up")
    expect(tried).to_contain_text("a theme is found by a query", timeout=SLOW)
    page.locator("[name=about]").select_option(OURS)
    page.locator("[name=query]").fill("outage OR down")
    page.locator("[name=query]").press("Tab")
    expect(tried.locator("strong")).to_have_text(
        re.compile(r"It would have told you \d+ times?"), timeout=SLOW
    )
    expect(tried.locator("li").first).to_contain_text(f"{OURS}, ")
    expect(page.locator("[name=reach]")).to_be_hidden()
    expect(page.locator("[name=source]")).to_be_hidden()
    page.get_by_role("button", name="Set the alert").click()
    expect(page.locator("h1")).to_have_text(f"A theme comes up: “outage OR down” about {OURS}")
    expect(page.locator(".saved")).to_contain_text("Set.")
    page.get_by_text("Change what it watches").click()
    expect(page.locator("#tried li").first).to_be_visible(timeout=SLOW)
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
        expect(page.locator("[name=kind]")).to_have_value("theme")
        expect(page.locator("[name=about]")).to_have_value(f"brand:{OURS}")
        expect(page.locator("#tried strong")).to_be_visible(timeout=SLOW)
        for kind, shown, hidden in (
            ("reach", "reach", "sensitivity"),
            ("silence", "source", "about"),
            ("volume-up", "about", "source"),
        ):
            page.locator("[name=kind]").select_option(kind)
            expect(page.locator(f"[name={shown}]")).to_be_visible()
            expect(page.locator(f"[name={hidden}]").first).to_be_hidden()
            page.wait_for_load_state("networkidle")
        page.locator("[name=digest]").select_option("one a day")
        expect(page.locator("[name=digest_at]")).to_be_visible()
        assert too_wide(page) == []
        assert grave_faults(page) == []


def test_without_the_script_it_is_tried_and_set_all_the_same(
    browser: Browser, site: Site, watch: Watch
) -> None:
    with opened(browser, site.url, watch, java_script_enabled=False) as window:
        page = window.new_page()
        page.goto("/alerts/new")
        page.get_by_role("button", name="Show what it would have told of").click()
        expect(page.locator("#tried strong")).to_contain_text("It would have told you", timeout=SLOW)
        page.locator("[name=name]").fill("By hand")
        page.get_by_role("button", name="Set the alert").click()
        expect(page.locator("h1")).to_have_text("By hand")
        page.get_by_role("button", name="Give it up").click()
