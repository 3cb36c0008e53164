"""A view as an address and back: what is stored of a subscription is what is sent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.reports.asked import PATHS, Asked, read_address
from monitor.reports.filters import Filter

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)

# What names hold, hostile ones among them; a NUL is in no name, and half a surrogate pair in no address.
NAMES = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12)
SOME = st.lists(NAMES, max_size=3, unique=True).map(tuple)


@given(
    st.sampled_from(sorted(PATHS)),
    SOME,
    SOME,
    st.sampled_from([(), ("text",), ("image", "text")]),
    st.sampled_from(["posts", "stories"]),
    st.just("") | NAMES,
    st.sampled_from([None, "negative", "unsure"]),
)
def test_a_view_comes_back_from_its_address(page, brands, sources, kinds, counting, query, label):
    chosen = Filter(
        SINCE, UNTIL, brands[:1] if page == "brand" else brands, sources, kinds, ("de",), counting
    )
    asked = Asked(page=page, chosen=chosen, query=query, label=label)
    assert read_address(asked.address, SINCE, UNTIL) == asked


@pytest.mark.parametrize(
    "address",
    ["", "/quality", "https://evil.example/", "//evil.example/", "/?kind=sound", "/?counting=1", "/?q=%00"],
)
def test_other_addresses_are_refused(address):
    with pytest.raises(ValueError, match=r"."):
        read_address(address, SINCE, UNTIL)


def test_a_view_is_told_in_words():
    chosen = Filter(SINCE, UNTIL, ("VMware",), ("forum", "news"), ("text",), ("de",), "stories")
    asked = Asked(page="brand", chosen=chosen)
    assert asked.title == "Brand: VMware"
    assert (
        asked.limits == "sources: forum, news; texts only; languages: de; the first of each story, no copies"
    )
    searched = Asked(page="mentions", chosen=Filter(SINCE, UNTIL), query="outage", label="negative")
    assert (searched.title, searched.limits) == ("Mentions with “outage”, negative", "")
