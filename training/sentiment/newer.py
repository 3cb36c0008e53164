"""How much too sure a model is of texts that are newer than all it learned from.

What people send is always newer than the training texts, and held-out texts of the same years do not show
what that costs: people talk of other things. A set whose texts tell their year shows it: learn from all years
before one, compare the temperature that this year's texts ask for with that of held-out texts of the years
before.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import torch
from tqdm import tqdm

from training.data.texts import Example
from training.sentiment.baselines import LogisticRater, fit_logistic
from training.sentiment.calibration import best_temperature

_HELD_OUT: Final = 5
"""One text in so many of the years before is held out."""
_LEAST_TEXTS: Final = 1_000
"""A year is asked about if it and the years before have as many texts each: fewer say little."""

_LEAST_CHANCE: Final = 1e-9
"""Under it a logarithm says nothing more."""


def newer_factors(sets: Mapping[str, Sequence[Example]], seed: int) -> dict[str, float]:
    """`newer_factor` of each set whose texts tell their year."""
    return {
        name: newer_factor(examples, seed)
        for name, examples in sets.items()
        if any(one.year is not None for one in examples)
    }


def newer_factor(examples: Sequence[Example], seed: int) -> float:
    """By what factor the temperature rises from held-out texts to those of the next year, 1 or more.

    Geometric mean over the years of `examples`, measured with a TF-IDF logistic regression, which takes
    seconds: the shipped network would take hours. 1 where no two years are known.
    """
    years = np.array([one.year or 0 for one in examples])
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(years > 0))
    factors = []
    for year in tqdm(np.unique(years[rows]).tolist(), desc="newer texts, by year", mininterval=5):
        before, new = rows[years[rows] < year], rows[years[rows] == year]
        if min(len(before), len(new)) < _LEAST_TEXTS:
            continue
        held_out = len(before) // _HELD_OUT
        rater = fit_logistic([examples[row] for row in before[held_out:]])
        known, newer = (
            _temperature(rater, [examples[row] for row in part]) for part in (before[:held_out], new)
        )
        print(f"{year}: temperature {newer:.2f}, of the years before {known:.2f}", flush=True)
        factors.append(newer / known)
    return max(float(np.exp(np.mean(np.log(factors)))), 1.0) if factors else 1.0


def _temperature(rater: LogisticRater, examples: Sequence[Example]) -> float:
    scores = rater.rate([one.text for one in examples]).scores
    logits = torch.from_numpy(np.log(scores.clip(min=_LEAST_CHANCE)))
    return best_temperature(logits, torch.tensor([one.label for one in examples]))
