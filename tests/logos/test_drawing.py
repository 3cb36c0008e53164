"""Annotated pictures: boxes where the detections are, the original untouched."""

import numpy as np

from monitor.logos import annotate
from monitor.logos.evidence import Look, Veto
from monitor.logos.words.lines import TextLine
from monitor.messages import Box, Detection


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


def test_the_caption_says_by_what_it_was_found() -> None:
    pixels = np.zeros((200, 400, 3), np.uint8)
    box = Box(0.1, 0.4, 0.5, 0.2)
    captions = [
        np.flatnonzero(annotate(pixels, [Detection(brand="N", score=0.9, box=box, evidence=by)])[70].any(-1))
        for by in ("look", "letters", "both")
    ]
    look, letters, both = (len(columns) for columns in captions)
    assert 0 < look < letters < both
    brief = annotate(pixels, [Detection(brand="N", score=0.9, box=box, evidence="both")], evidence=False)
    assert 0 < len(np.flatnonzero(brief[70].any(-1))) < look


def test_a_veto_is_dashed_in_grey_with_what_was_read_there() -> None:
    pixels = np.zeros((200, 400, 3), np.uint8)
    look = Look("VMware", 0.9, 0.6, Box(0.25, 0.5, 0.5, 0.2))
    line = TextLine("VMUG", 0.98, ((0.25, 0.5), (0.75, 0.5), (0.75, 0.7), (0.25, 0.7)))
    drawn = annotate(pixels, [], [Veto(look, line)])
    assert len(np.unique(drawn[140, 100:300])) == 2, "dashes, and gaps between them"
    assert (drawn == drawn[..., :1]).all(), "nothing has a brand's colour"
    assert drawn[80:99].any(), "the caption"
    shown = Detection(brand="VMware", score=0.9, box=look.box)
    assert len(np.unique(annotate(pixels, [shown], [Veto(look, line)])[140, 100:300, 0])) == 1, "it is on top"
