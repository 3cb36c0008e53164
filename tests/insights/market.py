"""Days of brands as a quiet market has them, in which tests plant what happens."""

from datetime import UTC, datetime, timedelta

import numpy as np

from monitor.insights.series import Series

FIRST = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
WEEKDAYS = np.array([1.12, 1.15, 1.14, 1.10, 1.00, 0.72, 0.68])
FAME = np.array([400.0, 60.0, 15.0, 200.0])
"""Mentions a week."""


def quiet(weeks: int = 12, view: int = 56, seed: int = 1, fame=FAME, health: float = 0.6) -> Series:
    """Days that scatter by a fifth more than chance; the first `view` of them lie before the period."""
    chance = np.random.default_rng(seed)
    days = weeks * 7
    rates = fame[:, None] / 7 * np.tile(WEEKDAYS, weeks) * chance.gamma(25, 1 / 25, (len(fame), days))
    mentions = chance.poisson(rates)
    opinions = chance.binomial(mentions, 0.6)
    positive = chance.binomial(opinions, health)
    positive, neutral, negative = (
        each.astype(float) for each in (positive, mentions - opinions, opinions - positive)
    )
    return Series(
        ids=tuple(range(len(fame))),
        brands=tuple(f"Brand {n}" for n in range(len(fame))),
        own=tuple(n == 0 for n in range(len(fame))),
        starts=tuple(FIRST + timedelta(days=n) for n in range(days + 1)),
        newest=FIRST + timedelta(days=days),
        view=view,
        mentions=mentions.astype(float),
        stories=mentions.astype(float),
        positive=positive,
        neutral=neutral,
        negative=negative,
        praise=positive.copy(),
        criticism=negative.copy(),
        share=np.ones(days),
    )


def plant(series: Series, brand: int, day: int, said: tuple[int, int, int], stories: bool = True) -> None:
    """So many more positive, neutral and negative texts on a day; without `stories` all are copies."""
    positive, neutral, negative = said
    series.mentions[brand, day] += sum(said)
    series.stories[brand, day] += sum(said) * stories
    series.positive[brand, day] += positive
    series.neutral[brand, day] += neutral
    series.negative[brand, day] += negative
    series.praise[brand, day] += positive * stories
    series.criticism[brand, day] += negative * stories
