"""How much more caution texts ask for that are newer than all that was learned from."""

import random

from training.data.texts import Example
from training.sentiment.newer import newer_factor, newer_factors

MOODS = ("dreadful", "plain", "lovely")


def tweets(year: int | None, count: int, known: float, seed: int) -> list[Example]:
    """Every text has a word of mood; a share `known` of them with the label that it stands for elsewhere."""
    draw, made = random.Random(seed), []
    for _ in range(count):
        label = draw.randrange(3)
        mood = label if draw.random() < known else draw.randrange(3)
        text = f"{MOODS[mood]} talk of matter {draw.randrange(20)}"
        made.append(Example("tweets", text, label, year=year))
    return made


def test_years_that_are_like_those_before_ask_for_no_more() -> None:
    examples = tweets(2013, 6_000, 0.7, 1) + tweets(2014, 6_000, 0.7, 2)
    assert 1.0 <= newer_factor(examples, seed=1) < 1.15


def test_years_in_which_words_mean_less_ask_for_caution() -> None:
    examples = tweets(2013, 2_000, 0.9, 1) + tweets(2014, 2_000, 0.5, 2)
    assert newer_factor(examples, seed=1) > 1.5


def test_only_what_tells_its_year_is_asked() -> None:
    sets = {"dated": tweets(2013, 50, 0.7, 1) + tweets(2014, 50, 0.7, 2), "other": tweets(None, 50, 0.7, 3)}
    assert newer_factors(sets, seed=1) == {"dated": 1.0}, "fifty texts of a year say too little"
