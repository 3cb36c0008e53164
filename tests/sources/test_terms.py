"""What is searched for finds every text that counts for a brand."""

import json
import re
from pathlib import Path

import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.sources.terms import batches, phrases


def asked(*brands: Brand) -> tuple[str, ...]:
    return phrases(Brands(brands))


def test_spellings_as_words_and_phrases() -> None:
    assert asked(Brand(name="VMware", aliases=("vm ware", "#vSphere", "@VMwareCloud"))) == (
        "vmware",
        "vm ware",
        "vsphere",
        "vmwarecloud",
    )


def test_a_name_of_several_words_is_written_as_one_too() -> None:
    assert asked(Brand(name="Red Bull"), Brand(name="Coca-Cola")) == (
        "red bull",
        "redbull",
        "coca-cola",
        "cocacola",
    )


def test_hyphens_are_spaces_to_a_search() -> None:
    assert asked(Brand(name="VMware", aliases=("vm ware", "vm-ware", "VM-Ware tools"))) == (
        "vmware",
        "vm ware",
        "vmwaretools",
    )


def test_of_a_name_that_no_search_takes_the_beginning_is_asked_for() -> None:
    (phrase,) = asked(Brand(name="The " + "very " * 30 + "Long Company"))
    assert phrase == "the" + " very" * 19


def test_what_a_shorter_phrase_finds_is_not_asked_for() -> None:
    assert asked(Brand(name="Nike"), Brand(name="Nike Air Max 90"), Brand(name="Nikes")) == ("nike", "nikes")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("gap NEAR/5 (jeans OR store OR shop)", ("gap",)),
        ('"gap inc" OR #gapkids', ("gap inc", "gapinc", "gapkids")),
        ("vm* OR vsphere", ("vsphere",)),
        ('"apple orchard*" AND NOT pie', ("apple",)),
        ("author:nike", ("the brand", "thebrand")),
        ("vm*", ("the brand", "thebrand")),
        ('raw:"Yahoo!"', ("yahoo!",)),
        (r'"say \"no\" (now)"', ("say no now", "saynonow")),
    ],
)
def test_a_query_is_asked_for_by_what_it_needs(query: str, found: tuple[str, ...]) -> None:
    assert asked(Brand(name="The Brand", query=query)) == found


def test_queries_stay_within_what_a_platform_takes() -> None:
    names = tuple(f"name{number}" for number in range(40))
    groups = batches(names, " OR ".join, 60)
    assert [name for group in groups for name in group] == list(names)
    assert all(len(" OR ".join(group)) <= 60 for group in groups)
    assert len(groups) == 7


def test_a_phrase_that_is_too_long_alone_stands_alone() -> None:
    assert batches(("a" * 20, "b", "c"), " OR ".join, 10) == (("a" * 20,), ("b", "c"))


def test_every_sample_that_counts_would_be_found() -> None:
    """By a search that knows words and phrases, and no more."""
    samples = Path(__file__).parents[2] / "samples" / "texts.jsonl"
    texts = [json.loads(line)["text"] for line in samples.read_text("utf-8").splitlines()]
    brands = load_brands()
    matcher, searched = BrandMatcher(brands), [f" {_spaced(phrase)} " for phrase in phrases(brands)]
    counted = [text for text in texts if matcher.find(text)]
    assert len(counted) > 40
    for text in counted:
        assert any(phrase in f" {_spaced(text)} " for phrase in searched), text


def _spaced(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
