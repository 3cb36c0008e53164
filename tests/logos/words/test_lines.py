"""Boxes of lines and of parts of them: inside the picture, where the letters are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.logos.words.lines import TextLine
from monitor.messages import Box

WIDE = ((0.1, 0.2), (0.5, 0.2), (0.5, 0.3), (0.1, 0.3))
TALL = ((0.1, 0.2), (0.2, 0.2), (0.2, 0.6), (0.1, 0.6))


def edges(box: Box) -> tuple[float, ...]:
    return tuple(round(edge, 6) for edge in (box.x, box.y, box.width, box.height))


def test_a_whole_line_is_its_quadrilateral() -> None:
    assert edges(TextLine("VMware", 1.0, WIDE).box()) == (0.1, 0.2, 0.4, 0.1)


def test_a_part_of_a_line_is_its_share_of_the_letters() -> None:
    assert edges(TextLine("at VMware!", 1.0, WIDE).box(3, 9)) == (0.22, 0.2, 0.24, 0.1)


def test_an_upright_line_is_cut_from_top_to_bottom() -> None:
    assert edges(TextLine("at VMware!", 1.0, TALL, upright=True).box(3, 9)) == (0.1, 0.32, 0.1, 0.24)


def test_a_slanted_line_keeps_to_its_slant() -> None:
    slanted = ((0.0, 0.5), (0.8, 0.1), (0.8, 0.2), (0.0, 0.6))
    assert edges(TextLine("abcd", 1.0, slanted).box(2, 4)) == (0.4, 0.1, 0.4, 0.3)


@pytest.mark.parametrize("corner", [(0.0, 0.0), (1.0, 1.0), (1.2, -0.1)])
def test_a_line_without_area_still_has_a_box(corner: tuple[float, float]) -> None:
    box = TextLine("x", 1.0, (corner, corner, corner, corner)).box()
    assert box.width >= 0.0009
    assert box.height >= 0.0009
    assert box.x >= 0
    assert box.x + box.width <= 1.000001


corners = st.tuples(*[st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5)) for _ in range(4)])


@settings(deadline=None)
@given(text=st.text(max_size=12), corners=corners, upright=st.booleans(), data=st.data())
def test_every_box_is_one_the_database_takes(text: str, corners, upright: bool, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    box = TextLine(text, 1.0, corners, upright).box(start, end)
    assert box.x >= 0
    assert box.y >= 0
    assert box.width > 0
    assert box.height > 0
    assert box.x + box.width <= 1.000001
    assert box.y + box.height <= 1.000001
