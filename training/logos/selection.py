"""Which picture serves for what in the logo trainings; decided by fixed rules, never by results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from training.data.pictures import AnnotatedPicture, Split, hashed_split

VMWARE_VALIDATION: Final = "dangaiden/dangaiden.github.io"
"""The VMware photographs come without a val split; this repository's (10 boxes) are kept for it."""


@dataclass(frozen=True)
class Selection:
    """`train` is learned from, `val` compared on, `calibration` (no logos in it) sets the thresholds."""

    train: list[AnnotatedPicture]
    val: list[AnnotatedPicture]
    test: list[AnnotatedPicture]
    calibration: list[AnnotatedPicture]


def select(pictures: Sequence[AnnotatedPicture]) -> Selection:
    """Split pictures by their `split`; a fixed third of the train pictures of logo-free sets goes to
    calibration."""
    placed = [
        replace(picture, split=Split.VAL) if picture.group == VMWARE_VALIDATION else picture
        for picture in pictures
    ]
    with_logos = {picture.folder for picture in placed if picture.boxes}
    train, val, test, calibration = [], [], [], []
    for picture in placed:
        logo_free_set = picture.folder not in with_logos
        if picture.split is Split.TEST:
            test.append(picture)
        elif logo_free_set and (
            picture.split is Split.VAL or hashed_split(picture.path.name) is not Split.TRAIN
        ):
            calibration.append(picture)
        elif picture.split is Split.VAL:
            val.append(picture)
        else:
            train.append(picture)
    return Selection(train, val, test, calibration)


def labels_of(pictures: Sequence[AnnotatedPicture]) -> tuple[str, ...]:
    """The labels of all boxes that count, in alphabetical order."""
    return tuple(sorted({box.label for picture in pictures for box in picture.targets}))


def with_val(chosen: Selection) -> Selection:
    """For a last run whose choices have been made: val pictures are learned from, too."""
    return replace(chosen, train=[*chosen.train, *chosen.val], val=[])
