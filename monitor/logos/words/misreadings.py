"""Names with letters that a reader of pictures got wrong, left out, or put in.

Letters that look alike are one letter here. Beyond that a name of five letters may have one wrong, missing or
additional one, a name of nine letters two. A word that people know is read as it stands: "Colombia" is no
Columbia.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from monitor.texts.characters import SPACED, kind_of

_ALIKE: Final = str.maketrans("01i592q86", "ollsgzobb")
_PAIRS_ALIKE: Final = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_SHORTEST: Final = 4
"""Letters of a name of which others may only look alike."""
_ONE_WRONG: Final = 5
_TWO_WRONG: Final = 9
"""Letters from which a name may have one wrong, and two."""
_MOST_OTHERS: Final = 6
_LETTERS_AN_OTHER: Final = 4
"""Of so many letters one may be another, those that look alike counted: "yoggi" is no Toggl."""


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
        self._seen = [seen_as(one.letters) for one in self._spellings]
        self._most_wrong = np.array([_most_wrong(one.letters) for one in self._spellings], np.uint8)

    def find(self, words: Sequence[tuple[str, ...]]) -> Iterator[tuple[int, Spelling, int]]:
        """Of words or rows of words, folded: index, the spelling it may be, and how many letters differ.

        The best of all spellings only; none where two brands are as near.
        """
        if not self._spellings or not words:
            return
        letters = ["".join(parts) for parts in words]
        others = _differing(letters, [one.letters for one in self._spellings])
        wrong = np.minimum(_differing([seen_as(one) for one in letters], self._seen), others)
        near: dict[int, list[tuple[int, int, Spelling]]] = {}
        for row, column in zip(*np.nonzero(wrong <= self._most_wrong), strict=True):
            spelling, differ = self._spellings[column], int(others[row, column])
            if differ <= len(spelling.letters) // _LETTERS_AN_OTHER and _is_reading(words[row], spelling):
                near.setdefault(int(row), []).append((int(wrong[row, column]), differ, spelling))
        for index, found in near.items():
            best = min(found)
            if len({spelling.brand for *how, spelling in found if tuple(how) == best[:2]}) == 1:
                yield index, best[2], best[1]


def seen_as(letters: str) -> str:
    """Folded letters and digits, those that look alike made one."""
    seen = letters.translate(_ALIKE)
    for pair, one in _PAIRS_ALIKE:
        seen = seen.replace(pair, one)
    return seen


def is_known(word: str) -> bool:
    """Whether a folded word is one that people know, a name of a person or place among them."""
    return word in _known_words()


def _may_be_misread(spelling: Spelling) -> bool:
    letters = spelling.letters
    # A letter more or less is another word in scripts without spaces, and so it is beside an everyday word.
    return (
        not spelling.everyday and len(letters) >= _SHORTEST and all(kind_of(one) == SPACED for one in letters)
    )


def _differing(some: Sequence[str], others: Sequence[str]) -> NDArray[np.uint8]:
    """Letters to change, leave out or put in between each two; any number over `_MOST_OTHERS` is more."""
    return np.asarray(
        cdist(some, others, scorer=Levenshtein.distance, score_cutoff=_MOST_OTHERS, dtype=np.uint8)
    )


def _most_wrong(letters: str) -> int:
    return (len(letters) >= _ONE_WRONG) + (len(letters) >= _TWO_WRONG)


def _is_reading(parts: tuple[str, ...], spelling: Spelling) -> bool:
    """Whether words, each for itself, may be the parts of a name; in one word they may be joined."""
    if len(parts) == 1:
        return not parts[0].isdecimal() and not is_known(parts[0])
    return len(parts) == len(spelling.parts) and all(
        part == meant
        or (not is_known(part) and Levenshtein.distance(seen_as(part), seen_as(meant), score_cutoff=1) <= 1)
        for part, meant in zip(parts, spelling.parts, strict=True)
    )


@cache
def _known_words() -> Collection[str]:
    """The words of three and more letters among the 40,000 most frequent in GloVe's 6B texts (Wikipedia and
    news; https://nlp.stanford.edu/projects/glove, PDDL 1.0)."""
    return frozenset((resources.files("monitor.logos.words") / "known_words.txt").read_text("utf-8").split())
