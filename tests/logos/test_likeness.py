"""Pictures: copies share a key, other pictures and those that show next to nothing do not."""

from itertools import combinations
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.logos.likeness import likeness

Pixels = NDArray[np.uint8]
_PICTURES: Final = Path(__file__).parent.parent.parent / "samples" / "pictures"
_DETAILED: Final = (
    "adidas-shirt.jpg",
    "coffee.jpg",
    "cloudera-booth.jpg",
    "hortonworks-card.jpg",
    "rocket.jpg",
)


def _read(name: str) -> Pixels:
    return np.asarray(cv2.imread(str(_PICTURES / name)), np.uint8)


def _saved(pixels: Pixels, quality: int) -> Pixels:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [1, quality])[1], 1), np.uint8)


@pytest.mark.parametrize("name", _DETAILED)
def test_saved_again_or_smaller_it_is_a_copy(name: str) -> None:
    pixels = _read(name)
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    for copy in (_saved(pixels, 40), _saved(np.asarray(half, np.uint8), 60)):
        assert set(likeness(pixels).keys) & set(likeness(copy).keys)
        assert (likeness(pixels).phash ^ likeness(copy).phash).bit_count() <= 4


def test_pictures_of_other_things_are_no_copies() -> None:
    for one, two in combinations(_DETAILED, 2):
        assert not set(likeness(_read(one)).keys) & set(likeness(_read(two)).keys)


def test_a_logo_on_white_is_no_copy_of_anything() -> None:
    pixels = np.full((400, 600, 3), 255, np.uint8)
    cv2.circle(pixels, (300, 200), 90, (40, 40, 200), -1)
    cv2.putText(pixels, "ACME", (200, 350), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 5)
    assert likeness(pixels).keys == ()
    assert -(2**63) <= likeness(pixels).phash < 2**63


def test_keys_are_those_of_the_hash() -> None:
    keys = likeness(_read("coffee.jpg")).keys
    assert list(keys) == sorted(set(keys))
    assert len(keys) == 10
    assert all(-(2**63) <= key < 2**63 for key in keys)


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 4000, 3), (31, 33, 3)])
def test_pictures_of_any_shape(shape: tuple[int, int, int]) -> None:
    likeness(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


def test_a_logo_that_fills_a_white_picture_is_no_copy_of_anything() -> None:
    pixels = np.full((200, 300, 3), 255, np.uint8)
    for n, shade in enumerate((30, 90, 140)):
        cv2.circle(pixels, (60 + 90 * n, 70), 40, (shade, 200 - shade, shade), -1)
    cv2.rectangle(pixels, (20, 140), (280, 185), (20, 20, 20), -1)
    assert likeness(pixels).keys == ()
