"""Any tree is printed so that it is read back, and read so that it is printed the same again."""

from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.queries import Query, QueryError, parse
from monitor.queries.condition import _JOINER_CHARS
from monitor.queries.tree import (
    MOST_BETWEEN,
    Field,
    FieldName,
    Near,
    Node,
    Says,
    all_of,
    any_of,
    none_of,
)
from monitor.texts import Term, Terms, read

_NASTY = [
    *("apple", "Apple", "AT&T", "AT&amp;T", "C++", "Ben & Jerry's", "Ben & Jerry’s", "#gap", "@gap", "$TWTR"),
    *(
        "or",
        "AND",
        "not",
        "Near",
        "ONEAR",
        "NEAR/5",
        "near5",
        "w/5",
        "a|b",
        "&quot;",
        "SENTENCE",
        "near/4:a,b",
        "title:x",
        "lang:en",
        "foo:bar",
    ),
    *(
        'say "hi"',
        "“smart”",
        "back\\slash",
        'end\\"',
        "E*TRADE",
        "**x**",
        "who?",
        "?x?",
        "Tyler, the Creator",
    ),
    *(
        "(x)",
        "（x）",
        "{x}",
        "-dash",
        "–dash",
        "+plus",
        "++plus",
        "!x",
        "x^9",
        "x~1",
        "<<<x>>>",
        "x|y",
        "a\u200bb",
    ),
    *(
        "スズキ",
        "喜欢",
        "현대",
        "नाइकी",
        "ناي",
        "😀",
        "👍🏽",
        "9",
        "½",
        "²",
        "e\u0301",
        "\u0301x",
        "ﷺ",
        "ＡＮＤ",
    ),
    *(
        "red bull",
        "D.C.",
        "x;",
        "好。",
        "nike.",
        "red  bull".replace("  ", " "),
        "coca-cola",
        "'x'",
        "‘x’",
        "12:30",
        ".net",
        "re: x",
        "a\x01b",
    ),
]


def _findable(text: str) -> bool:
    reading = read(text)
    return (
        0 < len(text) <= 200
        and not reading.addresses
        and text == " ".join(text.split())
        and any(character.isalnum() or character in "😀👍½²$ﷺ" for character in reading.folded)
        and "\0" not in text
        and Term(text).key != ""
    )


_texts = st.one_of(st.sampled_from(_NASTY), st.text(max_size=12)).filter(_findable)


@st.composite
def _any_terms(draw: Any) -> Term:
    text = draw(_texts)
    kind = draw(st.sampled_from(["plain", "plain", "exact", "prefix", "wild"]))
    if kind == "exact":
        return Term(text, exact=True)
    if kind == "prefix" and text[-1] not in _JOINER_CHARS and sum(map(str.isalnum, read(text).folded)) >= 2:
        return Term(text, prefix=True)
    before = text.replace("?", "")
    if kind == "wild" and _findable(before) and sum(map(str.isalnum, read(before).folded)) >= 2:
        return Term(
            before + draw(st.sampled_from(["?", "?x", "??", "? y"])), prefix=draw(st.booleans()), wild=True
        )
    return Term(text)


def _found_alone(term: Term) -> bool:
    shown = term.text.replace("?", "e") if term.wild else term.text
    return bool(Terms([term]).find(read(shown)))


_terms = _any_terms().filter(_found_alone)


@st.composite
def _fields(draw: Any) -> Field:
    name = draw(st.sampled_from(get_args(FieldName)))
    if name == "lang":
        return Field(name, draw(st.sampled_from(["en", "de", "und", "yue"])))
    if name == "site":
        return Field(name, draw(st.sampled_from(["bild.de", "münchen.de", "de", "a-b.co.uk", "例え.jp"])))
    value = draw(st.one_of(st.sampled_from(_NASTY), st.text(max_size=12)))
    value = " ".join(value.split()).replace("\0", "").lstrip("@ ")
    return Field(name, value or "x")


def _near(operand: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    return st.builds(Near, operand, operand, st.integers(0, MOST_BETWEEN), st.booleans())


_places: st.SearchStrategy[Node] = st.recursive(
    st.builds(Says, _terms),
    lambda below: st.one_of(_near(below), st.lists(below, min_size=2, max_size=3).map(any_of)),
    max_leaves=5,
)
_trees: st.SearchStrategy[Node] = st.recursive(
    st.one_of(_places, _fields()),
    lambda below: st.one_of(
        below.map(none_of),
        st.lists(below, min_size=1, max_size=4).map(all_of),
        st.lists(below, min_size=1, max_size=4).map(any_of),
    ),
    max_leaves=12,
)


@settings(max_examples=500)
@given(_trees)
def test_what_is_printed_is_read_back(tree: Node) -> None:
    query = Query(tree)
    assert parse(str(query)) == query
    assert hash(parse(str(query))) == hash(query)


_PIECES = [
    *(
        "a",
        "apple",
        '"',
        '"a b"',
        "“",
        "”",
        "(",
        ")",
        "（",
        " AND ",
        " OR ",
        " NOT ",
        " not ",
        "-",
        "–",
        "+",
        "++",
    ),
    *(
        " NEAR/3 ",
        " ONEAR/2 ",
        "near/4:a,b",
        "near3:",
        "NEAR",
        "~5",
        "~",
        "^9",
        "*",
        "?",
        "\\",
        ",",
        "&",
        "|",
        "!",
    ),
    *(
        "author:",
        "site:",
        "lang:en",
        "title:",
        "raw:",
        "x:",
        "{",
        "}",
        "<<<",
        ">>>",
        "\n",
        "\u200b",
        "\0",
        "😀",
    ),
    *("D.C.", "x;", "好。", "nike.", "…x…"),
    *("スズキ", "न", "\ud800", "http://a.de", "a@b.de", "#", "@", "'", "‘", "/", ".", "1"),
]


@settings(max_examples=500)
@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES)).map("".join)))
def test_any_text_is_a_query_or_a_fault_in_it(written: str) -> None:
    query: Query | None = None
    fault: QueryError | None = None
    try:
        query = parse(written)
    except QueryError as error:
        fault = error
    if query is not None:
        assert parse(str(query)) == query
        assert str(parse(str(query))) == str(query)
    else:
        assert fault is not None
        lines = written.split("\n")
        assert 1 <= fault.line <= len(lines)
        assert 1 <= fault.column <= len(lines[fault.line - 1]) + 1
        assert fault.problem
        assert fault.remedy
        assert fault.excerpt
