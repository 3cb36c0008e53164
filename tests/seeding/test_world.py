import numpy as np
import pytest

from monitor.brands import Brand, Brands
from monitor.seeding.world import World, make_world
from tests.seeding.conftest import UNTIL

BRANDS = Brands((Brand("VMware", own=True), Brand("Citrix"), Brand("Dell"), Brand("Nike")))


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(BRANDS, UNTIL, 364, np.random.default_rng(3))


def test_equal_numbers_make_equal_worlds(world):
    again = make_world(BRANDS, UNTIL, 364, np.random.default_rng(3))
    assert again.events == world.events
    assert np.array_equal(again.fame, world.fame)
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


def test_an_event_makes_its_brand_the_talk_of_the_day_and_fades(world):
    event = world.events[0]
    before, at, after = (
        world.fame_at(event.hour + hours)[event.brand] for hours in (-1, 0, 95) if event.hour > 0
    )
    assert at > 2 * before
    assert after < 1.3 * before
    assert world.hour_weights()[event.hour] > 1.2 * world.hour_weights()[event.hour - 7 * 24]


def test_what_people_feel_follows_the_event(world):
    event = world.events[0]
    negative, _, positive = world.favour_at(event.hour)[event.brand]
    assert (positive > negative) == event.good
    for hour in (0, event.hour):
        assert np.allclose(world.favour_at(hour).sum(1), 1)
        assert world.fame_at(hour).sum() == pytest.approx(1)


def test_the_first_competitor_gains(world):
    start, end = world.fame
    assert end[1] / start[1] > end[0] / start[0]
