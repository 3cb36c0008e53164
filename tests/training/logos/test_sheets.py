"""Contact sheets and mining: hits, misses and false alarms; and that only train pictures are mined."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import SetupError
from monitor.messages import Box, Detection
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.average_precision import Found, Scored
from training.logos.crops import CropKind, write_crops
from training.logos.mining import mine
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


class Fooled:
    """A detector that sees a disc in the top left corner of everything, and where a logo really is."""

    def __init__(self, pictures: Sequence[AnnotatedPicture]) -> None:
        self.seen = 0
        self._pictures = iter(pictures)

    def detect(self, pictures: Sequence[np.ndarray]) -> list[tuple[Detection, ...]]:
        self.seen += 1
        picture = next(self._pictures)
        found = [Detection(brand="disc", score=0.2 + self.seen / 100, box=Box(0, 0, 0.1, 0.1))]
        for box in picture.boxes:
            share = Box(box.x / 240, box.y / 180, box.width / 240, box.height / 180)
            found.append(Detection(brand="disc", score=0.9, box=share))
        found.append(Detection(brand="disc", score=0.05, box=Box(0.9, 0.9, 0.1, 0.1)))
        return [tuple(found)]


def test_mining_keeps_what_fooled_the_model_and_spares_val_and_test(
    drawn: list[AnnotatedPicture], tmp_path: Path
) -> None:
    held = [
        replace(picture, split=split) for picture, split in zip(drawn, (Split.VAL, Split.TEST), strict=False)
    ]
    detector = Fooled(drawn[2:])
    crops = mine(detector, [*held, *drawn[2:]], from_score=0.1, most=4)  # type: ignore[arg-type]
    assert detector.seen == len(drawn) - 2
    assert [crop.picture.path.stem for crop in crops] == ["11", "10", "9", "8"], "the surest first"
    assert all(crop.kind is CropKind.MINED and crop.box[:2] == (0, 0) for crop in crops)
    write_crops(crops, tmp_path / "crops")
    assert len(list((tmp_path / "crops" / "background").glob("*.png"))) == 4
    assert "mined" in (tmp_path / "crops" / "crops.csv").read_text()
    with pytest.raises(SetupError, match="none of these pictures is for training"):
        mine(detector, held, from_score=0.1, most=4)  # type: ignore[arg-type]
