"""Finds which brands a mention counts for, and where in its text.

Spellings come from brands.toml and match as `monitor.texts.terms` says: whole words, whatever their case,
accents, width and joiners. The longest spelling wins, every occurrence counts. A brand with a query counts
where the query is true of the mention, at its spellings; where none stands there, at the words that made the
query true; and where no word did (`author:nike`), the whole text is about the brand.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from monitor.brands import Brands
from monitor.messages import BrandMention
from monitor.queries import Fields, Found, Query, parse
from monitor.queries.needs import needed
from monitor.texts import Hit, Reading, Term, Terms, read
from monitor.texts.language import language_of

_NOTHING_KNOWN: Final = Fields()


class BrandMatcher:
    """Matches the spellings and queries of one brands.toml; immutable, safe to share between threads."""

    def __init__(self, brands: Brands) -> None:
        """Raises `QueryError` for a query that `load_brands` would refuse."""
        self._brand_of = {Term(spelling): brand.name for brand in brands for spelling in brand.spellings}
        self._spellings = {brand.name: [Term(spelling) for spelling in brand.spellings] for brand in brands}
        self._queries = {brand.name: parse(brand.query) for brand in brands if brand.query is not None}
        # Which queries a term makes worth asking: a text costs what it says, not what the file holds. Common
        # words of a query are looked for only once it is asked.
        self._asked_by: dict[Term, list[str]] = defaultdict(list)
        self._always: list[str] = []
        for name, query in self._queries.items():
            terms = needed(query.root)
            for term in terms or ():
                self._asked_by[term].append(name)
            if terms is None:
                self._always.append(name)
        self._terms = Terms([*self._brand_of, *self._asked_by])
        self._terms_of = {name: Terms(query.terms) for name, query in self._queries.items()}

    def find(self, text: str | Reading, fields: Fields = _NOTHING_KNOWN) -> tuple[BrandMention, ...]:
        """The brands that a mention with these fields counts for, in text order; offsets index the text.

        Places of spellings do not overlap."""
        reading = read(text) if isinstance(text, str) else text
        found = self._terms.find(reading)
        places = [place for place in self._spelled(found) if place[1] not in self._queries]
        otherwise: list[tuple[Hit, str]] = []
        asked = [name for term in found for name in self._asked_by.get(term, ())]
        for name in dict.fromkeys([*self._always, *asked]):
            query, said = self._queries[name], self._terms_of[name].find(reading)
            if query.matches(said, reading, fields):
                spelled = [(hit, name) for term in self._spellings[name] for hit in found.get(term, ())]
                places += spelled
                if not spelled:
                    otherwise += _longest((hit, name) for hit in _said(query, said, reading, fields))
        return _mentions([*_longest(places), *otherwise], reading)

    def spelled(self, text: str | Reading) -> tuple[BrandMention, ...]:
        """Every place of a spelling, whatever the queries say, none overlapping another."""
        reading = read(text) if isinstance(text, str) else text
        return _mentions(_longest(self._spelled(self._terms.find(reading))), reading)

    def language(self, reading: Reading, given: str | None) -> str:
        """The text's language (`monitor.texts.language`), in which the names of brands have no say."""
        return language_of(
            reading, given, lambda: [(place.start, place.end) for place in self.spelled(reading)]
        )

    def _spelled(self, found: Found) -> Iterator[tuple[Hit, str]]:
        for term, hits in found.items():
            if term in self._brand_of:
                yield from ((hit, self._brand_of[term]) for hit in hits)


def _mentions(places: Iterable[tuple[Hit, str]], reading: Reading) -> tuple[BrandMention, ...]:
    return tuple(
        BrandMention(brand=brand, matched=reading.text[hit.start : hit.end], start=hit.start, end=hit.end)
        for hit, brand in sorted(places)
    )


def _said(
    query: Query, found: dict[Term, tuple[Hit, ...]], reading: Reading, fields: Fields
) -> Iterable[Hit]:
    """The words that made a query true; the whole text where none did, and nothing of an empty one."""
    whole = (Hit(0, len(reading.text)),) if reading.text else ()
    return query.places(found, reading, fields) or whole


def _longest(places: Iterable[tuple[Hit, str]]) -> Iterable[tuple[Hit, str]]:
    """Those that begin first, of these the longest; what overlaps them is left out."""
    last = 0
    for hit, brand in sorted(places, key=lambda place: (place[0].start, -place[0].end)):
        if hit.start >= last:
            yield hit, brand
            last = hit.end
