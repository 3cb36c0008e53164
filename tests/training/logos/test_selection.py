"""What a picture may teach: sets whose logos have no boxes are never taken for sets without logos."""

from pathlib import Path

from training.data.coco import write_coco
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.selection import Selection, folders_with_logos, labels_of, select

DISC = (LogoBox("disc", 1, 1, 30, 30),)


def made(folder: str, split: Split, count: int, **rest: object) -> list[AnnotatedPicture]:
    boxes = rest.pop("boxes", ())
    return [
        AnnotatedPicture(Path(f"/{folder}/{split}{n}.jpg"), 90, 90, boxes, split, folder, **rest)  # type: ignore[arg-type]
        for n in range(count)
    ]


def places(chosen: Selection, folder: str) -> dict[str, int]:
    """How many pictures of a folder serve for what."""
    found = {name: sum(p.folder == folder for p in part) for name, part in vars(chosen).items()}
    return {name: count for name, count in found.items() if count}


def test_labels_without_boxes_are_neither_background_nor_calibration() -> None:
    pictures = [
        *made("boxed", Split.TRAIN, 20, boxes=DISC),
        *made("boxed", Split.VAL, 5, boxes=DISC),
        *made("nothing", Split.TRAIN, 40),
        *made("badges", Split.TRAIN, 20, labels=("bar",), boxed=False),
        *made("badges", Split.VAL, 7, labels=("ring",), boxed=False),
        *made("badges", Split.TEST, 3, labels=("ring",), boxed=False),
        *made("packs", Split.TRAIN, 4, labels=("bar",), boxed=False, boxes=(LogoBox("bar", 0, 0, 80, 80),)),
        *made("cigarettes", Split.VAL, 3, labels=("ring",), boxes=(LogoBox("ring", 0, 0, 80, 80),)),
        *made("street", Split.TRAIN, 6, boxed=False),
    ]
    chosen = select(pictures)
    assert places(chosen, "boxed") == {"train": 20, "val": 5}
    assert places(chosen, "badges") == {"labelled": 20, "strangers": 7, "test": 3}
    assert places(chosen, "packs") == {"labelled": 4}
    assert places(chosen, "cigarettes") == {"strangers": 3}, "their boxes are packs"
    assert places(chosen, "street") == {}, "other logos may be there: it is no background"
    nothing = places(chosen, "nothing")
    assert set(nothing) == {"train", "calibration"}
    assert sum(nothing.values()) == 40
    assert labels_of(chosen.train) == ("disc",)
    assert labels_of(chosen.labelled) == ("bar",)
    assert all(picture.boxed for picture in [*chosen.train, *chosen.val, *chosen.calibration])


def test_one_labelled_picture_makes_a_folder_no_logo_free_one(tmp_path: Path) -> None:
    """The trap of a set without any box: `labels` alone say that a logo is there."""
    pictures = [*made("mine", Split.TRAIN, 9), *made("mine", Split.VAL, 1, labels=("bar",), boxed=False)]
    write_coco(tmp_path / "annotations.json", pictures)
    read = read_logo_sets(tmp_path)
    assert folders_with_logos(read) == {tmp_path.name}
    assert not select(read).calibration
