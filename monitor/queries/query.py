"""A query, read: what it needs to be found, whether it is true of a mention, and how it is written."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from monitor.queries.evaluation import Evaluation, Found
from monitor.queries.fields import Fields
from monitor.queries.printing import text_of
from monitor.queries.tree import And, Field, Node, Or, Says, walk
from monitor.texts import Hit, Reading, Term, read


@dataclass(frozen=True)
class Query:
    """What `monitor.queries.parse` gives; immutable, safe to share between threads.

    `str(query)` is its canonical form: reading that gives the same query.
    """

    root: Node

    def __str__(self) -> str:
        return self._text

    @cached_property
    def _text(self) -> str:
        return text_of(self.root)

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """The terms to look for in a text, each once: compile those of many queries into one `Terms`."""
        return tuple(dict.fromkeys(node.term for node in walk(self.root) if isinstance(node, Says)))

    def matches(self, found: Found, reading: Reading, fields: Fields) -> bool:
        """Whether it is true of a mention; `found` are the places of (at least) `terms` in `reading`."""
        return Evaluation(found, reading, fields).is_true(self.root)

    def places(self, found: Found, reading: Reading, fields: Fields) -> tuple[Hit, ...]:
        """Where in the text it is true, in text order: the places of the terms that made it so. Empty where
        it is false, and where it is true without a word of the text."""
        return tuple(sorted(Evaluation(found, reading, fields).places(self.root) or ()))

    @property
    def clauses(self) -> "tuple[Query, ...]":
        """The parts that AND or OR joins at the top, each a query; of another query the whole of it."""
        match self.root:
            case And(parts) | Or(parts):
                return tuple(Query(part) for part in parts)
            case _:
                return (self,)

    @property
    def joined_by(self) -> Literal["AND", "OR"] | None:
        """What joins `clauses`."""
        match self.root:
            case And():
                return "AND"
            case Or():
                return "OR"
            case _:
                return None

    @cached_property
    def only_denies(self) -> bool:
        """Whether it is true of a mention of which nothing is known: `NOT nike` takes in the whole world."""
        return self.matches({}, read(""), Fields())

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The brands that it looks for in pictures, each once, as written."""
        return tuple(
            dict.fromkeys(
                node.value for node in walk(self.root) if isinstance(node, Field) and node.name == "image"
            )
        )

    @property
    def required_fields(self) -> tuple[Field, ...]:
        """Fields without which it is never true, for a condition in SQL: those that AND joins at the top."""
        parts = self.root.parts if isinstance(self.root, And) else (self.root,)
        return tuple(part for part in parts if isinstance(part, Field))
