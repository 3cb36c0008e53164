"""What a model is asked about one text is bounded."""

import pytest

from monitor.messages import BrandMention
from monitor.stream.asking import first_places


@pytest.mark.parametrize(
    ("limit", "chars", "expected"),
    [
        (9, 50, [0, 1, 2, 3, 4]),
        (3, 50, [0, 2, 3]),
        (4, 50, [0, 1, 2, 3]),
        (9, 400_000, [0, 2]),
        (9, 10**7, [0]),
    ],
)
def test_every_brand_is_asked_about_before_any_is_asked_twice(
    limit: int, chars: int, expected: list[int]
) -> None:
    named = [BrandMention(brand=brand, matched=brand, start=n, end=n + 1) for n, brand in enumerate("aabca")]
    assert first_places(named, limit, chars) == expected
