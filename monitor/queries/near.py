"""Which stretches of a text lie near each other; cost grows with n log n of the places, whatever they are.

A stretch is a pair (first, last) of ordinals of words. Of all stretches that a NEAR makes, two kinds are
kept: for each first word the shortest that begins there, for each last word the shortest that ends there. So
there are never more of them than words, however NEAR is nested.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

Stretch: TypeAlias = tuple[int, int]
"""First and last word, by their ordinals; first <= last."""


def near(
    left: Sequence[Stretch], right: Sequence[Stretch], between: int, *, ordered: bool, apart: bool
) -> list[Stretch]:
    """The stretches from one of `left` to one of `right` with at most `between` words between them.

    `ordered`: the one of `left` ends before the other begins. `apart`: so that they share no word, as two
    terms; a term may well stand inside of what another NEAR found, and is near it then.
    """
    if not left or not right:
        return []
    found = _forward(left, right, between, apart or ordered)
    if not ordered:
        found += _forward(right, left, between, apart)
    return shortest(found)


def shortest(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches that are kept of these, in order."""
    ends: dict[int, int] = {}
    starts: dict[int, int] = {}
    for first, last in stretches:
        ends[first] = min(last, ends.get(first, last))
        starts[last] = max(first, starts.get(last, first))
    return sorted({*ends.items(), *((first, last) for last, first in starts.items())})


def _forward(
    earlier: Sequence[Stretch], later: Sequence[Stretch], between: int, apart: bool
) -> list[Stretch]:
    """From each of `earlier` to the nearest of `later`, and to each of `later` from the nearest before it."""
    found = []
    by_first = sorted(later)
    firsts = [first for first, _ in by_first]
    nearest_end = _over_ranges([last for _, last in by_first], min)
    for first, last in earlier:
        begin = bisect_left(firsts, last + 1 if apart else first)
        end = bisect_right(firsts, last + between + 1)
        if begin < end:
            found.append((first, max(last, nearest_end(begin, end))))
    by_last = sorted(earlier, key=lambda stretch: stretch[1])
    lasts = [last for _, last in by_last]
    nearest_start = _over_ranges([first for first, _ in by_last], max)
    for first, last in later:
        begin = bisect_left(lasts, first - between - 1)
        end = bisect_right(lasts, first - 1 if apart else last)
        if begin < end:
            found.append((min(first, nearest_start(begin, end)), last))
    return found


def _over_ranges(values: list[int], best: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """A function that gives the `best` (min or max) of values[begin:end] at once."""
    if all(one <= two for one, two in pairwise(values)):  # as of single words, which is usual
        return lambda begin, end: values[begin] if best is min else values[end - 1]
    # A sparse table: any range is two overlapping ones whose lengths are a power of two.
    levels = [values]
    width = 1
    while width * 2 <= len(values):
        below = levels[-1]
        levels.append([best(below[at], below[at + width]) for at in range(len(below) - width)])
        width *= 2

    def over(begin: int, end: int) -> int:
        level = (end - begin).bit_length() - 1
        runs = levels[level]
        return best(runs[begin], runs[end - (1 << level)])

    return over
