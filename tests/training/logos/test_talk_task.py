"""One brand against the rest: counted by hand, and with intervals."""

import numpy as np
import pytest

from training.logos.talk_task import TalkTask, mean_of, mean_with_intervals, one_against_the_rest


def test_both_answers_count_alike() -> None:
    told = np.array(["a", "b", "b", "", "b"])
    wanted = np.array(["a", "a", "b", "", ""])
    tasks = one_against_the_rest(told, wanted)
    assert set(tasks) == {"a", "b"}
    # a: found once of two, never wrongly; three of the other four answers are "not a" and right.
    assert tasks["a"].macro_precision == pytest.approx((1 + 3 / 4) / 2)
    assert tasks["a"].macro_recall == pytest.approx((1 / 2 + 1) / 2)
    # b: found, and told twice wrongly.
    assert tasks["b"].macro_precision == pytest.approx((1 / 3 + 1) / 2, abs=1e-4)
    assert tasks["b"].macro_recall == pytest.approx((1 + 2 / 4) / 2)
    assert mean_of({"x": TalkTask(0.5, 1.0), "y": TalkTask(1.0, 0.5)}) == TalkTask(0.75, 0.75)


def test_an_interval_holds_the_figure_and_draws_near_duplicates_together() -> None:
    rng = np.random.default_rng(0)
    wanted = np.repeat(["a", "b", ""], 60)
    told = np.where(rng.random(180) < 0.1, "a", wanted)
    apart, recall = mean_with_intervals(told, wanted, np.arange(180).astype(str), draws=400)
    assert apart.low < apart.value < apart.high
    assert recall.low < recall.value < recall.high
    together, _ = mean_with_intervals(told, wanted, (np.arange(180) // 20).astype(str), draws=400)
    assert together.value == apart.value
    assert together.high - together.low > apart.high - apart.low


def test_a_draw_without_a_brand_is_a_mean_of_the_others() -> None:
    told = wanted = np.array(["a", "b", ""])
    precision, recall = mean_with_intervals(told, wanted, np.array(["x", "y", "z"]), draws=200)
    assert precision.high == recall.high == 1
    assert precision.low >= 0.5
