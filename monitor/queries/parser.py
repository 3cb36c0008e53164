"""Reads a query: tokens to a tree, by the grammar below.

NEAR binds tighter than NOT, NOT than AND, AND than OR. Words that nothing joins are joined by AND. The parser
is lark's LALR(1): tables and a stack of its own, so that no query is too deep for it, and linear.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from lark import Lark, Transformer
from lark.exceptions import UnexpectedToken

from monitor.queries.errors import QueryError
from monitor.queries.printing import needs_parentheses
from monitor.queries.query import Query
from monitor.queries.scanner import Token, scan
from monitor.queries.source import MOST_CHARS
from monitor.queries.tree import And, Near, Node, all_of, any_of, none_of, stands_in_text

MOST_NESTING: Final = 25
"""Parentheses within each other in the canonical form: so deep evaluation goes."""

_GRAMMAR: Final = """
    start: either
    either: both (OR both)*
    both: denial (AND? denial)*
    denial: NOT denial | near
    near: operand (NEAR operand)*
    operand: LEAF | group
    group: LPAR either RPAR WITHIN?

    %declare LEAF LPAR RPAR WITHIN AND OR NOT NEAR
"""

_KEPT: Final = 256
"""Queries whose reading is kept: a brands.toml is read several times while a program starts."""

_OPERAND: Final = "a word, a phrase, a field or a parenthesis"


class _Part(NamedTuple):
    """A tree, and how many parentheses its canonical form has within each other."""

    node: Node
    nesting: int


class _FaultError(Exception):
    """A fault at a token; with the query's text it makes a `QueryError`."""

    def __init__(self, token: Token, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.token = token
        self.problem = problem
        self.remedy = remedy


class _Builder(Transformer[Token, _Part]):
    """Builds the tree while lark reads, so that nothing walks a tree of lark's."""

    def start(self, parts: list[_Part]) -> _Part:
        return parts[0]

    def either(self, pieces: list[Any]) -> _Part:
        return _joined(any_of, pieces)

    def both(self, pieces: list[Any]) -> _Part:
        return _joined(all_of, pieces)

    def denial(self, pieces: list[Any]) -> _Part:
        part: _Part = pieces[-1]
        return part if len(pieces) == 1 else _made(none_of(part.node), [part], pieces[0])

    def near(self, pieces: list[Any]) -> _Part:
        left: _Part = pieces[0]
        for operator, right in zip(pieces[1::2], pieces[2::2], strict=True):
            left = _near(left, right, operator)
        return left

    def operand(self, pieces: list[Any]) -> _Part:
        (piece,) = pieces
        return piece if isinstance(piece, _Part) else _leaf(piece)

    def group(self, pieces: list[Any]) -> _Part:
        _, part, _, *within = pieces
        if not within:
            return cast(_Part, part)
        if not isinstance(part.node, And):
            raise _FaultError(
                within[0],
                "~ behind a parenthesis wants two or more groups in it, joined by AND",
                "write ((apple OR orange) AND (juice OR jam))~5, or apple NEAR/5 juice",
            )
        left, *others = (_Part(node, part.nesting) for node in part.node.parts)
        for right in others:
            left = _near(left, right, within[0])
        return left


def _leaf(token: Token) -> _Part:
    assert token.node is not None
    part = _Part(token.node, 0)
    if isinstance(token.node, Near):  # a list of words within each other: each joins the ones before it
        depth = 0
        node: Node = token.node
        while isinstance(node, Near):
            node = node.left
            depth += 1
        part = _Part(token.node, depth - 1)
        _refuse_depth(part, token)
    return part


def _joined(join: Callable[[list[Node]], Node], pieces: list[Any]) -> _Part:
    parts = [piece for piece in pieces if isinstance(piece, _Part)]
    if len(parts) == 1:
        return parts[0]
    operator = next((piece for piece in pieces if isinstance(piece, Token)), None)
    return _made(join([part.node for part in parts]), parts, operator)


def _near(left: _Part, right: _Part, operator: Token) -> _Part:
    for part in (left, right):
        if not stands_in_text(part.node):
            raise _FaultError(
                operator,
                f"{operator.text} joins words, phrases and groups of them with OR; fields, AND and NOT "
                "have no place in a text",
                "write them outside: (apple NEAR/5 juice) AND NOT lang:de",
            )
    return _made(Near(left.node, right.node, operator.between, operator.ordered), [left, right], operator)


def _made(node: Node, parts: list[_Part], operator: Token | None) -> _Part:
    part = _Part(node, max(one.nesting + needs_parentheses(node, one.node) for one in parts))
    _refuse_depth(part, operator)
    return part


def _refuse_depth(part: _Part, token: Token | None) -> None:
    if part.nesting > MOST_NESTING:
        assert token is not None
        raise _FaultError(
            token,
            f"more than {MOST_NESTING} parentheses within each other",
            "split the query, or write the innermost groups out",
        )


_PARSER: Final = Lark(_GRAMMAR, parser="lalr", transformer=_Builder())


@lru_cache(_KEPT)
def parse(query: str) -> Query:
    """The query that a text says, in any of the spellings. Raises `QueryError`; linear in its length."""
    tokens = scan(query)
    if not tokens:
        raise QueryError(query, 0, "the query is empty", "write a word to look for", expected=_OPERAND)
    try:
        reading = _PARSER.parse_interactive()
        for token in tokens:
            reading.feed_token(cast(Any, token))  # lark asks of a token no more than its type
        part = cast(_Part, reading.feed_eof())  # type: ignore[no-untyped-call]
    except UnexpectedToken as error:
        raise _misplaced(query, tokens, error) from None
    except _FaultError as fault:
        raise QueryError(query, fault.token.at, fault.problem, fault.remedy) from None
    read = Query(part.node)
    if len(str(read)) > MOST_CHARS:  # it could not be read again
        raise QueryError(
            query,
            0,
            f"written out the query has {len(str(read)):,} characters, {MOST_CHARS:,} are the most",
            "leave out what a shorter word with * finds as well",
        )
    return read


def _misplaced(query: str, tokens: list[Token], error: UnexpectedToken) -> QueryError:
    """What stands where something is missing. Behind an operand the grammar takes every token, and the
    scanner has seen to the parentheses, so it is always an operand that is missing."""
    found = error.token if isinstance(error.token, Token) else None
    if found is None:
        last = tokens[-1]
        return QueryError(
            query,
            last.at,
            f"the query ends with {last.text!r}, which wants something behind it",
            f'write what belongs there, or remove it; for the word itself "{last.text}"',
            expected=_OPERAND,
        )
    before = tokens[tokens.index(found) - 1] if found is not tokens[0] else None
    where = f"directly behind {before.text!r}" if before else "at the beginning"
    if found.type == "RPAR":
        remedy = "write what belongs between the parentheses, or remove them"
    elif found.type == "NOT":
        remedy = "write it before the whole: NOT (apple NEAR/5 juice)"
    else:
        remedy = f'remove {"one of them" if before else "it"}; for the word itself "{found.text}"'
    return QueryError(
        query, found.at, f"{found.text!r} stands {where}, where it cannot", remedy, expected=_OPERAND
    )
