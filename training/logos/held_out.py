"""Brands and photographs that a run must never see, so that what it does with strangers can be measured."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.errors import SetupError
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, Split, name_hash
from training.logos.selection import Selection, labels_of

OPEN_SET: Final = "open-set"
"""Stands for the ten brands and VMware on the command line."""
OPEN_SET_BRANDS: Final = 10
_TRAIN_BOXES: Final = 10
_TEST_BOXES: Final = 5
DRAWN: Final = "vmware"
"""The brand whose vector logo is drawn into training canvases; a run without its photographs still learns
it."""


def home_folder(pictures: Sequence[AnnotatedPicture], label: str) -> str:
    """The folder that marks `label` most often in photographs: a brand may mean something else in another."""
    counts = Counter(
        picture.folder
        for picture in pictures
        if picture.is_photograph
        for box in picture.targets
        if box.label == label
    )
    return min(counts, key=lambda folder: (-counts[folder], folder))


def open_set_brands(pictures: Sequence[AnnotatedPicture]) -> tuple[str, ...]:
    """The ten brands of the open-set measurement, by a rule that knows no result.

    Of the brands with at least 10 train and 5 test boxes in photographs of their home folder, those ten whose
    names have the smallest SHA-1.
    """
    eligible = []
    for label in labels_of([picture for picture in pictures if picture.is_photograph]):
        home = home_folder(pictures, label)
        boxes = Counter(
            picture.split
            for picture in pictures
            if picture.is_photograph and picture.folder == home
            for box in picture.targets
            if box.label == label
        )
        if boxes[Split.TRAIN] >= _TRAIN_BOXES and boxes[Split.TEST] >= _TEST_BOXES:
            eligible.append(label)
    return tuple(sorted(eligible, key=name_hash)[:OPEN_SET_BRANDS])


def named_brands(data: Path, text: str) -> tuple[str, ...]:
    """The brands of a command line: comma-separated, `open-set` for the ten and VMware.

    Raises `SetupError` for one that the data does not show.
    """
    if not text:
        return ()
    pictures = read_logo_sets(data)
    if text == OPEN_SET:
        return (*open_set_brands(pictures), DRAWN)
    named = tuple(name.strip() for name in text.split(","))
    unknown = sorted(set(named) - set(labels_of(pictures)))
    if unknown:
        raise SetupError(f"--without {', '.join(unknown)}: no picture in {data} is labelled so")
    return named


def without_brands(pictures: Sequence[AnnotatedPicture], brands: Sequence[str]) -> list[AnnotatedPicture]:
    """`pictures` less all that show one of `brands` (marked to be ignored, too), their near-duplicates, and
    the folder that bears a brand's name."""
    unwanted = set(brands)
    groups = {
        (picture.folder, picture.group)
        for picture in pictures
        if picture.group and any(box.label in unwanted for box in picture.boxes)
    }
    return [
        picture
        for picture in pictures
        if picture.folder not in unwanted
        and (picture.folder, picture.group) not in groups
        and not any(box.label in unwanted for box in picture.boxes)
    ]


def leave_out(chosen: Selection, brands: Sequence[str]) -> Selection:
    """The same selection without `brands` in any part."""
    return replace(
        chosen,
        train=without_brands(chosen.train, brands),
        val=without_brands(chosen.val, brands),
        test=without_brands(chosen.test, brands),
        calibration=without_brands(chosen.calibration, brands),
    )


def trained_labels(train: Sequence[AnnotatedPicture], brands: Sequence[str]) -> tuple[str, ...]:
    """Labels of a run without the photographs of `brands`: a brand that is drawn is still one of them."""
    drawn = {DRAWN} if DRAWN in brands else set()
    return tuple(sorted({*labels_of(train), *drawn}))
