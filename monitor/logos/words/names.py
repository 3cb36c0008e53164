"""Which watched brands are named in the lines read in a picture.

Spellings count as in texts (`monitor.texts.terms`): whole words, whatever their case and accents, their parts
joined or apart. Whether a name suffices is decided elsewhere (`monitor.logos.evidence`): it says whether it
is an everyday word, and whether anything else stands in its line.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, homonyms_path, load_brands
from monitor.logos.evidence import Name
from monitor.logos.words.lines import TextLine
from monitor.logos.words.reader import PictureReader, load_reader
from monitor.messages import BrandMention
from monitor.settings import Device, Settings
from monitor.texts import read

_DIGITS: Final = 8
"""Hexadecimal digits that tell versions apart; a handful of versions ever meet in one database."""
_RULES: Final = 1
"""Counts up with every change of the rules here, so that pictures become due again."""
_SHORTEST: Final = 4
"""Letters and digits from which a name is hardly ever something else: "HP" is also horse power."""


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
        part is a digest of spellings and rules, so that a changed brands.toml makes pictures due again."""

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
        counted = Brands(Brand(brand.name, (*brand.aliases, *brand.written)) for brand in brands)
        self._matcher = BrandMatcher(counted)
        self._everyday = frozenset(
            _bare(spelling)
            for brand in brands
            for spelling in (*brand.spellings, *brand.written)
            if _is_everyday(brand, spelling)
        )

    def find(self, lines: Sequence[TextLine]) -> tuple[Name, ...]:
        """Every name in the lines, in their order, with the box around it."""
        return tuple(name for line in lines for name in self._in_line(line))

    def _in_line(self, line: TextLine) -> Iterator[Name]:
        for found in self._matcher.spelled(line.text):
            yield self._name(line, found)

    def _name(self, line: TextLine, found: BrandMention) -> Name:
        bare = _bare(found.matched)
        return Name(
            brand=found.brand,
            matched=found.matched,
            line=line.text,
            score=line.score,
            box=line.box(found.start, found.end),
            whole=bare == _bare(line.text),
            everyday=bare in self._everyday,
        )


def _is_everyday(brand: Brand, spelling: str) -> bool:
    """Whether people use it for other things, too."""
    bare = _bare(spelling)
    asked = brand.query is not None and bare == _bare(brand.name)
    return asked or spelling in brand.written or len(bare) < _SHORTEST or bare in _words_with_queries()


@cache
def _words_with_queries() -> frozenset[str]:
    """Words that are also brands, bare."""
    return frozenset(_bare(brand.name) for brand in load_brands(homonyms_path()))


def _digest(brands: Brands) -> str:
    spellings: Iterable[object] = sorted((brand.name, brand.spellings, brand.written) for brand in brands)
    return hashlib.sha256(repr((_RULES, spellings)).encode()).hexdigest()[:_DIGITS]


def _bare(text: str) -> str:
    """Letters and digits without case and accents: what frames, dots and ® signs around a logo leave."""
    return "".join(word.text for word in read(text).words)
