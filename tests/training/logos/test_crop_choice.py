"""How crops are named is chosen on what each embedder held back, all folds together."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_fields
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.inference.manifest import Metric
from monitor.settings import packaged
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.export import write_model_folder
from training.logos.crop_choice import (
    LOWERED,
    WANTED_NAMED,
    WANTED_PRECISION,
    WANTED_RECALL,
    CropChoice,
    HeldBack,
    choose,
)
from training.logos.crop_decision import BRANDS_FILE, CropDecision, read_decision
from training.logos.crop_figures import LabelledCrops, named_crops, told_crops
from training.logos.fold_choice import choose_over_folds, markdown
from training.logos.selection import fold_name, fold_named
from training.logos.talk_task import mean_of, one_against_the_rest

AXES = np.eye(6, dtype=np.float32)
LABELS = np.array(["a", "b", "", "b", "a", ""])


def held(points: NDArray[np.float32], labels: Sequence[str], fold: int = 0, turned: int = 0) -> HeldBack:
    """An embedder with brands a, b, c along the first axes and none along the fourth, all `turned` by some
    axes; b has a reference of its own elsewhere."""
    axes = np.roll(AXES, turned, 1)
    decision = CropDecision(
        ("a", "b", "c"), axes[:3], axes[None, 3:4], axes[4:5], np.array([1]), 0.0, 0.0, 0.0
    )
    groups = np.arange(len(labels))
    crops = LabelledCrops(
        np.roll(points, turned, 1),
        list(labels),
        ["one"] * len(labels),
        groups.astype(str).tolist(),
        groups < 0,
    )
    return HeldBack(fold_name(fold), decision, crops)


def nearly(axis: int) -> NDArray[np.float32]:
    """Between a brand and none, a little nearer to none."""
    return np.asarray((AXES[[axis]] + 1.05 * AXES[[3]]) / np.sqrt(1 + 1.05**2), np.float32)


def least_room(choice: CropChoice, one: HeldBack) -> float:
    told = told_crops(choice.applied(one.decision), one.crops)
    mean = mean_of(one_against_the_rest(told, np.array(one.crops.labels)))
    return min(mean.macro_precision - WANTED_PRECISION, mean.macro_recall - WANTED_RECALL)


def test_what_is_likeliest_is_chosen_and_told_where_there_is_most_room() -> None:
    points = np.concatenate([AXES[[0, 1, 3, 4]], nearly(0), nearly(1)])
    one = held(points, LABELS.tolist())
    choice, metrics = choose([one])
    assert choice.weight > 0, "without its reference the fourth crop has no name"
    rooms = [least_room(replace(choice, told_lowered=lowered), one) for lowered in LOWERED]
    assert least_room(choice, one) == max(rooms) > min(rooms)
    named = [metric for metric in metrics if metric.name == "crop top-1"]
    assert {metric.dataset for metric in named} == {"fl27+tl10"}
    assert max(metric.value for metric in named) == 1
    (told,) = [metric for metric in metrics if metric.dataset == "one"]
    mean = mean_of(one_against_the_rest(told_crops(choice.applied(one.decision), one.crops), LABELS))
    assert told.value == pytest.approx(mean.macro_precision, abs=1e-4)


def test_each_fold_is_named_by_its_own_embedder_and_all_count() -> None:
    faint = held(np.concatenate([AXES[[0]], nearly(0), AXES[[3]]]), ["a", "a", ""])
    clear = [AXES[[0]]] * 20
    strict = held(np.concatenate([*clear, *[nearly(0)] * 9]), [*"a" * 20, *[""] * 9], fold=2, turned=2)
    alone, _ = choose([faint])
    together, metrics = choose([faint, strict])
    assert together.lowered < alone.lowered, "nine backgrounds of the other fold speak against it"
    assert {metric.split for metric in metrics} == {"val and fold 2 of 5 of train"}
    assert metrics[0].value > 0.95, "turned axes are no other brands"


def test_no_logo_is_lowered_until_enough_logos_are_named() -> None:
    crops = np.concatenate([*[AXES[[0]]] * 9, *[nearly(0)] * 10])
    one = held(crops, [*"a" * 10, *[""] * 9])
    choice, metrics = choose([one])
    *finalists, chosen = [metric for metric in metrics if metric.name == "crop top-1"]
    assert all(metric.value < WANTED_NAMED for metric in finalists if "reference 0.0" in metric.note)
    assert chosen.value >= WANTED_NAMED
    less = [lowered for lowered in LOWERED if lowered < choice.lowered][-1]
    named = named_crops(replace(choice, lowered=less).applied(one.decision), one.crops, ["a"])
    assert (named[:10] == "a").mean() < WANTED_NAMED, "and no further"


def test_no_logo_is_lowered_until_enough_logos_of_every_folder_are_named() -> None:
    crops = np.concatenate([*[AXES[[0]]] * 40, *[nearly(0)] * 11])
    one = held(crops, [*"a" * 42, *[""] * 9])
    together, _ = choose([one])
    folders = [*["one"] * 40, *["two"] * 2, *["one"] * 9]
    apart, _ = choose([replace(one, crops=replace(one.crops, folders=folders))])
    assert together.lowered < apart.lowered, (
        "40 of 42 are enough of one folder, none of the other's two are not"
    )


def model_folder(folder: Path, splits: Sequence[str]) -> Path:
    """The shipped embedder, as if its figures were of these splits."""
    shipped = packaged("onnx_models") / "logos-embedder"
    folder.mkdir()
    (folder / "model.onnx").symlink_to(shipped / "model.onnx")
    read_decision(shipped).write(folder)
    metrics = tuple(Metric(name="crop top-1", value=1, dataset="fl27+tl10", split=split) for split in splits)
    manifest = replace_fields(load_manifest(shipped), metrics=metrics, files={BRANDS_FILE: ""})
    write_model_folder(folder, manifest, "# test")
    return folder


def test_folds_are_read_from_the_manifests(tmp_path: Path, drawn: list[AnnotatedPicture]) -> None:
    box = (LogoBox("nike", 60, 40, 80, 60),)
    shown = [
        replace(picture, boxes=box, folder="fl27", split=Split.VAL if number < 4 else Split.TRAIN)
        for number, picture in enumerate(drawn)
    ]
    embedders = [model_folder(tmp_path / f"m{fold}", [fold_name(fold)]) for fold in (0, 1, 2, 3, 4, 5)]
    choice, metrics = choose_over_folds(embedders, shown)
    assert metrics[0].note.startswith("12 true crops over 1 brands"), "each picture once"
    assert f"told_lowered={choice.told_lowered}" in markdown(choice, metrics)
    with pytest.raises(SetupError, match="held back twice: fold 2 of 5 of train"):
        choose_over_folds([*embedders, embedders[2]], shown)
    for splits in ([], ["test"], ["val", fold_name(1)]):
        learned = model_folder(tmp_path / f"learned{len(list(tmp_path.iterdir()))}", splits)
        with pytest.raises(SetupError, match="held no pictures back"):
            choose_over_folds([learned], shown)
    assert [fold_named(fold_name(fold)) for fold in range(6)] == list(range(6))
