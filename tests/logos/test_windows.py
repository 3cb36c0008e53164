"""Windows, tiles and levels cover the picture and map back to it."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.logos.windows import (
    MOST_TILES,
    PADDING_GREY,
    build_level,
    level_shape,
    pyramid,
    sliding_windows,
    tiles,
)

SIDE = st.integers(1, 3000)


@given(SIDE, SIDE, st.floats(4, 600), st.floats(4, 600), st.floats(0.25, 1.0))
def test_sliding_windows_cover_the_picture(
    width: int, height: int, window_width: float, window_height: float, step: float
) -> None:
    if width / window_width * height / window_height / step**2 > 20_000:
        return
    windows = sliding_windows(width, height, window_width, window_height, step)
    assert (windows >= -1e-3).all()
    for low, high, length, window in (
        (windows[:, 0], windows[:, 2], width, window_width),
        (windows[:, 1], windows[:, 3], height, window_height),
    ):
        assert high.max() == pytest.approx(length, abs=0.01)
        assert low.min() == 0
        starts = np.unique(low)
        gaps = np.diff(starts)
        assert (gaps <= min(window, length) * step * 1.001 + 0.01).all(), "no window is skipped"


@given(SIDE, SIDE)
@example(103, 258)
@example(259, 103)
def test_tiles_cover_long_pictures_and_are_not_long(width: int, height: int) -> None:
    parts = tiles(width, height, 2.5, 0.25)
    covered_x, covered_y = np.zeros(width, bool), np.zeros(height, bool)
    for x, y, tile_width, tile_height in parts:
        assert 0 <= x <= width - tile_width
        assert 0 <= y <= height - tile_height
        if max(width, height) < 100 * min(width, height):  # longer ones have no more parts
            assert max(tile_width, tile_height) <= np.ceil(2.5 * min(tile_width, tile_height))
        covered_x[x : x + tile_width] = True
        covered_y[y : y + tile_height] = True
    assert covered_x.all()
    assert covered_y.all()
    if max(width, height) <= 2.5 * min(width, height):
        assert parts == [(0, 0, width, height)]


def test_neighbouring_tiles_overlap() -> None:
    parts = tiles(2000, 200, 2.5, 0.25)
    for (x, _, width, _), (next_x, *_) in itertools.pairwise(parts):
        assert next_x <= x + 0.76 * width


@given(SIDE, SIDE, st.sampled_from([104, 208, 416, 832]))
def test_level_shapes_are_few_and_hold_the_picture(width: int, height: int, long_side: int) -> None:
    rows, columns = level_shape(width, height, long_side, 16, 32)
    assert rows % 32 == columns % 32 == 0
    scale = long_side / max(width, height)
    assert columns >= round(width * scale) + 32
    assert rows >= round(height * scale) + 32
    shapes = {level_shape(w, h, 832, 16, 32) for w in range(100, 900, 50) for h in range(100, 900, 50)}
    assert len(shapes) <= 7


@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (16, 16), (1000, 400), (37, 91)])
def test_levels_map_boxes_back(width: int, height: int) -> None:
    """A white patch is found on the level where the level says it is."""
    picture = np.zeros((height, width, 3), np.uint8)
    x1, y1, x2, y2 = width // 4, height // 4, width // 2, height // 2
    picture[y1:y2, x1:x2] = 255
    level = build_level(picture, 416, 16, 32)
    assert (level.pixels[:16] == PADDING_GREY).all()
    ys, xs = np.nonzero((level.pixels > 128).all(2))
    found = np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]], np.float32)
    tolerance = 1.5 * max(width, height) / 416 + 0.5
    assert level.to_picture(found)[0] == pytest.approx([x1, y1, x2, y2], abs=tolerance)


def test_the_pyramid_leaves_out_blur_but_never_everything() -> None:
    assert pyramid(640, 480, (832, 416, 208, 104), 2.2) == [832, 416, 208, 104]
    assert pyramid(200, 150, (832, 416, 208, 104), 2.2) == [416, 208, 104]
    assert pyramid(16, 16, (832, 416, 208, 104), 2.2) == [104]


@pytest.mark.parametrize(("width", "height"), [(1_000_000, 8), (8, 1_000_000), (1, 2_000), (3_000_000, 1)])
def test_a_line_of_pixels_has_no_more_parts_than_a_long_screenshot(width: int, height: int) -> None:
    parts = tiles(width, height, 2.5, 0.25)
    assert len(parts) <= MOST_TILES
    reached = 0
    for x, y, across, down in parts:
        assert max(x, y) <= reached
        reached = max(x + across if width > height else y + down, reached)
    assert reached == max(width, height)
