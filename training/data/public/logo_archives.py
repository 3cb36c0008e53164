"""Turns archives of public picture sets into annotated pictures: image files in a folder, boxes in memory.

Nothing is unpacked where a name inside an archive says: pictures go to the folder under their plain names.
"""

import io
import re
import tarfile
import xml.etree.ElementTree as ET
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Final

import cv2
import numpy as np
from defusedxml import ElementTree as SafeET
from defusedxml.common import DefusedXmlException

from monitor.errors import SetupError
from training.data.pictures import AnnotatedPicture, LogoBox, hashed_split

Files = Mapping[str, Path]
_PICTURES: Final = (".jpg", ".jpeg", ".png", ".webp")


def flickr_logos_27(files: Files, folder: Path) -> list[AnnotatedPicture]:
    """The training set with its boxes, and the query pictures that show no brand.

    The other query pictures have no boxes and are left out. Six nested subsets repeat each box.
    """
    archive = files["flickr_logos_27_dataset.tar.gz"]
    texts: dict[str, str] = {}
    inner: bytes | None = None
    for name, file in _members(archive):
        if name.endswith("_annotation.txt"):
            texts[PurePosixPath(name).name] = file.read().decode("utf-8", "replace")
        elif name.endswith("_images.tar.gz"):
            inner = file.read()
    boxes: dict[str, set[LogoBox]] = defaultdict(set)
    for line in _text(texts, "training", archive).splitlines():
        fields = line.split()
        if len(fields) == 7:
            x1, y1, x2, y2 = map(float, fields[3:])
            if x2 > x1 and y2 > y1:
                boxes[fields[0]].add(LogoBox(_label(fields[1]), x1, y1, x2 - x1, y2 - y1))
    for line in _text(texts, "query", archive).splitlines():
        fields = line.split()
        if len(fields) == 2 and fields[1].lower() == "none":
            boxes[fields[0]] = set()
    if inner is None:
        raise SetupError(f"{archive}: no pictures in it; delete it to fetch it anew")
    pictures = []
    for name, file in _tar_members(io.BytesIO(inner), archive):
        plain = PurePosixPath(name).name
        if plain in boxes and (size := _keep(file, plain, folder)):
            own = tuple(sorted(boxes[plain], key=lambda box: box.corners))
            pictures.append(_picture(folder / plain, size, own))
    return pictures


def _text(texts: Mapping[str, str], which: str, archive: Path) -> str:
    found = [text for name, text in texts.items() if f"_{which}_set_annotation" in name]
    if not found:
        raise SetupError(f"{archive}: no {which} set annotation in it; delete it to fetch it anew")
    return found[0]


def pascal_voc(files: Files, folder: Path) -> list[AnnotatedPicture]:
    """Every picture with an XML file of its name beside it (PASCAL VOC), of all archives."""
    pictures = []
    for archive in files.values():
        marks: dict[str, tuple[LogoBox, ...]] = {}
        for name, file in _members(archive):
            if name.lower().endswith(".xml"):
                marks[str(PurePosixPath(name).with_suffix(""))] = _voc_boxes(file.read(), archive, name)
        for name, file in _members(archive):
            path = PurePosixPath(name)
            if path.suffix.lower() in _PICTURES and (own := marks.get(str(path.with_suffix("")))):
                # Names repeat from folder to folder (1.jpg); their folder makes them unique.
                plain = re.sub(r"[^\w.-]+", "_", "-".join(path.parts[-3:]))
                if size := _keep(file, plain, folder):
                    pictures.append(_picture(folder / plain, size, own))
    return pictures


def _voc_boxes(text: bytes, archive: Path, name: str) -> tuple[LogoBox, ...]:
    try:
        boxes = []
        for mark in SafeET.fromstring(text).iterfind("object"):
            x1, y1, x2, y2 = (
                float(mark.findtext(f"bndbox/{edge}") or "") for edge in ("xmin", "ymin", "xmax", "ymax")
            )
            if x2 > x1 and y2 > y1:
                boxes.append(LogoBox(_label(mark.findtext("name") or "logo"), x1, y1, x2 - x1, y2 - y1))
        return tuple(boxes)
    except (ET.ParseError, DefusedXmlException, ValueError) as error:
        raise SetupError(f"{archive}: {name} is not PASCAL VOC XML ({error})") from error


def without_logos(files: Files, folder: Path) -> list[AnnotatedPicture]:
    """Every picture of the archives, none of them with a box."""
    pictures = []
    for archive in files.values():
        for name, file in _members(archive):
            path = PurePosixPath(name)
            if path.suffix.lower() in _PICTURES and (size := _keep(file, path.name, folder)):
                pictures.append(_picture(folder / path.name, size, ()))
    return pictures


def _picture(path: Path, size: tuple[int, int], boxes: tuple[LogoBox, ...]) -> AnnotatedPicture:
    width, height = size
    return AnnotatedPicture(path, width, height, boxes, hashed_split(path.name), path.parent.parent.name)


def _label(name: str) -> str:
    """`Coca Cola`, `coca-cola` and `Cocacola` are one brand."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _keep(file: IO[bytes], name: str, folder: Path) -> tuple[int, int] | None:
    """Write a picture that decodes; its width and height, or None for one that does not."""
    data = file.read()
    pixels = (
        cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if data
        else None
    )
    if pixels is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return int(pixels.shape[1]), int(pixels.shape[0])


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Name and content of each file of a tar or zip archive."""
    if not zipfile.is_zipfile(archive):
        with archive.open("rb") as file:
            yield from _tar_members(file, archive)
        return
    try:
        with zipfile.ZipFile(archive) as members:
            for entry in members.infolist():
                if not entry.is_dir():
                    with members.open(entry) as file:
                        yield entry.filename, file
    except (zipfile.BadZipFile, RuntimeError) as error:  # RuntimeError: it wants a password
        raise SetupError(f"{archive}: {error}; fetch it anew") from error


def _tar_members(file: IO[bytes], archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    try:
        with tarfile.open(fileobj=file) as members:
            for member in members:
                if member.isfile() and (content := members.extractfile(member)):
                    yield member.name, content
    except (tarfile.TarError, EOFError) as error:
        fault = str(error).splitlines()[0]  # tarfile lists every compression it tried
        raise SetupError(f"{archive}: no tar or zip archive ({fault}); delete it to fetch it anew") from error
