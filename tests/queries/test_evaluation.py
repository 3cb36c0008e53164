"""Whether a query is true of a text, and where."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.queries import Fields, Query, parse
from monitor.queries.needs import needed
from monitor.queries.tree import And, Near, Node, Not, Or, Says
from monitor.texts import Hit, Term, Terms, read


def _true(written: str, text: str, fields: Fields | None = None) -> bool:
    query, reading = parse(written), read(text)
    return query.matches(Terms(query.terms).find(reading), reading, fields or Fields())


def _places(written: str, text: str, fields: Fields | None = None) -> list[str]:
    query, reading = parse(written), read(text)
    hits = query.places(Terms(query.terms).find(reading), reading, fields or Fields())
    assert list(hits) == sorted(set(hits))
    return [text[hit.start : hit.end] for hit in hits]


@pytest.mark.parametrize(
    ("written", "text", "true"),
    [
        ("apple", "An Apple a day", True),
        ("apple", "pineapples", False),
        ("apple juice", "juice of an apple", True),
        ("apple juice", "an apple", False),
        ("apple OR juice", "juice", True),
        ("apple -juice", "an apple", True),
        ("apple -juice", "apple juice", False),
        ("-juice", "an apple", True),
        ("-juice", "", True),
        ('"apple juice"', "apple juice", True),
        ('"apple juice"', "juice apple", False),
        ('"apple juice"', "apple-juice, #applejuice", True),
        ('"apple juice"', "apple and juice", False),
        ("vm*", "the VMware booth", True),
        ("vm*", "a wvm booth", False),
        ('"apple orchard*"', "two apple orchards", True),
        ("customi?e", "Customise it", True),
        ("customi?e", "Customie it", False),
        ("raw:Apple", "an apple", False),
        ("raw:Apple", "an Apple", True),
        ("{BT}", "BT is down", True),
        ("{BT}", "bt is down", False),
        ("Ben AND Jerry", "Ben &amp; Jerry&#39;s", True),
        ('"Ben & Jerry\'s"', "Ben &amp; Jerry&#39;s", True),
        ("AT&T", "AT&amp;T is down", True),
        ("C++", "C++ or Rust", True),
        ("C++", "C or Rust", False),
        ("#gap", "new #Gap jeans", True),
        ("#gap", "new gap jeans", False),
        ("@gap", "thanks @gap!", True),
        ("gap", "thanks @gap!", True),
        ("apple", "see https://apple.com/watch", False),
        ("スズキ", "新しいスズキの車", True),
        ("スズキ", "川辺のススキ", False),
        ("喜欢 AND 苹果", "我喜欢苹果", True),
        ("현대", "현대자동차", True),
        ("😀", "nice 😀", True),
        ("नाइकी", "नाइकी के जूते", True),
        ("a OR b AND c", "a", True),
        ("(a OR b) AND c", "a", False),
        ("a AND NOT (b OR c)", "a c", False),
        # Words between: none for neighbours.
        ("apple NEAR/0 watch", "apple watch", True),
        ("apple NEAR/0 watch", "watch, apple", True),
        ("apple NEAR/0 watch", "apple new watch", False),
        ("apple NEAR/1 watch", "apple new watch", True),
        ("apple NEAR/2 watch", "the watch that isn Apple", True),
        ("apple NEAR/1 watch", "the watch that isn Apple", False),
        ("logitech NEAR/2f keyboard", "logitech keyboard", True),
        ("logitech NEAR/2f keyboard", "Logitech Bluetooth Keyboard", True),
        ("logitech NEAR/2f keyboard", "Logitech Solar Mini Keyboard", True),
        ("logitech NEAR/2f keyboard", "Logitech Solar Mini USB Keyboard", False),
        ("logitech NEAR/2f keyboard", "keyboard by logitech", False),
        ("apple ONEAR/3 watch", "watch apple", False),
        ("near/4:James,Shaffer", 'James "Munky" Shaffer', True),
        ("near/4:James,Shaffer", "Shaffer whose name is James", True),
        ("near/4:James,Shaffer", "Shaffer whose name is really James", True),
        ("near/3:James,Shaffer", "Shaffer whose name is really James", False),
        ('"obama merkel"~2', "said Obama Monti and Merkel agreed", True),
        ('"obama merkel"~1', "said Obama Monti and Merkel agreed", False),
        ("(apple OR orange) NEAR/1 (phone OR smartphone)", "an orange new smartphone", True),
        ("(apple OR orange) NEAR/1 (phone OR smartphone)", "orange is my new smartphone", False),
        # Links and addresses hold no words.
        ("apple NEAR/0 watch", "apple https://a.de/b/c/d watch", True),
        # Characters of scripts without spaces are words each.
        ("喜欢 NEAR/0 苹果", "我喜欢苹果", True),
        ("喜欢 NEAR/1 苹果", "我喜欢吃青苹果", False),
        ("喜欢 NEAR/2 苹果", "我喜欢吃青苹果", True),
        # Two terms near each other are two places.
        ("apple NEAR/5 apple", "one apple", False),
        ("apple NEAR/5 apple", "one apple, two apple", True),
        ('("red bull" OR redbull) NEAR/5 bull', "red bull", False),
        ('("red bull" OR redbull) NEAR/5 bull', "red bull and a bull", True),
        ('"red bull" NEAR/0 racing', "red bull racing", True),
        # NEAR of NEAR: from the nearer end, or inside.
        ("(a NEAR/1 b) NEAR/1 c", "a x b x c", True),
        ("(a NEAR/1 b) NEAR/1 c", "a x b x x c", False),
        ("(a NEAR/1 b) NEAR/1 c", "c x a x b", True),
        ("(a NEAR/1 b) NEAR/1 c", "a c b", True),
        ("(a ONEAR/1 b) ONEAR/1 c", "a c b", False),
        ("(a ONEAR/1 b) ONEAR/1 c", "a b c", True),
        ("c ONEAR/1 (a NEAR/1 b)", "c b a", True),
        ("c ONEAR/1 (a NEAR/1 b)", "a b c", False),
        ("(a NEAR/5 b) NEAR/0 c", "c a x a b", True),
        ("(a NEAR/5 b) NEAR/0 c", "a b x b c", True),
        ("(a NEAR/1 b) NEAR/3 (c NEAR/1 d)", "a b x x x d c", True),
        ("(a NEAR/1 b) NEAR/3 (c NEAR/1 d)", "a b x x x x d c", False),
        ("NOT a NEAR/1 b", "a x x b", True),
        ("NOT a NEAR/1 b", "a b", False),
        ("C++ NEAR/0 Rust", "C++ Rust", True),
        ("Rust NEAR/0 C++", "Rust, C++", True),
    ],
)
def test_a_query_is_true_of_a_text(written: str, text: str, true: bool) -> None:
    assert _true(written, text) is true
    assert _true(str(parse(written)), text) is true
    assert bool(_places(written, text)) is (true and not parse(written).only_denies)


@pytest.mark.parametrize(
    ("written", "text", "places"),
    [
        ("apple", "Apple, apples and an apple", ["Apple", "apple"]),
        ("apple juice", "juice of an apple", ["juice", "apple"]),
        ("apple OR juice", "juice", ["juice"]),
        ("apple AND NOT pie", "an apple", ["apple"]),
        ("apple AND NOT (pie AND cake)", "an apple pie", ["apple"]),
        ("(apple AND pie) OR (apple AND NOT cake) OR juice", "apple", ["apple"]),
        ("(apple AND pie) OR juice", "apple juice", ["juice"]),
        ("apple NEAR/1 watch", "apple x x apple watch", ["apple", "watch"]),
        ("apple NEAR/1 watch", "apple watch x x apple", ["apple", "watch"]),
        ("apple NEAR/1 watch AND apple", "apple watch x x apple", ["apple", "watch", "apple"]),
        ("(a NEAR/1 b) NEAR/1 c", "a b c x x a b", ["a", "b", "c"]),
        ("(a OR b) NEAR/0 c", "a x b c", ["b", "c"]),
        ("lang:en OR apple", "an apple", ["apple"]),
        ("NOT apple", "a pear", []),
        ("NOT (NOT apple OR pie)", "an apple", ["apple"]),
        ("NOT (NOT apple AND NOT pie)", "an apple", ["apple"]),
        ("NOT (NOT (a NEAR/0 b) OR x)", "b x1 a b", ["a", "b"]),
        ("apple AND pear", "apple", []),
    ],
)
def test_the_places_are_those_of_what_makes_it_true(written: str, text: str, places: list[str]) -> None:
    assert _places(written, text) == places


def test_a_field_can_make_a_query_true_without_a_place() -> None:
    fields = Fields(images=frozenset({"Nike"}))
    assert _true("image:Nike OR nike", "look at these", fields)
    assert _places("image:Nike OR nike", "look at these", fields) == []


@pytest.mark.parametrize(
    ("written", "needs_words", "only_denies"),
    [
        ("apple", True, False),
        ("apple AND NOT pie", True, False),
        ("apple AND lang:en", True, False),
        ("apple OR lang:en", False, False),
        ("lang:en", False, False),
        ("image:Apple OR apple", False, False),
        ("NOT apple", False, True),
        ("apple OR NOT pie", False, True),
        ("NOT lang:en", False, True),
        ("lang:en AND NOT apple", False, False),
        ("NOT (NOT apple)", True, False),
        ("NOT (apple AND pie)", False, True),
        ("NOT (NOT apple OR lang:de)", True, False),
        ("apple NEAR/3 pie", True, False),
        ("NOT apple NEAR/3 pie", False, True),
        ("(apple OR lang:en) AND (pie OR lang:de)", False, False),
    ],
)
def test_what_can_be_true_without_a_word_is_known(written: str, needs_words: bool, only_denies: bool) -> None:
    assert (needed(parse(written).root) is not None) is needs_words
    assert parse(written).only_denies is only_denies


@pytest.mark.parametrize(
    ("written", "joined_by", "clauses"),
    [
        ("apple", None, ["apple"]),
        ("apple AND (pie OR tart) -cake", "AND", ["apple", "pie OR tart", "NOT cake"]),
        ("apple OR pie AND cake", "OR", ["apple", "pie AND cake"]),
        ("NOT (apple AND pie)", None, ["NOT (apple AND pie)"]),
        ("apple NEAR/3 pie", None, ["apple NEAR/3 pie"]),
    ],
)
def test_clauses_are_the_parts_at_the_top(written: str, joined_by: str | None, clauses: list[str]) -> None:
    query = parse(written)
    assert query.joined_by == joined_by
    assert [str(clause) for clause in query.clauses] == clauses


def test_pictures_and_required_fields_are_told() -> None:
    query = parse('apple AND lang:en AND site:bild.de AND (image:"Red Bull" OR image:VMware OR lang:de)')
    assert query.images == ("Red Bull", "VMware")
    assert [(field.name, field.value) for field in query.required_fields] == [
        ("lang", "en"),
        ("site", "bild.de"),
    ]
    assert [field.name for field in parse("author:x1").required_fields] == ["author"]
    assert parse("author:x1 OR apple").required_fields == ()


def test_near_looks_at_the_first_places_of_a_term() -> None:
    assert _true("apple NEAR/0 watch", "apple x " * 299 + "apple watch")
    assert not _true("apple NEAR/0 watch", "apple x " * 300 + "apple watch")


# A second opinion on short texts of few words: by trying everything.

_WORDS = ["a", "b", "c", "x"]


def _leaf(word: str) -> Node:
    return Says(Term(word))


_spots: st.SearchStrategy[Node] = st.one_of(
    st.sampled_from(_WORDS).map(_leaf),
    st.lists(st.sampled_from(_WORDS).map(_leaf), min_size=2, max_size=2, unique=True).map(
        lambda parts: Or(tuple(parts))
    ),
)
_nears: st.SearchStrategy[Node] = st.builds(Near, _spots, _spots, st.integers(0, 3), st.booleans())
_queries: st.SearchStrategy[Node] = st.recursive(
    st.one_of(_spots, _nears),
    lambda below: st.one_of(
        below.map(Not),
        st.lists(below, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(below, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


def _spots_of(node: Node, text: list[str]) -> list[int]:
    match node:
        case Says(term):
            return [index for index, word in enumerate(text) if word == term.text]
        case Or(parts):
            return [spot for part in parts for spot in _spots_of(part, text)]
        case _:
            raise AssertionError(node)


def _by_trying(node: Node, text: list[str]) -> bool:
    match node:
        case Says():
            return bool(_spots_of(node, text))
        case Not(part):
            return not _by_trying(part, text)
        case And(parts):
            return all(_by_trying(part, text) for part in parts)
        case Or(parts):
            return any(_by_trying(part, text) for part in parts)
        case Near(left, right, between, ordered):
            return any(
                0 < (two - one if ordered else abs(two - one)) <= between + 1
                for one in _spots_of(left, text)
                for two in _spots_of(right, text)
            )
        case _:
            raise AssertionError(node)


@settings(max_examples=500)
@given(_queries, st.lists(st.sampled_from(_WORDS), max_size=10))
def test_a_query_is_true_where_trying_everything_says_so(node: Node, text: list[str]) -> None:
    query, reading = Query(node), read(" ".join(text))
    found = Terms([Term(word) for word in _WORDS]).find(reading)
    true = query.matches(found, reading, Fields())
    assert true is _by_trying(node, text)
    places = query.places(found, reading, Fields())
    assert not places or true
    if true and needed(query.root) is not None:
        assert places
    # What is not at one of the places was not needed.
    if places:
        kept = {term: tuple(hit for hit in hits if hit in places) for term, hits in found.items()}
        assert query.matches({term: hits for term, hits in kept.items() if hits}, reading, Fields())
    assert all(isinstance(hit, Hit) for hit in places)
