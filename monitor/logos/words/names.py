"""Which watched brands are named in the lines read in a picture.

Spellings count as in texts (`monitor.texts.terms`): whole words, whatever their case and accents, their parts
joined or apart. In pictures they also count set apart ("V M W A R E"), over several lines ("TOMMY" above
"HILFIGER"), in addresses of pages (www.vmware.com), beside a word in a hashtag (#vmwareexplore), and where
they are the whole line with a letter or two that the reader got wrong (`monitor.logos.words.misreadings`).
Whether a name suffices is decided elsewhere (`monitor.logos.evidence`): it says whether it is an everyday
word, how many of its letters are others, and whether anything else stands in its line.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands
from monitor.everyday import bare_letters, is_everyday
from monitor.logos.evidence import Name
from monitor.logos.words.chains import chains
from monitor.logos.words.lines import TextLine, around
from monitor.logos.words.misreadings import Misreadings, Spelling, is_known, known_words
from monitor.logos.words.reader import PictureReader, load_reader
from monitor.settings import Device, Settings
from monitor.texts import Reading, read

_DIGITS: Final = 8
"""Hexadecimal digits that tell versions apart; a handful of versions ever meet in one database."""
_RULES: Final = 2
"""Counts up with every change of the rules here, so that pictures become due again."""
_SHORTEST_APART: Final = 6
"""Letters from which a name may be cut anywhere: "in tel" is hardly ever Intel."""
_SHORTEST_SPACED: Final = 3
"""Letters from which a name may be spelled letter by letter, or over lines."""
_LONGEST_APART: Final = 40
"""Letters up to which names are looked for in pieces: what a line of many letters costs grows with it."""
_SHORTEST_GLUED: Final = 6
"""Letters from which a name may be grown together with another word."""
_ERROR: Final = 3
"""Letters that a name must be longer by to be taken with one more letter wrong, where two claim one word."""
_WORD: Final = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Letters:
    """What stands in one picture: the watched names, and all lines, both from top to bottom."""

    names: tuple[Name, ...]
    lines: tuple[TextLine, ...]


class NameReader:
    """Reads watched names in pictures; safe to share between threads."""

    def __init__(self, reader: PictureReader, brands: Brands) -> None:
        self._reader = reader
        self._names = NameMatcher(brands)
        self.identity: Final = f"words-{reader.identity}-{_digest(brands)}"
        """Stands in the model version of the scans it took part in: equal identities, equal names. The last
        part is a digest of spellings, word lists and rules, so that a changed brands.toml makes pictures due
        again."""

    @property
    def device(self) -> Device:
        """Where the models really run."""
        return self._reader.device

    def read(self, pixels: NDArray[np.uint8]) -> Letters:
        """Names and lines in the picture (uint8, height x width x 3, BGR).

        Blocks for as long as the models take. May raise anything: whoever calls it goes on without letters.
        """
        lines = self._reader.read(pixels)
        return Letters(self._names.find(lines), lines)


def load_name_reader(settings: Settings, brands: Brands) -> NameReader | None:
    """The reader, or None where `MONITOR_OCR` says no; blocks for a second or two.

    Raises `SetupError` where it is asked for and cannot be had.
    """
    if not settings.ocr:
        return None
    return NameReader(load_reader(settings.device, settings.inference_threads), brands)


class NameMatcher:
    """Finds the names of one brands.toml in lines; immutable, safe to share between threads."""

    def __init__(self, brands: Brands) -> None:
        self._exact = BrandMatcher(
            Brands(Brand(brand.name, (*brand.aliases, *brand.written)) for brand in brands)
        )
        spellings = [
            Spelling(brand.name, tuple(word.text for word in read(text).words), is_everyday(brand, text))
            for brand in sorted(brands, key=lambda brand: brand.name)  # "H&M" and "HM" spell one word
            for text in (*brand.spellings, *brand.written)
        ]
        self._spelled = {one.letters: one for one in reversed(spellings) if one.parts}
        self._misread = Misreadings(list(self._spelled.values()))
        self._longest = min(max(map(len, self._spelled), default=0), _LONGEST_APART)

    def find(self, lines: Sequence[TextLine]) -> tuple[Name, ...]:
        """Every name in the lines, in their order, with the box around it; no word is in two of them."""
        found = sorted(self._claims(lines), key=lambda claim: -claim.worth)
        kept: list[_Claim] = []
        for claim in found:
            if not any(claim.shares(other) for other in kept):
                kept.append(claim)
        return tuple(claim.name(lines) for claim in sorted(kept, key=lambda claim: claim.places))

    def _claims(self, lines: Sequence[TextLine]) -> Iterator["_Claim"]:
        words = []
        for index, line in enumerate(lines):
            reading = read(line.text)
            words.append([_Word(word.text, (index, word.start, word.end)) for word in reading.words])
            yield from self._as_in_texts(index, reading)
            yield from self._in_marks(index, reading)
        runs = [_Run(run, len(run) == len(line)) for line in words for run in self._runs(line)]
        runs += [
            _Run([word for index in chain for word in words[index]], whole=True, chained=True)
            for chain in chains(lines, self._longest)
            if all(words[index] for index in chain)
        ]
        yield from self._apart(runs)
        whole = [run for run in runs if run.whole]
        for index, spelling, errors in self._misread.find([run.texts for run in whole]):
            yield whole[index].claim(spelling, errors)

    def _as_in_texts(self, index: int, reading: Reading) -> Iterator["_Claim"]:
        line = bare_letters(reading.text)
        for found in self._exact.spelled(reading):
            letters = bare_letters(found.matched)
            everyday = letters in self._spelled and self._spelled[letters].everyday
            place = (index, found.start, found.end)
            yield _Claim(found.brand, everyday, (place,), len(letters), 0, letters == line)

    def _in_marks(self, index: int, reading: Reading) -> Iterator["_Claim"]:
        """Names in addresses of pages, and before or behind a word in hashtags: www.vmware.com,
        #vmwareexplore. A mail address names whoever runs its server."""
        for mark in reading.marks:
            if mark.kind in ("link", "hashtag"):
                for part in _WORD.finditer(reading.text, mark.start, mark.end):
                    text = read(part.group()).folded
                    for first, last in _pieces(text) if mark.kind == "hashtag" else [(0, len(text))]:
                        spelling = self._spelled.get(text[first:last])
                        if spelling is not None and len(text) == len(part.group()):
                            place = (index, part.start() + first, part.start() + last)
                            yield _Claim(
                                spelling.brand, spelling.everyday, (place,), last - first, 0, whole=False
                            )

    def _runs(self, words: Sequence["_Word"]) -> Iterator[Sequence["_Word"]]:
        """Words in a row that have no more letters than the longest name, and some for errors."""
        for first in range(len(words)):
            letters = 0
            for last in range(first, len(words)):
                letters += len(words[last].text)
                if letters > self._longest + 2:
                    break
                yield words[first : last + 1]

    def _apart(self, runs: Iterable["_Run"]) -> Iterator["_Claim"]:
        """Names cut where no name is: "V M W A R E", "UNI" above "QLO"."""
        for run in runs:
            letters = "".join(run.texts)
            spelling = self._spelled.get(letters)
            spaced = run.chained or max(map(len, run.texts)) == 1
            if spelling and len(letters) >= (_SHORTEST_SPACED if spaced else _SHORTEST_APART):
                yield run.claim(spelling, 0)


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Where a name may stand in a word grown together of a name and a word that people know."""
    for cut in range(_SHORTEST_GLUED, len(text) - 2):
        if is_known(text[cut:]):
            yield 0, cut
        if is_known(text[:-cut]):
            yield len(text) - cut, len(text)


class _Word(NamedTuple):
    text: str
    place: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Run:
    """Words that may be a name: in a row of one line, or all of several lines."""

    words: Sequence[_Word]
    whole: bool
    chained: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    def claim(self, spelling: Spelling, errors: int) -> "_Claim":
        """What it says, taken for that name."""
        places: dict[int, tuple[int, int, int]] = {}
        for _, (index, start, end) in self.words:
            places[index] = (index, places.get(index, (index, start, end))[1], end)
        letters = len(spelling.letters)
        return _Claim(spelling.brand, spelling.everyday, tuple(places.values()), letters, errors, self.whole)


@dataclass(frozen=True, slots=True)
class _Claim:
    """Places that may be a brand's name: index of the line, first letter, after the last one."""

    brand: str
    everyday: bool
    places: tuple[tuple[int, int, int], ...]
    letters: int
    errors: int
    whole: bool

    @property
    def worth(self) -> int:
        return self.letters - _ERROR * self.errors

    def shares(self, other: "_Claim") -> bool:
        """Whether both want one letter."""
        return any(
            one == another and start < its_end and its_start < end
            for one, start, end in self.places
            for another, its_start, its_end in other.places
        )

    def name(self, lines: Sequence[TextLine]) -> Name:
        """As evidence. The lines of a name over several are told one below the other."""
        boxes = [lines[index].box(start, end) for index, start, end in self.places]
        corners = [
            corner for box in boxes for corner in ((box.x, box.y), (box.x + box.width, box.y + box.height))
        ]
        return Name(
            brand=self.brand,
            matched=" ".join(lines[index].text[start:end] for index, start, end in self.places),
            line="\n".join(lines[index].text for index, *_ in self.places),
            score=min(lines[index].score for index, *_ in self.places),
            box=around(corners),
            errors=self.errors,
            whole=self.whole,
            everyday=self.everyday,
        )


def _digest(brands: Brands) -> str:
    spellings: Iterable[object] = sorted(
        (brand.name, brand.spellings, brand.written, [is_everyday(brand, text) for text in brand.spellings])
        for brand in brands
    )
    used = (_RULES, spellings, sorted(known_words()))
    return hashlib.sha256(repr(used).encode()).hexdigest()[:_DIGITS]
