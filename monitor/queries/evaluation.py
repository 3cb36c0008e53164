"""Whether a query is true of a mention, and where in its text."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

from monitor.queries.fields import Fields, has
from monitor.queries.near import Stretch, near, shortest
from monitor.queries.tree import And, Field, Near, Node, Not, Or, Says, children, walk
from monitor.texts import Hit, Reading, Term

Found = Mapping[Term, Sequence[Hit]]
"""What `Terms.find` gave: terms that the text says, each with its places in text order."""

MOST_PLACES: Final = 300
"""Places of one term that NEAR looks at, the first in the text: so the longest of queries takes seconds in
the longest of texts, written for it."""


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
    return tuple(sorted(_places(node, _Mention(found, reading, fields)) or ()))


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


@dataclass(frozen=True, slots=True)
class _Mention:
    found: Found
    reading: Reading
    fields: Fields


def _places(node: Node, mention: _Mention, *, wanted: bool = True) -> set[Hit] | None:
    """The places that make a node `wanted`; None where it is not."""
    match node:
        case Not(part):
            return _places(part, mention, wanted=not wanted)
        case And(parts) | Or(parts):
            below = [_places(part, mention, wanted=wanted) for part in parts]
            said = [places for places in below if places is not None]
            enough = len(parts) if isinstance(node, And) is wanted else 1
            return set().union(*said) if len(said) >= enough else None
    if is_true(node, mention.found, mention.reading, mention.fields) is not wanted:
        return None
    return set(_hits_of(node, mention)) if wanted else set()


def _hits_of(node: Node, mention: _Mention) -> Iterable[Hit]:
    """The places of a leaf or a NEAR that is true."""
    match node:
        case Says(term):
            return mention.found[term]
        case Near():
            stretches = _stretches(node, mention.found, mention.reading)
            return _within(stretches, _hits_below(node, mention.found), mention.reading)
        case _:
            return ()


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
            return [_stretch(hit, reading) for hit in _first(found, term)]
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


def _first(found: Found, term: Term) -> Sequence[Hit]:
    return found.get(term, ())[:MOST_PLACES]


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
    return {hit for one in walk(node) if isinstance(one, Says) for hit in _first(found, one.term)}


def _within(stretches: Sequence[Stretch], hits: set[Hit], reading: Reading) -> set[Hit]:
    """The hits that lie in one of the stretches."""
    firsts = [first for first, _ in stretches]
    farthest = list(accumulate((last for _, last in stretches), max))
    inside = set()
    for hit in hits:
        first, last = _stretch(hit, reading)
        before = bisect_right(firsts, first)
        if before and last <= farthest[before - 1]:
            inside.add(hit)
    return inside
