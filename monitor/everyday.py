"""Which names are everyday words: where one stands, hardly anybody means the brand."""

from functools import cache
from importlib import resources
from typing import Final

from monitor.brands import Brand, ready_queries
from monitor.texts import read
from monitor.texts.characters import SPACED, kind_of

_SHORTEST: Final = 4
"""Letters and digits from which a name is hardly ever something else: "HP" is also horse power. In scripts
without spaces a letter says more."""


def is_everyday(brand: Brand, spelling: str) -> bool:
    """Whether people use this spelling of a brand for other things, too.

    So are names of up to three letters, spellings under `written`, a brand's one-word name that its `query`
    has to tell from the word, names for which a query is ready, and words that are common in English.
    """
    bare = bare_letters(spelling)
    asked = brand.query is not None and bare == read(brand.name).folded
    short = len(bare) < _SHORTEST and all(kind_of(letter) == SPACED for letter in bare)
    known = short or bare in ready_queries() or bare in common_words()
    return known or asked or spelling in brand.written


def bare_letters(text: str) -> str:
    """Letters and digits without case and accents: what frames, dots and ® signs around a logo leave."""
    return "".join(word.text for word in read(text).words)


@cache
def common_words() -> frozenset[str]:
    """English words that stand in lower case in at least 25 of IMDB's 24,877 training reviews."""
    return frozenset((resources.files("monitor") / "common_words.txt").read_text("utf-8").split())
