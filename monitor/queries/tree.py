"""What a query says, as a tree: terms of the text and fields of the mention, joined by NEAR, NOT, AND, OR.

Trees have one form for one meaning of parentheses: AND holds no AND, OR no OR, NOT no NOT. `all_of`, `any_of`
and `none_of` keep them so.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from monitor.texts import Term

FieldName = Literal["author", "image", "lang", "site", "source"]

MOST_BETWEEN: Final = 100
"""Words that NEAR allows between two places, at most. Farther apart is not near: there AND says as much."""


@dataclass(frozen=True, slots=True)
class Says:
    """The text says `term`."""

    term: Term


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the mention has this value; for `image` the mention's picture shows that brand."""

    name: FieldName
    value: str


@dataclass(frozen=True, slots=True)
class Near:
    """`left` and `right` with at most `between` words between them; `ordered`: `left` first.

    Both are `Says`, `Near`, or an `Or` of these.
    """

    left: "Node"
    right: "Node"
    between: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """`part` is false."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more parts."""

    parts: "tuple[Node, ...]"


Node: TypeAlias = Says | Field | Near | Not | And | Or


def all_of(parts: Iterable[Node]) -> Node:
    """AND of one or more parts."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(parts: Iterable[Node]) -> Node:
    """OR of one or more parts."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def none_of(part: Node) -> Node:
    """NOT of a part; of a NOT, what it denies."""
    return part.part if isinstance(part, Not) else Not(part)


def stands_in_text(node: Node) -> bool:
    """Whether a node has places in a text, so that NEAR can ask how far from it something stands."""
    match node:
        case Says() | Near():
            return True
        case Or(parts):
            return all(stands_in_text(part) for part in parts)
        case _:
            return False


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in order."""
    match node:
        case And(parts) | Or(parts):
            return parts
        case Not(part):
            return (part,)
        case Near(left, right):
            return (left, right)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order they are written."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(children(one)))
