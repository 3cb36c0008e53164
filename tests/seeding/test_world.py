from datetime import timedelta

import numpy as np
import pytest

from monitor.brands import Brand, Brands
from monitor.errors import SetupError
from monitor.seeding.events import KINDS, Event
from monitor.seeding.world import SOURCES, World
from monitor.seeding.worldmaking import make_world
from tests.seeding.conftest import UNTIL

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("Dell"), Brand("Nike")))
MENTIONS = 100_000


def world_of(*events: Event, days: int = 364) -> World:
    return make_world(BRANDS, UNTIL, days, MENTIONS, np.random.default_rng(3), events or None)


def before_the_end(so_many_days: float, **fields) -> Event:
    return Event(at=UNTIL - timedelta(days=so_many_days), **fields)


@pytest.fixture(scope="module")
def world() -> World:
    return world_of()


def test_equal_numbers_make_equal_worlds(world):
    again = world_of()
    assert [(each.kind, each.brand, each.hour) for each in again.events] == [
        (each.kind, each.brand, each.hour) for each in world.events
    ]
    assert np.array_equal(again.usual, world.usual)
    assert np.array_equal(again.hour_weights(), world.hour_weights())


def test_it_ends_at_the_moment_given(world):
    assert world.hours == 364 * 24
    assert (UNTIL - world.since).days == 364


def test_weekends_and_nights_are_quieter(world):
    weights = world.hour_weights()
    assert weights.sum() == pytest.approx(1)
    hours = weights.reshape(-1, 24)
    assert hours[:, 2:5].mean() < 0.4 * hours[:, 8:12].mean()
    first = world.since.weekday()
    days = np.roll(hours.sum(1).reshape(-1, 7).mean(0), first)
    assert days[5:].max() < 0.8 * days[:5].min()


def test_days_scatter_more_than_chance_alone_and_remember_the_day_before(world):
    ours = world.usual[:, 0].reshape(-1, 7, 24).sum(2)
    scatter = np.log(ours / ours.mean(0))  # weekdays and growth taken out
    scatter -= scatter.mean(1, keepdims=True)
    assert 0.05 < scatter.std() < 0.5
    days = (world.usual[:, 0] / world.usual[:, 0].mean()).reshape(-1, 24).mean(1)
    same_weekday = np.log(days[7:] / days[:-7])
    assert np.corrcoef(same_weekday[1:], same_weekday[:-1])[0, 1] > 0.1


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"murmur"}))
def test_an_event_adds_as_many_times_the_usual_week_as_it_says_and_fades(kind):
    world = world_of(before_the_end(20, kind=kind, brand="Citrix", size=4))
    event = world.events[0]
    quiet = world_of(before_the_end(1, kind="drift", brand="Dell", size=5))
    week = quiet.usual[event.hour - 4 * 168 : event.hour + 4 * 168, 1].sum() / 8
    assert event.rates.sum() == pytest.approx(3 * week, rel=0.25)
    assert event.rates[: len(event.rates) // 2].sum() > 2 * event.rates[len(event.rates) // 2 :].sum()
    peak = world.talk_at(event.hour + 2)
    place = len(BRANDS) + peak.events.index(0)
    assert peak.brands[place] == 1
    assert np.allclose(peak.favour[place], KINDS[kind].mood)


def test_rates_and_chances_are_whole_in_every_hour(world):
    for hour in range(0, world.hours, 97):
        talk = world.talk_at(hour)
        assert talk.shares.sum() == pytest.approx(1)
        assert np.allclose(talk.favour.sum(1), 1)
        assert np.allclose(talk.sources.sum(1), 1)
        assert talk.favour.min() >= 0
        assert len(talk.brands) == len(BRANDS) + len(talk.events)


def test_a_drift_moves_health_by_so_many_points_and_it_stays_there():
    world = world_of(before_the_end(90, kind="drift", brand="Dell", size=-20, days=28))
    begin = world.events[0].hour

    def health(hours: range) -> float:
        return float(
            np.mean(
                [
                    favour[2] / (favour[0] + favour[2])
                    for favour in (world.talk_at(h).favour[2] for h in hours)
                ]
            )
        )

    before = health(range(begin - 40 * 24, begin, 6))
    halfway = health(range(begin + 13 * 24, begin + 15 * 24, 6))
    after = health(range(begin + 29 * 24, begin + 69 * 24, 6))
    assert before - after == pytest.approx(0.20, abs=0.05)
    assert before - halfway == pytest.approx(0.10, abs=0.08)


def test_a_silence_takes_away_what_one_source_says():
    brandless = before_the_end(10, kind="silence", source="microblog", days=2)
    world, usual = world_of(brandless), world_of(before_the_end(1, kind="drift", brand="Dell", size=5))
    begin = world.events[0].hour
    place = [source.name for source in SOURCES].index("microblog")
    assert (world.talk_at(begin + 1).sources[: len(BRANDS), place] == 0).all()
    assert (world.talk_at(begin + 49).sources[: len(BRANDS), place] > 0).all()
    assert np.allclose(world.usual[begin : begin + 48], 0.6 * usual.usual[begin : begin + 48])


def test_where_events_are_given_nothing_else_happens():
    world = world_of(before_the_end(20, kind="joke", brand="Nike", size=2))
    assert [each.kind for each in world.events if each.kind != "murmur"] == ["joke"]
    assert any(each.kind == "murmur" for each in world.events)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"kind": "joke", "brand": "Vmware"}, "'Vmware', which is no brand"),
        ({"kind": "joke", "brand": "Nike", "days_before": 400}, "outside of the days made up"),
        ({"kind": "silence", "source": "television"}, "there are microblog, forum"),
    ],
)
def test_what_cannot_be_planted_is_refused_in_words(event, said):
    with pytest.raises(SetupError, match=said):
        world_of(before_the_end(event.pop("days_before", 9), **event))


def test_the_first_competitor_gains(world):
    start, end = world.usual[: 60 * 24].sum(0), world.usual[-60 * 24 :].sum(0)
    assert end[1] / start[1] > end[0] / start[0]
