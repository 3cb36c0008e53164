"""Windows that a brand's own weeks do not explain: found where they are planted, and nowhere else."""

import numpy as np
import pytest

from monitor.insights.expected import expected, past_of
from monitor.insights.scan import windows
from tests.insights.market import FAME, plant, quiet


def counts_of(series):
    opinions = (series.positive, series.negative, series.praise, series.criticism)
    return (series.mentions, series.stories, series.neutral, *opinions)


def found(series):
    return windows(past_of(series))


def test_quiet_weeks_are_quiet():
    """Some hundreds of them; benchmarks/detector.py counts more, and less evenly made ones."""
    seeds = 300
    told = [window for seed in range(seeds) for window in found(quiet(weeks=9, seed=seed))]
    assert len(told) <= 0.02 * seeds * len(FAME)


@pytest.mark.parametrize("brand", range(len(FAME)))
def test_an_outage_is_found_on_its_day_however_famous_the_brand(brand):
    series = quiet(weeks=12)
    plant(series, brand, 70, (0, 2, round(FAME[brand] * 1.5)))
    (window,) = found(series)
    assert window.brand == brand
    assert window.first <= 70 < window.first + window.days <= 73
    assert window.volume > 0 > window.health


def test_a_crisis_of_two_days_in_a_month_is_not_diluted():
    series = quiet(weeks=12)
    for day in (75, 76):
        plant(series, 1, day, (0, 10, 40))
    (window,) = found(series)
    assert (window.first, window.days) == (75, 2)
    assert window.mentions == series.mentions[1, 75:77].sum()
    assert window.usual == pytest.approx(2 * 60 / 7, rel=0.35)


def test_a_drift_of_opinions_is_found_in_a_longer_period():
    series = quiet(weeks=16, seed=2)
    for day in range(84, 112):
        turned = np.floor(series.positive[0, day] * 0.5)
        for of, sign in (
            (series.positive, -1),
            (series.praise, -1),
            (series.negative, 1),
            (series.criticism, 1),
        ):
            of[0, day] += sign * turned
    (window,) = found(series)
    assert window.brand == 0
    assert window.first >= 80
    assert window.days >= 14
    assert window.health < -3


def test_a_story_that_is_passed_on_is_one_opinion():
    series = quiet(weeks=12)
    plant(series, 1, 70, (0, 0, 90), stories=False)
    (window,) = found(series)
    assert window.volume > 3
    assert abs(window.health) < 2


def test_silence_is_found_and_less_than_that_for_a_day_is_not():
    series = quiet(weeks=12)
    for of in counts_of(series):
        of[3, 70:74] = 0
        of[0, 70] = np.floor(of[0, 70] / 2)
    (window,) = found(series)
    assert (window.brand, window.mentions) == (3, 0)
    assert (window.first, window.days) == (70, 4)


def test_an_event_of_the_past_is_not_what_is_usual():
    series, calm = quiet(weeks=9), quiet(weeks=9)
    plant(series, 0, 30, (500, 0, 3000))
    hoped, undisturbed = (expected(past_of(each), 7) for each in (series, calm))
    assert hoped.mean[0, 0] == pytest.approx(undisturbed.mean[0, 0], rel=0.1)
    assert hoped.health[0, 0] == pytest.approx(undisturbed.health[0, 0], abs=0.03)


def test_weekends_are_compared_with_weekends():
    hoped = expected(past_of(quiet(weeks=10)), 1)
    working, weekend = hoped.mean[:, :5].sum(), hoped.mean[:, 5:7].sum()
    assert weekend / 2 == pytest.approx(working / 5 * 0.70 / 1.10, rel=0.1)


def test_a_day_that_is_not_over_is_no_silence():
    series = quiet(weeks=9)
    series.share[-1] = 0.25
    for of in counts_of(series):
        of[:, -1] = np.floor(of[:, -1] / 4)
    assert found(series) == ()
    assert expected(past_of(series), 1).mean[0, -1] < 0.5 * expected(past_of(series), 1).mean[0, -2]


def test_with_too_short_a_past_nothing_is_told():
    series = quiet(weeks=2, view=7)
    plant(series, 0, 12, (0, 0, 900))
    assert found(series) == ()
    assert np.isnan(expected(past_of(series), 1).mean).all()


def test_where_the_past_is_short_the_weeks_after_stand_in():
    series = quiet(weeks=7, view=7)
    plant(series, 0, 12, (0, 0, 900))
    (window,) = found(series)
    assert window.first == 12


def test_two_events_of_a_brand_are_two():
    series = quiet(weeks=16, seed=2)
    plant(series, 1, 65, (0, 0, 80))
    plant(series, 1, 100, (80, 0, 0))
    first, second = sorted(found(series), key=lambda each: each.first)
    assert (first.first, second.first) == (65, 100)
    assert first.health < 0 < second.health


def test_brands_of_whom_nobody_speaks_break_nothing():
    series = quiet(weeks=9, fame=np.array([0.0, 0.2, 50.0]))
    assert found(series) == ()


def test_how_many_brands_are_watched_silences_none_of_them():
    """The week of an outage, from 10 mentions to 44: among 37 brands nobody called it more than chance."""
    fame = np.array([10.0, *np.linspace(8, 300, 36)])
    series = quiet(weeks=9, seed=2, fame=fame)
    for day, negative in ((57, 14), (58, 10), (59, 3)):
        plant(series, 0, day, (1, 1, negative))
    window = next(each for each in found(series) if each.brand == 0)
    assert window.volume > 3
    assert window.health < -2
