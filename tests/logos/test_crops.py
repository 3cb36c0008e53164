"""Crops for the embedder: the whole box, its margin, its shape, at any place and of any size."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.logos.crops import CROP_GREY, CropGeometry, cut_crops, fit, grow

SIDE = st.integers(1, 400)
EDGE = st.floats(-500, 900, width=32)


@given(SIDE, SIDE, EDGE, EDGE, EDGE, EDGE, st.floats(0, 1))
def test_grown_boxes_lie_in_the_picture_and_are_never_empty(
    width: int, height: int, x1: float, y1: float, x2: float, y2: float, margin: float
) -> None:
    box = np.array([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)], np.float32)
    left, top, right, bottom = grow(box, margin, width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    inside = box.clip(0, [width, height, width, height])
    if (inside[2:] > inside[:2]).all():
        assert left <= inside[0]
        assert top <= inside[1]
        assert right >= inside[2]
        assert bottom >= inside[3]


def test_the_margin_is_a_share_of_each_side() -> None:
    assert grow(np.array([100, 100, 200, 150], np.float32), 0.12, 400, 400) == (88, 94, 212, 156)


@settings(deadline=None)
@given(SIDE, SIDE, st.sampled_from([16, 128]), st.floats(0, 1))
@example(width=400, height=100, side=96, stretch=0.0)
@example(width=100, height=400, side=96, stretch=0.5)
@example(width=20, height=3, side=96, stretch=1.0)
def test_a_fitted_picture_fills_the_long_side_and_is_drawn_out_as_told(
    width: int, height: int, side: int, stretch: float
) -> None:
    square = fit(np.zeros((height, width, 3), np.uint8), side, stretch)
    assert square.shape == (side, side, 3)
    rows = int((square != CROP_GREY).all(2).any(1).sum())
    columns = int((square != CROP_GREY).all(2).any(0).sum())
    assert (columns if width >= height else rows) == side
    short, long = sorted((width, height))
    assert abs(min(rows, columns) - max(side * (short / long) ** (1 - stretch), 1)) <= 0.5


def test_a_wide_logo_keeps_its_shape_unless_it_is_to_be_stretched() -> None:
    wordmark = np.zeros((50, 200, 3), np.uint8)
    heights = [int((fit(wordmark, 96, stretch) != CROP_GREY).all(2).any(1).sum()) for stretch in (0, 0.5, 1)]
    assert heights == [24, 48, 96]


def test_fine_stripes_are_averaged_where_one_side_shrinks_and_the_other_grows() -> None:
    stripes = np.zeros((10, 384, 3), np.uint8)
    stripes[:, ::2] = 255
    seen = fit(stripes, 96, 0.75)[48]
    assert seen.min() >= 126
    assert seen.max() <= 129


def test_crops_show_the_box_and_nothing_but_its_margin() -> None:
    picture = np.zeros((300, 300, 3), np.uint8)
    picture[100:150, 100:200] = (10, 200, 30)
    boxes = np.array([[100, 100, 200, 150], [0, 0, 50, 50]], np.float32)
    logo, empty = cut_crops(picture, boxes, CropGeometry(margin=0.0))
    assert (logo[64] == (10, 200, 30)).all()
    assert (logo[0] == CROP_GREY).all()
    assert (empty == 0).all()
    with_margin = cut_crops(picture, boxes[:1], CropGeometry(margin=0.12))[0]
    assert (with_margin[64, 0] == 0).all()
    assert (with_margin[64, 64] == (10, 200, 30)).all()


def test_no_boxes_are_no_crops() -> None:
    picture = np.zeros((20, 20, 3), np.uint8)
    assert cut_crops(picture, np.empty((0, 4), np.float32), CropGeometry()).shape == (0, 128, 128, 3)


@pytest.mark.parametrize("box", [(5, 5, 5, 5), (-9, -9, -3, -3), (99, 99, 120, 120)])
def test_a_box_without_area_or_outside_gives_a_pixel_not_an_error(box: tuple[float, ...]) -> None:
    picture = np.full((20, 20, 3), 9, np.uint8)
    assert cut_crops(picture, np.array([box], np.float32), CropGeometry()).shape == (1, 128, 128, 3)
