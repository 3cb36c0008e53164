"""How crops are named, and what is counted of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos.gallery import load_embedder
from monitor.logos.gallery.embedder import unit
from monitor.settings import packaged
from training.data.pictures import AnnotatedPicture
from training.export import write_model_folder
from training.logos.crop_decision import BRANDS_FILE, CropDecision, read_decision
from training.logos.crop_figures import (
    LabelledCrops,
    collect_crops,
    crop_results,
    crops_table,
    named_crops,
    share_with_interval,
    told_crops,
)
from training.logos.talk_task import TalkTask, one_against_the_rest

AXES = np.eye(6, dtype=np.float32)


def decision(lowered: float = 0.0, told_lowered: float = 0.0) -> CropDecision:
    """Brands a, b, c along the first axes, none along the fourth."""
    return CropDecision(
        labels=("a", "b", "c"),
        vectors=AXES[:3],
        none=AXES[None, 3:4],
        lowered=lowered,
        told_lowered=told_lowered,
    )


def labelled(points: NDArray[np.float32], labels: list[str]) -> LabelledCrops:
    """Crops of one folder, each from a picture of its own."""
    numbers = np.arange(len(labels))
    return LabelledCrops(points, labels, ["one"] * len(labels), numbers.astype(str).tolist())


def test_a_crop_is_named_among_the_brands_asked_for() -> None:
    assert decision().probabilities(AXES[3:4])[0].argmax() == 3, "none is none"
    among = decision().probabilities(AXES[[0, 2]], ["c", "a"])
    assert among.shape == (2, 3)
    assert among.argmax(1).tolist() == [1, 0]
    assert np.allclose(among.sum(1), 1)


def test_networks_side_by_side_count_as_their_mean() -> None:
    rng = np.random.default_rng(0)
    one, other = (unit(rng.normal(size=(9, 6)).astype(np.float32)) for _ in range(2))
    alone = [replace(decision(), none=unit(rng.normal(size=(3, 6)).astype(np.float32))[None]) for _ in "ab"]
    joined = replace(
        decision(),
        vectors=np.concatenate([AXES[:3], AXES[:3]], 1) / np.sqrt(2),
        none=np.concatenate([part.none for part in alone]),
    )
    logs = [np.log(part.probabilities(own)) for part, own in zip(alone, (one, other), strict=True)]
    mean = np.exp(np.mean(logs, 0))
    both = joined.probabilities(np.concatenate([one, other], 1) / np.sqrt(2))
    assert np.allclose(both, mean / mean.sum(1, keepdims=True), atol=1e-5)


def test_no_logo_can_be_lowered() -> None:
    between = (AXES[[1]] + 1.05 * AXES[[3]]) / np.sqrt(1 + 1.05**2)
    assert decision().probabilities(between)[0].argmax() == 3
    assert decision(lowered=2).probabilities(between)[0].argmax() == 1


def test_crops_are_counted_by_folder_and_for_the_talks_task() -> None:
    crops = labelled(AXES[[0, 1, 1, 3, 0]], ["a", "a", "b", "", ""])
    (result,) = crop_results(crops, decision(), draws=50)
    assert (result.brands, result.logos, result.backgrounds) == (2, 3, 2)
    assert result.top1.value == pytest.approx(2 / 3)
    assert result.top1.low <= result.top1.value <= result.top1.high
    assert result.none_right == 0.5
    # a: found twice, once rightly, missed once; b: found twice, once rightly.
    assert result.talk_precision.value == pytest.approx(((1 / 2 + 2 / 3) / 2 + (1 / 2 + 1) / 2) / 2, abs=1e-4)
    assert result.talk_recall.value == pytest.approx(((1 / 2 + 2 / 3) / 2 + (1 + 3 / 4) / 2) / 2, abs=1e-4)
    assert f"| one | 3 | {result.top1} | 2 | 0.500 |" in crops_table("embedder@1", [result])


def test_true_boxes_and_backgrounds_are_embedded(drawn: list[AnnotatedPicture]) -> None:
    crops = collect_crops(drawn, load_embedder(packaged("onnx_models") / "logos-embedder"))
    assert sorted(set(crops.labels)) == ["", "bar", "disc"]
    assert sum(label != "" for label in crops.labels) == sum(len(p.targets) for p in drawn)
    assert len(crops.embeddings) == len(crops.labels) == len(crops.folders)


def told_apart(chosen: CropDecision, crops: LabelledCrops) -> dict[str, TalkTask]:
    return one_against_the_rest(told_crops(chosen, crops), np.array(crops.labels))


def nearly(axis: int) -> np.ndarray:
    """Between a brand and none, a little nearer to none."""
    return np.asarray((AXES[[axis]] + 1.05 * AXES[[3]]) / np.sqrt(1 + 1.05**2), np.float32)


def test_telling_a_brand_from_the_rest_has_a_no_logo_of_its_own() -> None:
    generous = decision(lowered=2, told_lowered=0)
    crops = labelled(np.concatenate([AXES[[0, 1]], nearly(1)]), ["a", "b", ""])
    assert named_crops(generous, crops, ["a", "b"]).tolist() == ["a", "b", "b"]
    assert told_crops(generous, crops).tolist() == ["a", "b", ""]
    (result,) = crop_results(crops, generous, draws=50)
    assert result.none_right == 0, "named with the first"
    assert result.talk_precision.value == result.talk_recall.value == 1


def test_the_rest_holds_brands_that_no_crop_shows() -> None:
    crops = labelled(AXES[[0, 1, 2]], ["a", "b", ""])
    assert told_crops(decision(), crops).tolist() == ["a", "b", "c"]
    tasks = told_apart(decision(), crops)
    assert set(tasks) == {"a", "b"}
    assert all(task.macro_precision == task.macro_recall == 1 for task in tasks.values())


def test_an_interval_draws_near_duplicates_together() -> None:
    hits = np.array([True] * 50 + [False] * 50)
    apart = share_with_interval(hits, np.arange(100).astype(str), 400)
    together = share_with_interval(hits, np.array(["x"] * 50 + ["y"] * 50), 400)
    assert apart.value == together.value == 0.5
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_brands_come_back_from_the_file_and_an_older_file_is_named(tmp_path: Path) -> None:
    shipped = packaged("onnx_models") / "logos-embedder"
    manifest = replace_fields(load_manifest(shipped), labels=("a", "b", "c"))
    model = shipped / "model.onnx"
    (tmp_path / "model.onnx").symlink_to(model)
    decision(lowered=2, told_lowered=1.5).write(tmp_path)
    write_model_folder(tmp_path, replace_fields(manifest, files={BRANDS_FILE: ""}), "# test")
    stored = read_decision(tmp_path)
    assert (stored.labels, stored.lowered, stored.told_lowered) == (("a", "b", "c"), 2, 1.5)
    assert (stored.vectors == AXES[:3]).all()
    with np.load(tmp_path / BRANDS_FILE) as file:
        parts = dict(file)
    lacking = {name: part for name, part in parts.items() if name != "told_lowered"}
    for older, complaint in (
        (lacking, "lacks told_lowered"),
        ({**parts, "none": parts["none"][0]}, "is of an older form"),
    ):
        np.savez_compressed(tmp_path / BRANDS_FILE, **older)
        write_model_folder(tmp_path, replace_fields(manifest, files={BRANDS_FILE: ""}), "# test")
        with pytest.raises(SetupError, match=f"{complaint}: train the embedder anew"):
            read_decision(tmp_path)


def test_the_shipped_embedder_brings_its_brands() -> None:
    folder = packaged("onnx_models") / "logos-embedder"
    shipped = read_decision(folder)
    assert shipped.labels == load_manifest(folder).labels
    assert len(shipped.vectors) == len(shipped.labels)
    own = shipped.probabilities(shipped.vectors)[:, :-1].argmax(1)
    assert own.tolist() == list(range(len(shipped.labels))), "each brand is nearest to itself"
