"""A view is its address: filters write it, links keep it, a colleague who opens it sees the same."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OURS, Site, opened
from tests.browser.watching import Watch, settle

pytestmark = pytest.mark.browser


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shown_posts(page: Page) -> str:
    """The line with the counts under the title."""
    return page.locator("#counted").inner_text()


def test_a_filter_changes_figures_charts_and_address(page: Page, site: Site) -> None:
    page.goto("/")
    before = shown_posts(page)
    page.locator("#filters summary", has_text="Sources").click()
    page.get_by_role("checkbox", name="forum", exact=True).check()
    page.wait_for_url(re.compile("source=forum"))
    expect(page.locator("#counted")).not_to_have_text(before)
    settle(page)
    after = shown_posts(page)
    posts = site.api("summary", **query(page))["posts"]
    assert f"in {posts:,} posts from 1 source" in after
    expect(page.locator("#said-sources")).to_have_text("Sources: forum")
    for link in (page.get_by_role("link", name="Mentions", exact=True), page.locator("#json")):
        assert "source=forum" in (link.get_attribute("href") or "")
    # What a colleague sees who gets the address, and whoever goes back.
    there = page.context.new_page()
    there.goto(page.url)
    assert shown_posts(there) == after
    page.go_back()
    expect(page.locator("#counted")).to_have_text(before)


def test_a_period_and_two_brands(page: Page, site: Site) -> None:
    page.goto("/")
    page.get_by_role("link", name="7 days").click()
    page.wait_for_url(re.compile("since=2026-03-25"))
    page.locator("#filters summary", has_text="Brands").click()
    for name in (OURS, "Adidas"):
        page.get_by_role("checkbox", name=name, exact=True).check()
    page.wait_for_url(re.compile("brand=Adidas"))
    expect(page.locator("#said-brands")).to_have_text(re.compile("and 1 more"))
    expect(page.locator("table").first.locator("tbody tr")).to_have_count(2)
    chosen = query(page)
    assert sorted(chosen["brand"]) == ["Adidas", OURS]
    assert chosen["since"] == ["2026-03-25"]
    page.get_by_role("link", name="Clear filters").click()
    page.wait_for_url(lambda url: "brand=" not in url)
    assert query(page)["since"] == ["2026-03-25"], "the period stays"


def test_the_way_from_the_overview_to_a_text(page: Page, site: Site) -> None:
    page.goto("/?since=2026-03-01&until=2026-03-31&source=reviews")
    page.locator("tbody a", has_text=OURS).first.click()
    expect(page).to_have_title(re.compile(f"^{OURS}"))
    settle(page)
    page.get_by_role("link", name=f"All mentions of {OURS}").click()
    expect(page.locator("h1")).to_contain_text("newest first")
    assert query(page) == {
        "since": ["2026-03-01"],
        "until": ["2026-03-31"],
        "brand": [OURS],
        "source": ["reviews"],
    }
    n = site.api("summary", **query(page))
    expect(page.locator("h1")).to_contain_text(f"{n['texts'] + n['images']:,} mentions")
    page.get_by_role("link", name="read and correct").first.click()
    expect(page.locator("h1")).to_contain_text(re.compile("(Text|Picture) by"))
    page.get_by_role("link", name="All mentions").click()
    assert query(page)["source"] == ["reviews"]


def test_a_brand_is_picked_on_its_page(page: Page) -> None:
    page.goto("/brand")
    expect(page.locator("h1")).to_contain_text(OURS)
    page.locator("#filters select[name=name]").select_option("Adidas")
    page.wait_for_url(re.compile("name=Adidas"))
    expect(page.locator("h1")).to_contain_text("Adidas was much talked about")  # samples/events.toml: a joke
    expect(page).to_have_title(re.compile("^Adidas"))
    page.get_by_role("link", name="90 days").click()
    page.wait_for_url(re.compile("since=2026-01-01"))
    expect(page.locator("h1")).to_contain_text("Adidas")


def test_a_wrong_query_is_told_where_it_is_wrong(page: Page, watch: Watch) -> None:
    watch.expected = {422}
    page.goto("/mentions")
    page.get_by_label("Words").fill("support AND (slow")
    page.get_by_label("Words").press("Enter")
    expect(page.locator("h1")).to_have_text("This query cannot be read")
    expect(page.get_by_role("alert")).to_contain_text("Line 1, column 13")
    page.get_by_label("Words").fill("support AND (slow OR called)")
    page.get_by_label("Words").press("Enter")
    expect(page.locator("h1")).to_contain_text("with “support AND (slow OR called)”")


def test_mentions_are_searched_sorted_and_paged(page: Page) -> None:
    page.goto("/mentions")
    page.get_by_label("Words").fill("support")
    page.get_by_label("Words").press("Enter")
    page.wait_for_url(re.compile("q=support"))
    expect(page.locator("h1")).to_contain_text("with “support”")
    texts = page.locator("article .said").all_inner_texts()
    assert texts
    assert all("support" in text.casefold() for text in texts)
    page.get_by_label("Order").select_option("most reached first")
    page.wait_for_url(re.compile("order=reach"))
    page.get_by_label("Sentiment").select_option("negative")
    page.wait_for_url(re.compile("label=negative"))
    expect(page.locator(".label").first).to_have_text("negative")
    reached = [
        int(found[1].replace(",", ""))
        for text in page.locator("article .note").all_inner_texts()
        if (found := re.search(r"reach ([\d,]+)", text))
    ]
    assert len(reached) == 25
    assert reached == sorted(reached, reverse=True)
    page.get_by_role("link", name="More mentions").click()
    expect(page.get_by_role("link", name="First page")).to_be_visible()
    first = page.locator("article .note").first.inner_text()
    assert int((re.search(r"reach ([\d,]+)", first) or ["", "0"])[1].replace(",", "")) <= reached[-1]


def test_pictures_by_confidence_and_silence(page: Page, site: Site) -> None:
    page.goto("/pictures")
    page.get_by_label("Probability at least").select_option("70%")
    page.wait_for_url(re.compile("score=0.7"))
    page.get_by_label("Only where the post does not name the brand").check()
    page.wait_for_url(re.compile("unnamed=1"))
    expect(page.locator("h1")).to_have_text("Logos nobody put into words")
    for figure in page.locator(".picture").all():
        expect(figure.locator(".flag").first).to_contain_text("not named")
    page.get_by_role("link", name="More pictures").click()
    page.wait_for_url(re.compile("page=2"))
    assert query(page)["score"] == ["0.7"]


def test_everything_works_without_a_script(browser: Browser, site: Site, watch: Watch) -> None:
    with opened(browser, site.url, watch, java_script_enabled=False) as window:
        page = window.new_page()
        page.goto("/")
        page.locator("#filters summary", has_text="Kinds").click()
        page.get_by_role("checkbox", name="pictures").check()
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url(re.compile("kind=image"))
        assert page.locator("#counted").inner_text().startswith("0 texts and")
        assert page.locator("table").count() >= 2, "the figures of the charts are in tables"
