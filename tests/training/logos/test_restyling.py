"""Crops in other colours and materials: the logo's edges stay where they were."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.logos.restyling import Restyling, restyled

NEVER = Restyling(grey=0, hue=0, inverted=0, relief=0)


@pytest.fixture
def crop() -> NDArray[np.uint8]:
    """A red mark on white."""
    pixels = np.full((40, 60, 3), 240, np.uint8)
    pixels[10:30, 15:45] = (20, 30, 200)
    return pixels


def leather() -> NDArray[np.uint8]:
    return np.full((64, 64, 3), (30, 60, 90), np.uint8)


def styled(crop: NDArray[np.uint8], shares: Restyling, seed: int = 1) -> NDArray[np.uint8]:
    before = crop.copy()
    made = restyled(crop, leather, shares, np.random.default_rng(seed))
    assert (made.shape, made.dtype) == (crop.shape, np.uint8)
    assert (crop == before).all(), "the picture in memory is not written to"
    return made


def test_each_style_does_what_it_says(crop: NDArray[np.uint8]) -> None:
    assert (styled(crop, NEVER) == crop).all()
    grey = styled(crop, Restyling(grey=1, hue=0, inverted=0, relief=0))
    assert (grey == grey[:, :, :1]).all()
    assert (styled(crop, Restyling(grey=0, hue=0, inverted=1, relief=0)) == 255 - crop).all()
    dyed = styled(crop, Restyling(grey=0, hue=1, inverted=0, relief=0))
    assert np.abs(dyed[20, 30].astype(int) - crop[20, 30]).max() > 40, "the mark has another colour"
    assert np.abs(dyed[2, 2].astype(int) - crop[2, 2]).max() <= 2, "white stays white"


def test_a_relief_shows_the_edges_on_its_ground(crop: NDArray[np.uint8]) -> None:
    relief = styled(crop, Restyling(grey=0, hue=0, inverted=0, relief=1)).astype(int)
    apart = np.abs(relief - leather()[0, 0]).max(2)
    assert apart[20, 30] <= 1, "inside the mark"
    assert apart[2, 2] <= 1, "far from it"
    assert max(apart[20, 13:18].max(), apart[8:13, 30].max()) > 20, "at its edge"


def test_styles_come_as_often_as_they_should(crop: NDArray[np.uint8]) -> None:
    changed = np.mean([(styled(crop, Restyling(), seed) != crop).any() for seed in range(400)])
    shares = Restyling()
    assert changed == pytest.approx(shares.grey + shares.hue + shares.inverted + shares.relief, abs=0.07)
