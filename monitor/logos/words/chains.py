"""Lines that may be parts of one name: they stand beside each other in a row, or one below the other."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.logos.words.lines import TextLine
from monitor.messages import Box

_OVERLAP: Final = 0.5
"""Share of the smaller line that must lie beside, or above, the other."""
_ROW_HEIGHTS: Final = 2.0
_STACK_HEIGHTS: Final = 2.5
"""How many times as high one of two parts may be: in "THE NORTH FACE" all are alike, "PEPE" stands above a
smaller "JEANS"."""
_ROW_GAP: Final = 3.0
_ROW_OVERLAP: Final = 0.6
"""Letters that a gap in a row may be wide, and boxes may lap over; logos are set with air between letters."""
_STACK_GAP: Final = 1.0
_STACK_OVERLAP: Final = 0.5
"""Heights of the higher line that a gap in a stack may be high, and of the lower line that boxes may lap over
each other."""


def chains(lines: Sequence[TextLine], longest: int) -> Iterator[tuple[int, ...]]:
    """Indices of two and more lines that may spell a name of up to `longest` letters between them.

    From every line on, the nearest to its right that is about as high, and so forth; the same downwards.
    """
    short = [index for index, line in enumerate(lines) if 0 < len(line.text) <= 2 * longest]
    if len(short) < 2:
        return
    boxes = [lines[index].box() for index in short]
    counts = [len(lines[index].text) for index in short]
    for following in _following(boxes, counts):
        for first, start in enumerate(short):
            chain, last, letters = [start], first, counts[first]
            while (after := following[last]) >= 0 and letters <= 2 * longest:
                chain.append(short[after])
                last, letters = after, letters + counts[after]
                yield tuple(chain)


def _following(boxes: Sequence[Box], letters: Sequence[int]) -> Iterator[list[int]]:
    """For each box which goes on with it in its row, and then in its stack; -1 for none."""
    left, top, width, height = np.array([(box.x, box.y, box.width, box.height) for box in boxes]).T
    right, bottom, letter = left + width, top + height, width / np.array(letters)
    higher, lower = np.maximum.outer(height, height), np.minimum.outer(height, height)
    beside = np.minimum.outer(bottom, bottom) - np.maximum.outer(top, top)
    gap = np.subtract.outer(-right, -left) / np.maximum.outer(letter, letter)
    in_row = (beside >= _OVERLAP * lower) & (higher <= _ROW_HEIGHTS * lower)
    yield _nearest(gap, in_row & (gap >= -_ROW_OVERLAP) & (gap <= _ROW_GAP) & np.less.outer(left, left))

    above = np.minimum.outer(right, right) - np.maximum.outer(left, left)
    gap = np.subtract.outer(-bottom, -top) / higher
    stacked = (above >= _OVERLAP * np.minimum.outer(width, width)) & (higher <= _STACK_HEIGHTS * lower)
    near = (gap * higher >= -_STACK_OVERLAP * lower) & (gap <= _STACK_GAP)
    yield _nearest(gap, stacked & near & np.less.outer(top, top))


def _nearest(gap: NDArray[np.float64], allowed: NDArray[np.bool_]) -> list[int]:
    gap = np.where(allowed, gap, np.inf)
    return [int(at) if one[at] < np.inf else -1 for one, at in zip(gap, gap.argmin(1), strict=True)]
