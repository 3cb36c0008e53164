"""Fuzzing's targets hold for what they begin with."""

import pytest

from tests.fuzz.targets import NAMES, load


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name: str) -> None:
    target = load(name)
    for seed in target.seeds():
        assert len(seed) <= target.LONGEST
        target.check(seed)
