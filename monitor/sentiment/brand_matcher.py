"""Finds which brands a text names, and where.

Spellings come from brands.toml. A spelling matches as a whole word, whatever its case, accents or width, and
with its parts joined, spaced or hyphenated: "Red Bull" finds "red-bull", "#redbull" and "@RedBull". One
written with # or @ matches only as that hashtag or handle. The longest spelling wins, every occurrence
counts.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from monitor.brands import Brands
from monitor.errors import SetupError
from monitor.messages import BrandMention

# An address names a company without speaking of it.
_ADDRESS: Final = re.compile(
    r"https?://\S+|www\.\S+|[\w.+-]{1,64}@[\w-]{1,63}\.\w[\w.-]{0,190}", re.IGNORECASE
)
_JOINERS: Final = re.compile(r"[\s_-]+")
# Scripts that write no spaces between words, or hang particles on names: a neighbour from them ends a Latin
# word.
_UNSPACED: Final = (
    r"\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff"  # Thai, Lao, Burmese, Hangul Jamo, Khmer
    r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"  # Kana, Han, Hangul
)
_LONGEST_PLAIN: Final = 4
_LETTER: Final = rf"[^\W_{_UNSPACED}]"


class BrandMatcher:
    """Matches the spellings of one brands.toml; immutable, safe to share between threads."""

    def __init__(self, brands: Brands) -> None:
        """Raises `SetupError` where two brands' spellings are told apart by case, accents or spacing only, or
        one is nothing but these."""
        self._brand_of: dict[str, str] = {}
        patterns: dict[str, str] = {}
        for brand in brands:
            for spelling in brand.spellings:
                key = _key(spelling)
                if not key:  # its pattern would match between any two characters
                    raise SetupError(
                        f"brands.toml: {spelling!r} of {brand.name!r} is nothing but spacing, hyphens or "
                        "accents; remove it"
                    )
                if self._brand_of.setdefault(key, brand.name) != brand.name:
                    raise SetupError(
                        f"brands.toml: {spelling!r} of {brand.name!r} reads like a spelling of "
                        f"{self._brand_of[key]!r}; keep it in one of the two"
                    )
                patterns[_pattern(spelling)] = key
        longest_first = sorted(patterns, key=lambda pattern: len(patterns[pattern]), reverse=True)
        self._pattern = re.compile("|".join(longest_first)) if longest_first else None

    def find(self, text: str) -> tuple[BrandMention, ...]:
        """Every mention in text order, none overlapping another; `start` and `end` index `text`."""
        if self._pattern is None:
            return ()
        folded, places = _folded(text)
        addresses = [match.span() for match in _ADDRESS.finditer(text)]
        beginnings = [first for first, _ in addresses]
        mentions = []
        for match in self._pattern.finditer(folded):
            start = places[match.start()]
            end = _after_marks(text, places[match.end() - 1] + 1)
            before = bisect_right(beginnings, start)
            if not before or start >= addresses[before - 1][1]:
                brand = self._brand_of[_key(match.group())]
                mentions.append(BrandMention(brand=brand, matched=text[start:end], start=start, end=end))
        return tuple(mentions)


def _key(spelling: str) -> str:
    """What makes two spellings one: folded, joiners gone; a leading # or @ stays, it narrows the spelling."""
    return _JOINERS.sub("", _folded(spelling)[0])


def _pattern(spelling: str) -> str:
    """`spelling` as a whole word in folded text, any joiners (a few of them) between its parts."""
    folded = _folded(spelling)[0]
    parts = [re.escape(part) for part in _JOINERS.split(folded) if part]
    before = rf"(?<!{_LETTER})" if folded[:1].isalnum() else ""
    after = rf"(?!{_LETTER})" if folded[-1:].isalnum() else ""
    return before + r"[\s_-]{0,3}".join(parts) + after


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """`text` without case, accents and width, and for each of its characters the index it came from."""
    if text.isascii():
        return text.lower(), range(len(text))
    characters: list[str] = []
    places: list[int] = []
    for index, character in enumerate(text):
        # Curly apostrophes are how phones write "McDonald's".
        plain = "'" if character == "\u2019" else _plain(character)
        kept = [one for one in plain if not unicodedata.combining(one)]
        characters += kept
        places += [index] * len(kept)
    return "".join(characters), places


def _plain(character: str) -> str:
    """One to four characters; signs that stand for a whole saying (U+FDFA: 18) stay as they are."""
    # Compatibility first: the plain form of U+1D415, a bold V of the "fonts" of social media, is a capital.
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return plain if len(plain) <= _LONGEST_PLAIN else character


def _after_marks(text: str, end: int) -> int:
    """`end` moved past combining marks, which belong to the letter before them."""
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end
