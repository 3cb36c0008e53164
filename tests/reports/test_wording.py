"""Numbers in words: what is nearly none or nearly all is not told as that."""

import pytest

from monitor.reports.wording import percent


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
