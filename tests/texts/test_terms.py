"""Terms are found as whole words in any script, wherever they stand, however many are looked for."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.texts import Hit, Term, Terms, read
from monitor.texts.characters import SPACED, kind_of
from monitor.texts.terms import MOST_HITS

NIKE_IN_HINDI = "\u0928\u093e\u0907\u0915\u0940"


def places(text: str, *terms: Term | str) -> list[str]:
    """What is found of any of the terms, in text order."""
    sought = [Term(term) if isinstance(term, str) else term for term in terms]
    found = Terms(sought).find(read(text))
    return [text[hit.start : hit.end] for hit in sorted(hit for hits in found.values() for hit in hits)]


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("VMware\u2122, VMware\u00b2 VMware\u2460 VMware\u00ae", "VMware", ["VMware"] * 4),
        ("\ub098\uc774\ud0a4\u3160\u3160 Nike\u3160\u3160", "\ub098\uc774\ud0a4", ["\ub098\uc774\ud0a4"]),
        ("\ub098\uc774\ud0a4\u3160\u3160 Nike\u3160\u3160", "Nike", ["Nike"]),
        ("@mini_golf @mini_ @mini @mini-golf #mini_x", "@mini", ["@mini"] * 3),
        ("@mini_golf", "mini", ["mini"]),
        ("@mini_golf @minigolf", "@mini_golf", ["@mini_golf", "@minigolf"]),
        ("VMwares VMware2 unVMware", "VMware", []),
        ("\u30b9\u30b9\u30ad\u304c\u304d\u308c\u3044", "\u30b9\u30ba\u30ad", []),
        (
            "\u65b0\u578b\u30b9\u30ba\u30ad\u30b9\u30a4\u30d5\u30c8",
            "\u30b9\u30ba\u30ad",
            ["\u30b9\u30ba\u30ad"],
        ),
        ("\u30aa\u30f3\u30e9\u30a4\u30f3", "\u30e9\u30a4\u30f3", []),  # "line" in "online"
        ("\u30ec\u30c3\u30c9\u30fb\u30d6\u30eb", "\u30ec\u30c3\u30c9\u30d6\u30eb", []),
        (
            "\u30ec\u30c3\u30c9\u30d6\u30eb",
            "\u30ec\u30c3\u30c9\u30fb\u30d6\u30eb",
            ["\u30ec\u30c3\u30c9\u30d6\u30eb"],
        ),
        ("\ud604\ub300\ub294 \uc88b\ub2e4", "\ud604\ub300", ["\ud604\ub300"]),
        ("\ud604", "\ud600", []),
        ("\u6211\u559c\u6b22\u4f60", "\u559c\u6b22", ["\u559c\u6b22"]),
        ("\u091f\u093e\u091f\u093e", "\u091f\u093e\u091f", []),
        ("\u0e44\u0e19\u0e01\u0e35\u0e49", "\u0e44\u0e19\u0e01", []),
        ("so good\U0001f600", "\U0001f600", ["\U0001f600"]),
        ("AT&amp;T AT & T", "AT&T", ["AT&amp;T"]),
        ("\ufb01at \ufb02y", "fiat", ["\ufb01at"]),
        (
            "red bull RED-BULL red  -bull red----bull redbull r ed bull",
            "Red Bull",
            ["red bull", "RED-BULL", "red  -bull", "redbull"],
        ),
        ("VM ware", "VMware", []),
        ("#nike nike", "#nike", ["#nike"]),
        ("nike.com joe@nike.com http://nike.com", "nike", ["nike"]),
        ("red http://bull.example", "red http", []),
        ("C++ c+ C++x", "C++", ["C++", "C++"]),
    ],
)
def test_whole_words(text: str, term: str, expected: list[str]) -> None:
    assert places(text, term) == expected


@pytest.mark.parametrize(
    ("text", "term", "expected"),
    [
        ("vm VMs vmware vm-x evm", Term("vm", prefix=True), ["vm", "VMs", "vmware", "vm"]),
        ("\u30b9\u30ba\u30ad\u30b9\u30a4\u30d5\u30c8", Term("\u30b9\u30ba", prefix=True), ["\u30b9\u30ba"]),
        ("Apple apple APPLE \uff21pple", Term("Apple", exact=True), ["Apple", "\uff21pple"]),
        ("cafe caf\u00e9", Term("caf\u00e9", exact=True), ["caf\u00e9"]),
        ("Air\nMax Air  Max Air-Max air\nMax", Term("Air Max", exact=True), ["Air\nMax", "Air  Max"]),
        ("advise advice advixxe", Term("advi?e", wild=True), ["advise", "advice"]),
        ("red bulls red-bull", Term("red bull?", wild=True), ["red bulls"]),
        ("colours", Term("colo?r", wild=True, prefix=True), ["colours"]),
        ("colxrs", Term("colo?r", wild=True, prefix=True), []),
        ("coloxrs", Term("colo?r", wild=True, prefix=True), ["coloxrs"]),
        ("red-bull red bill redball", Term("red b?ll", wild=True), ["red-bull", "red bill", "redball"]),
        ("vm2 vm\u00b2 vm- vm vm\u30b9", Term("vm?", wild=True), ["vm2", "vm\u30b9"]),
        (NIKE_IN_HINDI, Term(NIKE_IN_HINDI[:3] + "?", wild=True), [NIKE_IN_HINDI]),
        (NIKE_IN_HINDI, Term(NIKE_IN_HINDI[:3] + "??", wild=True), []),
    ],
)
def test_prefixes_case_and_wildcards(text: str, term: Term, expected: list[str]) -> None:
    assert places(text, term) == expected


def test_the_first_places_are_found_and_no_more() -> None:
    found = Terms([Term("nike")]).find(read("nike " * (MOST_HITS + 9)))
    assert found[Term("nike")] == tuple(Hit(at, at + 4) for at in range(0, 5 * MOST_HITS, 5))


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ([Term(" ".join("h" * n)) for n in range(2, 99)], "h " * 50_000),
        ([Term("h" * n, exact=True) for n in range(2, 50)], "h-" * 50_000),
        ([Term("ha" + "?" * n, wild=True) for n in range(1, 99)], "ha" * 50_000),
    ],
)
def test_terms_within_each_other_cost_seconds_at_most(terms: list[Term], text: str) -> None:
    began = time.process_time()
    Terms(terms).find(read(text))
    assert time.process_time() - began < 30  # minutes, where each place is tried anew


@pytest.mark.parametrize("term", ["-", " _ ", "\u0301", "\u3164", ""])
def test_a_term_of_nothing_is_refused(term: str) -> None:
    with pytest.raises(ValueError, match="nothing but"):
        Terms([Term(term)])


LETTERS = st.characters(categories=["L", "Nd"])
SPELLINGS = st.text(LETTERS, min_size=1, max_size=8)


@given(
    SPELLINGS,
    st.sampled_from([str, str.upper, str.lower, str.title]),
    st.sampled_from(' .,!?\n()"*\u2122\u00b2'),
)
def test_a_term_in_its_own_text_is_found(spelling: str, case: type[str], beside: str) -> None:
    written = case(spelling)
    if not Term(spelling).key or read(written).folded != read(spelling).folded:
        return  # letters whose capitals are other words (the dotless i)
    for text in (written, f"x{beside if beside != chr(0xB2) else ' '}{written}{beside}"):
        assert written in places(text, spelling), text


@given(SPELLINGS, st.text(LETTERS, min_size=1, max_size=3))
def test_inside_a_longer_word_it_is_not(spelling: str, more: str) -> None:
    folded, other = read(spelling).folded, read(more).folded
    if not (folded and other and kind_of(folded[-1]) == kind_of(other[0]) == SPACED):
        return
    found = Terms([Term(spelling)]).find(read(spelling + more))
    assert all(hit.end != len(spelling) or hit.start for hits in found.values() for hit in hits)


@given(st.lists(SPELLINGS, min_size=1, max_size=8), st.text(max_size=40))
def test_many_find_what_each_finds_alone(spellings: list[str], text: str) -> None:
    terms = [Term(one) for one in spellings if Term(one).key]
    reading = read(" ".join([text, *spellings]))
    together = Terms(terms).find(reading)
    alone = {term: hits for one in terms for term, hits in Terms([one]).find(reading).items()}
    assert together == alone
