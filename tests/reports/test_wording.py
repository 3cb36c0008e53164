"""Numbers in words: what is nearly none or nearly all is not told as that; and what is a link."""

import pytest

from monitor.reports.wording import is_web_address, percent


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.0, "0%"),
        (1e-9, "<1%"),
        (0.0049, "<1%"),
        (0.006, "1%"),
        (0.994, "99%"),
        (0.9951, ">99%"),
        (0.99992, ">99%"),
        (1 - 1e-12, "100%"),
        (1.0, "100%"),
    ],
)
def test_what_is_nearly_all_or_none_is_said_to_be_nearly(share: float, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://x.com/i/status/17", True),
        ("http://news.example/pseudonym-of-a-spy", True),
        ("https://example.social/@pseudonym-bt2h33mqj5g5alvhhghd/17", False),
        ("javascript:alert(1)", False),
        ("https://[x", False),
        (None, False),
    ],
)
def test_what_leads_to_a_page_is_a_link(url: str | None, leads: bool) -> None:
    assert is_web_address(url) is leads
