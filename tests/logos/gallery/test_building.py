"""An entry's references keep what tells them apart, and lean toward what they share."""

import numpy as np

from monitor.logos.gallery.building import PULL, _pulled, _recognised
from monitor.logos.gallery.embedder import unit

LOGO, LIGHT, SHADE, OTHER = np.eye(4, dtype=np.float32)


def test_references_lean_toward_what_they_share() -> None:
    plain = unit(np.stack([LOGO + LIGHT, LOGO + SHADE]))
    pulled = _pulled(plain, plain.mean(0))
    assert np.allclose(np.linalg.norm(pulled, axis=1), 1)
    for before, after in zip(plain, pulled, strict=True):
        assert after @ LOGO > before @ LOGO + 0.05, "a view in a light of its own is nearer than before"
        assert after @ before > 0.95


def test_an_old_and_a_new_logo_stay_two() -> None:
    plain = np.stack([LOGO, OTHER])
    pulled = _pulled(plain, plain.mean(0))
    assert (pulled * plain).sum(1).min() > 0.9
    assert pulled[0] @ plain[1] < 0.5
    assert 0 < PULL < 1


def test_what_a_view_reaches_is_counted_without_it() -> None:
    alone = [LOGO[None]]
    assert _recognised(alone, LOGO[None]) == 0, "an only view resembles nothing"
    twice = [np.stack([LOGO, LOGO]), LIGHT[None]]
    assert _recognised(twice, np.stack([LOGO, LIGHT])) < 0.6, "the light's only view meets the logo's mean"
