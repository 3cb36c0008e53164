"""What happened to the brands: windows of days that their own past does not explain, the largest first."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection

from monitor.insights import titles
from monitor.insights.compared import Standing
from monitor.insights.expected import Past, learned
from monitor.insights.scan import Window, windows
from monitor.insights.silences import Silence, silences
from monitor.reports.filters import Filter
from monitor.reports.intervals import Z, newcombe

Kind = Literal["volume", "health", "silence"]
"""What stands out most: how much was said, how the opinions were, or that next to nothing came."""

_ALONE: Final = 3.0
"""Standard deviations from which a window's volume is told by its name, else its health."""

_SILENT: Final = 0.1
"""Of the usual mentions: less is silence."""

_MOVED: Final = 0.1
"""Of health, so much less or more, for sure, says whether a happening was good."""

_LEANING: Final = 0.6
"""Part of the opinions that came beside the usual ones, from which a happening was praise or criticism."""

_OPINIONATED: Final = 0.7
"""How opinionated what came beside the usual must be, beside how much the usual is: a joke is neither."""


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
    others: int = 0
    """Further brands of which it said nothing at that time."""
    zone: str = "UTC"
    """The days of its title are counted there."""

    @property
    def title(self) -> str:
        """One sentence, effect first."""
        return titles.title(self)

    @property
    def moved_health(self) -> str:
        """`fell to 13% on 12 Jul, usually 57%`; empty where the health was as usual."""
        return titles.moved_health(self)

    @property
    def certainty(self) -> str:
        """How sure it is, in plain words."""
        return titles.certainty(self)


def happened(
    connection: Connection, chosen: Filter, zone: str, past: Past | None = None
) -> tuple[Happening, ...]:
    """What happened to the brands of a filter (all watched ones if it names none), the largest first; only
    what their own past does not explain. Windows are whole days of the IANA time zone, inside the period.
    `past`: as `learned` gives it for the same filter and zone, where a page has it already."""
    past = past or learned(connection, chosen, zone)
    if past is None:
        return ()
    silent = _silent(past, silences(connection, past, chosen), zone)
    found = [_happening(past, window, zone) for window in windows(past)]
    found = [each for each in (*found, *silent) if not chosen.brands or each.brand in chosen.brands]
    found = [each for each in found if not any(_explains(silence, each) for silence in silent)]
    return tuple(sorted(found, key=lambda each: (-each.size, not each.own, each.brand, each.since)))


def headline(found: Sequence[Happening], standing: Standing | None = None) -> str:
    """The sentence for whoever reads nothing else: of ours if anything happened to ours, else of the others.
    `standing`: where the brand that a page speaks of first stands, for weeks in which nothing happened."""
    top = first(found)
    return titles.quiet(standing) if top is None else top.title


def first(found: Sequence[Happening]) -> Happening | None:
    """What the headline tells: the largest that happened to ours, else to others; None: nothing did."""
    return next((each for each in found if each.own), found[0] if found else None)


def _happening(past: Past, window: Window, zone: str) -> Happening:
    series = past.series
    ratio, low, high = _ratio(past, window)
    opinions = window.positive + window.negative
    health = window.positive / opinions if opinions else None
    ends = None
    if health is not None:
        worth = past.worth_of(window.brand, window.opinions, window.days)
        usual = window.health_usual * window.health_worth
        ends = newcombe(health * worth, worth, usual, window.health_worth)
    silent = ratio < _SILENT
    by_volume = abs(window.volume) >= _ALONE
    return Happening(
        brand=series.brands[window.brand],
        own=series.own[window.brand],
        kind="silence" if silent else "volume" if by_volume else "health",
        good=_good(window, health, ends, by_volume=by_volume),
        since=series.starts[window.first],
        until=series.starts[window.first + window.days],
        mentions=window.mentions,
        usual=window.usual,
        ratio=ratio,
        ratio_low=low,
        ratio_high=high,
        opinions=opinions,
        positive=window.positive,
        health=health,
        health_usual=window.health_usual,
        health_low=ends[0] if ends else None,
        health_high=ends[1] if ends else None,
        size=_size(window, (low, high), ends),
        zone=zone,
    )


def _silent(past: Past, found: Sequence[Silence], zone: str) -> list[Happening]:
    """One a source: of ours, else of the brand that it speaks of most, where several went quiet together."""
    told: list[Happening] = []
    by_fame = sorted(found, key=lambda each: (not past.series.own[each.brand], -each.usual))
    for leader in by_fame:
        if any(leader.source == each.source and _overlap(leader, each) for each in told):
            continue
        together = [each for each in found if each.source == leader.source and _overlap(each, leader)]
        told.append(_silence(past, leader, len(together) - 1, zone))
    return told


def _overlap(one: Silence | Happening, other: Silence | Happening) -> bool:
    return one.since < other.until and other.since < one.until


def _explains(silence: Happening, other: Happening) -> bool:
    """A brand is talked about less because a source says nothing."""
    if other.source is not None or other.brand != silence.brand or not _overlap(silence, other):
        return False
    return other.kind != "health" and other.ratio < 1


def _silence(past: Past, silence: Silence, others: int, zone: str) -> Happening:
    left = max(0.01, 1 - silence.usual / max(silence.all_usual, silence.usual))
    return Happening(
        brand=past.series.brands[silence.brand],
        own=past.series.own[silence.brand],
        kind="silence",
        good=None,
        since=silence.since,
        until=silence.until,
        mentions=0,
        usual=silence.usual,
        ratio=0.0,
        ratio_low=0.0,
        ratio_high=-math.log(0.05) / silence.usual,
        opinions=0,
        positive=0,
        health=None,
        health_usual=None,
        health_low=None,
        health_high=None,
        size=-math.log2(left) * math.log10(10 + silence.usual),
        source=silence.source,
        others=others,
        zone=zone,
    )


def _ratio(past: Past, window: Window) -> tuple[float, float, float]:
    """Mentions beside the usual, with the 95% interval of the logarithm (delta method)."""
    counted = max(window.mentions, 0.5)
    own = past.variance_of(window.brand, counted, window.days)
    error = math.sqrt(own / counted**2 + window.usual_variance / window.usual**2)
    ratio = window.mentions / window.usual
    spread = math.exp(Z * error)
    return ratio, ratio / spread, max(counted, 1.0) / window.usual * spread


def _good(
    window: Window, health: float | None, ends: tuple[float, float] | None, *, by_volume: bool
) -> bool | None:
    """By its health, where that moved; else by what came beside the usual: a surge of praise is good for a
    brand that is praised anyway."""
    moved = (health or 0.0) - window.health_usual
    if ends is not None and abs(moved) >= _MOVED and not ends[0] <= 0 <= ends[1]:
        return moved > 0
    if not by_volume or (abs(window.health) >= _ALONE and (moved > 0) is (window.health > 0)):
        return window.health > 0
    if window.mentions < window.usual:
        return None
    praise = max(0.0, window.positive - window.usual_positive)
    criticism = max(0.0, window.negative - window.usual_negative)
    more = praise + criticism
    opinionated = (window.usual_positive + window.usual_negative) / window.usual
    if more < _OPINIONATED * opinionated * (window.mentions - window.usual):
        return None
    return True if praise >= _LEANING * more else False if criticism >= _LEANING * more else None


def _size(window: Window, ratio: tuple[float, float], health: tuple[float, float] | None) -> float:
    volume = max(math.log2(max(ratio[0], 1e-9)), -math.log2(ratio[1]), 0.0)
    points = max(health[0], -health[1], 0.0) if health else 0.0
    return (volume + points / 0.15) * math.log10(10 + max(window.mentions, window.usual))
