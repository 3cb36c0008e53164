"""What a person corrects is shown at once, counts in every figure, and can be taken back."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OURS, Site

pytestmark = pytest.mark.browser

DAY = "since=2026-03-31&until=2026-03-31"
WHOLE_DAY = {"since": "2026-03-31", "until": "2026-03-31"}


def felt(site: Site) -> tuple[int, int, int]:
    """Positive and negative texts about our brand that day, and corrections counted in."""
    found = site.api("summary", **WHOLE_DAY)
    (ours,) = (each for each in found["feeling"] if each["brand"] == OURS)
    return ours["positive"], ours["negative"], found["corrections"]


def health(page: Page) -> str:
    """The card on the overview."""
    return page.locator(".cards div", has_text="Brand health").locator("dd").first.inner_text()


def n_of_health(page: Page) -> str:
    """What is written under it."""
    return page.locator(".cards div", has_text="Brand health").locator("dd").nth(1).inner_text()


@pytest.fixture
def untouched(site: Site) -> Iterator[tuple[int, int, int]]:
    """The figures before, which must be those afterwards."""
    before = felt(site)
    yield before
    assert felt(site) == before


def correct(page: Page, summary: str, label: str, name: str) -> None:
    section = page.locator(".opinion", has=page.get_by_role("heading", name=re.compile(f"^{summary}")))
    section.locator("summary").click()
    section.get_by_role("radio", name=label).check()
    section.get_by_label("Your name").fill(name)
    section.get_by_label("Why").fill("it was meant kindly")
    section.get_by_role("button", name="Save correction").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


def test_a_label_corrected_moves_the_figures_and_undone_moves_them_back(
    page: Page, site: Site, untouched: tuple[int, int, int]
) -> None:
    positive, negative, corrections = untouched
    page.goto(f"/?{DAY}")
    shown, note = health(page), n_of_health(page)
    mention = site.mention(brand=OURS, label="negative", kind="text", order="oldest", **WHOLE_DAY)
    page.goto(f"{mention}?{DAY}")
    correct(page, f"Toward {OURS}", "positive", "Ann")
    assert felt(site) == (positive + 1, negative - 1, corrections + 1)
    history = page.locator(".history")
    expect(history).to_contain_text(f"Toward {OURS}: positive")
    expect(history).to_contain_text("by Ann")
    expect(history).to_contain_text("it was meant kindly")

    page.get_by_role("link", name="Overview").click()
    opinions = positive + negative
    expect(page.locator("#corrected")).to_have_text(re.compile(f"^{corrections + 1} correction"))
    assert f"of {opinions:,} opinion" in n_of_health(page)
    assert n_of_health(page) != note, "the interval moved"
    page.goto(f"/mentions?{DAY}&brand={OURS}&label=positive&order=oldest")
    expect(page.locator("article", has=page.locator(f'a[href^="{mention}"]')).locator(".flag")).to_have_text(
        "corrected"
    )

    page.goto(f"{mention}?{DAY}")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()
    expect(history).to_contain_text("taken back by Ann")
    page.goto(f"/?{DAY}")
    assert (health(page), n_of_health(page)) == (shown, note)


def test_the_whole_text_and_again(page: Page, site: Site, untouched: tuple[int, int, int]) -> None:
    mention = site.mention(brand=OURS, label="negative", kind="text", order="oldest", **WHOLE_DAY)
    page.goto(mention)
    correct(page, "The text as a whole", "neutral", "Ben")
    name = page.locator(".opinion").first.get_by_label("Your name")
    page.locator(".opinion").first.locator("summary").click()
    expect(name).to_have_value("Ben")  # remembered
    page.goto(mention)
    correct(page, "The text as a whole", "positive", "Ben")
    expect(page.locator(".history li")).to_have_count(2 + _earlier(page))
    expect(page.get_by_role("button", name="Undo")).to_have_count(1)  # the second replaced the first
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()


def _earlier(page: Page) -> int:
    """Corrections that other tests made of this mention and took back."""
    return page.locator(".history li", has_text="Toward").count()


def boxes(site: Site, mention: str) -> list[dict[str, float]]:
    return [logo["box"] for logo in site.api(mention.removeprefix("/"))["logos"]]


@pytest.fixture
def pictured(site: Site) -> Iterator[str]:
    """A picture with one logo of ours, which has it again afterwards."""
    rows = site.api("mentions", brand=OURS, kind="image", limit=200)["rows"]
    mention = next(
        path
        for row in rows
        if row["brands_shown"] == [OURS] and len(boxes(site, path := f"/mentions/{row['mention_id']}")) == 1
    )
    before = boxes(site, mention)
    yield mention
    assert boxes(site, mention) == before


def undo(page: Page) -> None:
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").filter(has_text="Taken back.")).to_be_visible()


def test_a_box_is_drawn_anew_with_the_pointer(page: Page, site: Site, pictured: str) -> None:
    page.goto(pictured)
    section = page.locator(".opinion", has_text=OURS).first
    section.locator("summary").click()
    section.get_by_label("Your name").fill("Cy")
    frame = page.locator("#editor")
    frame.scroll_into_view_if_needed()
    at = frame.bounding_box()
    assert at
    page.mouse.move(at["x"] + 0.25 * at["width"], at["y"] + 0.5 * at["height"])
    page.mouse.down()
    page.mouse.move(at["x"] + 0.5 * at["width"], at["y"] + 0.6 * at["height"])
    page.mouse.move(at["x"] + 0.75 * at["width"], at["y"] + 0.75 * at["height"])
    expect(page.locator("rect.draft")).to_be_visible()
    page.mouse.up()
    section.get_by_role("button", name="Save correction").click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    (box,) = boxes(site, pictured)
    assert box == {name: pytest.approx(value, abs=0.01) for name, value in _DRAWN.items()}
    drawn = page.locator("#editor rect:not(.under)")
    assert float(drawn.get_attribute("x") or 0) == pytest.approx(0.25, abs=0.01)
    undo(page)


_DRAWN = {"x": 0.25, "y": 0.5, "width": 0.5, "height": 0.25}


def test_a_find_that_is_none_leaves_the_figures(page: Page, site: Site, pictured: str) -> None:
    def shown() -> int:
        found = site.api("summary", since="2025-04-01", until="2026-03-31")
        return int(next(each["picture"] for each in found["voice"] if each["brand"] == OURS))

    before = shown()
    page.goto(pictured)
    section = page.locator(".opinion", has_text=OURS).first
    section.locator("summary").click()
    section.get_by_label("It is").select_option("no watched logo")
    section.get_by_label("Your name").fill("Di")
    section.get_by_role("button", name="Save correction").click()
    expect(page.get_by_role("heading", name="0 logos found")).to_be_visible()
    assert shown() < before
    undo(page)
    assert shown() == before


def test_a_missed_logo_is_added_by_numbers(page: Page, site: Site, pictured: str) -> None:
    page.goto(pictured)
    section = page.locator(".opinion", has_text="A logo is missing?")
    section.locator("summary").click()
    section.get_by_label("It is").select_option("Adidas")
    for name, value in (("Left", "10"), ("Top", "20"), ("Width", "30"), ("Height", "12.5")):
        section.get_by_label(name).fill(value)
    section.get_by_label("Your name").fill("Ed")
    section.get_by_role("button", name="Add logo").click()
    expect(page.get_by_role("heading", name="2 logos found")).to_be_visible()
    expect(page.locator(".opinion", has_text="Adidas").first).to_contain_text("added by a person")
    undo(page)


def test_numbers_of_a_box_are_whole_on_a_phone(page: Page, pictured: str) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(pictured)
    section = page.locator(".opinion", has_text=OURS).first
    section.locator("summary").click()
    fields = section.locator(".box input")
    expect(fields).to_have_count(4)
    for field in fields.all():
        field.fill("100.00")
        assert field.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_a_box_outside_of_the_picture_is_explained(page: Page, pictured: str, watch) -> None:
    watch.expected = {409}
    page.goto(pictured)
    section = page.locator(".opinion", has_text="A logo is missing?")
    section.locator("summary").click()
    section.get_by_label("It is").select_option("Adidas")
    for name, value in (("Left", "80"), ("Top", "20"), ("Width", "30"), ("Height", "10")):
        section.get_by_label(name).fill(value)
    section.get_by_label("Your name").fill("Fay")
    section.get_by_role("button", name="Add logo").click()
    expect(page.locator("h1")).to_have_text("The correction was not saved")
    expect(page.locator(".empty")).to_contain_text("the box leaves the picture")
