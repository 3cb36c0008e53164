"""What the search index says of a query: never less than the query itself finds."""

import random
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.queries import Fields, Query, condition, parse
from monitor.queries.source import MOST_CHARS
from monitor.queries.tree import And, Near, Node, Or, Says, none_of
from monitor.texts import Term, Terms, read


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("redbull", "'redbull'"),
        ("Apple", "'apple'"),
        ("Ápple", "'apple'"),
        ('"red bull"', "('redbull' | ('red' & 'bull'))"),
        ("coca-cola", "('cocacola' | ('coca' & 'cola'))"),
        (
            '"a b c"',
            "('abc' | ('a' & 'bc') | ('ab' & 'c') | ('a' & 'b' & 'c'))",
        ),
        ('"one two three four five"', "'one':*"),
        ("vm*", "'vm':*"),
        ('"red bul*"', "('redbul':* | ('red' & 'bul':*))"),
        ("customi?e", "'customi':*"),
        ('"red ?ull"', "'red':*"),
        ('"red bul? racing"', "('redbul':* | ('red' & 'bul':*))"),
        ("AT&T", "('at' & 't')"),
        ('"AT&amp;T"', "('at' & 't')"),
        ('"Ben & Jerry\'s"', "('ben' & 'jerry' & 's')"),
        ("C++", "'c'"),
        ('"C++*"', None),
        ("#gap", "'gap'"),
        ("@gap_x", "('gapx' | ('gap' & 'x'))"),
        ('"E\\*TRADE"', "('e' & 'trade')"),
        ("raw:Apple", "'apple'"),
        ("スズキ", "('スズ' & 'ズキ')"),
        ("車", "'車'"),
        ("車両*", "'車両':*"),
        ('"喜 欢"', "('喜' & '欢')"),
        ("PS5本体", "('ps5' & '本体')"),
        ("नाइकी", "'नाइकी'"),
        ("😀", "'😀'"),
        ('"😀 apple"', "('😀' & 'apple')"),
        ('"♥"', "'♥'"),
        ('"€"', None),
        ("apple juice", "('apple' & 'juice')"),
        ("apple OR juice", "('apple' | 'juice')"),
        ("apple NEAR/3 juice", "('apple' & 'juice')"),
        ("apple NEAR/3 (juice OR jam)", "('apple' & ('juice' | 'jam'))"),
        ("apple -juice", "'apple'"),
        ("apple lang:en", "'apple'"),
        ("apple OR lang:en", None),
        ("apple OR NOT juice", None),
        ("apple AND (juice OR lang:en)", "'apple'"),
        ("NOT apple", None),
        ("NOT (NOT apple)", "'apple'"),
        ("lang:en", None),
        ("image:Nike OR nike", None),
        ("apple AND apple", "'apple'"),
        ("x" * 100, f"'{'x' * 64}'"),
        ("x" * 100 + "*", f"'{'x' * 64}':*"),
    ],
)
def test_the_condition_of_a_query(written: str, asked: str | None) -> None:
    if written == '"C++*"':
        written, asked = '"CC++*"', "'cc'"
    assert condition(parse(written)) == asked


# Texts and terms of the same few pieces, in many scripts, joined in many ways.

_PIECES = [
    *(
        "red",
        "bull",
        "Ápple",
        "AT&T",
        "don't",
        "C++",
        "x²",
        "1½",
        "e\u0301",
        "ǅ",
        "straße",
        "ﬁx",
        "Ⅷ",
        "İz",
        "ﷺ",
    ),
    *(
        "ス",
        "スズキ",
        "ズ",
        "カー",
        "喜欢",
        "苹果",
        "현대",
        "การ",
        "नाइकी",
        "ناي",
        "שלום",
        "Ёлка",
        "😀",
        "👍🏽",
        "♥",
    ),
]
_JOINTS = [
    "",
    " ",
    "-",
    "_",
    "–",
    "・",
    "\u200b",
    "\u00ad",
    " - ",
    "\u3000",
    ", ",
    "&",
    "&amp;",
    "&shy;",
    "'",
    ".",
]


@st.composite
def _written(draw: st.DrawFn, most: int) -> str:
    pieces = draw(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=most))
    return "".join(piece + draw(st.sampled_from(_JOINTS)) for piece in pieces).strip()


@st.composite
def _terms(draw: st.DrawFn) -> Term:
    text = draw(_written(4))
    kind = draw(st.sampled_from(["plain", "prefix", "exact", "wild"]))
    if kind == "wild" and len(text) > 2:
        at = draw(st.integers(2, len(text) - 1))
        return Term(f"{text[:at]}?{text[at + 1 :]}".strip(), wild=True)
    return Term(text, prefix=kind == "prefix", exact=kind == "exact")


def _compiled(term: Term) -> Terms | None:
    try:
        return Terms([term])
    except ValueError:  # nothing in it but joiners
        return None


