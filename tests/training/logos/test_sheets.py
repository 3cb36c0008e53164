"""Contact sheets: hits, misses and false alarms."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture, LogoBox
from training.logos.average_precision import Found, Scored
from training.logos.sheets import Kind, chosen_tiles, draw_sheet, judged_tiles, marked_tiles, write_sheet


def test_hits_misses_and_false_alarms_are_told_apart(drawn: list[AnnotatedPicture]) -> None:
    disc, bar, nothing = drawn[:3]
    x1, y1, x2, y2 = disc.boxes[0].corners
    ignored = replace(bar, boxes=(replace(bar.boxes[0], ignore=True),))
    scored = [
        Scored(
            (
                Found("disc", 0.9, (x1, y1, x2, y2)),
                Found("disc", 0.8, (x1 + 2, y1, x2 + 2, y2)),  # the box is claimed by the better one
                Found("bar", 0.7, (x1, y1, x2, y2)),
                Found("disc", 0.1, (0, 0, 40, 40)),  # under the threshold
            ),
            disc.boxes,
            "",
        ),
        Scored((Found("bar", 0.9, ignored.boxes[0].corners),), ignored.boxes, ""),
        Scored((), (LogoBox("bar", 5, 5, 30, 10),), ""),
    ]
    tiles = judged_tiles([disc, ignored, nothing], scored, {"disc": 0.5, "bar": 0.5})
    assert [(tile.kind, tile.text) for tile in tiles] == [
        (Kind.HIT, "disc 0.90"),
        (Kind.FALSE, "disc 0.80"),
        (Kind.FALSE, "bar 0.70"),
        (Kind.MISS, "bar"),
    ]
    only = judged_tiles([disc, ignored, nothing], scored, {"disc": 0.5, "bar": 0.5}, label="bar")
    assert [tile.kind for tile in only] == [Kind.FALSE, Kind.MISS]


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


def test_where_logos_may_have_no_box_nothing_is_judged(drawn: list[AnnotatedPicture]) -> None:
    picture = replace(drawn[0], boxes=(), labels=("disc",), boxed=False)
    scored = Scored((Found("bar", 0.9, (1, 1, 40, 40)),), (), "")
    assert judged_tiles([picture], [scored], {"bar": 0.5}) == []
