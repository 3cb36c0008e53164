"""Which texts could be made from the patterns of our training sentences: nothing that measures may be."""

import re
from collections.abc import Iterable
from functools import cache

from training.data.own_sentences import NAMES, SLOT, load_patterns, patterns


def trainable(texts: Iterable[str]) -> dict[str, str]:
    """Text -> a pattern that makes it, whatever name is drawn, for those that one makes."""
    made = {}
    for text in map(_plain, texts):
        made.update((text, pattern) for pattern, shape in _shapes().items() if shape.fullmatch(text))
    return made


@cache
def _shapes() -> dict[str, re.Pattern[str]]:
    book = load_patterns()
    # A brand is spelled with a capital or a sign in front; pronouns and articles are no names.
    word = r"(?-i:[A-Z@#])[\w.&'-]*"
    brand = rf"(?!(?:this|that|it|the|they|i|we)\b){word}(?: (?:& |\d+|{word})){{0,2}}"
    subject = "|".join([brand, *map(re.escape, [*book["names"], *book["things"]])])

    @cache
    def spelled(pattern: str) -> str:
        parts = SLOT.split(_plain(pattern))
        for at in range(1, len(parts), 2):
            choices = [subject] if parts[at] in NAMES else map(spelled, book["words"][parts[at]])
            parts[at] = f"(?:{'|'.join(choices)})"
        parts[::2] = map(re.escape, parts[::2])
        return "".join(parts)

    return {pattern: re.compile(spelled(pattern), re.IGNORECASE) for pattern, _ in patterns(book)}


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".!")
