"""Brands and photographs that a run must never see (`--without`)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.errors import SetupError
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture
from training.logos.selection import Selection, labels_of

DRAWN: Final = "vmware"
"""The brand whose vector logo is drawn into training canvases; a run without its photographs still learns
it."""


def named_brands(data: Path, text: str) -> tuple[str, ...]:
    """The brands of a command line, comma-separated.

    Raises `SetupError` for one that the data does not show.
    """
    if not text:
        return ()
    pictures = read_logo_sets(data)
    named = tuple(name.strip() for name in text.split(","))
    unknown = sorted(set(named) - set(labels_of(pictures)))
    if unknown:
        raise SetupError(f"--without {', '.join(unknown)}: no picture in {data} is labelled so")
    return named


def without_brands(pictures: Sequence[AnnotatedPicture], brands: Sequence[str]) -> list[AnnotatedPicture]:
    """`pictures` less all that show one of `brands` (marked to be ignored, too), their near-duplicates, and
    the folder that bears a brand's name."""
    unwanted = set(brands)

    def shows(picture: AnnotatedPicture) -> bool:
        return not unwanted.isdisjoint([*picture.labels, *(box.label for box in picture.boxes)])

    groups = {(picture.folder, picture.group) for picture in pictures if picture.group and shows(picture)}
    return [
        picture
        for picture in pictures
        if picture.folder not in unwanted
        and (picture.folder, picture.group) not in groups
        and not shows(picture)
    ]


def leave_out(chosen: Selection, brands: Sequence[str]) -> Selection:
    """The same selection without `brands` in any part."""
    return replace(
        chosen,
        train=without_brands(chosen.train, brands),
        val=without_brands(chosen.val, brands),
        test=without_brands(chosen.test, brands),
        calibration=without_brands(chosen.calibration, brands),
        labelled=without_brands(chosen.labelled, brands),
        strangers=without_brands(chosen.strangers, brands),
    )


def trained_labels(train: Sequence[AnnotatedPicture], brands: Sequence[str]) -> tuple[str, ...]:
    """Labels of a run without the photographs of `brands`: a brand that is drawn is still one of them."""
    drawn = {DRAWN} if DRAWN in brands else set()
    return tuple(sorted({*labels_of(train), *drawn}))
