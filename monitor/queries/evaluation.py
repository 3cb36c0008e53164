"""Whether a query is true of a mention, and where in its text."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from monitor.queries.fields import Fields, has
from monitor.queries.near import Stretch, near, shortest
from monitor.queries.tree import And, Field, Near, Node, Not, Or, Says, children, walk
from monitor.texts import Hit, Reading, Term

Found = Mapping[Term, Sequence[Hit]]
"""What `Terms.find` gave: terms that the text says, each with its places in text order."""


def is_true(node: Node, found: Found, reading: Reading, fields: Fields) -> bool:
    """Whether the query is true."""
    match node:
        case Says(term):
            return bool(found.get(term))
        case Field():
            return has(fields, node)
        case Not(part):
            return not is_true(part, found, reading, fields)
        case And(parts):
            return all(is_true(part, found, reading, fields) for part in parts)
        case Or(parts):
            return any(is_true(part, found, reading, fields) for part in parts)
        case Near():
            return _terms_occur(node, found) and bool(_stretches(node, found, reading))


def places_of(node: Node, found: Found, reading: Reading, fields: Fields) -> tuple[Hit, ...]:
    """The places of the terms that make the query true, in text order: none of what it denies, of OR only
    what is true, of NEAR only what stands near. Empty where it is false, or true without a word."""
    hits: set[Hit] = set()
    if is_true(node, found, reading, fields):
        _collect(node, found, reading, fields, hits)
    return tuple(sorted(hits))


def true_without_words(node: Node) -> bool:
    """Whether fields, and what a text does not say, can make it true."""
    return _possible(node, wanted=True)


def _possible(node: Node, *, wanted: bool) -> bool:
    """Whether a text that says none of the terms can make it `wanted`, whatever its fields."""
    match node:
        case Says() | Near():
            return not wanted
        case Field():
            return True
        case Not(part):
            return _possible(part, wanted=not wanted)
        case And(parts):
            return (all if wanted else any)(_possible(part, wanted=wanted) for part in parts)
        case Or(parts):
            return (any if wanted else all)(_possible(part, wanted=wanted) for part in parts)


def _collect(node: Node, found: Found, reading: Reading, fields: Fields, hits: set[Hit]) -> None:
    """Add the places of a node that is true."""
    match node:
        case Says(term):
            hits.update(found.get(term, ()))
        case And(parts):
            for part in parts:
                _collect(part, found, reading, fields, hits)
        case Or(parts):
            for part in parts:
                if is_true(part, found, reading, fields):
                    _collect(part, found, reading, fields, hits)
        case Near():
            hits.update(_within(_stretches(node, found, reading), _hits_below(node, found), reading))
        case _:
            pass


def _terms_occur(node: Node, found: Found) -> bool:
    """Whether enough terms occur at all for stretches to be worth looking for."""
    match node:
        case Says(term):
            return bool(found.get(term))
        case Or(parts):
            return any(_terms_occur(part, found) for part in parts)
        case _:
            return all(_terms_occur(part, found) for part in children(node))


def _stretches(node: Node, found: Found, reading: Reading) -> Sequence[Stretch]:
    """Where a node that stands in text stands."""
    match node:
        case Says(term):
            return [_stretch(hit, reading) for hit in found.get(term, ())]
        case Or(parts):
            return shortest(one for part in parts for one in _stretches(part, found, reading))
        case Near(left, right, between, ordered):
            return near(
                _stretches(left, found, reading),
                _stretches(right, found, reading),
                between,
                ordered=ordered,
                apart=not (_holds_near(left) or _holds_near(right)),
            )
        case _:
            raise AssertionError(f"{node} has no places")


def _stretch(hit: Hit, reading: Reading) -> Stretch:
    """The words that a place covers; of one that covers no word ("++") the next word's ordinal."""
    first = reading.word_at(hit.start)
    after = reading.word_at(hit.end)
    if after < len(reading.words) and reading.words[after].start < hit.end:
        after += 1
    return first, max(first, after - 1)


@lru_cache(maxsize=4096)
def _holds_near(node: Node) -> bool:
    return any(isinstance(one, Near) for one in walk(node))


def _hits_below(node: Node, found: Found) -> set[Hit]:
    return {hit for one in walk(node) if isinstance(one, Says) for hit in found.get(one.term, ())}


def _within(stretches: Sequence[Stretch], hits: set[Hit], reading: Reading) -> list[Hit]:
    """The hits that lie in one of the stretches."""
    farthest: list[int] = []
    for _, last in stretches:
        farthest.append(max(last, farthest[-1]) if farthest else last)
    firsts = [first for first, _ in stretches]
    inside = []
    for hit in hits:
        first, last = _stretch(hit, reading)
        before = bisect_left(firsts, first + 1)
        if before and last <= farthest[before - 1]:
            inside.append(hit)
    return inside


__all__: Final = ["Found", "is_true", "places_of", "true_without_words"]
