"""Brands are found as whole words, whatever their case, accents, width and joiners; spans point at them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.queries import Fields

BRANDS = Brands(
    (
        Brand(name="VMware", aliases=("vm ware",), own=True),
        Brand(name="Apple", aliases=("apple watch",)),
        Brand(name="Red Bull"),
        Brand(name="Citroën"),
        Brand(name="McDonald's"),
        Brand(name="Mini Cooper", aliases=("@mini",)),
        Brand(name="Yahoo", aliases=("yahoo!",)),
        Brand(name="C++"),
    )
)
MATCHER = BrandMatcher(BRANDS)


def found(text: str) -> list[tuple[str, str]]:
    return [(mention.brand, mention.matched) for mention in MATCHER.find(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VMware Horizon rocks!", [("VMware", "VMware")]),
        ("vmware, VMWARE's and VM-Ware", [("VMware", "vmware"), ("VMware", "VMWARE"), ("VMware", "VM-Ware")]),
        ("#VMware @vmware", [("VMware", "VMware"), ("VMware", "vmware")]),
        ("VMwares unvmware vmware2", []),
        ("Pineapple", []),
        ("my Apple Watch, my apple", [("Apple", "Apple Watch"), ("Apple", "apple")]),
        ("Apple Watches", [("Apple", "Apple")]),
        (
            "#redbull red  bull RED_BULL",
            [("Red Bull", "redbull"), ("Red Bull", "red  bull"), ("Red Bull", "RED_BULL")],
        ),
        (
            "CITROEN Citroën Citroe\u0308n",
            [("Citroën", "CITROEN"), ("Citroën", "Citroën"), ("Citroën", "Citroe\u0308n")],
        ),
        ("ＶＭｗａｒｅ", [("VMware", "ＶＭｗａｒｅ")]),
        ("VMwareは好き、애플 apple은", [("VMware", "VMware"), ("Apple", "apple")]),
        ("McDonald’s", [("McDonald's", "McDonald’s")]),
        ("a mini fridge from @Mini", [("Mini Cooper", "@Mini")]),
        ("yahoo! Yahoo", [("Yahoo", "yahoo!"), ("Yahoo", "Yahoo")]),
        ("I like C++.", [("C++", "C++")]),
        ("mail joe@apple.com or https://apple.com/x or www.apple.com", []),
        ("VMware™ announced, VMware², VMware®", [("VMware", "VMware")] * 3),
        ("Awww...Apple made my day", [("Apple", "Apple")]),
        ("https://t.co/abcアップルより apple", [("Apple", "apple")]),
        ("McDonald&#39;s and Citro&euml;n", [("McDonald's", "McDonald&#39;s"), ("Citroën", "Citro&euml;n")]),
        ("", []),
        ("\ud800 apple \x00", [("Apple", "apple")]),
    ],
)
def test_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@given(st.text(), st.sampled_from([word for brand in BRANDS for word in brand.spellings]), st.text())
def test_spans_point_at_what_was_matched(before: str, spelling: str, after: str) -> None:
    text = before + spelling + after
    last = 0
    for mention in MATCHER.find(text):
        assert text[mention.start : mention.end] == mention.matched
        assert mention.start >= last, "mentions overlap or are out of order"
        last = mention.end


@given(
    st.text(st.characters(categories=["Zs", "Po"], exclude_characters="@#!'’_-./:"), max_size=20),
    st.sampled_from(list(BRANDS)),
    st.text(st.characters(categories=["Zs", "Po"], exclude_characters="@#!'’_-./:"), max_size=20),
    st.sampled_from([str.upper, str.lower, str.title, str.casefold]),
)
def test_a_spelling_between_spaces_is_always_found(
    before: str, brand: Brand, after: str, case: object
) -> None:
    assert callable(case)
    for spelling in brand.spellings:
        mentions = MATCHER.find(f"{before} {case(spelling)} {after}")
        assert [mention.brand for mention in mentions] == [brand.name]


@given(st.sampled_from("abcxyz019éß"), st.sampled_from(["VMware", "Apple", "Red Bull"]))
def test_inside_a_longer_word_nothing_is_found(letter: str, spelling: str) -> None:
    assert MATCHER.find(f"{letter}{spelling}") == ()
    assert MATCHER.find(f"{spelling}{letter}") == ()


def test_letters_of_other_fonts_are_letters() -> None:
    assert found("\U0001d415\U0001d40c\U0001d430\U0001d41a\U0001d42b\U0001d41e!")[0][0] == "VMware"
    # Folded once or twice, a spelling is the same.
    assert BrandMatcher(Brands((Brand(name="\u2119ay"),))).find("pay \u2119AY")[1].end == 7


@pytest.mark.parametrize("unit", ["VMware a@b.c ", "VMware http://a ", "\ufdfa", "www."])
def test_work_is_in_proportion_to_the_length(unit: str) -> None:
    began = time.process_time()
    MATCHER.find(unit * (100_000 // len(unit)))
    assert time.process_time() - began < 1


def test_no_brands_find_nothing() -> None:
    assert BrandMatcher(Brands()).find("VMware") == ()


def test_packaged_brands_find_every_own_spelling() -> None:
    brands = load_brands()
    matcher = BrandMatcher(brands)
    assert not any(brand.own for brand in brands)
    for brand in brands:
        for spelling in brand.spellings:
            mentions = matcher.spelled(f"Today {spelling} is in the news.")
            assert [mention.brand for mention in mentions] == [brand.name]
        if brand.query is None:
            assert matcher.find(f"Today {brand.name} is in the news.")


QUERIED = BrandMatcher(
    Brands(
        (
            Brand(name="Apple", query='apple AND (iphone OR mac*) OR "tim cook" OR image:Apple'),
            Brand(name="Apple Records"),
            Brand(name="Acme", query="author:bob OR roadrunner NEAR/3 rocket"),
        )
    )
)


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("an apple a day", Fields(), []),
        ("my apple macbook", Fields(), [("Apple", "apple")]),
        ("Tim Cook spoke", Fields(), [("Apple", "Tim Cook")]),
        ("an apple", Fields(images=frozenset({"Apple"})), [("Apple", "apple")]),
        ("", Fields(images=frozenset({"Apple"})), []),
        ("Apple Records", Fields(), [("Apple Records", "Apple Records")]),
        ("hello", Fields(author="@Bob"), [("Acme", "hello")]),
        ("the roadrunner has no rocket", Fields(), [("Acme", "roadrunner"), ("Acme", "rocket")]),
        ("acme", Fields(), []),
    ],
)
def test_a_query_decides(text: str, fields: Fields, expected: list[tuple[str, str]]) -> None:
    assert [(one.brand, one.matched) for one in QUERIED.find(text, fields)] == expected


def test_spellings_are_found_whatever_a_query_says() -> None:
    assert [one.brand for one in QUERIED.spelled("an apple, acme")] == ["Apple", "Acme"]
