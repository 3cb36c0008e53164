"""Finds the annotated picture sets under a data folder, whatever form they are in."""

from collections.abc import Collection
from pathlib import Path

from monitor.errors import SetupError
from training.data.coco import read_coco
from training.data.imglab import read_imglab
from training.data.pictures import AnnotatedPicture


def read_logo_sets(data: Path, only: Collection[str] = ()) -> list[AnnotatedPicture]:
    """All pictures of the sets in `data`, or in `data/logos` where there is one, sets in name order.

    A set is a folder with `annotations.json` (COCO) or `*.xml` (imglab); `only` picks sets by folder name.
    Raises `SetupError` where there is none, or one of `only` is missing.
    """
    root = data / "logos" if (data / "logos").is_dir() else data
    folders = [root, *sorted(entry for entry in root.iterdir() if entry.is_dir())] if root.is_dir() else []
    pictures: list[AnnotatedPicture] = []
    found = set()
    for folder in folders:
        if only and folder.name not in only:
            continue
        coco, imglab = folder / "annotations.json", sorted(folder.glob("*.xml"))
        if coco.exists():
            pictures += read_coco(coco)
        for file in imglab:
            pictures += read_imglab(file)
        if coco.exists() or imglab:
            found.add(folder.name)
    missing = sorted(set(only) - found)
    if missing or not pictures:
        what = f"no set {', '.join(missing)}" if missing else "no annotated pictures"
        raise SetupError(f"{what} in {root}: it needs folders with annotations.json (COCO) or imglab *.xml")
    return pictures
