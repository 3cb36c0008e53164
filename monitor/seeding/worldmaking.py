"""Makes the made-up world: fame, rhythm and unevenness of each brand, its murmurs, and the events planted."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from monitor.brands import Brands
from monitor.errors import SetupError
from monitor.seeding.events import KINDS, Event, KindName
from monitor.seeding.world import PARTS, SOURCES, Floats, Planned, World

# Monday to Sunday, then the hours of a day (UTC): people write at work and after dinner, less on weekends.
_WEEK: Final = np.array([1.12, 1.15, 1.14, 1.10, 1.00, 0.72, 0.68])
_DAY: Final = np.array(
    [
        *(0.35, 0.25, 0.20, 0.18, 0.22, 0.40, 0.70, 1.05, 1.35, 1.45, 1.40, 1.35),
        *(1.30, 1.30, 1.28, 1.22, 1.18, 1.15, 1.20, 1.35, 1.45, 1.30, 0.95, 0.60),
    ]
)
_A_WEEK: Final = 168

_REMEMBERED: Final = 0.4
"""Correlation of a day's unevenness with that of the day before."""

_MURMURS: Final = 0.7
"""Small stories a brand has in a week."""

_LEAST: Final = 2.0
"""Mentions of a small story, expected."""

_DRIFTS: Final = 28.0
_SILENT: Final = 3.0
"""Days, where an event names none."""

_EVERY: Final = 21
"""Days between two events, where none are given."""

_FIRST_KNOWN: Final = 12
"""They happen to the first brands only."""


class _Calm(NamedTuple):
    """The world before anything happens in it."""

    since: datetime
    expected: Floats
    """Mentions, days even: (hours, brands)."""
    favour: Floats

    def week(self, brand: int, hour: int) -> float:
        """Mentions of a usual week from that hour on."""
        return _A_WEEK * float(self.expected[hour : hour + _A_WEEK, brand].mean())


def make_world(
    brands: Brands,
    until: datetime,
    days: int,
    mentions: int,
    chance: np.random.Generator,
    events: Sequence[Event] | None = None,
    fame: Floats | None = None,
) -> World:
    """A world of so many days before `until`, in which about so many `mentions` are drawn.

    Ours is known best and the first competitor gains over the time, unless `fame` gives each brand's share at
    the beginning and at the end: (2, brands). Without `events` some happen. Raises `SetupError` for an event
    of a brand or source that is not there, or outside of the days.
    """
    n, hours = len(brands), days * 24
    since = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
    if fame is None:
        fame = _some_fame(brands, chance)
    liked, neutral = chance.beta(6, 4, n), chance.uniform(0.30, 0.45, n)
    scatter = chance.uniform(0.10, 0.35, n)
    uneven = np.exp(scatter * _remembering(days, n, chance) - scatter**2 / 2)
    expected = _rhythm(since, hours, chance.normal(1.0, 0.5, n)) * _over_time(fame, hours)
    expected *= mentions / expected.sum()
    if events is None:
        events = _some_events(brands, since, days, chance)
    favour = np.stack([(1 - neutral) * (1 - liked), neutral, (1 - neutral) * liked], axis=1)
    calm = _Calm(since, expected, favour)
    planned = [_plan(each, brands, calm) for each in events]
    usual = expected * np.repeat(uneven, 24, axis=0)
    for each in planned:
        if each.kind == "silence":
            whose = slice(None) if each.brand is None else each.brand
            usual[each.hour : each.hour + each.hours, whose] *= PARTS @ each.sources
    return World(
        since=since,
        hours=hours,
        usual=usual,
        favour=favour,
        swing=chance.uniform(0.05, 0.25, n) * _remembering(days, n, chance),
        events=(*planned, *_murmurs(calm, chance)),
    )


def _some_fame(brands: Brands, chance: np.random.Generator) -> Floats:
    n = len(brands)
    start = 1 / (np.arange(n) + 2.0) * chance.uniform(0.7, 1.3, n)
    start[[place for place, brand in enumerate(brands) if brand.own]] *= 1.6
    end = start * chance.uniform(0.8, 1.25, n)
    rivals = [place for place, brand in enumerate(brands) if not brand.own]
    if rivals:
        end[rivals[0]] *= 2.2
    return np.stack([start / start.sum(), end / end.sum()])


def _remembering(days: int, n: int, chance: np.random.Generator) -> Floats:
    """Standard normal numbers, each day's correlated with those of the day before: (days, n)."""
    drawn = chance.standard_normal((days, n))
    for day in range(1, days):
        drawn[day] = _REMEMBERED * drawn[day - 1] + np.sqrt(1 - _REMEMBERED**2) * drawn[day]
    return drawn


