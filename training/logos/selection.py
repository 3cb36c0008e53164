"""Which picture serves for what in the logo trainings; decided by fixed rules, never by results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from training.data.pictures import AnnotatedPicture, Split, hashed_split

VMWARE_VALIDATION: Final = "dangaiden/dangaiden.github.io"
"""The VMware photographs come without a val split; this repository's (10 boxes) are kept for it."""


PACKS: Final = frozenset({"cigarettes"})
"""Folders whose boxes hold a whole product: they say which brand it is, not where its logo ends."""


@dataclass(frozen=True)
class Selection:
    """`train` is learned from, `val` compared on, `calibration` (no logos in it) sets the thresholds.

    In these, and so in every average precision, every logo has its box. Where that is not so (`boxed`,
    `PACKS`), a picture is in `test` only, or in one of the other two: `labelled` of train, `strangers` of
    val. What a place without a box shows is not known there: neither is ever background.
    """

    train: list[AnnotatedPicture]
    val: list[AnnotatedPicture]
    test: list[AnnotatedPicture]
    calibration: list[AnnotatedPicture]
    labelled: list[AnnotatedPicture]
    """Show the brands of their labels somewhere: for whoever can learn from a whole picture."""
    strangers: list[AnnotatedPicture]
    """Brands that nobody trains, not even a run that learns from val."""


def select(pictures: Sequence[AnnotatedPicture]) -> Selection:
    """Split pictures by their `split`; a fixed third of the train pictures of logo-free sets goes to
    calibration."""
    placed = [
        replace(picture, split=Split.VAL) if picture.group == VMWARE_VALIDATION else picture
        for picture in pictures
    ]
    with_logos = folders_with_logos(placed)
    chosen = Selection([], [], [], [], [], [])
    for picture in placed:
        aside = picture.split is Split.VAL or hashed_split(picture.path.name) is not Split.TRAIN
        if picture.split is Split.TEST:
            chosen.test.append(picture)
        elif only_labelled(picture):
            (chosen.strangers if picture.split is Split.VAL else chosen.labelled).append(picture)
        elif not picture.boxed:
            continue
        elif picture.folder not in with_logos and aside:
            chosen.calibration.append(picture)
        else:
            (chosen.val if picture.split is Split.VAL else chosen.train).append(picture)
    return chosen


def only_labelled(picture: AnnotatedPicture) -> bool:
    """Whether labels alone say what it shows: no box tells where a logo ends."""
    return bool(picture.labels) and (not picture.boxed or picture.folder in PACKS)


def folders_with_logos(pictures: Sequence[AnnotatedPicture]) -> set[str]:
    """Folders with a picture that shows a logo, or may show one without a box; the others are logo-free."""
    return {picture.folder for picture in pictures if not picture.logo_free}


def labels_of(pictures: Sequence[AnnotatedPicture]) -> tuple[str, ...]:
    """The labels of all pictures and of their boxes that count, in alphabetical order."""
    return tuple(sorted(frozenset().union(*(picture.shown for picture in pictures))))
