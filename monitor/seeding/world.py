"""The made-up world: sources, brands of different fame and favour, uneven days, and events.

All numbers are plausible, none is measured. Quiet days are no coin tosses: each brand has its own week, days
scatter more than chance alone and remember the day before, moods swing, and small stories are passed on.
`monitor.seeding.worldmaking` makes one. Equal seeds make equal worlds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.seeding.events import KindName

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Source:
    """Where things are published: its part of all, of pictures, its authors per 1,000 mentions, its reach."""

    name: str
    share: float
    pictures: float
    authors: float
    reach: float
    """Median, people."""


SOURCES: Final = (
    Source("microblog", 0.40, 0.12, 180, 450),
    Source("forum", 0.18, 0.03, 60, 120),
    Source("photo-sharing", 0.13, 0.85, 150, 900),
    Source("reviews", 0.12, 0.04, 400, 40),
    Source("news", 0.07, 0.10, 4, 60_000),
    Source("blog", 0.05, 0.15, 25, 2_500),
    Source("video-comments", 0.05, 0.00, 300, 15),
)


PARTS: Final = np.array([source.share for source in SOURCES])
"""How much of all each source has."""


@dataclass(frozen=True, eq=False)
class Planned:
    """An event with its place in the world."""

    kind: KindName
    brand: int | None
    """None: all of them, of a silence."""
    hour: int
    """Its first one, counted from the beginning."""
    hours: int
    """So many of them it has a part in."""
    size: float
    rates: Floats
    """Mentions that come on top in each of its hours, in the unit of `World.usual`; empty where none do."""
    favour: Floats
    """Of these, the probability of negative, neutral, positive."""
    sources: Floats
    """And of each source; of a silence 1 for what goes on."""


class Talk(NamedTuple):
    """What is talked about in one hour: a row for every brand as ever, then one for each event."""

    shares: Floats
    """Of all that is said in that hour; sums to 1."""
    brands: Integers
    favour: Floats
    """Probability of negative, neutral, positive: (rows, 3)."""
    sources: Floats
    """Probability of each source: (rows, sources)."""
    events: tuple[int, ...]
    """The events (places in `World.events`) of the rows after the brands'."""


@dataclass(frozen=True, eq=False)
class World:
    """What mentions are drawn from."""

    since: datetime
    hours: int
    usual: Floats
    """Expected mentions of each brand without events; no day is like another: (hours, brands)."""
    favour: Floats
    """Probability of each label toward each brand: (brands, 3), negative, neutral, positive."""
    swing: Floats
    """By how much each day's health differs from that, in log-odds: (days, brands)."""
    events: tuple[Planned, ...]

    def hour_weights(self) -> Floats:
        """How much of all is published in each hour, events included; sums to 1."""
        weights = self.usual.sum(1)
        for each in self.events:
            weights[each.hour : each.hour + len(each.rates)] += each.rates
        return np.asarray(weights / weights.sum())

    def talk_at(self, hour: int) -> Talk:
        """What is talked about in one hour."""
        brands = len(self.favour)
        now = [(number, self.events[number]) for number in self._active[hour]]
        on_top = [(number, each) for number, each in now if len(each.rates)]
        rates = np.array([*self.usual[hour], *(each.rates[hour - each.hour] for _, each in on_top)])
        sources = np.tile(PARTS, (brands, 1))
        for _, each in now:
            if each.kind == "silence":
                sources[slice(None) if each.brand is None else each.brand] *= each.sources
        sources /= sources.sum(1, keepdims=True)
        return Talk(
            shares=rates / rates.sum(),
            brands=np.array([*range(brands), *(each.brand for _, each in on_top)]),
            favour=np.array([*self._felt(hour, now), *(each.favour for _, each in on_top)]),
            sources=np.array([*sources, *(each.sources for _, each in on_top)]),
            events=tuple(number for number, _ in on_top),
        )

    def _felt(self, hour: int, now: Iterable[tuple[int, Planned]]) -> Floats:
        """`favour` in that hour: of what is said as ever."""
        neutral = self.favour[:, 1]
        health = self.favour[:, 2] / (1 - neutral)
        for _, each in now:
            if each.kind == "drift":
                part = min(1.0, (hour - each.hour) / each.hours)
                health[each.brand] = np.clip(health[each.brand] + part * each.size / 100, 0.03, 0.97)
        health = 1 / (1 + (1 / health - 1) * np.exp(-self.swing[hour // 24]))
        return np.stack([(1 - neutral) * (1 - health), neutral, (1 - neutral) * health], axis=1)

    @cached_property
    def _active(self) -> list[list[int]]:
        """The events that have a part in each hour; what has drifted stays there."""
        active: list[list[int]] = [[] for _ in range(self.hours)]
        for number, each in enumerate(self.events):
            last = self.hours if each.kind == "drift" else min(self.hours, each.hour + each.hours)
            for hour in range(each.hour, last):
                active[hour].append(number)
        return active
