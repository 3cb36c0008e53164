"""What happened to the brands: windows of days that their own past does not explain, the largest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection

from monitor.reports.filters import Filter

Kind = Literal["volume", "health", "silence"]
"""What stands out most: how much was said, how the opinions were, or that next to nothing came."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """A window [since, until) in which a brand was far from its own usual. Counts are mentions."""

    brand: str
    own: bool
    kind: Kind
    good: bool | None
    """For the brand itself; None: neither, as far as opinions tell."""
    since: datetime
    until: datetime
    mentions: int
    usual: float
    """Mentions that the eight weeks before lead one to expect in such a window."""
    ratio: float
    """mentions / usual, with its own 95% interval."""
    ratio_low: float
    ratio_high: float
    opinions: int
    """positive + negative texts in the window."""
    positive: int
    health: float | None
    """positive / opinions."""
    health_usual: float | None
    health_low: float | None
    """Ends of the 95% interval of health - health_usual, -1..1."""
    health_high: float | None
    size: float
    """What it ranks by: 1 is twice the usual, or 15 points of health, at the end of the interval nearest to
    no change; more where more people spoke."""
    source: str | None = None
    """The source that fell silent."""
    zone: str = "UTC"
    """The days of its title are counted there."""

    @property
    def title(self) -> str:
        """One sentence, effect first."""
        return ""

    @property
    def certainty(self) -> str:
        """How sure it is, in plain words."""
        return ""


def happened(connection: Connection, chosen: Filter, zone: str) -> tuple[Happening, ...]:
    """What happened to the brands of a filter (all watched ones if it names none), the largest first; only
    what their own past does not explain. Windows are whole days of the IANA time zone, inside the period."""
    return ()


def headline(found: Sequence[Happening], cause: str = "") -> str:
    """The sentence for whoever reads nothing else: of ours if anything happened to ours, else of the others.
    `cause`: what set it off, in words, of the happening that `first` gives."""
    top = first(found)
    if top is None:
        return "Nothing out of the ordinary happened"
    return f"{top.title}: {cause}" if cause else top.title


def first(found: Sequence[Happening]) -> Happening | None:
    """What the headline tells: the largest that happened to ours, else to others; None: nothing did."""
    return next((each for each in found if each.own), found[0] if found else None)
