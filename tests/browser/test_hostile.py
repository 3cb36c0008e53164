"""What publishers write is text, wherever it is shown: nothing of it runs, links or changes the page."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from monitor.local import EmbeddedDatabase
from tests import hostile
from tests.browser.conftest import HOSTILE, HOSTILE_AUTHOR, OURS, opened, served
from tests.browser.watching import Watch, grave_faults, settle, too_wide

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


PAGES = (
    *("/", "/brand?name=Acme", "/brand?name=constructor", "/brand?name=__proto__", "/mentions?order=reach"),
    *("/mentions?q=outage", "/answer", "/themes", "/compare", "/quality", "/alerts/new", "/setup"),
    *("/subscriptions", "/subscriptions/new"),
)


@pytest.fixture(scope="session")
def hard_names(
    database_server: EmbeddedDatabase, migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of pages over mentions of brands, sources and authors with names that nobody would expect."""
    name, folder = f"hostile_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("hostile")
    url = database_server.copy(migrated, name)
    with ThreadPoolExecutor(1) as pool:  # in this thread the browser has its event loop
        pool.submit(asyncio.run, hostile.write(url)).result()
    with served({"MONITOR_DATABASE_URL": url, "MONITOR_BRANDS_FILE": str(_brands_file(folder))}) as address:
        yield address
    database_server.drop(name)


def _brands_file(folder: Path) -> Path:
    file = folder / "brands.toml"
    file.write_text(
        "\n".join(
            f"[[brand]]\nname = {json.dumps(brand.name)}\nown = {str(brand.own).lower()}"
            for brand in hostile.BRANDS
        )
    )
    return file


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", PAGES)
def test_names_that_nobody_expects_are_drawn_and_stay_in_the_window(
    browser: Browser, hard_names: str, watch: Watch, path: str, width: int
) -> None:
    with opened(browser, hard_names, watch, viewport={"width": width, "height": 900}) as window:
        page = window.new_page()
        page.goto(path)
        settle(page)
        assert "owned" not in page.title()
        assert too_wide(page) == []
        for details in page.locator("details:not(.choice) > summary:visible").all():
            details.click()
        assert too_wide(page) == []
        assert grave_faults(page) == []
        assert _smallest_text(page) >= 12


def test_a_table_that_goes_on_says_so_and_no_other(browser: Browser, hard_names: str, watch: Watch) -> None:
    hinted = """() => [...document.querySelectorAll(".scroll")].filter((each) => each.checkVisibility()).map(
        (each) => [each.scrollWidth > each.clientWidth,
            getComputedStyle(each.querySelector("caption"), "::before").display === "block"])"""
    with opened(browser, hard_names, watch, viewport={"width": 390, "height": 900}) as window:
        page = window.new_page()
        page.goto("/")
        settle(page)
        for details in page.locator("details.numbers > summary:visible").all():
            details.click()
        tables = page.evaluate(hinted)
        assert any(scrolls for scrolls, _ in tables)
        assert [scrolls for scrolls, _ in tables] == [told for _, told in tables]


def test_a_chart_that_cannot_be_drawn_leaves_its_words_and_the_other_charts(
    browser: Browser, hard_names: str
) -> None:
    def broken(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"type": "bar"', '"type": "no such mark"'))

    watch = Watch()
    with opened(browser, hard_names, watch) as window:
        page = window.new_page()
        page.route("**/brand?name=Acme", broken)
        page.goto("/brand?name=Acme")
        expect(page.get_by_text("This chart could not be drawn").first).to_be_visible()
        assert page.locator(".canvas svg path").count() > 0
    assert all("error: chart-" in fault for fault in watch.faults)


def test_typing_a_year_passes_by_the_year_two(page: Page, watch: Watch) -> None:
    page.goto("/")
    field = page.locator("input[name=since]")
    for year in ("0002", "0020", "0202", "2026"):
        with page.expect_response(lambda response: "since=" in response.url) as answered:
            field.fill(f"{year}-03-01")
        assert answered.value.status == 200
        settle(page)


def _smallest_text(page: Page) -> float:
    """Pixels of the smallest text that can be seen, that of charts included."""
    smallest: float = page.evaluate("""() => Math.min(...[...document.querySelectorAll("body *")]
        .filter((each) => [...each.childNodes].some((one) => one.nodeType === 3 && one.textContent.trim())
            && each.getBoundingClientRect().width > 1)
        .map((each) => parseFloat(getComputedStyle(each).fontSize)))""")
    return smallest
