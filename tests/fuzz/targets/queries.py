"""Queries: refused with a place in the query, or read into one whose canonical form is read as itself.

Such a one is true or false of any text.
"""

from collections.abc import Iterator

from monitor.queries import Fields, QueryError, condition, parse
from monitor.texts import Terms, read
from tests.fuzz.material import text_of

LONGEST = 300
WORDS = (
    *(
        b" AND ",
        b" OR ",
        b" NOT ",
        b" -",
        b"NEAR/3",
        b"ONEAR/2",
        b"NEAR/4f",
        b"near/3:a,b",
        b'"a b"~5',
        b"raw:",
    ),
    *(
        b"author:",
        b"site:",
        b"lang:en",
        b"source:",
        b"title:",
        b"image:",
        b"(",
        b")",
        b'"',
        b"*",
        b"?",
        b"#",
        b"@",
    ),
    *(b"\xe2\x80\x9c", b"\xef\xbc\x88", b"\xe3\x82\xb9", b"\xf0\x9f\x98\x80", b"{", b"[", b"~", b"<<<", b"/"),
)
_FIELDS = Fields(
    author="@Bob", site="news.example.com", language="en", source="x", images=frozenset({"Nike"})
)


def seeds() -> Iterator[bytes]:
    """The query, 00, a text."""
    for query in (
        'apple AND (iphone OR "tim cook") NOT pie',
        '"red bull"~4 OR near/3:energy,drink -monster',
        "(gap OR gaps) NEAR/5f (store OR jeans) lang:en site:example.com author:bob",
        'raw:"Apple" image:Nike NOT (source:x OR @bob) #sale colo?r* C++ AT&T',
        "\u30b9\u30ba\u30ad OR \uff08\ud604\ub300\uff09 AND \U0001f600",
    ):
        yield f"{query}\0The apple, red  bull and AT&amp;T: colours #sale \u30b9\u30ba\u30ad".encode()


def check(data: bytes) -> None:
    """One query, on one text."""
    written, _, said = data.partition(b"\0")
    text = text_of(written)
    try:
        query = parse(text)
    except QueryError as error:
        check_error(error, text.split("\n"))
        return
    canonical = str(query)
    again = parse(canonical)
    assert again == query, (canonical, str(again))
    assert str(again) == canonical
    condition(query)
    reading = read(text_of(said))
    found = Terms(query.terms).find(reading)
    true = query.matches(found, reading, _FIELDS)
    places = query.places(found, reading, _FIELDS)
    assert true or not places
    assert all(0 <= one.start < one.end <= len(reading.text) for one in places)
    if query.joined_by:
        parts = [part.matches(found, reading, _FIELDS) for part in query.clauses]
        assert true is (all if query.joined_by == "AND" else any)(parts), canonical


def check_error(error: QueryError, lines: list[str]) -> None:
    """It points into the query, one line with a caret below."""
    assert 1 <= error.line <= len(lines), error
    assert 1 <= error.column <= len(lines[error.line - 1]) + 1, error
    assert error.excerpt.count("\n") == 1, error.excerpt
