"""Figures on brands nobody trained, and of the talk's CNN both ways."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos.sliding import SlidingWindowDetector
from monitor.settings import packaged
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.dense_talk import PROPOSED_FROM, DenseTalk, compare
from training.logos.open_set import REFERENCES, StrangerFinder, measure_left_out, references
from training.logos.rescoring import measure_rescoring
from training.logos.scoring import label_detector


def test_an_embedder_that_learned_from_val_is_not_measured_there() -> None:
    models = packaged("onnx_models")
    with pytest.raises(SetupError, match="learned from val pictures"):
        measure_rescoring(models / "logos", models / "logos-embedder", [], draws=10)


def test_models_that_saw_the_brands_are_refused(drawn: list[AnnotatedPicture]) -> None:
    finder = StrangerFinder(packaged("onnx_models"))
    mark = (LogoBox("vmware", 1, 1, 40, 30),)
    own = [replace(drawn[0], folder="vmware", boxes=mark)]
    with pytest.raises(SetupError, match="was trained on vmware"):
        measure_left_out(finder, own, draws=10)


def test_references_are_large_train_photographs_one_of_a_group(drawn: list[AnnotatedPicture]) -> None:
    def shown(number: int, **changes: object) -> AnnotatedPicture:
        plain = replace(drawn[number], boxes=(LogoBox("acme", 10, 10, 60, 30),), group=f"g{number}")
        return replace(plain, **changes)  # type: ignore[arg-type]

    small = (LogoBox("acme", 10, 10, 15, 10),)
    unfit = [
        shown(7, split=Split.TEST),
        shown(8, flat=0.9),
        shown(9, boxes=small),
        shown(10, folder="elsewhere"),
        shown(11, boxes=(LogoBox("other", 10, 10, 60, 30),)),
    ]
    twins = [shown(number, group="same") for number in range(3)]
    chosen = references([*unfit, *twins, shown(3), shown(4)], "acme", "drawn")
    assert len(chosen) == 3
    many = references([shown(number) for number in range(10)], "acme", "drawn")
    assert len(many) == REFERENCES
    again = references([shown(number) for number in reversed(range(10))], "acme", "drawn")
    assert [reference.name for reference in again] == [reference.name for reference in many]


@pytest.fixture(scope="module")
def talk() -> DenseTalk:
    return DenseTalk(*talk_model())


def talk_model() -> tuple[Path, SlidingWindowDetector]:
    folder = packaged("onnx_models") / "logos-talk"
    detector = label_detector(folder, load_manifest(folder).labels, 1, 0.5)
    assert isinstance(detector, SlidingWindowDetector)
    return folder, detector


def test_a_picture_of_one_window_scores_the_same_both_ways(talk: DenseTalk) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (22, 75, 3), dtype=np.uint8)
    one = talk.scores_of_level(pixels, np.zeros((1, 2), np.int64))
    assert one == pytest.approx(talk.scores_of_windows(pixels[None]), abs=1e-5)


@pytest.mark.training
def test_both_ways_look_at_the_same_windows(talk: DenseTalk, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(60, 200, (90, 120, 3), dtype=np.uint8)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 3)
    cv2.imwrite(str(tmp_path / "noise.png"), pixels)
    (boxes, cut), (same, dense) = talk.windows(pixels), talk.dense(pixels)
    assert np.array_equal(boxes, same)
    assert cut.shape == dense.shape == (len(boxes),)
    again, confirmed = talk.confirmed(pixels)
    assert np.array_equal(boxes, again)
    assert np.allclose(confirmed, np.where(dense >= PROPOSED_FROM, cut, 0), atol=1e-6)
    picture = AnnotatedPicture(tmp_path / "noise.png", 120, 90, (), Split.TEST, "noise")
    result = compare(talk, [picture], threshold=float(cut.max()) + 1e-3, most_overlap=0.3)
    assert (result.pictures, result.windows, result.boxes, result.dense.met) == (1, len(cut), 0, 0)
    assert result.dense.seconds < result.seconds
    assert result.looked_again == pytest.approx((dense >= PROPOSED_FROM).mean())
    highest = compare(talk, [picture], threshold=float(cut.max()), most_overlap=0.3)
    assert highest.boxes == 1
    assert highest.confirmed.met == int(dense[cut.argmax()] >= PROPOSED_FROM)