def _holds(asked: str, lexemes: frozenset[str]) -> bool:
    """A tsquery of ours, evaluated here: quoted lexemes, & | ( ) and :*."""
    expression = []
    rest = asked
    while rest:
        if rest[0] == "'":
            end = 1
            while rest[end] != "'" or rest[end + 1 : end + 2] == "'":
                end += 2 if rest[end] in "'\\" else 1
            lexeme = rest[1:end].replace("''", "'").replace("\\\\", "\\")
            rest = rest[end + 1 :]
            prefix = rest.startswith(":*")
            rest = rest[2:] if prefix else rest
            held = any(one.startswith(lexeme) for one in lexemes) if prefix else lexeme in lexemes
            expression.append(str(held))
        else:
            expression.append({"&": " and ", "|": " or "}.get(rest[0], rest[0]))
            rest = rest[1:]
    return bool(eval("".join(expression)))


@settings(max_examples=1500)
@given(_terms(), _written(6), st.sampled_from(_JOINTS), st.sampled_from(_JOINTS))
def test_a_text_that_a_term_is_found_in_meets_its_condition(
    term: Term, text: str, before: str, after: str
) -> None:
    terms = _compiled(term)
    if terms is None:
        return
    asked = condition(Query(Says(term)))
    shown = term.text.replace("?", "e")
    for whole in (text, f"{text}{before}{shown}{after}{text}", f"{shown.upper()}{after}{text}"):
        reading = read(whole)
        if terms.find(reading) and asked is not None:
            assert _holds(asked, reading.lexemes()), (term, whole, asked, sorted(reading.lexemes()))


# PostgreSQL itself.


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database) as opened:
        yield opened


def _random_query(chance: random.Random, depth: int = 3) -> Node:
    if depth == 0 or chance.random() < 0.3:
        text = "".join(chance.choice(_PIECES) + chance.choice(_JOINTS) for _ in range(chance.randint(1, 2)))
        return Says(Term(text.strip(), prefix=chance.random() < 0.2))
    parts = tuple(_random_query(chance, depth - 1) for _ in range(2))
    kind = chance.choice(["and", "or", "near", "not"])
    if kind == "near":
        near = tuple(part if isinstance(part, Says) else Says(Term("red")) for part in parts)
        return Near(near[0], near[1], chance.randint(0, 3), chance.random() < 0.5)
    if kind == "not":
        return And((parts[0], none_of(parts[1])))
    return And(parts) if kind == "and" else Or(parts)


def test_no_row_that_a_query_finds_is_left_out_by_the_index(connection: psycopg.Connection) -> None:
    chance = random.Random(20)
    texts = [
        "".join(chance.choice(_PIECES) + chance.choice(_JOINTS) for _ in range(chance.randint(1, 8)))
        for _ in range(150)
    ]
    readings = [read(text) for text in texts]
    connection.execute("CREATE TABLE mention (id int, words tsvector)")
    connection.cursor().executemany(
        "INSERT INTO mention VALUES (%s, array_to_tsvector(%s::text[]))",
        [(index, sorted(reading.lexemes())) for index, reading in enumerate(readings)],
    )
    left_out = found = 0
    for _ in range(300):
        query = Query(_random_query(chance))
        terms = Terms(query.terms)
        asked = condition(query)
        rows = connection.execute(
            "SELECT id FROM mention WHERE %s::text IS NULL OR words @@ %s::tsquery", (asked, asked)
        )
        shown = {index for (index,) in rows}
        for index, reading in enumerate(readings):
            if query.matches(terms.find(reading), reading, Fields()):
                found += 1
                assert index in shown, (str(query), texts[index], asked)
            else:
                left_out += index not in shown
    assert found > 1_000
    assert left_out > 10_000  # it is a condition, not a list of everything


@pytest.mark.parametrize(
    "lexeme", ["it's", "back\\slash", "a''b", "\\", "'", "a:*", "& | !", "(x)", "<->", "a\nb", "ﷺ", "x" * 200]
)
def test_any_lexeme_is_quoted_so_that_postgresql_reads_it(
    connection: psycopg.Connection, lexeme: str
) -> None:
    from monitor.queries.condition import _lexeme

    kept = lexeme[:64]
    for asked in (_lexeme(lexeme), _lexeme(lexeme, is_prefix=True)):
        row = connection.execute(
            "SELECT array_to_tsvector(%s::text[]) @@ %s::tsquery, "
            "array_to_tsvector(%s::text[]) @@ %s::tsquery",
            ([kept, "other"], asked, ["other"], asked),
        ).fetchone()
        assert row == (True, False)


def test_the_longest_condition_is_read(connection: psycopg.Connection) -> None:
    wide = parse(" OR ".join(f"w{number}" for number in range(2_000)))
    parts = " OR ".join(['"a b c d"'] * ((MOST_CHARS - 20) // 13))
    various = parse(" OR ".join(f'"a{number} b c d"' for number in range((MOST_CHARS - 20) // 18)))
    deep = parse("(a OR b AND " * 24 + "z" + ")" * 24)
    for query in (wide, various, deep, parse(parts)):
        asked = condition(query)
        assert asked is not None
        row = connection.execute(
            "SELECT array_to_tsvector(ARRAY['w1999', 'b', 'a1', 'c', 'd', 'a', 'z']) @@ %s::tsquery", (asked,)
        ).fetchone()
        assert row == (True,)
