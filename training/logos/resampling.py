"""Bootstrap over groups of near-duplicates: they come into a draw, or stay out of it, together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def resampled(
    groups: Sequence[str] | NDArray[np.str_], draws: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Number of each item's group (N,), and how often each group is in each draw (draws, groups)."""
    names, member = np.unique(groups, return_inverse=True)
    chosen = np.random.default_rng(seed).integers(0, len(names), (draws, len(names)))
    times = np.stack([np.bincount(one, minlength=len(names)) for one in chosen])
    return member, times
