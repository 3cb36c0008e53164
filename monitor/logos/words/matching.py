"""Which brands are named in the lines read in a picture.

Names and aliases count as in texts (`monitor.brand_matcher`): whole words, whatever their case,
their parts joined or apart. Spellings that brands.toml lists under `written` count only where they are the
whole line: "Supreme" alone on a shirt is the brand, in a sentence it hardly ever is.

Nothing looser: on the val pictures of 73 brands, names inside longer runs of letters ("OXFORD") brought false
finds only, and names broken over two lines brought none.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from monitor.brands import Brands
from monitor.logos.words.lines import TextLine
from monitor.messages import BrandMention, WrittenBrand
from monitor.texts import read


class NameFinder(Protocol):
    """Finds brand names in a text, as `monitor.brand_matcher.BrandMatcher` does."""

    def spelled(self, text: str) -> tuple[BrandMention, ...]:
        """Every place of a spelling in text order; `start` and `end` index `text`."""


class WrittenMatcher:
    """Matches lines of pictures with one brands.toml; immutable, safe to share between threads."""

    def __init__(self, brands: Brands, names: NameFinder) -> None:
        """`names` knows the spellings that count in texts, too."""
        self._names = names
        self._whole_lines = {_bare(word): brand.name for brand in brands for word in brand.written}

    def find(self, lines: Iterable[TextLine]) -> tuple[WrittenBrand, ...]:
        """Every brand name in the lines, in their order, with the box around it."""
        return tuple(written for line in lines for written in self._in_line(line))

    def _in_line(self, line: TextLine) -> Iterator[WrittenBrand]:
        named = self._names.spelled(line.text)
        for name in named:
            yield WrittenBrand(
                brand=name.brand,
                matched=name.matched,
                line=line.text,
                score=line.score,
                box=line.box(name.start, name.end),
            )
        brand = self._whole_lines.get(_bare(line.text))
        if brand is not None and not named:
            yield WrittenBrand(
                brand=brand, matched=line.text, line=line.text, score=line.score, box=line.box()
            )


def _bare(text: str) -> str:
    """Letters and digits without case and accents: what frames, dots and ® signs around a logo leave."""
    return "".join(word.text for word in read(text).words)
