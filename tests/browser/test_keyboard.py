"""All of it by keyboard alone: skip, choose, close, follow, correct."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OURS, Site

pytestmark = pytest.mark.browser


def focused(page: Page) -> str:
    """What the keyboard acts on: its name as a reader of the page hears it."""
    found: str = page.evaluate("""() => {
        const at = document.activeElement;
        const label = at.labels && at.labels.length ? at.labels[0].innerText : "";
        return `${at.tagName} ${at.getAttribute("aria-label") || label || at.innerText || ""}`.trim();
    }""")
    return " ".join(found.split())


def tab_to(page: Page, wanted: str, most: int = 80) -> None:
    """Press Tab until something with that name has the focus, and see that it is shown to have it."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if re.search(wanted, focused(page)):
            break
    else:
        raise AssertionError(f"no Tab leads to {wanted}")
    marked: bool = page.evaluate("""() => {
        const style = getComputedStyle(document.activeElement);
        return style.outlineStyle !== "none" && style.outlineWidth !== "0px" || style.boxShadow !== "none";
    }""")
    assert marked, f"{focused(page)} does not look focused"


def test_the_first_stop_skips_to_the_content(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert focused(page) == "A Skip to the content"
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.url.endswith("#page")


def test_a_filter_is_chosen_and_closed(page: Page) -> None:
    page.goto("/")
    tab_to(page, "SUMMARY Sources")
    page.keyboard.press("Enter")
    tab_to(page, "INPUT blog")
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("source=blog"))
    page.keyboard.press("Escape")
    assert page.locator(".choice[open]").count() == 0
    assert focused(page).startswith("SUMMARY Sources")
    expect(page.locator("#counted")).to_contain_text("from 1 source")


def test_wide_tables_scroll(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto("/")
    page.get_by_text("Positive, neutral and negative texts about each brand").click()
    region = page.get_by_role("region", name="Sentiment by brand")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_a_label_is_corrected_and_undone(page: Page, site: Site) -> None:
    page.goto(site.mention(brand=OURS, label="neutral", kind="text"))
    tab_to(page, "SUMMARY Correct")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page).startswith("INPUT neutral")  # radio buttons are one stop
    page.keyboard.press("ArrowUp")
    assert focused(page).startswith("INPUT positive")
    tab_to(page, "INPUT Your name")
    page.keyboard.type("Gil")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    tab_to(page, "BUTTON Undo")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()
