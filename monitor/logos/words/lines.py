"""A line of text read in a picture, and where parts of it lie."""

from dataclasses import dataclass

from monitor.messages import Box

Corner = tuple[float, float]
"""x and y in relative units: the picture is 0..1 wide and 0..1 high, origin top left."""

UPRIGHT_FROM = 1.5
"""Height by width from which the reader takes a line for one written from top to bottom."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as read, and the reader's confidence in it, 0..1.

    `corners` are those of the line's quadrilateral from its top left one, clockwise; the line may lie
    slanted. `upright` says that it runs from top to bottom of the quadrilateral instead of from left to
    right.
    """

    text: str
    score: float
    corners: tuple[Corner, Corner, Corner, Corner]
    upright: bool = False

    def box(self, start: int = 0, end: int | None = None) -> Box:
        """The box around characters `start` to before `end`, all by default.

        Letters are taken to be equally wide, which is off by a letter or so in the middle of a line.
        Always inside the picture, at least a thousandth of it wide and high.
        """
        count = max(len(self.text), 1)
        first, last = start / count, (count if end is None else end) / count
        top_left, top_right, bottom_right, bottom_left = self.corners
        # The two edges along which the line runs, from its first letter to its last.
        edges = (
            ((top_left, bottom_left), (top_right, bottom_right))
            if self.upright
            else ((top_left, top_right), (bottom_left, bottom_right))
        )
        points = [_between(one, other, share) for one, other in edges for share in (first, last)]
        return around(points)


def around(points: list[Corner]) -> Box:
    """The smallest box that holds all points, cut to the picture."""
    left, right = _range([x for x, _ in points])
    top, bottom = _range([y for _, y in points])
    return Box(left, top, right - left, bottom - top)


def _between(one: Corner, other: Corner, share: float) -> Corner:
    return one[0] + (other[0] - one[0]) * share, one[1] + (other[1] - one[1]) * share


def _range(values: list[float]) -> tuple[float, float]:
    """Least and greatest inside 0..1, a thousandth apart at least: boxes in the database have an area."""
    least = min(max(min(values), 0.0), 0.999)
    return least, min(max(max(values), least + 0.001), 1.0)
