"""The queue by keyboard alone, with a phone, without the script; two people at one card."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, opened
from tests.browser.watching import Watch, grave_faults, settle, too_wide

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def untouched(site: Site) -> Iterator[None]:
    """What waited before must wait afterwards."""
    before = site.api("answers", limit=1)["counts"]
    yield
    assert site.api("answers", limit=1)["counts"] == before


def card(page: Page, place: int = 0) -> str:
    """The id of a card, by its place on the page."""
    found = page.locator(".answer").nth(place).get_attribute("id")
    assert found is not None
    return found


def focused(page: Page) -> str:
    """The id of what has the focus."""
    found: str = page.evaluate("() => document.activeElement.id")
    return found


def number(page: Page) -> int:
    """How many wait, as the navigation says."""
    link = page.get_by_role("link", name=re.compile(r"^To answer \("))
    found = re.search(r"\(([\d,]+)\)", link.inner_text())
    assert found is not None
    return int(found[1].replace(",", ""))


def test_from_card_to_card_by_keyboard(page: Page) -> None:
    page.goto("/answer")
    waiting = number(page)
    first, second, third = (card(page, place) for place in range(3))
    page.keyboard.press("j")
    assert focused(page) == first
    page.keyboard.press("j")
    assert focused(page) == second
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert focused(page) == first

    page.keyboard.press("n")
    page.keyboard.type("wrote to them, j and e are letters here")
    page.keyboard.press("Escape")
    assert focused(page) == first
    page.locator(f"#{first}").get_by_label("Your name").fill("Gil")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.get_by_role("status").filter(has_text="Marked as answered.")).to_be_visible()
    assert number(page) == waiting - 1
    assert focused(page) == second
    expect(page.locator(f"#{first}")).to_have_count(0)

    page.keyboard.press("i")  # the name is remembered
    expect(page.get_by_role("status").filter(has_text="Marked as ignored.")).to_be_visible()
    assert focused(page) == third
    page.keyboard.press("u")
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()
    assert focused(page) == second

    page.get_by_role("link", name=re.compile("^Answered 1")).click()
    expect(page.locator(f"#{first}")).to_contain_text("wrote to them, j and e are letters here")
    page.keyboard.press("j")
    page.keyboard.press("u")
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()
    assert number(page) == waiting


def test_the_original_opens_beside_and_enter_reads(page: Page) -> None:
    page.goto("/answer?order=oldest")
    elsewhere = re.compile(r"^https?://(?!127\.0\.0\.1)")
    page.context.route(elsewhere, lambda route: route.fulfill(body="the original"))
    page.keyboard.press("j")
    with page.context.expect_page() as beside:
        page.keyboard.press("o")
    expect(beside.value.locator("body")).to_have_text("the original")
    beside.value.close()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/mentions/"))
    expect(page.get_by_role("heading", name="What became of it")).to_be_visible()


def test_keys_are_told_and_can_be_turned_off(page: Page) -> None:
    page.goto("/answer")
    keys = page.locator("#keys")
    expect(keys).to_have_attribute("open", "")
    page.keyboard.press("?")
    expect(keys).not_to_have_attribute("open", "")
    page.keyboard.press("?")
    page.get_by_label("single keys act on this page").uncheck()
    page.reload()
    expect(page.get_by_label("single keys act on this page")).not_to_be_checked()
    page.locator("h1").click()
    page.keyboard.press("j")
    assert not focused(page).startswith("card-")


def test_two_people_at_one_card(page: Page, browser: Browser, site: Site, watch: Watch) -> None:
    page.goto("/answer")
    first = card(page)
    with opened(browser, site.url, watch) as window:
        other = window.new_page()
        other.goto("/answer")
        for each, name in ((page, "Ann"), (other, "Ben")):
            each.locator(f"#{first}").get_by_label("Your name").fill(name)
        page.locator(f"#{first}").get_by_role("button", name="I look after it").click()
        expect(page.locator(f"#{first}")).to_contain_text("seen by Ann")
        watch.expected.add(409)
        other.locator(f"#{first}").get_by_label("Note").fill("my note")
        other.locator(f"#{first}").get_by_role("button", name="Answered").click()
        expect(other.locator("h1")).to_have_text("Ann was faster")
        expect(other.get_by_label("Note")).to_have_value("my note")
        assert grave_faults(other) == []
        other.get_by_role("link", name="Leave it so").click()
        other.locator(f"#{first}").get_by_role("button", name="Undo").click()
        expect(other.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()


def test_a_filter_is_applied_at_once_and_stays(page: Page) -> None:
    page.goto("/answer")
    page.locator("#filters [name=order]").select_option("oldest first")
    page.wait_for_url(re.compile("order=oldest"))
    page.locator("#filters [name=label]").select_option("unsure only")
    page.wait_for_url(re.compile("label=unsure"))
    expect(page.locator(".answer .label").first).to_have_text("unsure")
    page.get_by_role("link", name=re.compile("^New ")).click()
    assert "order=oldest" in page.url
    assert "label=unsure" in page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Browser, site: Site, watch: Watch, scheme: str) -> None:
    size = {"width": 390, "height": 844}
    with opened(browser, site.url, watch, viewport=size, color_scheme=scheme) as window:
        page = window.new_page()
        page.goto("/answer")
        settle(page)
        expect(page.locator("#keys")).to_be_hidden()
        assert too_wide(page) == []
        assert grave_faults(page) == []


def test_without_the_script(browser: Browser, site: Site, watch: Watch) -> None:
    with opened(browser, site.url, watch, java_script_enabled=False) as window:
        page = window.new_page()
        page.goto("/answer")
        first = card(page)
        page.locator(f"#{first}").get_by_label("Your name").fill("Gil")
        page.locator(f"#{first}").get_by_role("button", name="Ignore").click()
        expect(page.locator(".saved")).to_contain_text("Marked as ignored.")
        page.locator(".saved").get_by_role("button", name="Undo").click()
        expect(page.locator(".saved")).to_contain_text("Taken back.")
