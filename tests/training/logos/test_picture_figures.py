"""Brands found in pictures, on a small set of its own, with the shipped models and the reader."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.brands import load_brands
from monitor.settings import packaged
from training.data.coco import write_coco
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.picture_figures import (
    REFERENCES,
    PictureFigures,
    Way,
    look_and_read,
    measure_pictures,
)

STRANGER = "quorvex"


def sign(word: str, seed: int) -> np.ndarray:
    """A dark word on a light, noisy sign."""
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(225, 5, (240, 320, 3)), 0, 255).astype(np.uint8)
    at = (int(rng.integers(10, 40)), int(rng.integers(90, 180)))
    return cv2.putText(pixels, word, at, cv2.FONT_HERSHEY_DUPLEX, 1.8, (40, 20, 20), 3, cv2.LINE_AA)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Signs of a watched brand and of nothing; a brand that nobody trained, with labels and no boxes."""
    for folder, word, split, count in (
        ("tl10", "VMware", Split.TEST, 3),
        ("nothing", "", Split.TEST, 3),
        ("shelf", STRANGER.title(), Split.VAL, REFERENCES + 3),
    ):
        (tmp_path / folder / "images").mkdir(parents=True)
        pictures = []
        for number in range(count):
            path = tmp_path / folder / "images" / f"{number}.png"
            cv2.imwrite(str(path), sign(word, number))
            boxes = (LogoBox("vmware", 5, 40, 300, 150),) if word == "VMware" else ()
            labels = (STRANGER,) if folder == "shelf" else ()
            pictures.append(
                AnnotatedPicture(
                    path, 320, 240, boxes, split, folder, str(number), labels=labels, boxed=not labels
                )
            )
        write_coco(tmp_path / folder / "annotations.json", pictures)
    return tmp_path


def figures(data: Path, kept: Path) -> PictureFigures:
    models, brands = packaged("onnx_models"), load_brands()
    found = look_and_read(read_logo_sets(data), models / "logos", models / "logos-embedder", brands, kept)
    return measure_pictures(found, brands)


def test_pictures_are_counted_by_look_letters_and_both(data: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    found = figures(data, kept)
    rows = {row.name: row for row in found.rows}
    assert set(rows) == {"clothing (tl10, ld3k_clothes)", "nothing"}, "no row of pictures without boxes"
    shown = rows["clothing (tl10, ld3k_clothes)"]
    assert (shown.pictures, shown.shown) == (3, 3)
    assert shown.ways[Way.LETTERS].found == shown.ways[Way.BOTH].found == 3
    assert shown.ways[Way.LETTERS].wrong == shown.ways[Way.BOTH].wrong == 0
    assert all(rows["nothing"].ways[way].wrong == 0 for way in Way)
    assert rows["nothing"].shown == 0
    trained, stranger = found.rates
    assert (trained.pictures, trained.others) == (3, 3)
    assert trained.at_rate[Way.BOTH] == trained.shipped[Way.BOTH] == 1
    assert stranger.name == f"nobody trained, shelf: {STRANGER.title()}"
    assert (stranger.pictures, stranger.others, stranger.alarms[Way.LETTERS]) == (3, 6, 0)
    assert stranger.shipped[Way.LETTERS] == stranger.at_rate[Way.LETTERS] == 1, "its name suffices"
    assert stranger.shipped[Way.BOTH] == 1
    table = found.markdown()
    assert "| clothing (tl10, ld3k_clothes) | 3 | 3 |" in table
    assert "| nobody trained, shelf: Quorvex | 3 |" in table
    for picture in data.glob("*/images/*"):
        if picture.parent.parent.name != "shelf":  # whose references are embedded anew
            picture.unlink()
    assert figures(data, kept) == found, "what was seen and read is kept"
