"""Finds terms in a Reading: the spellings of brands and the words of queries, however many, in one pass.

A term matches as a whole word, whatever its case, accents or width, and with its parts joined, spaced or
hyphenated: "Red Bull" finds "red-bull", "#redbull" and "@RedBull". One written with # or @ matches only as
that hashtag or handle. An Aho-Corasick automaton (Aho and Corasick 1975) over the folded text without its
joiners finds candidates; each is then held against the boundaries of words, so that no list of terms makes a
pattern that could run away.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Final, NamedTuple

import ahocorasick_rs

from monitor.texts.characters import (
    JOINERS,
    KATAKANA,
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
MOST_HITS: Final = 1_000
"""Places of one term in one text: as many as anybody looks at, and more."""
_FEW_JOINERS: Final = re.compile(f"[{JOINERS}]{{0,{MOST_JOINERS}}}")


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
    cuts: set[int] = field(default_factory=set)
    """Those of all of its terms."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    term: Term
    cuts: frozenset[int]
    """Where the key may be joined by something: lengths of its beginning."""
    whole: str
    """The term, plain, for `exact` ones."""
    wild: tuple[str, ...]
    """The parts of `wild` ones, with their "?"; of others none."""


class Terms:
    """Many terms, compiled; immutable, safe to share between threads."""

    def __init__(self, terms: Iterable[Term]) -> None:
        """Raises `ValueError` for a term of nothing but joiners, accents and invisible characters."""
        sought: dict[str, _Sought] = defaultdict(_Sought)
        for term in dict.fromkeys(terms):
            key, compiled = _compile(term)
            sought[key].terms.append(compiled)
            sought[key].cuts |= compiled.cuts
        self._sought = list(sought.values())
        self._automaton = ahocorasick_rs.AhoCorasick(
            list(sought), matchkind=ahocorasick_rs.MatchKind.Standard, store_patterns=False
        )

    def find(self, reading: Reading) -> dict[Term, tuple[Hit, ...]]:
        """The terms that occur, each with its places in text order, the first `MOST_HITS` of them. Those in
        links and addresses do not count."""
        folded = reading.folded
        text = _Joined(folded)
        candidates = self._automaton.find_matches_as_indexes(text.text, overlapping=True)
        if not candidates:
            return {}
        found: dict[Term, set[Hit]] = defaultdict(set)
        full: set[int] = set()
        for index, first, after in candidates:
            if index in full:
                continue
            start, end = text.place(first), text.place(after - 1) + 1
            if not _begins(folded, start) or any(map(reading.in_address, _edges(reading, start, end))):
                continue
            sought = self._sought[index]
            joints = text.joints(first, after, sought.cuts) if end - start != after - first else ()
            if joints is None:
                continue
            for compiled in sought.terms:
                hit = _hit(compiled, reading, start, end) if compiled.cuts.issuperset(joints) else None
                if hit is not None:
                    found[compiled.term].add(hit)
            if all(len(found.get(compiled.term, ())) >= MOST_HITS for compiled in sought.terms):
                full.add(index)
        return {term: tuple(sorted(hits)[:MOST_HITS]) for term, hits in found.items()}


class _Joined:
    """A folded text without its joiners, where its characters stand in that, and where joiners do."""

    def __init__(self, folded: str) -> None:
        self._parts = [part.span() for part in _PART.finditer(folded)]
        self.text = "".join([folded[start:end] for start, end in self._parts])

    @cached_property
    def _begins(self) -> list[int]:
        """Of the parts between joiners, in `text`; and its length."""
        return list(accumulate((end - start for start, end in self._parts), initial=0))

    def place(self, at: int) -> int:
        """Where text[at] stands in the folded text."""
        part = bisect_right(self._begins, at) - 1
        return self._parts[part][0] + at - self._begins[part]

    def joints(self, first: int, after: int, cuts: Container[int]) -> list[int] | None:
        """After how many characters of a match joiners stand; None where one is none of `cuts`, or of more
        joiners than people write."""
        joints = []
        for part in range(bisect_right(self._begins, first), bisect_left(self._begins, after)):
            joint = self._begins[part] - first
            if joint not in cuts or self._parts[part][0] - self._parts[part - 1][1] > MOST_JOINERS:
                return None
            joints.append(joint)
        return joints


def _compile(term: Term) -> tuple[str, _Compiled]:
    reading = read(term.text)
    parts = _PART.findall(reading.folded)
    wild = tuple(parts) if term.wild else ()
    if wild:
        parts = _PART.findall(reading.folded.split(_WILD)[0])
    if not parts:
        raise ValueError(f"{term.text!r} is nothing but spacing, hyphens, accents or invisible characters")
    lengths = [len(part) for part in parts]
    cuts = frozenset(sum(lengths[: index + 1]) for index in range(len(parts) - 1))
    return "".join(parts), _Compiled(term, cuts, _whole(reading), wild)


def _hit(compiled: _Compiled, reading: Reading, start: int, end: int) -> Hit | None:
    """The place of a term whose key stands at folded[start:end], if it is one."""
    whole_end = _end(compiled, reading.folded, start, end)
    if whole_end is None:
        return None
    hit = Hit(*reading.span(start, whole_end))
    same = not compiled.term.exact or _whole(read(reading.text[hit.start : hit.end])) == compiled.whole
    return hit if same else None


def _whole(reading: Reading) -> str:
    """What exact terms are compared by: plain, line breaks and rows of spaces as one space."""
    return " ".join(reading.plain.split())


def _edges(reading: Reading, start: int, end: int) -> tuple[int, int]:
    """First and last offset in the original text."""
    first, after = reading.span(start, end)
    return first, after - 1


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
    if compiled.wild:
        wild_end = _wild_end(compiled.wild, folded, start)
        if wild_end is None:
            return None
        end = wild_end
    if compiled.term.prefix:
        if kind_of(folded[end - 1]) == SPACED:
            while end < len(folded) and kind_of(folded[end]) == SPACED:
                end += 1
        while end < len(folded) and kind_of(folded[end]) == SIGN:
            end += 1
        return end
    following = folded[end] if end < len(folded) else " "
    kind = kind_of(folded[end - 1])
    if following == "_" and folded[start] in "#@" and kind_of(folded[end + 1 : end + 2] or " ") != NOTHING:
        return None  # @mini is not @mini_golf
    if kind != NOTHING and is_mark(following):
        return None
    if kind_of(following) == SPACED and (
        kind == SPACED or (kind == SIGN and not _of_unspaced(folded, end - 1))
    ):
        return None
    return None if kind == KATAKANA and following == PROLONGED else end


def _wild_end(parts: Iterable[str], folded: str, at: int) -> int | None:
    """Where a term with its "?" ends that begins at `at`, if it does. A letter's marks belong to it."""
    for joined, part in enumerate(parts):
        at = _FEW_JOINERS.match(folded, at).end() if joined else at  # type: ignore[union-attr]
        for character in part:
            here = folded[at : at + 1]
            if character != _WILD:
                if here != character:
                    return None
                at += 1
                continue
            if not here or kind_of(here) == NOTHING or is_mark(here):
                return None
            at += 1
            while at < len(folded) and is_mark(folded[at]):
                at += 1
    return at
