"""A login in front of the pages, and pages over an empty database, as a person meets them."""

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from monitor.local import EmbeddedDatabase
from tests.browser.conftest import opened, served
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def empty_url(database_server: EmbeddedDatabase, migrated: str) -> Iterator[str]:
    """Pages with a password over a database without a row."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    environment = {
        "MONITOR_DATABASE_URL": database_server.copy(migrated, name),
        "MONITOR_WEB_PASSWORD": PASSWORD,
    }
    with served(environment) as url:
        yield url
    database_server.drop(name)


def test_logging_in_and_out(browser: Browser, empty_url: str, watch: Watch) -> None:
    watch.expected = {401}
    with opened(browser, empty_url, watch, viewport={"width": 390, "height": 900}) as window:
        page = window.new_page()
        page.goto("/quality")
        expect(page.locator("h1")).to_have_text("Log in")
        expect(page.get_by_label("Name")).to_be_focused()
        assert grave_faults(page) == []
        page.keyboard.type("Ann")
        page.get_by_label("Password").fill("wrong horse battery")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("Name and password do not fit together.")
        expect(page.get_by_label("Name")).to_have_value("Ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(re.compile("/quality"))
        expect(page.locator(".who")).to_contain_text("Ann")
        page.get_by_role("button", name="Log out").click()
        expect(page.locator("h1")).to_have_text("Log in")


@pytest.mark.parametrize("path", ["/", "/brand", "/pictures", "/mentions", "/quality"])
def test_an_empty_page_says_what_to_do_next(
    browser: Browser, empty_url: str, watch: Watch, path: str
) -> None:
    with opened(browser, empty_url, watch, viewport={"width": 390, "height": 900}) as window:
        page = window.new_page()
        page.goto(f"/login?next={path}")
        page.get_by_label("Name").fill("Ann")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(re.compile(f"{re.escape(path)}$"))
        assert "brand-monitor" in page.locator("main").inner_text()
        assert too_wide(page) == []
        assert grave_faults(page) == []
