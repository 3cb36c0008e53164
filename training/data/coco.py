"""COCO JSON in and out, with extra picture fields where a set has them.

`split`, `group`, `flat`; `labels`: brands of the whole picture; `boxes_annotated`: false where logos may be
without a box.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture, LogoBox, Split, hashed_split


def read_coco(path: Path, images: Path | None = None) -> list[AnnotatedPicture]:
    """Pictures of one annotation file.

    `images` is their folder; by default `images` beside the file, or else the file's own folder.
    A picture without `split` gets a fixed one by its name. Where one of its `labels` has no box, a picture is
    taken not to be boxed, unless it says so itself. Raises `SetupError` with the file and the fault.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        labels = {category["id"]: category["name"] for category in document["categories"]}
        boxes: dict[int, list[LogoBox]] = {image["id"]: [] for image in document["images"]}
        for mark in document["annotations"]:
            x, y, width, height = (float(value) for value in mark["bbox"])
            label = labels[mark["category_id"]]
            boxes[mark["image_id"]].append(LogoBox(label, x, y, width, height, bool(mark.get("iscrowd", 0))))
        folder = images or (path.parent / "images" if (path.parent / "images").is_dir() else path.parent)
        return [
            _picture(image, folder, tuple(boxes[image["id"]]), path.parent.name)
            for image in document["images"]
        ]
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}; give a readable COCO JSON file") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"{path}: not the COCO form ({type(error).__name__}: {error}); see docs/training-logos.md"
        ) from error


def _picture(image: dict[str, Any], folder: Path, boxes: tuple[LogoBox, ...], name: str) -> AnnotatedPicture:
    labels = image.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise TypeError(f"labels of {image['file_name']} are no list of names")
    boxed = image.get("boxes_annotated", {box.label for box in boxes} >= set(labels))
    return AnnotatedPicture(
        path=folder / image["file_name"],
        width=int(image["width"]),
        height=int(image["height"]),
        boxes=boxes,
        split=Split(image["split"]) if "split" in image else hashed_split(image["file_name"]),
        folder=name,
        group=str(image.get("group", "")),
        flat=float(image.get("flat", 0.0)),
        labels=tuple(labels),
        boxed=bool(boxed),
    )


def write_coco(path: Path, pictures: Sequence[AnnotatedPicture]) -> None:
    """Write pictures as COCO JSON.

    File names are relative to where `read_coco` looks for them: `images` beside `path` where there is such a
    folder, else `path`'s own. Names of pictures elsewhere are absolute.
    """
    beside = path.parent / "images"
    folder = beside if beside.is_dir() else path.parent
    labels = sorted({box.label for picture in pictures for box in picture.boxes})
    ids = {label: number for number, label in enumerate(labels, 1)}
    document: dict[str, Any] = {
        "categories": [{"id": number, "name": label} for label, number in ids.items()],
        "images": [],
        "annotations": [],
    }
    for number, picture in enumerate(pictures, 1):
        document["images"].append(
            {
                "id": number,
                "file_name": _relative_name(picture.path, folder),
                "width": picture.width,
                "height": picture.height,
                "split": picture.split.value,
                "group": picture.group,
                "flat": picture.flat,
                "labels": list(picture.labels),
                "boxes_annotated": picture.boxed,
            }
        )
        for box in picture.boxes:
            document["annotations"].append(
                {
                    "id": len(document["annotations"]) + 1,
                    "image_id": number,
                    "category_id": ids[box.label],
                    "bbox": [box.x, box.y, box.width, box.height],
                    "area": box.width * box.height,
                    "iscrowd": int(box.ignore),
                }
            )
    path.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def _relative_name(picture: Path, folder: Path) -> str:
    """`picture` as seen from `folder` if it lies under it, else its absolute path."""
    absolute = picture.resolve()
    return str(
        absolute.relative_to(folder.resolve()) if absolute.is_relative_to(folder.resolve()) else absolute
    )
