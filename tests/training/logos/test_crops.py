"""Crops: logos whole, backgrounds free of logos, files that can be read back."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.logos.boxes import iou
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.crops import CropKind, CropPlan, plan_crops, write_crops


@pytest.fixture
def pictures(tmp_path: Path) -> list[AnnotatedPicture]:
    """Grey pictures with one red logo each, and one without any."""
    made = []
    for number in range(4):
        pixels = np.full((120, 200, 3), 128, np.uint8)
        boxes = () if number == 3 else (LogoBox("nike", 40 + 10 * number, 30, 60, 30),)
        for box in boxes:
            pixels[int(box.y) : int(box.y + box.height), int(box.x) : int(box.x + box.width)] = (0, 0, 255)
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), pixels)
        made.append(AnnotatedPicture(path, 200, 120, boxes, Split.TRAIN, "drawn"))
    return made


def test_every_logo_is_cut_whole_and_backgrounds_meet_none(pictures: list[AnnotatedPicture]) -> None:
    crops = list(plan_crops(pictures, CropPlan(moved=3, near=6, background=5), seed=1))
    logos = [crop for crop in crops if crop.kind is CropKind.LOGO]
    assert len(logos) == 3 * 4
    for crop in crops:
        pixels = crop.cut(crop.picture.load())
        red = float((pixels == (0, 0, 255)).all(2).mean())
        if crop.kind is CropKind.LOGO:
            assert red > 0.6
        else:
            marked = np.array([box.corners for box in crop.picture.boxes], np.float32).reshape(-1, 4)
            assert iou(np.array([crop.box], np.float32), marked).max(initial=0) <= 0.25
    assert sum(crop.kind is CropKind.BACKGROUND for crop in crops) >= 15
    assert any(crop.kind is CropKind.NEAR for crop in crops)


def test_where_logos_may_have_no_box_nothing_but_boxes_is_cut(pictures: list[AnnotatedPicture]) -> None:
    badges = [replace(picture, boxed=False) for picture in pictures]
    assert {crop.kind for crop in plan_crops(badges, CropPlan(near=6, background=5), seed=1)} == {
        CropKind.LOGO
    }


def test_the_true_box_comes_first_and_is_exact(pictures: list[AnnotatedPicture]) -> None:
    first = next(plan_crops(pictures, CropPlan(moved=2), seed=1))
    assert (first.cut(first.picture.load()) == (0, 0, 255)).all()


def test_a_seed_gives_the_same_crops(pictures: list[AnnotatedPicture]) -> None:
    plan = CropPlan(moved=2, near=2, background=2)
    assert list(plan_crops(pictures, plan, 7)) == list(plan_crops(pictures, plan, 7))
    assert list(plan_crops(pictures, plan, 7)) != list(plan_crops(pictures, plan, 8))


def test_written_crops(pictures: list[AnnotatedPicture], tmp_path: Path) -> None:
    crops = list(plan_crops(pictures, CropPlan(), seed=1))
    assert write_crops(crops, tmp_path / "crops") == len(crops)
    with (tmp_path / "crops" / "crops.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [crop.label for crop in crops]
    for row, crop in zip(rows, crops, strict=True):
        written = cv2.imread(str(tmp_path / "crops" / row["file"]))
        assert written is not None
        assert (written == crop.cut(crop.picture.load())).all()
