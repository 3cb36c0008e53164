"""A figure now, before and as usual, with what it moved by: the effect first, how sure it is second."""

from typing import Final, Literal

import msgspec

from monitor.reports.wording import number, percent, signed

Scale = Literal["count", "share", "net"]
"""How a figure is compared: counts by their ratio, shares of 0..1 in points, net sentiment (-1..1) by its
difference."""

_TIMES: Final = "\N{MULTIPLICATION SIGN}"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """By how much a figure moved, with its own 95% interval: a ratio for counts, else a difference."""

    scale: Scale
    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """The interval leaves no change out."""
        none = 1.0 if self.scale == "count" else 0.0
        return not self.low <= none <= self.high

    @property
    def up(self) -> bool:
        """It rose."""
        return self.value > (1.0 if self.scale == "count" else 0.0)

    @property
    def effect(self) -> str:
        """`x4.4`, `44 points down`, `0.31 up`."""
        if self.scale == "count":
            return times(self.value)
        way = "up" if self.value > 0 else "down"
        if self.scale == "net":
            return f"{abs(self.value):.2f} {way}" if round(self.value, 2) else "unchanged"
        points = round(100 * abs(self.value))
        return f"{_of(points, 0, 'point')} {way}" if points else "unchanged"

    @property
    def range(self) -> str:
        """`x3.1 to x6.2`, `28 to 72 points down`; `5 points down to 3 up` and `may be chance` where the
        interval holds no change."""
        told = f"{times(self.low)} to {times(self.high)}" if self.scale == "count" else self._points()
        return told if self.sure else f"{told}: may be chance"

    def _points(self) -> str:
        factor, digits, unit = (100, 0, "point") if self.scale == "share" else (1, 2, "")
        ends = [round(factor * end, digits) for end in (self.low, self.high)]
        if min(ends) >= 0 or max(ends) <= 0:
            near, far = sorted(abs(end) for end in ends)
            return f"{near:.{digits}f} to {_of(far, digits, unit)} {'up' if self.value > 0 else 'down'}"
        return f"{_of(-ends[0], digits, unit)} down to {ends[1]:.{digits}f} up"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A figure in the period, in the one before, and as its own past lets expect; None: nothing to tell from.

    Counts are mentions, shares 0..1, net sentiment -1..1.
    """

    scale: Scale
    now: float | None
    before: float | None
    usual: float | None
    """Of the eight weeks before the period, by the same hours and days of the week."""
    n: int
    """What `now` is of: itself for counts, else all that the share or mean is taken over."""
    n_before: int
    since_before: Move | None
    """From `before` to `now`."""
    from_usual: Move | None
    """From `usual` to `now`."""

    @property
    def move(self) -> Move | None:
        """Against its usual where that is known, else against the period before."""
        return self.from_usual or self.since_before

    @property
    def words(self) -> str:
        """`x4.4 (x3.1 to x6.2)`, `57% to 13%, 28 to 72 points down`; empty where nothing compares."""
        move = self.move
        if move is None or self.now is None:
            return ""
        if self.scale == "count":
            return f"{move.effect} ({move.range})"
        start = self.usual if self.from_usual is not None else self.before
        return f"{self._told(start)} to {self._told(self.now)}, {move.range}"

    @property
    def against(self) -> str:
        """What `words` compares with: `usual` or `the period before`."""
        return "usual" if self.from_usual is not None else "the period before"

    def _told(self, value: float | None) -> str:
        if value is None:
            return "\N{EN DASH}"
        return percent(value) if self.scale == "share" else signed(value)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One brand in the period, beside the period before and its own usual."""

    brand: str
    own: bool
    mentions: Compared
    """Texts that name it and pictures that show or name it."""
    share: Compared
    """Of the posts about the watched brands, a post about two of them counted for each."""
    health: Compared
    """positive / (positive + negative) of the texts that name it."""
    net: Compared
    """(positive - negative) / (positive + neutral + negative)."""


def times(ratio: float) -> str:
    """`x4.4`, `x0.25`, `x12`."""
    digits = 0 if ratio >= 9.95 else 1 if ratio >= 0.995 else 2
    return f"{_TIMES}{ratio:,.{digits}f}"


def amount(n: float) -> str:
    """A count that may be an average: `44`, `10.5` below 10 with a digit, `1,200`."""
    return number(round(n)) if n >= 10 or n == round(n) else f"{n:.1f}"


def _of(n: float, digits: int, unit: str) -> str:
    """`1 point`, `28 points`, `0.31`."""
    return f"{n:.{digits}f} {unit}{'' if n == 1 else 's'}" if unit else f"{n:.{digits}f}"
