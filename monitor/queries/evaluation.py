"""Whether a query is true of a mention, and where in its text."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
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
the longest of texts, written for it. (`Terms` finds 1,000 at most.)"""


class Evaluation:
    """One mention, asked about nodes of one query."""

    def __init__(self, found: Found, reading: Reading, fields: Fields) -> None:
        self._found = found
        self._reading = reading
        self._fields = fields
        self._stretches_of_terms: dict[Term, list[Stretch]] = {}

    def is_true(self, node: Node) -> bool:
        """Whether the node is true."""
        match node:
            case Says(term):
                return bool(self._found.get(term))
            case Field():
                return has(self._fields, node)
            case Not(part):
                return not self.is_true(part)
            case And(parts):
                return all(map(self.is_true, parts))
            case Or(parts):
                return any(map(self.is_true, parts))
            case Near():
                return self._occurs(node) and bool(self._stretches(node))

    def places(self, node: Node, *, wanted: bool = True) -> set[Hit] | None:
        """The places of the terms that make a node `wanted`; None where it is not.

        None of what is denied, of OR only what is true, of NEAR only what stands near.
        """
        match node:
            case Not(part):
                return self.places(part, wanted=not wanted)
            case And(parts) | Or(parts):
                below = [self.places(part, wanted=wanted) for part in parts]
                said = [places for places in below if places is not None]
                enough = len(parts) if isinstance(node, And) is wanted else 1
                return set().union(*said) if len(said) >= enough else None
            case Near() if wanted:
                stretches = self._stretches(node) if self._occurs(node) else ()
                return self._within(stretches, node) or None
        if self.is_true(node) is not wanted:
            return None
        return set(self._found[node.term]) if isinstance(node, Says) and wanted else set()

    def _occurs(self, node: Node) -> bool:
        """Whether enough terms occur at all for stretches to be worth looking for."""
        match node:
            case Says(term):
                return bool(self._found.get(term))
            case Or(parts):
                return any(map(self._occurs, parts))
            case _:
                return all(map(self._occurs, children(node)))

    def _stretches(self, node: Node) -> Sequence[Stretch]:
        """Where a node that stands in text stands."""
        match node:
            case Says(term):
                return self._of_term(term)
            case Or(parts):
                return shortest(stretch for part in parts for stretch in self._stretches(part))
            case Near(left, right, between, ordered):
                return near(
                    self._stretches(left),
                    self._stretches(right),
                    between,
                    ordered=ordered,
                    apart=not (_holds_near(left) or _holds_near(right)),
                )
            case _:
                raise AssertionError(f"{node} has no places")

    def _of_term(self, term: Term) -> list[Stretch]:
        known = self._stretches_of_terms.get(term)
        if known is None:
            known = [self._stretch(hit) for hit in self._first_hits(term)]
            self._stretches_of_terms[term] = known
        return known

    def _first_hits(self, term: Term) -> Sequence[Hit]:
        return self._found.get(term, ())[:MOST_PLACES]

    def _stretch(self, hit: Hit) -> Stretch:
        """The words that a place covers; of one that covers none ("++") the next word's ordinal."""
        words = self._reading.words
        first = self._reading.word_at(hit.start)
        after = self._reading.word_at(hit.end)
        if after < len(words) and words[after].start < hit.end:
            after += 1
        return first, max(first, after - 1)

    def _within(self, stretches: Sequence[Stretch], node: Near) -> set[Hit]:
        """The places of the node's terms that lie in one of the stretches."""
        firsts = [first for first, _ in stretches]
        farthest = list(accumulate((last for _, last in stretches), max))
        inside = set()
        for term in _terms_below(node):
            for hit, (first, last) in zip(self._first_hits(term), self._of_term(term), strict=True):
                before = bisect_right(firsts, first)
                if before and last <= farthest[before - 1]:
                    inside.add(hit)
        return inside


@lru_cache(maxsize=4096)
def _holds_near(node: Node) -> bool:
    return any(isinstance(one, Near) for one in walk(node))


def _terms_below(node: Node) -> Iterable[Term]:
    return {one.term for one in walk(node) if isinstance(one, Says)}
