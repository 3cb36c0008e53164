"""Lines that may be parts of one name: they stand beside each other in a row, or one below the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.logos.words.lines import TextLine
from monitor.messages import Box

_OVERLAP: Final = 0.5
"""Share of the smaller line that must lie beside, or above, the other."""
_ROW_HEIGHTS: Final = 2.0
_STACK_HEIGHTS: Final = 2.5
"""How many times as high one of two parts may be: in "THE NORTH FACE" all are alike, "PEPE" stands above a
smaller "JEANS"."""
_ROW_GAP: Final = 3.0
"""Letters that a gap in a row may be wide; logos are set with air between their letters."""
_STACK_GAP: Final = 1.0
"""Heights of the higher line that a gap in a stack may be high."""


@dataclass(frozen=True, slots=True)
class _Place:
    index: int
    box: Box
    letter: float
    """Width of one letter."""

    @property
    def right(self) -> float:
        return self.box.x + self.box.width

    @property
    def bottom(self) -> float:
        return self.box.y + self.box.height


def chains(lines: Sequence[TextLine], longest: int) -> Iterator[tuple[int, ...]]:
    """Indices of two and more lines that may spell a name of up to `longest` letters between them.

    From every line on, the nearest to its right that is as high, and so forth; the same downwards. At most
    `longest` lines in one chain, and twice as many chains as there are pairs in it.
    """
    places = [
        _Place(index, box, box.width / len(line.text))
        for index, line in enumerate(lines)
        if 0 < len(line.text) <= 2 * longest and (box := line.box())
    ]
    for gap in (_row_gap, _stack_gap):
        following = {place.index: _nearest(place, places, gap) for place in places}
        for place in places:
            chain, letters = [place.index], len(lines[place.index].text)
            while (after := following[chain[-1]]) is not None and letters <= 2 * longest:
                chain.append(after)
                letters += len(lines[after].text)
                yield tuple(chain)


def _nearest(
    place: _Place, places: Sequence[_Place], gap: Callable[[_Place, _Place], float | None]
) -> int | None:
    gaps = [(far, other.index) for other in places if (far := gap(place, other)) is not None]
    return min(gaps)[1] if gaps else None


def _row_gap(one: _Place, other: _Place) -> float | None:
    """Letters between a line and one to its right, if that may go on with it."""
    heights = sorted((one.box.height, other.box.height))
    beside = min(one.bottom, other.bottom) - max(one.box.y, other.box.y)
    if other.box.x <= one.box.x or beside < _OVERLAP * heights[0] or heights[1] > _ROW_HEIGHTS * heights[0]:
        return None
    gap = (other.box.x - one.right) / max(one.letter, other.letter)
    return gap if -0.6 <= gap <= _ROW_GAP else None


def _stack_gap(one: _Place, other: _Place) -> float | None:
    """Heights between a line and one below it, if that may go on with it."""
    heights = sorted((one.box.height, other.box.height))
    widths = min(one.box.width, other.box.width)
    below = min(one.right, other.right) - max(one.box.x, other.box.x)
    if other.box.y <= one.box.y or below < _OVERLAP * widths or heights[1] > _STACK_HEIGHTS * heights[0]:
        return None
    gap = (other.box.y - one.bottom) / heights[1]
    return gap if -0.5 * heights[0] / heights[1] <= gap <= _STACK_GAP else None
