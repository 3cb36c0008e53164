"""`brand-train evaluate logos` on a small set of its own: every figure is there and means what it says."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from monitor.settings import packaged
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.canvases import VMWARE_WORDMARK, draw_svg
from training.logos.evaluation import Evaluation, evaluate_models


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """24 plain signs with the VMware wordmark, and six pictures of noise."""
    wordmark = cv2.resize(draw_svg(VMWARE_WORDMARK, 512), (180, 29), interpolation=cv2.INTER_AREA)
    alpha = wordmark[:, :, 3:].astype(np.float32) / 255
    rng = np.random.default_rng(0)
    for folder, count in (("signs", 24), ("nothing", 6)):
        (tmp_path / folder / "images").mkdir(parents=True)
        pictures = []
        for number in range(count):
            ground = rng.integers(0, 90, 3) if folder == "signs" else rng.integers(90, 160, 3)
            pixels = np.clip(rng.normal(ground, 6, (240, 320, 3)), 0, 255)
            boxes: tuple[LogoBox, ...] = ()
            if folder == "signs":
                x, y = int(rng.integers(5, 130)), int(rng.integers(5, 200))
                part = pixels[y : y + 29, x : x + 180]
                pixels[y : y + 29, x : x + 180] = part * (1 - alpha) + 240 * alpha
                boxes = (LogoBox("vmware", x, y, 180, 29),)
            path = tmp_path / folder / "images" / f"{number}.png"
            cv2.imwrite(str(path), pixels.astype(np.uint8))
            pictures.append(AnnotatedPicture(path, 320, 240, boxes, Split.TEST, folder, str(number)))
        write_coco(tmp_path / folder / "annotations.json", pictures)
    return tmp_path


def test_the_shipped_model_finds_clear_wordmarks(data: Path, tmp_path: Path) -> None:
    report = evaluate_models(packaged("onnx_models") / "logos", data, draws=20)
    photographs, everything = report.folders
    assert (photographs.folder, photographs.photographs_only, everything.photographs_only) == (
        "signs",
        True,
        False,
    )
    assert everything.pictures == everything.boxes == 24
    assert everything.map50.low <= everything.map50.value <= everything.map50.high
    assert everything.map50.value > 0.8
    assert 0 < everything.map75 <= everything.map50.value
    assert everything.at_threshold.hits + everything.at_threshold.missed == 24
    assert report.negatives == 6
    assert report.false_alarm_share == 0
    assert report.seconds is not None
    assert 0 < report.seconds < 10
    assert report.timed == "signs"
    report.write(tmp_path / "out")
    written = (tmp_path / "out" / "evaluation.json").read_bytes()
    assert msgspec.json.decode(written, type=Evaluation) == report
    assert f"{everything.map50.value:.3f}" in (tmp_path / "out" / "evaluation.md").read_text()
