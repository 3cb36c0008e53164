"""Brands left out: by a rule without results, and out of everything."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.errors import SetupError
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, LogoBox, Split, name_hash
from training.logos.held_out import (
    home_folder,
    named_brands,
    open_set_brands,
    trained_labels,
    without_brands,
)
from training.logos.selection import FOLDS, NO_FOLD, Selection, fold_name, hold_back


def shown(
    label: str, split: Split, count: int, folder: str = "one", flat: float = 0.0
) -> list[AnnotatedPicture]:
    box = LogoBox(label, 1, 1, 30, 30)
    return [
        AnnotatedPicture(Path(f"{label}-{split}-{number}.jpg"), 90, 90, (box,), split, folder, flat=flat)
        for number in range(count)
    ]


def enough(labels: Sequence[str]) -> list[AnnotatedPicture]:
    return [p for label in labels for p in [*shown(label, Split.TRAIN, 10), *shown(label, Split.TEST, 5)]]


def test_the_ten_are_those_whose_names_hash_lowest() -> None:
    labels = [f"brand{number}" for number in range(30)]
    pictures = enough(labels) + shown("few", Split.TRAIN, 9) + shown("few", Split.TEST, 9)
    drawn = shown("drawn", Split.TRAIN, 20, flat=0.9) + shown("drawn", Split.TEST, 9, flat=0.9)
    chosen = open_set_brands(pictures + drawn)
    assert list(chosen) == sorted(labels, key=name_hash)[:10]
    assert open_set_brands(list(reversed(pictures))) == chosen


def test_a_brand_is_at_home_where_most_of_it_is() -> None:
    pictures = shown("acme", Split.TRAIN, 3, "small") + shown("acme", Split.TEST, 4, "large")
    assert home_folder(pictures, "acme") == "large"


def test_what_is_left_out_leaves_no_trace() -> None:
    seen = shown("acme", Split.TRAIN, 2)
    other = shown("other", Split.TRAIN, 2)
    twin = AnnotatedPicture(Path("twin.jpg"), 90, 90, (), Split.TRAIN, "one", group="g")
    doubtful = LogoBox("acme", 1, 1, 9, 9, ignore=True)
    marked = AnnotatedPicture(Path("marked.jpg"), 90, 90, (doubtful,), Split.TRAIN, "one", group="g")
    neighbour = AnnotatedPicture(Path("n.jpg"), 90, 90, (), Split.TRAIN, "acme", group="g")
    elsewhere = AnnotatedPicture(Path("e.jpg"), 90, 90, (), Split.TRAIN, "two", group="g")
    kept = without_brands([*seen, *other, twin, marked, neighbour, elsewhere], ["acme"])
    assert kept == [*other, elsewhere]


def test_vmware_stays_a_label_because_its_wordmark_is_drawn() -> None:
    assert trained_labels(shown("acme", Split.TRAIN, 1), ["vmware"]) == ("acme", "vmware")
    assert trained_labels(shown("acme", Split.TRAIN, 1), ["other"]) == ("acme",)


def test_brands_of_the_command_line(tmp_path: Path) -> None:
    write_coco(tmp_path / "annotations.json", enough([f"brand{number}" for number in range(12)]))
    assert named_brands(tmp_path, "") == ()
    assert named_brands(tmp_path, "brand3, brand1") == ("brand3", "brand1")
    assert len(named_brands(tmp_path, "open-set")) == 11
    with pytest.raises(SetupError, match="--without acme: no picture"):
        named_brands(tmp_path, "brand3,acme")


def test_each_train_picture_is_held_back_once_and_teaches_otherwise() -> None:
    def picture(number: int, split: Split) -> AnnotatedPicture:
        box = LogoBox("a", 1, 1, 30, 30)
        return AnnotatedPicture(
            Path(f"{split}{number}.jpg"), 90, 90, (box,), split, "one", group=f"g{number // 3}"
        )

    train = [picture(number, Split.TRAIN) for number in range(90)]
    val = [picture(number, Split.VAL) for number in range(9)]
    chosen = Selection(train, val, [], [])
    assert hold_back(chosen, 0) == chosen
    everything = hold_back(chosen, NO_FOLD)
    assert (len(everything.train), everything.val) == (99, [])
    folds = [hold_back(chosen, fold) for fold in range(1, FOLDS + 1)]
    assert sorted(p.path.name for fold in folds for p in fold.val) == sorted(p.path.name for p in train)
    for fold in folds:
        assert {p.path for p in val} <= {p.path for p in fold.train}
        assert len(fold.train) + len(fold.val) == 99
        groups = {p.group for p in fold.val}
        assert not groups & {p.group for p in fold.train if p.split is Split.TRAIN}, "near-duplicates"
    assert len({fold_name(number) for number in range(FOLDS + 1)}) == FOLDS + 1
    with pytest.raises(SetupError, match="held_back=6"):
        hold_back(chosen, FOLDS + 1)
