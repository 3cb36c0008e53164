"""Brands left out, out of everything."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.errors import SetupError
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.held_out import named_brands, trained_labels, without_brands


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
    with pytest.raises(SetupError, match="--without acme: no picture"):
        named_brands(tmp_path, "brand3,acme")


def test_a_picture_labelled_as_a_whole_is_left_out_too() -> None:
    whole = AnnotatedPicture(Path("w.jpg"), 9, 9, (), Split.TRAIN, "shop", "g", labels=("acme",), boxed=False)
    twin = AnnotatedPicture(Path("t.jpg"), 9, 9, (), Split.TRAIN, "shop", "g")
    assert without_brands([whole, twin], ["acme"]) == []
    assert without_brands([whole, twin], ["other"]) == [whole, twin]
