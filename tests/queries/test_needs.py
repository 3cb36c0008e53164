"""Which terms a text must say for a query to be worth asking."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.queries import Fields, Query, parse
from monitor.queries.needs import needed
from monitor.queries.tree import Field, Near, Node, Says, all_of, any_of, none_of
from monitor.texts import Term, Terms, read

WORDS = ("apple", "bank", "card", "dove")


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        ("visa", ["visa"]),
        ("visa OR mastercard", ["visa", "mastercard"]),
        ("visa NEAR/9 (card OR bank) AND NOT passport", ["visa"]),
        ("(card OR bank) AND visa", ["visa"]),
        ("(card OR bank) ONEAR/9 (visa OR amex OR diners)", ["card", "bank"]),
        ("mastercard OR (visa AND (card OR bank))", ["mastercard", "visa"]),
        ("visa OR visa NEAR/2 card", ["visa"]),
        ("lang:de AND visa", ["visa"]),
        ("NOT (NOT visa OR lang:de)", ["visa"]),
        ("lang:de OR visa", None),
        ("NOT visa", None),
        ("author:visa", None),
        ("NOT (visa AND card)", None),
    ],
)
def test_as_few_terms_as_can_be_told(written: str, terms: list[str] | None) -> None:
    found = needed(parse(written).root)
    assert (found and [term.text for term in found]) == terms


_SAYS = st.sampled_from(WORDS).map(lambda word: Says(Term(word)))
_STANDS = st.one_of(
    _SAYS, st.builds(Near, _SAYS, _SAYS, st.integers(0, 3)), st.lists(_SAYS, min_size=1).map(any_of)
)
NODES = st.recursive(
    st.one_of(_STANDS, st.just(Field("lang", "de"))),
    lambda inner: st.one_of(
        inner.map(none_of),
        st.lists(inner, min_size=1, max_size=4).map(all_of),
        st.lists(inner, min_size=1, max_size=4).map(any_of),
    ),
    max_leaves=12,
)


@given(NODES, st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), st.sampled_from(["de", "en"]))
@settings(max_examples=300, deadline=None)
def test_no_query_is_true_of_a_text_that_says_none_of_them(node: Node, text: str, language: str) -> None:
    query, reading = Query(node), read(text)
    said = Terms(query.terms).find(reading)
    terms = needed(node)
    if query.matches(said, reading, Fields(language=language)):
        assert terms is None or said.keys() & set(terms)
