"""Brands in lines: names as in texts, everyday words only as a line of their own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.logos.words import TextLine, WordFinder, WrittenMatcher
from monitor.settings import Device

WIDE = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.1), (0.0, 0.1))


def read(*texts: str, score: float = 0.9) -> list[TextLine]:
    return [TextLine(text, score, WIDE) for text in texts]


@pytest.fixture(scope="module")
def matcher() -> WrittenMatcher:
    brands = load_brands()
    return WrittenMatcher(brands, BrandMatcher(brands))


@pytest.mark.parametrize(
    ("text", "brand", "matched"),
    [
        ("vmware", "VMware", "vmware"),
        ("VMWARE®", "VMware", "VMWARE"),
        ("Maximizing VMware Cloud", "VMware", "VMware"),
        ("REDBULL", "Red Bull", "REDBULL"),
        ("Red  Bull", "Red Bull", "Red  Bull"),
        ("CITROËN", "Citroën", "CITROËN"),
        ("Google搜索", "Google", "Google"),
        ("Supreme", "Supreme New York", "Supreme"),
        ("(MINI)", "Mini Cooper", "(MINI)"),
        ("SUPREME®", "Supreme New York", "SUPREME®"),
    ],
)
def test_names_as_they_stand_in_pictures(
    matcher: WrittenMatcher, text: str, brand: str, matched: str
) -> None:
    (found,) = matcher.find(read(text))
    assert (found.brand, found.matched, found.line, found.score) == (brand, matched, text, 0.9)


@pytest.mark.parametrize(
    "text",
    [
        "OXFORD",  # Ford, val picture
        "TOMFORD",  # Ford, val picture
        "iUNiKER",  # Nike without a letter, val picture
        "supreme pizza",
        "mini market",
        "",
        "®",
        "APC1424@YAHOO.COM",  # val picture
    ],
)
def test_what_only_looks_like_a_name(matcher: WrittenMatcher, text: str) -> None:
    assert matcher.find(read(text)) == ()


def test_the_box_is_around_the_name_and_not_the_line(matcher: WrittenMatcher) -> None:
    (found,) = matcher.find(read("we love VMware"))
    assert (round(found.box.x, 3), round(found.box.width, 3)) == (round(8 / 14, 3), round(6 / 14, 3))


def test_every_line_and_every_name_counts_in_order(matcher: WrittenMatcher) -> None:
    found = matcher.find(read("VMware and Intel", "nothing", "vmware"))
    assert [(one.brand, one.line) for one in found] == [
        ("VMware", "VMware and Intel"),
        ("Intel", "VMware and Intel"),
        ("VMware", "vmware"),
    ]


def test_a_name_in_full_is_not_found_twice() -> None:
    brands = Brands([Brand("Acme", written=("acme",))])
    assert len(WrittenMatcher(brands, BrandMatcher(brands)).find(read("ACME"))) == 1


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_whatever_is_read_is_a_line_or_nothing(matcher: WrittenMatcher, text: str) -> None:
    for found in matcher.find(read(text)):
        assert found.line == text
        assert found.matched in text
        assert found.box.x >= 0
        assert found.box.x + found.box.width <= 1.000001


class Fixed:
    identity = "reader-1"
    device = Device.CPU

    def read(self, pixels: object) -> tuple[TextLine, ...]:
        return tuple(read("VMware"))


def test_other_spellings_make_another_version() -> None:
    def identity(*brands: Brand) -> str:
        return WordFinder(Fixed(), Brands(brands), BrandMatcher(Brands(brands))).identity

    plain = identity(Brand("A"), Brand("B"))
    assert plain.startswith("words-reader-1-")
    assert plain == identity(Brand("B"), Brand("A"))  # the file's order matters to nobody
    changed = (Brand("A", aliases=("c",)), Brand("A", written=("c",)))
    assert len({plain, *(identity(one, Brand("B")) for one in changed)}) == 3
