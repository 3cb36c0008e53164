"""The first start as a person meets it: whose brand it is, asked on a page, chosen, changed later."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from monitor.brands import load_brands
from monitor.brands_file import start_file
from monitor.local import EmbeddedDatabase
from tests.browser.conftest import opened, served
from tests.browser.watching import Watch, grave_faults, too_wide

pytestmark = pytest.mark.browser


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """As `brand-monitor up` begins: the whole catalogue, and nobody's own."""
    start_file(tmp_path / "brands.toml")
    return tmp_path / "brands.toml"


@pytest.fixture
def url(database_server: EmbeddedDatabase, migrated: str, file: Path) -> Iterator[str]:
    """Pages over an empty database, with that file."""
    name = f"empty_{uuid.uuid4().hex[:12]}"
    environment = {
        "MONITOR_DATABASE_URL": database_server.copy(migrated, name),
        "MONITOR_BRANDS_FILE": str(file),
    }
    with served(environment) as address:
        yield address
    database_server.drop(name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ours_is_chosen_at_the_first_start(
    browser: Browser, url: str, file: Path, watch: Watch, scheme: str
) -> None:
    with opened(browser, url, watch, viewport={"width": 390, "height": 900}, color_scheme=scheme) as window:
        page = window.new_page()
        page.goto("/")
        page.get_by_role("link", name="Choose yours and its competitors").click()
        expect(page.locator("h1")).to_have_text("Which brand is yours?")
        page.get_by_text("or pick competitors from the catalogue").click()
        assert too_wide(page) == []
        assert grave_faults(page) == []
        page.get_by_label("Our brand").focus()
        page.keyboard.type("Zed")
        page.keyboard.press("Tab")
        page.keyboard.type("zed corp, @zed")
        page.get_by_label("Nike").check()
        page.get_by_label("Competitors, with commas").fill("Target")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("saved=1"))
        expect(page.locator("h1")).to_have_text("Zed is ours, compared with 2 brands")
        mine = load_brands(file)
        assert [brand.name for brand in mine if brand.own] == ["Zed"]
        assert mine.named("Target").query is not None
        page.goto("/")
        expect(page.get_by_text("No brand is yours yet")).to_have_count(0)


def test_brands_are_changed_later(browser: Browser, url: str, file: Path, watch: Watch) -> None:
    file.write_text('[[brand]]\nname = "Zed"\nown = true\n\n[[brand]]\nname = "Rival"\n')
    watch.expected = {422}
    with opened(browser, url, watch, viewport={"width": 390, "height": 900}) as window:
        page = window.new_page()
        page.goto("/setup")
        page.locator("summary", has_text="Change Rival").click()
        assert too_wide(page) == []
        assert grave_faults(page) == []
        page.locator("details[open]").get_by_label("Also written").fill("zed")
        page.locator("details[open]").get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("reads like")
        page.locator("summary", has_text="Change Rival").click()
        page.locator("details[open]").get_by_role("button", name="Watch it no more").click()
        expect(page.locator("h1")).to_have_text("Zed is ours")
        page.get_by_role("button", name="Search again").click()
        expect(page.locator("#search")).to_contain_text("The last search ended: 0 of 0 mentions looked at")
        assert [brand.name for brand in load_brands(file)] == ["Zed"]
