"""Finds which brands a text names, and where.

Spellings come from brands.toml and match as `monitor.texts.terms` says: whole words, whatever their case,
accents, width and joiners. The longest spelling wins, every occurrence counts.
"""

from collections.abc import Iterable

from monitor.brands import Brands
from monitor.messages import BrandMention
from monitor.texts import Hit, Reading, Term, Terms, read


class BrandMatcher:
    """Matches the spellings of one brands.toml; immutable, safe to share between threads."""

    def __init__(self, brands: Brands) -> None:
        self._brand_of = {Term(spelling): brand.name for brand in brands for spelling in brand.spellings}
        self._terms = Terms(self._brand_of)

    def find(self, text: str | Reading) -> tuple[BrandMention, ...]:
        """Every mention in text order, none overlapping another; `start` and `end` index the text."""
        reading = read(text) if isinstance(text, str) else text
        found = self._terms.find(reading)
        places = ((hit, self._brand_of[term]) for term, hits in found.items() for hit in hits)
        return tuple(
            BrandMention(brand=brand, matched=reading.text[hit.start : hit.end], start=hit.start, end=hit.end)
            for hit, brand in _longest(places)
        )


def _longest(places: Iterable[tuple[Hit, str]]) -> Iterable[tuple[Hit, str]]:
    """Those that begin first, of these the longest; what overlaps them is left out."""
    last = 0
    for hit, brand in sorted(places, key=lambda place: (place[0].start, -place[0].end)):
        if hit.start >= last:
            yield hit, brand
            last = hit.end
