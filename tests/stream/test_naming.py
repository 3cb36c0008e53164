"""One text costs a bounded amount, whatever it names."""

import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.errors import DataError, ErrorCode
from monitor.messages import BrandMention
from monitor.queries import Fields
from monitor.settings import load_settings
from monitor.stream.naming import Naming
from monitor.texts import read


@pytest.fixture(scope="module")
def naming() -> Naming:
    brands = Brands(tuple(Brand(name=f"Brand{n}x") for n in range(200)))
    return Naming(BrandMatcher(brands), load_settings(text_max_brands=100))


def find(naming: Naming, text: str) -> tuple[BrandMention, ...]:
    return naming.find(read(text), Fields())


def test_a_hundred_brands_are_named_and_one_more_is_too_many(naming: Naming) -> None:
    """An index row too large, raised by a deferred trigger at the commit, ended the worker for good."""
    assert len(find(naming, " ".join(f"Brand{n}x" for n in range(100)))) == 100
    with pytest.raises(DataError, match="names 101 brands, more than 100") as raised:
        find(naming, " ".join(f"Brand{n}x" for n in range(101)))
    assert raised.value.code is ErrorCode.TOO_MANY_BRANDS


def test_of_one_brand_the_first_hundred_places_are_kept(naming: Naming) -> None:
    found = find(naming, "Brand7x " * 5000 + "Brand8x")
    assert [(one.start, one.brand) for one in found[:2]] == [(0, "Brand7x"), (8, "Brand7x")]
    assert (len(found), found[-1].brand) == (101, "Brand8x")
