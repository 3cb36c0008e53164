"""A small drawn data set: a red disc is one brand, a blue bar another, and pictures with neither."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.pictures import AnnotatedPicture, LogoBox, Split


@pytest.fixture
def drawn(tmp_path: Path) -> list[AnnotatedPicture]:
    rng = np.random.default_rng(0)
    pictures = []
    for number in range(12):
        pixels = rng.integers(110, 140, (180, 240, 3), np.uint8)
        boxes: tuple[LogoBox, ...] = ()
        x, y = int(rng.integers(50, 150)), int(rng.integers(50, 130))
        if number % 3 == 0:
            cv2.circle(pixels, (x, y), 30, (0, 0, 255), -1)
            boxes = (LogoBox("disc", x - 30, y - 30, 61, 61),)
        elif number % 3 == 1:
            cv2.rectangle(pixels, (x - 40, y - 10), (x + 39, y + 9), (255, 0, 0), -1)
            boxes = (LogoBox("bar", x - 40, y - 10, 80, 20),)
        path = tmp_path / f"{number}.png"
        cv2.imwrite(str(path), pixels)
        pictures.append(AnnotatedPicture(path, 240, 180, boxes, Split.TRAIN, "drawn"))
    return pictures
