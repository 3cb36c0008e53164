"""Groups are drawn whole, with the same draws for the same seed."""

import numpy as np

from training.logos.resampling import resampled


def test_every_draw_has_as_many_groups_as_there_are() -> None:
    groups = np.array(["b", "a", "b", "c"])
    member, times = resampled(groups, draws=200, seed=1)
    assert member.tolist() == [1, 0, 1, 2]
    assert times.shape == (200, 3)
    assert (times.sum(1) == 3).all()
    assert np.abs(times.mean(0) - 1).max() < 0.2, "each is drawn once on average"
    assert (times == resampled(groups, draws=200, seed=1)[1]).all()
    assert (times != resampled(groups, draws=200, seed=2)[1]).any()
