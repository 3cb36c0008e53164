"""Which picture serves for what in the logo trainings; decided by fixed rules, never by results."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture, Split, hashed_split, name_hash

VMWARE_VALIDATION: Final = "dangaiden/dangaiden.github.io"
"""The VMware photographs come without a val split; this repository's (10 boxes) are kept for it."""
FOLDS: Final = 5
NO_FOLD: Final = -1


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


def hold_back(chosen: Selection, fold: int) -> Selection:
    """`chosen` with other pictures to learn from, near-duplicates together; `val` is what is held back.

    Fold 0 are the val pictures, 1 to `FOLDS` each a fifth of the train pictures, so that all of them can be
    compared on, each by a run that did not learn from it. `NO_FOLD`: everything teaches, as in a last run
    whose choices have been made. Raises `SetupError` for any other.
    """
    if not NO_FOLD <= fold <= FOLDS:
        raise SetupError(f"held_back={fold}: 0 holds val back, 1 to {FOLDS} a fifth of train, {NO_FOLD} none")
    if fold == 0:
        return chosen
    held = [picture for picture in chosen.train if _fold_of(picture) == fold]
    taught = [picture for picture in chosen.train if _fold_of(picture) != fold]
    return replace(chosen, train=[*taught, *chosen.val], val=held)


def fold_name(fold: int) -> str:
    """As figures call it."""
    return "val" if fold == 0 else f"fold {fold} of {FOLDS} of train"


def fold_named(name: str) -> int:
    """The fold that `fold_name` calls so; raises `ValueError` where there is none."""
    return [fold_name(fold) for fold in range(FOLDS + 1)].index(name)


def _fold_of(picture: AnnotatedPicture) -> int:
    return int(name_hash(picture.group or picture.path.name)[:8], 16) % FOLDS + 1
