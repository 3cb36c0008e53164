"""Every page at the width of a desk and of a phone, light and dark: drawn, in the window, accessible."""

import itertools

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import OURS, Site, opened
from tests.browser.watching import Watch, broken_pictures, grave_faults, settle, too_wide

pytestmark = pytest.mark.browser

WIDTHS = (1440, 390)
SCHEMES = ("light", "dark")
LOOKS = [pytest.param(*look, id="{}-{}".format(*look)) for look in itertools.product(WIDTHS, SCHEMES)]
ALERTS = ("/alerts", "/alerts/new", "/alerts/1")
PAGES = ("/", "/brand", "/themes", "/pictures", "/mentions", "/answer", *ALERTS, "/quality", "/setup")


def checked(browser: Browser, site: Site, watch: Watch, path: str, width: int, scheme: str) -> None:
    with opened(
        browser, site.url, watch, viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as window:
        page = window.new_page()
        page.goto(path)
        settle(page)
        assert page.locator("h1").count() == 1
        assert page.get_by_text("Synthetic data.").is_visible()
        assert too_wide(page) == []
        assert broken_pictures(page) == []
        for details in page.locator("details:not(.choice) > summary:visible").all():
            details.click()
        assert too_wide(page) == []
        assert grave_faults(page) == []


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("path", PAGES)
def test_a_page(browser: Browser, site: Site, watch: Watch, path: str, width: int, scheme: str) -> None:
    checked(browser, site, watch, path, width, scheme)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("kind", ["text", "image"])
def test_a_mention(browser: Browser, site: Site, watch: Watch, kind: str, width: int, scheme: str) -> None:
    checked(browser, site, watch, site.mention(brand=OURS, kind=kind), width, scheme)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_open_filters(browser: Browser, site: Site, watch: Watch, width: int, scheme: str) -> None:
    with opened(
        browser, site.url, watch, viewport={"width": width, "height": 900}, color_scheme=scheme
    ) as window:
        page = window.new_page()
        page.goto("/mentions")
        for title in ("Brands", "Sources", "Kinds"):
            page.locator("#filters summary", has_text=title).click()
            box = page.locator(".choice[open] fieldset").bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width, title
            assert too_wide(page) == []
        assert page.locator(".choice[open]").count() == 1, "one list closes the other"
        assert grave_faults(page) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_charts_fit_their_column_and_follow_the_window(
    browser: Browser, site: Site, watch: Watch, width: int
) -> None:
    with opened(browser, site.url, watch, viewport={"width": width, "height": 900}) as window:
        page = window.new_page()
        page.goto("/")
        settle(page)
        charts = page.locator(".canvas")
        assert charts.count() >= 6
        page.set_viewport_size({"width": 700, "height": 900})
        page.wait_for_function("""() => [...document.querySelectorAll(".canvas")].every((each) =>
            Math.abs(each.querySelector("svg").getBoundingClientRect().width - each.clientWidth) <= 2)""")


@pytest.mark.parametrize("path", ["/nothing", "/?since=yesterday", "/mentions?q=zyxzyxzyx"])
def test_a_page_of_nothing(browser: Browser, site: Site, watch: Watch, path: str) -> None:
    watch.expected = {404, 422}
    with opened(browser, site.url, watch, viewport={"width": 390, "height": 900}) as window:
        page = window.new_page()
        page.goto(path)
        assert page.locator(".empty a").count() >= 1
        assert too_wide(page) == []
        assert grave_faults(page) == []
