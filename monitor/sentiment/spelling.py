"""The known word that a slip of the keyboard meant: one letter missing, doubled, wrong, or two swapped.

The index is that of SymSpell (Garbe 2012, https://github.com/wolfgarbe/SymSpell): words that differ by one
edit share a form with one letter left out. Its Python port took 5 ms a word beside a network that takes less
for the whole text, hence these few lines for distance 1.
"""

from collections.abc import Iterable, Sequence
from typing import Final

KNOWN_WORDS: Final = 20_000
"""Only frequent words are meant by a slip; a rare one would more often be wrong than right."""
SHORTEST: Final = 5
"""Letters a misspelt word has at least: a shorter one is within one edit of too many words."""


class Spelling:
    """Finds the most frequent known word within one optimal-string-alignment edit. Immutable."""

    def __init__(self, words: Sequence[str]) -> None:
        """`words` by frequency, the most frequent first; those that are not plain letters are left out."""
        frequent = [word for word in words[:KNOWN_WORDS] if word.isalpha() and len(word) >= SHORTEST - 1]
        self._rank = {word: rank for rank, word in enumerate(frequent)}
        self._by_form: dict[str, list[str]] = {}
        for word in frequent:
            for form in {word, *_one_left_out(word)}:
                self._by_form.setdefault(form, []).append(word)

    def meant(self, word: str) -> str | None:
        """The known word that `word` (lower case) most probably stands for, None where there is none.

        The first letter is trusted: slips there are rare, and names differ there.
        """
        if len(word) < SHORTEST or not word.isalpha():
            return None
        candidates = {
            known
            for form in (word, *_one_left_out(word))
            for known in self._by_form.get(form, ())
            if known[0] == word[0] and _one_edit_apart(known, word)
        }
        return min(candidates, key=self._rank.__getitem__, default=None)


def _one_left_out(word: str) -> Iterable[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _one_edit_apart(first: str, second: str) -> bool:
    """At most one insertion, deletion, substitution or swap of neighbours apart."""
    if abs(len(first) - len(second)) > 1:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    a, b = first[start:], second[start:]
    swapped = len(a) == len(b) and len(a) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b[1:] or a[1:] == b or a == b[1:]
