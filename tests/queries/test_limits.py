"""No query and no text makes a query cost more than a moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from monitor.queries import Fields, Query, QueryError, condition, parse
from monitor.queries.parser import MOST_NESTING
from monitor.queries.scanner import MOST_PARENTHESES
from monitor.queries.source import MOST_CHARS
from monitor.texts import Terms, read


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "apple ",
            "apple AND ",
            "apple OR ",
            "NOT ",
            "-",
            "a NEAR/1 ",
            "a ONEAR/9f ",
            "(a) ",
            "(a b) OR ",
            '"a b"~3 ',
        ),
        *(
            "(",
            ")",
            "()",
            "((a OR b) AND (c OR d))~5 ",
            '"',
            '""',
            '"a" ',
            "“a” ",
            "«",
            '\\"',
            "\\",
            '"\\',
            "*",
            "?",
            "~",
            "~5",
        ),
        *(
            "ab* ",
            "ab?",
            "?",
            "ab? ",
            "^9",
            "a^9",
            ",",
            "a,",
            "near/1:a,b ",
            "near/1:",
            "near/1:a,",
            'near2:"a b" ',
            "near2:",
        ),
        *(
            "author:",
            "author:a ",
            "site:a.de,",
            "site:(",
            "raw:",
            "raw:a ",
            "{",
            "{a} ",
            "{}",
            "<<<",
            "<<<a>>>",
            "<",
            ">>>",
        ),
        *(
            "+",
            "++",
            "+a ",
            "++a ",
            "'",
            "'a ",
            "'a' ",
            "‘",
            "a@b.de",
            "www.",
            "http://a ",
            "&",
            "|",
            "!",
            "&amp;",
            "&",
            "#",
            "@",
        ),
        *(
            "\u3000",
            "\u200b",
            "\0",
            "\ud800",
            "\n",
            "e\u0301",
            "\u0301",
            "ﷺ",
            "ス",
            "न",
            "😀",
            "👍🏽",
            "x:",
            "repeat3:",
            "tone<",
            "NEAR/",
        ),
    ],
)
def test_the_longest_query_of_anything_is_read_in_a_moment(unit: str) -> None:
    written = unit * (MOST_CHARS // len(unit))
    with _within(5):
        query = _read(written)
        if isinstance(query, QueryError):
            assert str(query)
            assert query.excerpt
        else:
            assert parse(str(query)) == query
            condition(query)
            assert query.terms


def _read(written: str) -> Query | QueryError:
    try:
        return parse(written)
    except QueryError as error:
        return error


def test_a_query_that_is_too_long_says_so() -> None:
    with pytest.raises(QueryError, match="20,001 characters, 20,000 are the most"):
        parse("a" * (MOST_CHARS + 1))
    with pytest.raises(QueryError) as caught:
        parse("x\n" * MOST_CHARS)
    assert caught.value.line == MOST_CHARS // 2 + 1


def test_a_query_that_is_too_long_written_out_says_so() -> None:
    with pytest.raises(QueryError, match="written out the query has"):
        parse("a " * (MOST_CHARS // 2))


def test_a_query_of_ten_thousand_characters_is_a_query() -> None:
    words = [f"word{number}" for number in range(950)]
    query = parse(" OR ".join(words))
    assert len(str(query)) > 10_000
    assert len(query.terms) == 950
    reading = read("it says word949 here")
    assert query.matches(Terms(query.terms).find(reading), reading, Fields())


def test_needless_parentheses_are_allowed_a_hundred_deep() -> None:
    assert str(parse("(" * MOST_PARENTHESES + "a" + ")" * MOST_PARENTHESES)) == "a"
    with pytest.raises(QueryError) as caught:
        parse("(" * 500 + "a" + ")" * 500)
    assert caught.value.column == MOST_PARENTHESES + 1
    assert "100 parentheses are open" in caught.value.problem


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("(a OR x AND ", ")"),
        ("NOT (a AND ", ")"),
        ("(a OR NOT (b AND ", "))"),
        ("(a NEAR/1 ", ")"),
        ("(a OR b NEAR/1 ", ")"),
        ("x OR y AND NOT (a NEAR/1 ", ")"),
    ],
)
def test_a_nesting_is_read_to_a_depth_and_printed_back(opening: str, closing: str) -> None:
    deepest = 0
    for depth in range(1, MOST_PARENTHESES // len(closing)):
        query = _read(opening * depth + "z" + closing * depth)
        if isinstance(query, QueryError):
            assert f"{MOST_NESTING} parentheses within each other" in query.problem
            break
        deepest = depth
        assert parse(str(query)) == query
        reading = read("z a b x y")
        found = Terms(query.terms).find(reading)
        query.matches(found, reading, Fields())
        query.places(found, reading, Fields())
        condition(query)
    assert deepest * len(closing) == pytest.approx(MOST_NESTING, abs=1)


def test_a_chain_of_near_is_as_long_as_its_parentheses_are_deep() -> None:
    longest = " NEAR/1 ".join("a" * (MOST_NESTING + 2))
    assert parse(str(parse(longest))) == parse(longest)
    for written in (f"{longest} NEAR/1 a", f"near/1:{','.join('a' * 28)}", f'"{" ".join("a" * 28)}"~1'):
        with pytest.raises(QueryError, match="more than 25 parentheses within each other"):
            parse(written)


@pytest.mark.parametrize(
    "unit",
    [
        "aa NEAR/100 bb OR ",
        "(aa OR bb) NEAR/100 (bb OR aa) OR ",
        "((aa NEAR/9 bb) NEAR/9 (aa NEAR/9 bb)) NEAR/9 (bb NEAR/9 aa) OR ",
        "aa* NEAR/9 bb* OR ",
        "(((aa ONEAR/0 aa) ONEAR/0 aa) ONEAR/0 aa) OR ",
    ],
)
def test_the_longest_query_is_evaluated_on_the_longest_text_in_seconds(unit: str) -> None:
    query = parse(f"({unit * ((MOST_CHARS - 20) // len(unit))}zz) AND zz")
    reading = read("aa bb " * 16_000 + "cc")
    found = Terms(query.terms).find(reading)
    found |= {term: found[query.terms[0]] for term in query.terms if term.text == "zz"}
    with _within(10):
        assert query.matches(found, reading, Fields())
    with _within(10):
        assert query.places(found, reading, Fields())


def test_a_usual_query_costs_microseconds() -> None:
    query = parse('(apple NEAR/5 (watch OR iphone OR "mac book")) AND NOT (pie OR juice) AND NOT lang:de')
    terms = Terms(query.terms)
    reading = read("I love my new Apple watch, it tells me when to stand up. " * 5)
    found = terms.find(reading)
    with _within(2):
        for _ in range(10_000):
            assert query.matches(found, reading, Fields(language="en"))
