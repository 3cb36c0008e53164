"""Which terms a text must say for a query to be worth asking."""

from collections.abc import Iterable

from monitor.queries.tree import And, Field, Near, Node, Not, Or, Says
from monitor.texts import Term


def needed(node: Node) -> tuple[Term, ...] | None:
    """Terms, each once, of which a text says at least one wherever the query is true; as few as can be told.

    None where it can be true of a text that says none of its terms. Of `visa NEAR/9 (card OR bank) AND NOT
    passport` only "visa": texts that say "bank" need no look at that query.
    """
    return _needed(node, wanted=True)


def _needed(node: Node, *, wanted: bool) -> tuple[Term, ...] | None:
    """The same for a node to be `wanted`."""
    match node:
        case Says(term):
            return (term,) if wanted else None
        case Near(left, right):
            return _fewest([_needed(left, wanted=True), _needed(right, wanted=True)]) if wanted else None
        case Field():
            return None
        case Not(part):
            return _needed(part, wanted=not wanted)
        case And(parts) | Or(parts):
            below = [_needed(part, wanted=wanted) for part in parts]
            return _fewest(below) if isinstance(node, And) is wanted else _together(below)


def _fewest(below: Iterable[tuple[Term, ...] | None]) -> tuple[Term, ...] | None:
    """All have to hold: the terms of the one that needs fewest."""
    return min((terms for terms in below if terms is not None), key=len, default=None)


def _together(below: Iterable[tuple[Term, ...] | None]) -> tuple[Term, ...] | None:
    """One has to hold, whichever."""
    terms: dict[Term, None] = {}
    for one in below:
        if one is None:
            return None
        terms.update(dict.fromkeys(one))
    return tuple(terms)
