"""What publishers write is text, wherever it is shown: nothing of it runs, links or changes the page."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, HOSTILE_AUTHOR, OURS
from tests.browser.watching import Watch, settle

pytestmark = pytest.mark.browser

DAY = "since=2026-03-31&until=2026-03-31"


@pytest.mark.parametrize(
    "path", [f"/?{DAY}", f"/brand?name={OURS}&{DAY}", f"/mentions?{DAY}&order=reach", "/mentions?q=onerror"]
)
def test_a_script_in_a_mention_stays_text(page: Page, path: str) -> None:
    page.goto(path)
    settle(page)
    expect(page.get_by_text(HOSTILE.strip()).first).to_be_visible()
    expect(page.get_by_text(HOSTILE_AUTHOR).first).to_be_visible()
    assert "owned" not in page.title()
    assert page.locator("main script:not([type='application/json']), main img[src='x']").count() == 0
    assert page.locator("main [onmouseover], main b").count() == 0


def test_its_page_shows_it_whole_and_links_nowhere(page: Page, hostile_path: str) -> None:
    page.goto(hostile_path)
    expect(page.locator(".said.full")).to_have_text(HOSTILE.strip())
    expect(page.locator(".said.full mark")).to_have_text(OURS)
    expect(page.locator("h1")).to_have_text(f"Text by {HOSTILE_AUTHOR}")
    expect(page.get_by_text("address: javascript:alert(3)")).to_be_visible()
    assert page.locator("a[href^='javascript']").count() == 0
    page.get_by_text(HOSTILE_AUTHOR).first.hover()


def test_words_of_a_search_stay_text(page: Page, watch: Watch) -> None:
    watch.expected = {422}  # it is no query
    page.goto("/mentions?q=%3Cimg%20src%3Dx%20onerror%3Dalert(9)%3E")
    expect(page.get_by_label("Words")).to_have_value("<img src=x onerror=alert(9)>")
    assert page.locator("img[src='x']").count() == 0


def test_the_policy_refuses_what_gets_in_all_the_same(page: Page, watch: Watch) -> None:
    """Were a template to forget escaping, nothing would run."""
    page.goto("/")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'owned'";
        document.body.append(script);
        document.body.insertAdjacentHTML("beforeend", "<img src='https://elsewhere.example/x.png'>");
    }""")
    page.wait_for_timeout(300)
    assert "owned" not in page.title()
    blocked = [fault for fault in watch.faults if "policy" in fault.lower()]
    assert any("script-src" in fault for fault in blocked), watch.faults
    assert any("img-src" in fault for fault in blocked), watch.faults
    watch.faults.clear()
