"""What to search platforms for, so that the posts that brands.toml counts are among their answers.

Platforms search by whole words and phrases, in tongues of their own; what they answer is held against
brands.toml itself afterwards (`only_brands`). So what is asked may find too much, never too little.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from monitor.brands import Brand, Brands
from monitor.queries import parse
from monitor.queries.needs import needed
from monitor.texts import Term

_SIGNS = re.compile(r"[\x00-\x1f\x7f\"“”„«»\\(){}\[\]<>*?|~^:;,]+")
"""What means something in one search or another, or separates words in all of them."""
_JOINERS = re.compile(r"[\s\-_]+")
_LONGEST = 100
"""Characters of a phrase that every search takes; of a longer one its beginning is asked for."""
_MOST_JOINED = 3
"""Words of a name that people write as one."""


def phrases(brands: Brands) -> tuple[str, ...]:
    """Words and phrases, each once, of which a text says one wherever it counts for a brand: the spellings,
    of a brand with a query what that query needs. "red bull" comes as "redbull", too.

    What begins at a wildcard (`vm*`) cannot be asked for; where that is all of a query, and where a query
    can be true without a word (`author:nike`), the spellings stand in.
    """
    asked: dict[tuple[str, ...], str] = {}
    for phrase in (phrase for brand in brands for phrase in _of_brand(brand)):
        asked.setdefault(tuple(_JOINERS.split(phrase)), phrase)
    return tuple(
        phrase
        for words, phrase in asked.items()
        if not any(other != words and _holds(words, other) for other in asked)
    )


def batches(
    asked: Sequence[str], write: Callable[[Sequence[str]], str], most: int
) -> tuple[tuple[str, ...], ...]:
    """The phrases in as few groups, in order, as keep what `write` makes of each within `most` characters.

    One that is longer alone is a group of its own.
    """
    groups: list[tuple[str, ...]] = []
    for phrase in asked:
        if groups and len(write((*groups[-1], phrase))) <= most:
            groups[-1] = (*groups[-1], phrase)
        else:
            groups.append((phrase,))
    return tuple(groups)


def _of_brand(brand: Brand) -> Iterator[str]:
    found: tuple[str, ...] = ()
    if brand.query is not None:
        found = tuple(_written(needed(parse(brand.query).root) or ()))
    yield from found or _written(Term(spelling) for spelling in brand.spellings)


def _written(terms: Iterable[Term]) -> Iterator[str]:
    for term in terms:
        whole = re.split(r"[?*]", term.text)[0] if term.wild else term.text
        words = _SIGNS.sub(" ", whole.lstrip("#@")).casefold().split()
        if term.prefix or term.wild:
            words = words[:-1]
        while len(" ".join(words)) > _LONGEST and len(words) > 1:
            words = words[:-1]
        if not words:
            continue
        yield " ".join(words)
        parts = _JOINERS.split(" ".join(words))
        if 1 < len(parts) <= _MOST_JOINED:
            yield "".join(parts)


def _holds(words: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether whoever searches for `other` finds `words`, too."""
    width = len(other)
    return any(words[start : start + width] == other for start in range(len(words) - width + 1))
