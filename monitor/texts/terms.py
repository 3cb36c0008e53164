"""Finds terms in a Reading: the spellings of brands and the words of queries, however many, in one pass.

A term matches as a whole word, whatever its case, accents or width, and with its parts joined, spaced or
hyphenated: "Red Bull" finds "red-bull", "#redbull" and "@RedBull". One written with # or @ matches only as
that hashtag or handle. An Aho-Corasick automaton (Aho and Corasick 1975) over the folded text without its
joiners finds candidates; each is then held against the boundaries of words, so that no list of terms makes a
pattern that could run away.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import ahocorasick_rs

from monitor.texts.characters import (
    JOINERS,
    KATAKANA,
    MARKS,
    NOTHING,
    PROLONGED,
    SIGN,
    SPACED,
    UNSPACED_LETTER,
    is_mark,
    kind_of,
)
from monitor.texts.reading import Reading, read

_JOINER: Final = re.compile(f"[{JOINERS}]+")
_PART: Final = re.compile(f"[^{JOINERS}]+")
_WILD: Final = "?"
_MOST_MARKS: Final = 16
"""Marks on one letter that are looked behind."""
MOST_JOINERS: Final = 3
"""Spaces and hyphens between two parts of a term, at most."""


class Term(NamedTuple):
    """What to find, as people write it.

    `prefix`: any word that begins so (`vm*`). `exact`: case and accents count (`raw:"Apple"`). `wild`: each
    "?" in it stands for one letter or digit.
    """

    text: str
    prefix: bool = False
    exact: bool = False
    wild: bool = False

    @property
    def key(self) -> str:
        """What makes two terms one: folded, joiners gone; a leading # or @ stays. "" for one that could match
        between any two characters."""
        return _JOINER.sub("", read(self.text).folded)


class Hit(NamedTuple):
    """Where a term stands: `start` and `end` index the original text."""

    start: int
    end: int


@dataclass(slots=True)
class _Sought:
    """Everything known of one key of the automaton."""

    terms: list["_Compiled"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Compiled:
    term: Term
    cuts: frozenset[int]
    """Where the key may be joined by something: lengths of its beginning."""
    whole: str
    """The term, plain, for `exact` ones."""
    rest: re.Pattern[str] | None
    """What `wild` ones must match as a whole, in folded text."""


class Terms:
    """Many terms, compiled; immutable, safe to share between threads."""

    def __init__(self, terms: Iterable[Term]) -> None:
        """Raises `ValueError` for a term of nothing but joiners, accents and invisible characters."""
        sought: dict[str, _Sought] = defaultdict(_Sought)
        for term in dict.fromkeys(terms):
            key, compiled = _compile(term)
            sought[key].terms.append(compiled)
        self._sought = list(sought.values())
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(sought), matchkind=ahocorasick_rs.MatchKind.Standard, store_patterns=False
        )

    def find(self, reading: Reading) -> dict[Term, tuple[Hit, ...]]:
        """The terms that occur, each with its places in text order. Those in links and addresses do not
        count."""
        found: dict[Term, list[Hit]] = {}
        for term, hit in self._hits(reading):
            found.setdefault(term, []).append(hit)
        return {term: tuple(sorted(set(hits))) for term, hits in found.items()}

    def _hits(self, reading: Reading) -> Iterator[tuple[Term, Hit]]:
        folded = reading.folded
        joined = _JOINER.sub("", folded)
        candidates = self._automaton.find_matches_as_indexes(joined, overlapping=True)
        if not candidates:
            return
        places = _places(folded) if len(joined) != len(folded) else range(len(folded))
        for index, first, after in candidates:
            start, end = places[first], places[after - 1] + 1
            if not _begins(folded, start) or any(map(reading.in_address, _edges(reading, start, end))):
                continue
            joints = _joints(places, first, after) if end - start != after - first else ()
            for compiled in self._sought[index].terms:
                if joints is None or not compiled.cuts.issuperset(joints):
                    continue
                whole_end = _end(compiled, folded, start, end)
                if whole_end is not None:
                    hit = Hit(*reading.span(start, whole_end))
                    if (
                        not compiled.term.exact
                        or read(reading.text[hit.start : hit.end]).plain == compiled.whole
                    ):
                        yield compiled.term, hit


def _compile(term: Term) -> tuple[str, _Compiled]:
    reading = read(term.text)
    parts = _PART.findall(reading.folded)
    rest = None
    if term.wild:
        joined = rf"[{JOINERS}]{{0,{MOST_JOINERS}}}".join(
            re.escape(part).replace(re.escape(_WILD), f"[^\\W_][{MARKS}]*") for part in parts
        )
        rest = re.compile(joined)
        parts = _PART.findall(reading.folded.split(_WILD)[0])
    if not parts:
        raise ValueError(f"{term.text!r} is nothing but spacing, hyphens, accents or invisible characters")
    lengths = [len(part) for part in parts]
    cuts = frozenset(sum(lengths[: index + 1]) for index in range(len(parts) - 1))
    return "".join(parts), _Compiled(term, cuts, reading.plain, rest)


def _places(folded: str) -> list[int]:
    """For each character that is no joiner its index in `folded`."""
    places: list[int] = []
    for part in _PART.finditer(folded):
        places.extend(range(part.start(), part.end()))
    return places


def _edges(reading: Reading, start: int, end: int) -> tuple[int, int]:
    """First and last offset in the original text."""
    first, after = reading.span(start, end)
    return first, after - 1


def _joints(places: Iterable[int], first: int, after: int) -> list[int] | None:
    """After how many characters of the match joiners stand; None where more of them than people write."""
    assert isinstance(places, list)
    joints = []
    for index in range(first + 1, after):
        gap = places[index] - places[index - 1] - 1
        if gap > MOST_JOINERS:
            return None
        if gap:
            joints.append(index - first)
    return joints


def _begins(folded: str, start: int) -> bool:
    """Whether a word can begin here."""
    kind = kind_of(folded[start])
    before = kind_of(folded[start - 1]) if start else NOTHING
    if kind == SPACED:
        if before == SIGN:
            return _of_unspaced(folded, start - 1)
        return before == NOTHING or (before != SPACED and not is_mark(folded[start]))
    # A brand goes before what it names, スズキスイフト; behind other katakana it is the end of a longer word.
    return kind != SIGN and not (kind == KATAKANA and before == KATAKANA)


def _of_unspaced(folded: str, at: int) -> bool:
    """Whether a mark, or a run of them, belongs to a letter of a script without spaces."""
    first = max(0, at - _MOST_MARKS)
    while at > first and is_mark(folded[at]):
        at -= 1
    return kind_of(folded[at]) in (UNSPACED_LETTER, KATAKANA)


def _end(compiled: _Compiled, folded: str, start: int, end: int) -> int | None:
    """Where the match ends; None where it ends within a word."""
    if compiled.rest is not None:
        match = compiled.rest.match(folded, start)
        if match is None:
            return None
        end = match.end()
    if compiled.term.prefix:
        if kind_of(folded[end - 1]) == SPACED:
            while end < len(folded) and kind_of(folded[end]) == SPACED:
                end += 1
        while end < len(folded) and kind_of(folded[end]) == SIGN:
            end += 1
        return end
    following = folded[end] if end < len(folded) else " "
    kind = kind_of(folded[end - 1])
    if kind != NOTHING and is_mark(following):
        return None
    if kind_of(following) == SPACED and (
        kind == SPACED or (kind == SIGN and not _of_unspaced(folded, end - 1))
    ):
        return None
    return None if kind == KATAKANA and following == PROLONGED else end