def _rhythm(since: datetime, hours: int, strength: Floats) -> Floats:
    """Of every hour and brand: some brands are talked about at work, some on weekends: (hours, brands)."""
    clock = [since + timedelta(hours=n) for n in range(hours)]
    days = _WEEK[[hour.weekday() for hour in clock]]
    return np.asarray(days[:, None] ** strength * _DAY[[hour.hour for hour in clock]][:, None])


def _over_time(fame: Floats, hours: int) -> Floats:
    """Fame from the beginning to the end; the world talks a little more every month: (hours, brands)."""
    part = np.linspace(0, 1, hours)[:, None]
    return np.asarray((fame[0] * (1 - part) + fame[1] * part) * (0.85 + 0.3 * part))


def _some_events(
    brands: Brands, since: datetime, days: int, chance: np.random.Generator
) -> tuple[Event, ...]:
    kinds: tuple[KindName, ...] = ("launch", "outage", "price", "joke", "crisis", "flood", "syndicated")
    return tuple(
        Event(
            kind=kinds[int(chance.integers(0, len(kinds)))],
            brand=brands[int(chance.integers(0, min(len(brands), _FIRST_KNOWN)))].name,
            at=since + timedelta(hours=int(chance.integers(0, days * 24))),
            size=float(np.exp(chance.uniform(np.log(1.6), np.log(5)))),
        )
        for _ in range(max(1, days // _EVERY))
    )


def _plan(event: Event, brands: Brands, calm: _Calm) -> Planned:
    names = [brand.name for brand in brands]
    if event.brand is not None and event.brand not in names:
        raise SetupError(f"an event is about {event.brand!r}, which is no brand of brands.toml; write it so")
    hour = int((event.at - calm.since).total_seconds() // 3600)
    if not 0 <= hour < len(calm.expected):
        raise SetupError(
            f"{event.kind} at {event.at:%Y-%m-%d %H:%M} UTC is outside of the days made up: "
            f"{len(calm.expected) // 24} from {calm.since:%Y-%m-%d} on; give more --days, or another `at`"
        )
    brand = None if event.brand is None else names.index(event.brand)
    nothing = np.zeros(0)
    if event.kind == "silence":
        places = [source.name for source in SOURCES]
        if event.source not in places:
            raise SetupError(f"no source {event.source!r} falls silent; there are {', '.join(places)}")
        goes_on = np.array([float(name != event.source) for name in places])
        hours = round((event.days or _SILENT) * 24)
        return Planned(event.kind, brand, hour, hours, event.size, nothing, nothing, goes_on)
    assert brand is not None  # all other kinds have one
    if event.kind == "drift":
        hours = round((event.days or _DRIFTS) * 24)
        return Planned(event.kind, brand, hour, hours, event.size, nothing, nothing, nothing)
    return _on_top(event.kind, brand, hour, (event.size - 1) * calm.week(brand, hour), event.size, calm)


def _on_top(kind: KindName, brand: int, hour: int, mentions: float, size: float, calm: _Calm) -> Planned:
    """An event that adds so many mentions, as far as they come before the end."""
    goes = KINDS[kind]
    age = np.arange(goes.lasts)
    rates = np.exp(-age / goes.fades) * _DAY[(calm.since.hour + hour + age) % 24]
    rates *= mentions / rates.sum()
    weights = np.array([goes.sources.get(source.name, 0.0) for source in SOURCES])
    return Planned(
        kind=kind,
        brand=brand,
        hour=hour,
        hours=goes.lasts,
        size=size,
        rates=rates[: len(calm.expected) - hour],
        favour=np.array(goes.mood) if goes.mood else calm.favour[brand],
        sources=weights / weights.sum() if goes.sources else PARTS,
    )


def _murmurs(calm: _Calm, chance: np.random.Generator) -> list[Planned]:
    murmurs = []
    hours, brands = calm.expected.shape
    for brand in range(brands):
        for _ in range(int(chance.poisson(_MURMURS * hours / _A_WEEK))):
            hour = int(chance.integers(0, hours))
            part = float(min(0.2, 0.04 * np.exp(0.8 * chance.standard_normal())))
            mentions = max(part * calm.week(brand, hour), _LEAST)
            murmurs.append(_on_top("murmur", brand, hour, mentions, part, calm))
    return murmurs
