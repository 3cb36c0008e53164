"""Box arithmetic keeps its promises for any boxes."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.logos.boxes import areas, clip, covered, iou, relative, suppress, suppress_parts

COORDINATE = st.floats(-50, 1000, width=32)


@st.composite
def some_boxes(draw: st.DrawFn, least: int = 0) -> NDArray[np.float32]:
    corners = draw(st.lists(st.tuples(*[COORDINATE] * 4), min_size=least, max_size=25))
    boxes = np.array(corners, np.float32).reshape(-1, 4)
    return np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], 1)


def test_known_overlaps() -> None:
    one = np.array([[0, 0, 10, 10]], np.float32)
    shapes = [[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [0, 0, 5, 10], [40, 40, 40, 40]]
    others = np.array(shapes, np.float32)
    assert iou(one, others)[0] == pytest.approx([1, 1 / 3, 0, 0.5, 0])
    assert covered(one, others)[0] == pytest.approx([1, 0.5, 0, 1, 0])


@given(some_boxes(), some_boxes())
def test_overlap_is_a_share_and_symmetric(a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert (overlap >= 0).all()
    assert (overlap <= 1 + 1e-5).all()
    assert np.allclose(overlap, iou(b, a).T)


@given(some_boxes(), some_boxes())
def test_a_covered_share_is_no_less_than_the_overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> None:
    share = covered(a, b)
    assert share.shape == (len(a), len(b))
    assert (share <= 1 + 1e-5).all()
    assert (share >= iou(a, b) - 1e-5).all()


@given(some_boxes(least=1))
def test_a_box_overlaps_itself_wholly_unless_it_is_empty(boxes: NDArray[np.float32]) -> None:
    own = np.diag(iou(boxes, boxes))
    assert np.allclose(own, np.where(areas(boxes) > 0, 1, 0), atol=1e-4)


@given(some_boxes(), st.floats(0, 1))
def test_suppression(boxes: NDArray[np.float32], most_overlap: float) -> None:
    scores = np.random.default_rng(len(boxes)).integers(0, 5, len(boxes)).astype(np.float32) / np.float32(4)
    kept = suppress(boxes, scores, most_overlap)
    assert len(set(kept.tolist())) == len(kept)
    assert (np.diff(scores[kept]) <= 0).all(), "best first"
    overlap = iou(boxes, boxes)
    for place, number in enumerate(kept):
        assert (overlap[number, kept[:place]] <= most_overlap).all(), "kept boxes stay apart"
    for number in set(range(len(boxes))) - set(kept.tolist()):
        stronger = [k for k in kept if scores[k] >= scores[number]]
        assert (overlap[number, stronger] > most_overlap).any(), (
            "a box goes only for a better one that covers it"
        )


def test_a_part_of_a_logo_is_no_second_logo() -> None:
    whole, left, beside = (0, 0, 100, 30), (2, 2, 50, 28), (80, 0, 180, 30)
    boxes = np.array([left, whole, beside], np.float32)
    scores = np.array([0.5, 0.9, 0.7], np.float32)
    assert suppress_parts(boxes, scores, np.array([1, 1, 1]), 0.8).tolist() == [1, 2]
    assert suppress_parts(boxes, scores, np.array([2, 1, 1]), 0.8).tolist() == [1, 2, 0], (
        "another brand may lie inside"
    )
    assert suppress_parts(boxes, scores[[1, 0, 2]], np.array([1, 1, 1]), 0.8).tolist() == [0, 2]


def test_the_boxes_of_a_long_strip_take_little_memory() -> None:
    """A banner of 40 x 20,000 px has 20,000; all by all they would take gigabytes."""
    left = np.repeat(np.arange(50, dtype=np.float32) * 100, 100)
    boxes = np.stack((left, left * 0, left + 90, left * 0 + 30), 1)
    scores = np.linspace(1, 0.1, len(left), dtype=np.float32)
    tracemalloc.start()
    try:
        assert suppress(boxes, scores, 0.45).tolist() == list(range(0, 5000, 100))
        assert suppress_parts(boxes, scores, np.zeros(5000, np.int64), 0.8).tolist() == list(
            range(0, 5000, 100)
        )
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@given(some_boxes(), st.integers(1, 800), st.integers(1, 800))
def test_clipped_boxes_lie_in_the_picture(boxes: NDArray[np.float32], width: int, height: int) -> None:
    inside = clip(boxes, width, height)
    assert (inside >= 0).all()
    assert (inside[:, [0, 2]] <= width).all()
    assert (inside[:, [1, 3]] <= height).all()


@given(some_boxes(least=1), st.integers(1, 5000), st.integers(1, 5000))
def test_relative_boxes_stay_inside_the_unit_square(
    boxes: NDArray[np.float32], width: int, height: int
) -> None:
    box = relative(boxes[0], width, height)
    assert 0 <= box.x <= 1
    assert 0 <= box.y <= 1
    assert box.width >= 0
    assert box.height >= 0
    assert box.x + box.width <= 1
    assert box.y + box.height <= 1


def test_relative_keeps_the_place() -> None:
    box = relative(np.array([20, 30, 60, 90], np.float32), 200, 300)
    assert (box.x, box.y, box.width, box.height) == pytest.approx((0.1, 0.1, 0.2, 0.2))
