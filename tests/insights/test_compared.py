"""Figures and what they moved by, in words."""

import pytest

from monitor.insights.compared import Compared, Move, amount, times


def compared(scale, now, move, *, before=None, usual=None, by_usual=False):
    return Compared(
        scale=scale,
        now=now,
        before=before,
        usual=usual,
        n=100,
        n_before=90,
        since_before=None if by_usual else move,
        from_usual=move if by_usual else None,
    )


def move(scale, value, low, high):
    return Move(scale=scale, value=value, low=low, high=high)


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (compared("count", 44, move("count", 4.4, 3.1, 6.2)), "×4.4 (×3.1 to ×6.2)"),
        (compared("count", 9, move("count", 0.9, 0.6, 1.3)), "×0.90 (×0.60 to ×1.3: may be chance)"),
        (
            compared("share", 0.13, move("share", -0.44, -0.72, -0.28), usual=0.57, by_usual=True),
            "57% to 13%, 28 to 72 points down",
        ),
        (
            compared("share", 0.21, move("share", 0.02, -0.01, 0.05), before=0.19),
            "19% to 21%, 1 point down to 5 up: may be chance",
        ),
        (
            compared("net", -0.5, move("net", -0.73, -0.87, -0.58), usual=0.23, by_usual=True),
            "+0.23 to −0.50, 0.58 to 0.87 down",
        ),
        (compared("share", 0.13, None), ""),
        (compared("share", None, move("share", 0.1, 0.0, 0.2)), ""),
    ],
)
def test_the_effect_comes_first_and_how_sure_it_is_second(figure, words):
    assert figure.words == words


def test_its_own_interval_decides_whether_a_move_may_be_chance():
    assert move("share", 0.03, 0.001, 0.06).sure
    assert not move("share", 0.03, -0.001, 0.06).sure
    assert move("count", 1.2, 1.01, 1.4).sure
    assert not move("count", 1.2, 0.99, 1.4).sure


@pytest.mark.parametrize(
    ("moved", "effect"),
    [
        (move("count", 2.0, 1.0, 3.0), "×2.0"),
        (move("share", -0.44, -0.5, -0.4), "44 points down"),
        (move("share", 0.01, 0.0, 0.1), "1 point up"),
        (move("share", 0.001, -0.1, 0.1), "unchanged"),
        (move("net", 0.31, 0.1, 0.5), "0.31 up"),
        (move("net", 0.001, -0.1, 0.1), "unchanged"),
    ],
)
def test_an_effect_in_words(moved, effect):
    assert moved.effect == effect


def test_the_usual_comes_before_the_period_before():
    assert compared("share", 0.1, move("share", 0.1, 0.0, 0.2), usual=0.2, by_usual=True).against == "usual"
    assert compared("share", 0.1, None).against == "the period before"


@pytest.mark.parametrize(
    ("ratio", "told"),
    [(4.44, "×4.4"), (0.256, "×0.26"), (12.3, "×12"), (9.96, "×10"), (1.0, "×1.0"), (0, "×0.00")],
)
def test_ratios_are_told_as_exactly_as_they_are_known(ratio, told):
    assert times(ratio) == told


@pytest.mark.parametrize(
    ("n", "told"), [(44, "44"), (9.96, "10.0"), (0.5, "0.5"), (1234.5, "1,234"), (3, "3")]
)
def test_averages_below_ten_have_a_digit(n, told):
    assert amount(n) == told
