"""What benchmarks/detector.py looks for: markets of brands of very different fame, with events planted in
some weeks and none in the others, and what was drawn of them.

Every market has twelve brands, of 5 to 500 texts a week, for 21 weeks: eight to learn what is usual, then
thirteen to look at. Each brand has three events of a kind, day and size drawn by lot; sizes begin well below
what anybody would call an event. What is quiet is as uneven as `monitor.seeding.worldmaking` makes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, text

from monitor.brands import Brand, Brands
from monitor.seeding.events import Event, KindName
from monitor.seeding.load import Seeding, fill
from monitor.seeding.world import SOURCES, World
from monitor.seeding.worldmaking import make_world

WEEK: Final = timedelta(days=7)
LEARNED: Final = 8
LOOKED_AT: Final = 13
WEEKS: Final = LEARNED + LOOKED_AT
BRANDS: Final = 12
UNTIL: Final = datetime(2026, 11, 23, tzinfo=UTC)  # a Monday
SINCE: Final = UNTIL - WEEKS * WEEK

TWICE: Final = 2.0
POINTS: Final = 0.15
"""What anybody would call an event: so many times the usual mentions of a week, or so much of its health."""

FELT: Final = 0.2
"""Who speaks about an event is for or against the brand by this much: (positive - negative) / all of it."""

_SUDDEN: Final[tuple[KindName, ...]] = ("launch", "outage", "price", "joke", "crisis", "flood", "syndicated")
_SLOW: Final[tuple[KindName, ...]] = ("drift", "drift", "silence")
_DRIFT_WEEKS: Final = 4
# First week of each event: none comes before the one before it is over.
_SLOTS: Final = ((8, 11), (13, 15))
_LAST_SLOT: Final = 17

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class PlantedWeek:
    """One brand in one week, with an event or (`event` None) without; week 0 is the first one."""

    brand: str
    fame: float
    """Texts in a usual week."""
    week: int
    event: Event | None = None
    ratio: float = 1.0
    """Its mentions, as many times the usual: both as they were drawn."""
    points: float = 0.0
    """Its health less the usual: both as they were drawn, -1..1; 0 without opinions."""
    felt: float = 0.0
    """(positive - negative) / all of what was said about the event, as drawn; of a drift its sign."""

    @property
    def since(self) -> datetime:
        """Where the week begins."""
        return SINCE + self.week * WEEK

    @property
    def large(self) -> bool:
        """Anybody would call it an event: what is no bad thing for a brand did not take its points away."""
        points = 0.0 if self.good is None else self.points if self.good else -self.points
        return self.event is not None and (self.ratio >= TWICE or points >= POINTS)

    @property
    def good(self) -> bool | None:
        """Whether the event is good for the brand; None: neither."""
        return None if abs(self.felt) < FELT else self.felt > 0


@dataclass(frozen=True)
class Market:
    """Brands, what is planted, and the world they live in."""

    number: int
    brands: Brands
    fame: tuple[float, ...]
    events: tuple[Event, ...]
    world: World

    def seed(self, engine: Engine) -> int:
        """Fill an empty database; returns the mentions made."""
        mentions = int(self.world.usual.sum() + sum(each.rates.sum() for each in self.world.events))
        wanted = Seeding(mentions=mentions, days=WEEKS * 7, until=UNTIL, number=self.number)
        return fill(engine, self.brands, wanted, self.world)

    def weeks(self, counts: "Drawn") -> Iterator[PlantedWeek]:
        """Those with an event and the quiet ones; none of those into which the talk of an event runs on."""
        for place, brand in enumerate(self.brands):
            mine = [event for event in self.events if event.brand == brand.name]
            taken: set[int] = set()
            for event in mine:
                first = (event.at - SINCE) // WEEK
                taken |= set(range(first, WEEKS if event.kind == "drift" else first + 2))
                week = first + _DRIFT_WEEKS if event.kind == "drift" else first
                ratio, points = counts.against_usual(place, week, first)
                felt = counts.felt(place, first) if event.kind != "drift" else event.size
                yield PlantedWeek(brand.name, self.fame[place], week, event, ratio, points, felt)
            for week in set(range(LEARNED, WEEKS)) - taken:
                yield PlantedWeek(brand.name, self.fame[place], week)


def market(number: int, *, quiet: bool = False) -> Market:
    """The market of that number: the same one every time. In a `quiet` one nothing is planted."""
    chance = np.random.default_rng(number)
    brands = Brands(tuple(Brand(f"Brand{place:02}", own=place == 0) for place in range(BRANDS)))
    fame = np.exp(chance.uniform(np.log(5), np.log(500), BRANDS))
    events = () if quiet else tuple(event for brand in brands for event in _three(brand.name, chance))
    growth = chance.uniform(0.8, 1.3, BRANDS)
    days, mentions = WEEKS * 7, int(fame.sum() * WEEKS)
    world = make_world(brands, UNTIL, days, mentions, chance, events, np.stack([fame, fame * growth]))
    return Market(number, brands, tuple(fame), events, world)


def _three(brand: str, chance: np.random.Generator) -> Iterator[Event]:
    for first, last in _SLOTS:
        week = int(chance.integers(first, last + 1))
        yield _event(brand, _SUDDEN[int(chance.integers(0, len(_SUDDEN)))], week, chance)
    kinds = (*_SUDDEN, *_SLOW)
    kind = kinds[int(chance.integers(0, len(kinds)))]
    week = WEEKS - 1 - _DRIFT_WEEKS if kind == "drift" else int(chance.integers(_LAST_SLOT, WEEKS))
    yield _event(brand, kind, week, chance)


def _event(brand: str, kind: KindName, week: int, chance: np.random.Generator) -> Event:
    """Begins within the first four days of the week, so that most of it falls into that week."""
    at = SINCE + week * WEEK + timedelta(hours=int(chance.integers(0, 96)))
    if kind == "drift":
        points = float(chance.uniform(8, 35)) * (1 if chance.random() < 0.4 else -1)
        return Event(kind=kind, brand=brand, at=SINCE + week * WEEK, size=points, days=7 * _DRIFT_WEEKS)
    if kind == "silence":
        source = SOURCES[int(chance.integers(0, 4))].name
        return Event(kind=kind, brand=brand, at=SINCE + week * WEEK, days=7, source=source)
    return Event(kind=kind, brand=brand, at=at, size=float(np.exp(chance.uniform(np.log(1.3), np.log(6)))))


@dataclass(frozen=True)
class Drawn:
    """What is in the database. Texts that name each brand, by hour: (brands, hours)."""

    texts: Counts
    positive: Counts
    negative: Counts
    planted: tuple[Counts, Counts, Counts]
    """Those of the three that are about an event."""

    def against_usual(self, brand: int, week: int, first: int) -> tuple[float, float]:
        """A week's mentions as many times the usual, and its health less the usual; usual are the texts of
        the eight weeks before week `first` that are about no event."""
        before = slice((first - LEARNED) * 168, first * 168)
        inside = slice(week * 168, (week + 1) * 168)
        every = (self.texts, self.positive, self.negative)
        texts, positive, negative = (int(all_[brand, inside].sum()) for all_ in every)
        usual, liked, disliked = (
            int((all_ - planted)[brand, before].sum())
            for all_, planted in zip(every, self.planted, strict=True)
        )
        opinions, usual_opinions = positive + negative, liked + disliked
        ratio = texts / (usual / LEARNED) if usual else float(texts > 0)
        points = positive / opinions - liked / usual_opinions if opinions and usual_opinions else 0.0
        return ratio, points

    def felt(self, brand: int, week: int) -> float:
        """(positive - negative) / all of what is said about events in that week and the next."""
        texts, positive, negative = (
            int(planted[brand, week * 168 : (week + 2) * 168].sum()) for planted in self.planted
        )
        return (positive - negative) / texts if texts else 0.0


def drawn(connection: Connection, brands: Brands) -> Drawn:
    """Count what was drawn."""
    places = {brand.name: place for place, brand in enumerate(brands)}
    counts = np.zeros((6, len(brands), WEEKS * 168), dtype=np.int64)
    given = {"since": SINCE, "kinds": f"^({'|'.join((*_SUDDEN, *_SLOW))})-"}
    for name, hour, label, planted, texts in connection.execute(_DRAWN, given):
        for row, counted in enumerate((True, label == "positive", label == "negative")):
            counts[row, places[name], hour] += counted * texts
            counts[row + 3, places[name], hour] += counted * planted * texts
    return Drawn(counts[0], counts[1], counts[2], (counts[3], counts[4], counts[5]))


_DRAWN: Final = text("""
    SELECT b.name, floor(extract(epoch FROM published_at - :since) / 3600)::int AS hour, s.label,
           external_id ~ :kinds AS planted, count(*) AS texts
    FROM mention AS m JOIN sentiment AS s ON s.mention_id = m.id JOIN brand AS b ON b.id = s.brand_id
    WHERE published_at >= :since GROUP BY 1, 2, 3, 4
""")
