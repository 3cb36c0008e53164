"""Annotated pictures: boxes where the detections are, the original untouched."""

import numpy as np

from monitor.logos import annotate
from monitor.messages import Box, Detection, WrittenBrand


def test_boxes_are_drawn_on_a_copy() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    found = Detection(brand="Citroën", score=0.9, box=Box(0.25, 0.4, 0.5, 0.4))
    drawn = annotate(pixels, [found])
    assert not pixels.any()
    assert drawn.shape == pixels.shape
    for row, column in ((40, 100), (80, 100), (60, 50), (60, 150)):
        assert drawn[row - 1 : row + 2, column - 1 : column + 2].any(), "an edge of the box"
    assert not drawn[60, 100].any(), "the inside stays visible"


def test_a_brand_keeps_its_colour() -> None:
    pixels = np.zeros((100, 200, 3), np.uint8)
    box = Box(0.1, 0.5, 0.3, 0.3)
    one = annotate(pixels, [Detection(brand="VMware", score=0.9, box=box)])
    other = annotate(pixels, [Detection(brand="VMware", score=0.2, box=box)])
    assert one[80, 40].tolist() == other[80, 40].tolist() != [0, 0, 0]


def test_nothing_found_changes_nothing() -> None:
    pixels = np.full((8, 8, 3), 7, np.uint8)
    assert (annotate(pixels, []) == 7).all()


def test_tiny_pictures_and_boxes_at_the_edge() -> None:
    found = [
        Detection(brand="N", score=1.0, box=Box(0, 0, 1, 1)),
        Detection(brand="M", score=0.5, box=Box(1, 1, 0, 0)),
    ]
    assert annotate(np.zeros((8, 8, 3), np.uint8), found).shape == (8, 8, 3)


def test_names_read_are_drawn_beneath_the_logos() -> None:
    pixels = np.zeros((200, 400, 3), np.uint8)
    box = Box(0.25, 0.4, 0.5, 0.2)
    name = WrittenBrand(brand="Citroën", matched="CITROËN", line="a CITROËN", score=0.9, box=box)
    drawn = annotate(pixels, [], [name])
    assert drawn[79:82, 200].any(), "an edge of the box"
    assert drawn[122:150].any(), "the caption underneath"
    assert not drawn[:78].any()
    both = annotate(pixels, [Detection(brand="Citroën", score=0.5, box=box)], [name])
    assert both[:78].any(), "the logo's caption above"
    assert both[122:150].any()


def test_a_name_at_the_lower_edge_has_its_caption_above() -> None:
    name = WrittenBrand(brand="N", matched="N", line="N", score=1.0, box=Box(0.2, 0.8, 0.5, 0.2))
    assert annotate(np.zeros((200, 400, 3), np.uint8), [], [name])[:158].any()
