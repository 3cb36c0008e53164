"""Contact sheets: labels; hits, misses, false alarms and vetoes."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import SetupError
from monitor.logos.evidence import Look
from monitor.logos.words.lines import TextLine
from monitor.messages import Box
from training.data.pictures import AnnotatedPicture
from training.logos.sheets import Kind, chosen_tiles, draw_sheet, judged_tiles, marked_tiles, write_sheet
from training.logos.witnesses import Seen

BRANDS = {"disc": "Disc", "bar": "Bar"}


def place(picture: AnnotatedPicture, number: int = 0) -> Box:
    """Of a marked logo, in relative units."""
    box = picture.boxes[number]
    return Box(
        box.x / picture.width, box.y / picture.height, box.width / picture.width, box.height / picture.height
    )


def test_hits_misses_false_alarms_and_vetoes_are_told_apart(drawn: list[AnnotatedPicture]) -> None:
    disc, bar, nothing = drawn[:3]
    somewhere = Box(0.1, 0.1, 0.4, 0.2)
    x1, y1, x2, y2 = 0.1, 0.1, 0.5, 0.3
    other = TextLine("KNAUS", 0.99, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))
    seen = [
        Seen(disc, (Look("Disc", 0.99, 0.5, place(disc)),), (), ()),
        Seen(bar, (), (), ()),
        Seen(nothing, (Look("Bar", 0.99, 0.5, somewhere),), (), ()),
        Seen(nothing, (Look("Bar", 0.55, 0.5, somewhere),), (), (other,)),
        Seen(replace(nothing, labels=("bar",), boxed=False), (), (), ()),
    ]
    tiles = judged_tiles(seen, BRANDS)
    assert [(tile.kind, tile.text.split()[0]) for tile in tiles] == [
        (Kind.HIT, "Disc"),
        (Kind.MISS, "Bar"),
        (Kind.FALSE, "Bar"),
        (Kind.VETO, "Bar"),
        (Kind.MISS, "Bar"),
    ]
    assert tiles[0].text.endswith("look")
    assert tiles[0].corners == pytest.approx(disc.boxes[0].corners)
    assert tiles[1].corners == bar.boxes[0].corners
    assert tiles[3].text == "Bar KNAUS"
    assert tiles[4].corners == (0, 0, 240, 180), "labelled as a whole"
    assert [tile.kind for tile in judged_tiles(seen, BRANDS, "disc")] == [Kind.HIT]


def test_a_sheet_shows_every_tile_in_its_frame(drawn: list[AnnotatedPicture], tmp_path: Path) -> None:
    tiles = chosen_tiles(marked_tiles(drawn), [Kind.LABEL], most=5, seed=0)
    assert len(tiles) == 5
    assert [tile.text for tile in tiles] == sorted(tile.text for tile in tiles)
    sheet = draw_sheet(tiles)
    width = sheet.shape[1] // 5
    for number, tile in enumerate(tiles):
        middle = sheet[55:65, number * width + 55 : number * width + 65].astype(int).mean((0, 1))
        strongest = {"disc": 2, "bar": 0}[tile.text]  # red, blue; BGR
        assert middle.argmax() == strongest
        assert sheet[0, number * width].tolist() == [160, 160, 160]
    write_sheet(tmp_path / "new" / "sheet.png", tiles)
    assert np.array_equal(cv2.imread(str(tmp_path / "new" / "sheet.png")), sheet)
    with pytest.raises(SetupError, match=r"\.jpg or \.png"):
        write_sheet(tmp_path / "sheet.nothing", tiles)
    with pytest.raises(SetupError, match="nothing to show: no miss"):
        chosen_tiles(tiles, [Kind.MISS], most=5, seed=0)
