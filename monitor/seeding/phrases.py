"""What made-up authors say, with the place of every brand in it, ready for COPY."""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from monitor.brands import Brands
from monitor.texts import read

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Named(NamedTuple):
    """A brand (its place in `Brands`) from character `start` to before `end` of the text."""

    brand: int
    start: int
    end: int
    matched: str
    """As COPY takes it."""


class Said(NamedTuple):
    """A sentence as COPY takes it, the brands it names, and the words it is found by."""

    text: str
    named: tuple[Named, ...] = ()
    words: frozenset[str] = frozenset()


def copied(value: str) -> str:
    """A text as one field of COPY's text format."""
    return value.translate(_ESCAPES)


class Phrases:
    """The sentences of sentences.toml. A `roll` of 0..1 picks one: equal rolls, equal sentences."""

    def __init__(self, brands: Brands) -> None:
        self._names = [brand.name for brand in brands]
        self._given = _sentences()
        self._about = cache(self._render_about)
        self._together = cache(self._render_together)
        self._plain = {kind: [_told(each) for each in said] for kind, said in self._given.items()}
        places = self._given["places"]
        self._endings = [
            tuple(_told(ending.replace("{place}", place)) for place in places)
            for ending in self._given["endings"]
            if "{place}" in ending
        ]
        self._codes = [
            _told(ending.removesuffix("{code}")) for ending in self._given["endings"] if "{code}" in ending
        ]

    def plain(self, kind: str, roll: float) -> Said:
        """A sentence about no brand."""
        return _one(self._plain[kind], roll)

    def about(self, kind: str, brand: int, roll: float) -> Said:
        """A sentence about one brand; `kind` names a list of sentences.toml: `neutral`, `outage.neutral`."""
        return _one(self._about(kind, brand), roll)

    def together(self, mood: str, brand: int, other: int, roll: float) -> Said:
        """A sentence about two brands."""
        return _one(self._together(mood, brand, other), roll)

    def ending(self, roll: float, place: float, code: str) -> Said:
        """What some sentences end in: a place, a few of them very common, or a word of its own, `code`."""
        at = int(roll * (len(self._endings) + len(self._codes)))
        if at < len(self._endings):
            places = self._endings[at]
            # Log-uniform ranks: Zipf's law, as words have it.
            return places[int(len(places) ** place) - 1]
        before = self._codes[at - len(self._endings)]
        return Said(before.text + code, (), before.words | {code})

    def _render_about(self, kind: str, brand: int) -> tuple[Said, ...]:
        return tuple(_rendered(said, {"{brand}": (brand, self._names[brand])}) for said in self._given[kind])

    def _render_together(self, mood: str, brand: int, other: int) -> tuple[Said, ...]:
        both = {"{brand}": (brand, self._names[brand]), "{other}": (other, self._names[other])}
        return tuple(_rendered(said, both) for said in self._given[f"together.{mood}"])


def _sentences() -> dict[str, list[str]]:
    """The lists of sentences.toml; those of a table under both names: `outage.negative`."""
    text = resources.files("monitor.seeding").joinpath("sentences.toml").read_text("utf-8")
    lists: dict[str, list[str]] = {}
    for name, given in tomllib.loads(text).items():
        within = {f"{name}.{mood}": said for mood, said in given.items()} if isinstance(given, dict) else {}
        lists |= within or {name: given}
    return lists


def _rendered(said: str, brands: dict[str, tuple[int, str]]) -> Said:
    named = []
    for mark in sorted(brands, key=said.index):
        brand, name = brands[mark]
        start = said.index(mark)
        said = said.replace(mark, name, 1)
        named.append(Named(brand, start, start + len(name), copied(name)))
    return _told(said, named)


def _told(said: str, named: Iterable[Named] = ()) -> Said:
    return Said(copied(said), tuple(named), read(said).lexemes())


def _one(said: tuple[Said, ...] | list[Said], roll: float) -> Said:
    return said[int(roll * len(said))]
