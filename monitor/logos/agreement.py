"""What the letters in a picture say of a place where a brand may be: its name, something like it, another
word, or nothing."""

from collections.abc import Sequence
from enum import StrEnum
from math import log2
from typing import TYPE_CHECKING, Final

from monitor.everyday import bare_letters
from monitor.messages import Box

if TYPE_CHECKING:  # the words' room builds on the types of evidence
    from monitor.logos.evidence import Name
    from monitor.logos.words.lines import TextLine


class Said(StrEnum):
    """What the letters say, from least to most."""

    OTHER = "another word in its place"
    RIVAL = "another brand's name elsewhere in the picture"
    NOTHING = "nothing"
    ELSEWHERE = "the name elsewhere in the picture"
    AMONG = "an everyday word among others"
    WITHIN = "the name among other words"
    ALIKE = "letters like the name in its place"
    EVERYDAY = "an everyday word as a whole line"
    ERRORS = "the name with wrong letters"
    NAME = "the name"


FOR: Final = frozenset({Said.AMONG, Said.WITHIN, Said.ALIKE, Said.EVERYDAY, Said.ERRORS, Said.NAME})
"""What speaks for the brand in a place."""

_PLAIN_FROM: Final = 0.8
"""The reader's confidence from which a line speaks against a brand."""
_FEWEST_LETTERS: Final = 3
"""Two letters are part of too many names to speak for one or against it."""
_FEWEST_GROWN: Final = 6
"""Letters of a name that is found inside a longer word, too: "OxxfordClothes"."""
_FILLS: Final = 0.5
"""Share of a place that a line covers where the place is seen for its letters: a line beside a mark says
nothing of the mark."""
_INSIDE: Final = 0.3
"""Share of that line which lies in the place at least."""
_WRONG_LETTERS: Final = 0.4
"""Share of letters that may be wrong in a line in the place. On val pictures 170 of 180 places whose line is
that like the name show the brand, and 6 of 274 of the others."""


def said_by(name: "Name") -> Said:
    """What a name read in a picture says by itself."""
    if name.everyday:
        return Said.EVERYDAY if name.whole and not name.errors else Said.AMONG
    if not name.whole:
        return Said.WITHIN
    return Said.ERRORS if name.errors else Said.NAME


def plain(lines: "Sequence[TextLine]") -> "list[tuple[TextLine, Box]]":
    """The lines that are read surely enough to speak against a brand, each with its box."""
    return [
        (line, line.box())
        for line in lines
        if line.score >= _PLAIN_FROM and len(bare_letters(line.text)) >= _FEWEST_LETTERS
    ]


def line_in(place: Box, lines: "Sequence[tuple[TextLine, Box]]") -> "TextLine | None":
    """Of plain lines the one that fills the place most, None where none fills it by half."""
    best, most = None, _FILLS
    for line, box in lines:
        common = shared(box, place)
        fills = common / max(area(place), 1e-9)
        if fills >= most and common >= _INSIDE * area(box):
            best, most = line, fills
    return best


def is_like(text: str, name: str) -> bool:
    """Whether a line spells `name` or a good part of it, a few wrong letters allowed: the line as a whole, or
    one of its words."""
    spelled = bare_letters(name)
    return any(_spells(bare_letters(part), spelled) for part in {text, *text.split()})


def _spells(letters: str, name: str) -> bool:
    if len(name) >= _FEWEST_GROWN and name in letters:
        return True
    if 2 * len(letters) < len(name) or len(letters) < _FEWEST_LETTERS:
        return False
    shorter = min(len(letters), len(name))
    allowed = int(_WRONG_LETTERS * shorter) if shorter > _FEWEST_LETTERS else 0
    return wrong_letters(letters, name, cut=len(letters) < len(name)) <= allowed


def wrong_letters(letters: str, name: str, *, cut: bool = False) -> int:
    """Letters to change, add or leave out until `letters` are `name`; `cut`: or any part of it."""
    costs = [0 if cut else place for place in range(len(name) + 1)]
    for count, letter in enumerate(letters, 1):
        before, costs[0] = costs[0], count
        for place, other in enumerate(name, 1):
            before, costs[place] = (
                costs[place],
                min(costs[place] + 1, costs[place - 1] + 1, before + (letter != other)),
            )
    return min(costs) if cut else costs[-1]


def shared(one: Box, other: Box) -> float:
    """The area that two boxes have in common, in shares of the picture."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(width, 0.0) * max(height, 0.0)


def area(box: Box) -> float:
    """In shares of the picture."""
    return box.width * box.height


def size(box: Box) -> float:
    """Doublings that the box is short of the picture's width or height: 0 fills it, -3 is an eighth."""
    return log2(max(box.width, box.height, 1e-3))
