"""Figures on crops, on brands nobody trained, and of the talk's CNN both ways."""

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
from training.logos.crop_choice import LOWERED, WANTED_PRECISION, WANTED_RECALL, choose
from training.logos.crop_decision import CropDecision, read_decision
from training.logos.crop_figures import (
    LabelledCrops,
    TalkTask,
    crop_results,
    named_crops,
    one_against_the_rest,
    share_with_interval,
    told_crops,
)
from training.logos.dense_talk import PROPOSED_FROM, DenseTalk, compare
from training.logos.open_set import REFERENCES, StrangerFinder, measure_left_out, references
from training.logos.rescoring import measure_rescoring
from training.logos.scoring import label_detector

AXES = np.eye(6, dtype=np.float32)


def decision(weight: float = 0.0, lowered: float = 0.0, told_lowered: float = 0.0) -> CropDecision:
    """Brands a, b, c along the first axes, none along the fourth; b has a reference of its own elsewhere."""
    return CropDecision(
        labels=("a", "b", "c"),
        vectors=AXES[:3],
        none=AXES[3:4],
        references=AXES[4:5],
        reference_brands=np.array([1]),
        weight=weight,
        lowered=lowered,
        told_lowered=told_lowered,
    )


def test_references_count_as_much_as_their_weight() -> None:
    elsewhere = AXES[4:5]
    assert decision(0).probabilities(elsewhere)[0].argmax() != 1
    assert decision(2).probabilities(elsewhere)[0].argmax() == 1
    assert decision(2).probabilities(AXES[3:4])[0].argmax() == 3, "none stays none"
    among = decision().probabilities(AXES[[0, 2]], ["c", "a"])
    assert among.shape == (2, 3)
    assert among.argmax(1).tolist() == [1, 0]
    assert np.allclose(among.sum(1), 1)


def test_no_logo_can_be_lowered() -> None:
    between = (AXES[[1]] + 1.05 * AXES[[3]]) / np.sqrt(1 + 1.05**2)
    assert decision().probabilities(between)[0].argmax() == 3
    assert decision(lowered=2).probabilities(between)[0].argmax() == 1


def test_crops_are_counted_by_folder_and_for_the_talks_task() -> None:
    labels = ["a", "a", "b", "", ""]
    crops = LabelledCrops(AXES[[0, 1, 1, 3, 0]], labels, ["one"] * 5, list("vwxyz"))
    (result,) = crop_results(crops, decision(), "b", draws=50)
    assert (result.brands, result.logos, result.backgrounds) == (2, 3, 2)
    assert result.top1.value == pytest.approx(2 / 3)
    assert result.top1.low <= result.top1.value <= result.top1.high
    assert result.none_right == 0.5
    assert result.overall == pytest.approx(3 / 5)
    # b: found twice, once rightly; of the four others one is wrongly called b.
    assert result.talk_brand == "b"
    assert result.talk_one.macro_precision == pytest.approx((1 / 2 + 1) / 2)
    assert result.talk_one.macro_recall == pytest.approx((1 + 3 / 4) / 2)


def told_apart(chosen: CropDecision, crops: LabelledCrops) -> dict[str, TalkTask]:
    return one_against_the_rest(told_crops(chosen, crops), np.array(crops.labels))


def least_room(chosen: CropDecision, crops: LabelledCrops) -> float:
    tasks = told_apart(chosen, crops).values()
    precision = np.mean([task.macro_precision for task in tasks])
    recall = np.mean([task.macro_recall for task in tasks])
    return float(min(precision - WANTED_PRECISION, recall - WANTED_RECALL))


def nearly(axis: int) -> np.ndarray:
    """Between a brand and none, a little nearer to none."""
    return np.asarray((AXES[[axis]] + 1.05 * AXES[[3]]) / np.sqrt(1 + 1.05**2), np.float32)


def test_telling_a_brand_from_the_rest_has_a_no_logo_of_its_own() -> None:
    generous = decision(lowered=2, told_lowered=0)
    crops = LabelledCrops(np.concatenate([AXES[[0, 1]], nearly(1)]), ["a", "b", ""], ["one"] * 3, list("xyz"))
    assert named_crops(generous, crops, ["a", "b"]).tolist() == ["a", "b", "b"]
    assert told_crops(generous, crops).tolist() == ["a", "b", ""]
    (result,) = crop_results(crops, generous, "b", draws=50)
    assert result.none_right == 0, "named with the first"
    assert result.talk_one.macro_precision == result.talk_one.macro_recall == 1


def test_the_rest_holds_brands_that_no_crop_shows() -> None:
    crops = LabelledCrops(AXES[[0, 1, 2]], ["a", "b", ""], ["one"] * 3, list("xyz"))
    assert told_crops(decision(), crops).tolist() == ["a", "b", "c"]
    tasks = told_apart(decision(), crops)
    assert set(tasks) == {"a", "b"}
    assert all(task.macro_precision == task.macro_recall == 1 for task in tasks.values())


def test_what_is_likeliest_is_chosen_and_told_where_there_is_most_room() -> None:
    own_reference = AXES[[4]]
    points = np.concatenate([AXES[[0, 1, 3]], own_reference, nearly(0), nearly(1)])
    crops = LabelledCrops(points, ["a", "b", "", "b", "a", ""], ["one"] * 6, list("uvwxyz"))
    chosen, metrics = choose(decision(), crops)
    assert chosen.weight > 0, "without its reference the fourth crop has no name"
    rooms = [least_room(replace(chosen, told_lowered=lowered), crops) for lowered in LOWERED]
    assert least_room(chosen, crops) == max(rooms) > min(rooms)
    assert {metric.dataset for metric in metrics} == {"fl27+tl10"}
    assert max(metric.value for metric in metrics) == 1


def test_an_interval_draws_near_duplicates_together() -> None:
    hits = np.array([True] * 50 + [False] * 50)
    apart = share_with_interval(hits, np.arange(100).astype(str), 400)
    together = share_with_interval(hits, np.array(["x"] * 50 + ["y"] * 50), 400)
    assert apart.value == together.value == 0.5
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_the_shipped_embedder_brings_its_brands() -> None:
    folder = packaged("onnx_models") / "logos-embedder"
    shipped = read_decision(folder)
    assert shipped.labels == load_manifest(folder).labels
    assert len(shipped.vectors) == len(shipped.labels)
    own = shipped.probabilities(shipped.references)[:, :-1].argmax(1)
    assert (own == shipped.reference_brands).mean() > 0.8, "its own training crops"


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
