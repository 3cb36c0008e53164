"""The part of an address that says what is looked at."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.reports.filters import Filter
from monitor.web.views import View, address
from monitor.web.wording import hue, seconds

BERLIN = ZoneInfo("Europe/Berlin")


def view(**changes: object) -> View:
    first, last = date(2026, 3, 1), date(2026, 3, 30)
    chosen = Filter(
        since=datetime(2026, 3, 1, tzinfo=BERLIN),
        until=datetime(2026, 3, 31, tzinfo=BERLIN),
        **changes,  # type: ignore[arg-type]
    )
    return View(chosen=chosen, first=first, last=last)


def test_a_link_holds_the_view_and_its_changes() -> None:
    looked_at = view(brands=("A&B", "C"), kinds=("text",))
    assert (
        looked_at.link("/mentions", q="a b", label="")
        == "/mentions?since=2026-03-01&until=2026-03-30&brand=A%26B&brand=C&kind=text&q=a+b"
    )
    assert looked_at.link("/", brand=None, kind=None) == "/?since=2026-03-01&until=2026-03-30"
    counted = view(languages=("de", "fr"), counting="stories")
    assert counted.link("/") == "/?since=2026-03-01&until=2026-03-30&lang=de&lang=fr&counting=stories"


def test_periods_end_where_this_one_ends() -> None:
    assert view().presets() == (
        ("7 days", date(2026, 3, 24), False),
        ("30 days", date(2026, 3, 1), True),
        ("90 days", date(2025, 12, 31), False),
        ("1 year", date(2025, 3, 31), False),
    )
    assert view().days == 30


@pytest.mark.parametrize(
    "part", [{"brands": ("A",)}, {"sources": ("x",)}, {"kinds": ("image",)}, {"languages": ("de",)}]
)
def test_narrowed_is_what_leaves_something_out(part: dict[str, tuple[str, ...]]) -> None:
    assert not view().narrowed
    assert view(**part).narrowed


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.text(), st.booleans(), st.lists(st.text())))
)
def test_an_address_is_one_line_of_plain_characters(parts: dict[str, object]) -> None:
    written = address("/", parts)
    assert written.isascii()
    assert not any(sign in written for sign in "\"'<> \n\r#")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "unknown"),
        (0.25, "0.2 s"),
        (119, "119.0 s"),
        (120, "2 min"),
        (7200, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_a_delay_is_written_in_the_unit_it_is_read_in(value: float | None, written: str) -> None:
    assert seconds(value) == written


def test_brands_keep_their_colour() -> None:
    assert hue("VMware") == hue("VMware")
    assert all(0 <= hue(str(n)) < 7 for n in range(50))
