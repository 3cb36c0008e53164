"""The made-up world: sources, brands of different fame and favour, days with their rhythm, and events.

All numbers are plausible, none is measured. Equal seeds make equal worlds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.brands import Brands

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Monday to Sunday, then the hours of a day (UTC): people write at work and after dinner, less on weekends.
_WEEK: Final = (1.12, 1.15, 1.14, 1.10, 1.00, 0.72, 0.68)
_DAY: Final = (
    *(0.35, 0.25, 0.20, 0.18, 0.22, 0.40, 0.70, 1.05, 1.35, 1.45, 1.40, 1.35),
    *(1.30, 1.30, 1.28, 1.22, 1.18, 1.15, 1.20, 1.35, 1.45, 1.30, 0.95, 0.60),
)


# Hours that people talk about an event, and in which the talk falls to a third.
_ECHO: Final = 96
_FADES: Final = 18


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


@dataclass(frozen=True)
class Event:
    """A brand has a very bad or a very good day, and its echo."""

    brand: int
    hour: int
    """First hour, counted from the beginning."""
    size: float
    """How many times its usual hour, at the peak."""
    good: bool


@dataclass(frozen=True)
class World:
    """What mentions are drawn from."""

    since: datetime
    hours: int
    fame: Floats
    """Share of each brand at the beginning, and at the end: (2, brands), each row sums to 1."""
    favour: Floats
    """Probability of each label toward each brand: (brands, 3), negative, neutral, positive."""
    events: tuple[Event, ...]

    def hour_weights(self) -> Floats:
        """How much of all is published in each hour, events included; sums to 1."""
        clock = [self.since + timedelta(hours=n) for n in range(self.hours)]
        weights = np.array([_WEEK[hour.weekday()] * _DAY[hour.hour] for hour in clock])
        weights *= np.linspace(0.85, 1.15, self.hours)  # the world talks a little more every month
        for event in self.events:
            last = min(self.hours, event.hour + _ECHO)
            age = np.arange(last - event.hour)
            weights[event.hour : last] *= 1 + self.fame[0][event.brand] * event.size * np.exp(-age / _FADES)
        return np.asarray(weights / weights.sum())

    def fame_at(self, hour: int) -> Floats:
        """Share of each brand in one hour, events included; sums to 1."""
        part = hour / max(1, self.hours - 1)
        fame = self.fame[0] * (1 - part) + self.fame[1] * part
        for brand, event in self.events_at(hour).items():
            fame[brand] *= 1 + event.size * np.exp(-(hour - event.hour) / _FADES)
        return np.asarray(fame / fame.sum())

    def favour_at(self, hour: int) -> Floats:
        """Probability of each label toward each brand in one hour, events included: (brands, 3)."""
        favour = self.favour.copy()
        for brand, event in self.events_at(hour).items():
            favour[brand] = (0.08, 0.22, 0.70) if event.good else (0.72, 0.20, 0.08)
        return favour

    def events_at(self, hour: int) -> dict[int, Event]:
        """The event that people who mention a brand in that hour talk about, by brand."""
        return {event.brand: event for event in reversed(self.events) if 0 <= hour - event.hour < _ECHO}


def make_world(brands: Brands, until: datetime, days: int, chance: np.random.Generator) -> World:
    """Ours is known best; the first competitor gains over the time, some brands are liked, some are not."""
    n = len(brands)
    start = 1 / (np.arange(n) + 2.0) * chance.uniform(0.7, 1.3, n)
    start[[place for place, brand in enumerate(brands) if brand.own]] *= 1.6
    end = start * chance.uniform(0.8, 1.25, n)
    rivals = [place for place, brand in enumerate(brands) if not brand.own]
    if rivals:
        end[rivals[0]] *= 2.2
    liked = chance.beta(6, 4, n)
    neutral = chance.uniform(0.30, 0.45, n)
    favour = np.stack([(1 - neutral) * (1 - liked), neutral, (1 - neutral) * liked], axis=1)
    hours = days * 24
    events = tuple(
        Event(
            brand=int(chance.integers(0, min(n, 12))),
            hour=int(chance.integers(0, hours)),
            size=float(chance.uniform(6, 30)),
            good=bool(chance.random() < 0.4),
        )
        for _ in range(max(1, days // 21))
    )
    first = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    fame = np.stack([start / start.sum(), end / end.sum()])
    return World(since=first, hours=hours, fame=fame, favour=favour, events=events)
