"""Names with letters that a reader of pictures got wrong, left out, or put in.

A name of five letters may have one wrong, missing or additional one, a name of nine letters two. A word that
people know is read as it stands: "Colombia" is no Columbia.

Letters that look alike (0 and O, rn and m) have no rules of their own: on val pictures they found nothing
that one wrong letter does not.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from monitor.texts.characters import SPACED, kind_of

_ONE_WRONG: Final = 5
_TWO_WRONG: Final = 9
"""Letters from which a name may have one wrong, and two. On val pictures, of 674 names, one from four letters
on finds 7 more, and takes 11 more words for one of 3,214 other names; two from eight letters on find none."""
_MOST_WRONG: Final = 2


class Spelling(NamedTuple):
    """How a brand is written, folded and cut into its parts: ("red", "bull")."""

    brand: str
    parts: tuple[str, ...]
    everyday: bool

    @property
    def letters(self) -> str:
        """All of them, joined."""
        return "".join(self.parts)


class Misreadings:
    """The spellings that may be misread; immutable, safe to share between threads."""

    def __init__(self, spellings: Sequence[Spelling]) -> None:
        self._spellings = [one for one in spellings if _may_be_misread(one)]
        self._letters = [one.letters for one in self._spellings]
        self._most_wrong = np.array([_most_wrong(letters) for letters in self._letters], np.uint8)

    def find(self, words: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, Spelling, int]]:
        """Of words or rows of words, folded: index, the spelling it may be, and how many letters differ.

        The best of all spellings only; none where two brands are as near.
        """
        if not self._spellings or not words:
            return
        letters = ["".join(parts) for parts in words]
        wrong = cdist(
            letters, self._letters, scorer=Levenshtein.distance, score_cutoff=_MOST_WRONG, dtype=np.uint8
        )
        near: dict[int, list[tuple[int, Spelling]]] = {}
        for row, column in zip(*np.nonzero(wrong <= self._most_wrong), strict=True):
            if _is_reading(words[row], self._spellings[column]):
                near.setdefault(int(row), []).append((int(wrong[row, column]), self._spellings[column]))
        for index, found in near.items():
            least, spelling = min(found)
            if len({other.brand for errors, other in found if errors == least}) == 1:
                yield index, spelling, least


def is_known(word: str) -> bool:
    """Whether a folded word is one that people know, a name of a person or place among them."""
    return word in known_words()


def _may_be_misread(spelling: Spelling) -> bool:
    letters = spelling.letters
    # A letter more or less is another word in scripts without spaces, and so it is beside an everyday word.
    return (
        not spelling.everyday
        and len(letters) >= _ONE_WRONG
        and all(kind_of(one) == SPACED for one in letters)
    )


def _most_wrong(letters: str) -> int:
    return (len(letters) >= _ONE_WRONG) + (len(letters) >= _TWO_WRONG)


def _is_reading(parts: tuple[str, ...], spelling: Spelling) -> bool:
    """Whether words, each for itself, may be the parts of a name; in one word they may be joined."""
    if len(parts) == 1:
        return not parts[0].isdecimal() and not is_known(parts[0])
    return len(parts) == len(spelling.parts) and all(
        part == meant or (not is_known(part) and Levenshtein.distance(part, meant, score_cutoff=1) <= 1)
        for part, meant in zip(parts, spelling.parts, strict=True)
    )


@cache
def known_words() -> Collection[str]:
    """The words of three and more letters among the 40,000 most frequent in GloVe's 6B texts (Wikipedia and
    news; https://nlp.stanford.edu/projects/glove, PDDL 1.0)."""
    return frozenset((resources.files("monitor.logos.words") / "known_words.txt").read_text("utf-8").split())
