"""Vector logos of thousands of companies (CC0): what teaches the embedder "the same logo" beyond our brands.

Two npm packages, fetched once into the work folder: `@iconify-json/logos` (logos in colour, wordmarks among
them) and `simple-icons` (marks of one colour). No brand that the photographs show is taken from them, so that
a brand held out of a run is held out here, too.
"""

import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from monitor.errors import SetupError
from training.data.public.download import Lock, download
from training.data.public.npm import VECTOR_PACKAGES

Pixels = NDArray[np.uint8]

SIDE: Final = 160
"""px, long side of a drawing: more than a logo has in the embedder's input."""
_SHORT_NAME: Final = 5
"""A brand of fewer letters (hp, gap, mini) is another company's beginning: it must be equal, not begin so."""
_LEAST_INK: Final = 0.02
"""Share of a drawing that must be visible; below it something did not draw."""


@dataclass(frozen=True, slots=True)
class VectorLogo:
    """One logo: `name` as its package calls it, `svg` a whole document."""

    name: str
    svg: str


def fetch_packages(folder: Path) -> list[Path]:
    """Download the packages into `folder` unless they lie there; raises as `download` does."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = Lock(folder / "downloads.lock.json")
    return [download(package, folder, lock) for package in VECTOR_PACKAGES]


def read_vectors(folder: Path, without: Sequence[str]) -> list[VectorLogo]:
    """The logos of the packages (*.tgz) and single files (*.svg) in `folder`, by name, each name once.

    None of a brand in `without`, whatever follows its name ("google-cloud" goes with "google").
    Raises `SetupError` where there is none.
    """
    logos: dict[str, VectorLogo] = {}
    for archive in sorted(folder.glob("*.tgz")):
        for logo in _of_package(archive):
            # A mark that the packages share would be pulled apart as two logos.
            logos.setdefault(_letters(logo.name.removesuffix("-icon")), logo) if archive.name.startswith(
                "simple"
            ) else logos.setdefault(_letters(logo.name), logo)
    for file in sorted(folder.glob("*.svg")):
        logos.setdefault(_letters(file.stem), VectorLogo(file.stem, file.read_text("utf-8")))
    chosen = [logo for _, logo in sorted(logos.items()) if not _is_one_of(logo.name, without)]
    if not chosen:
        raise SetupError(f"no vector logos in {folder}: it needs *.svg files or the packages' *.tgz")
    return chosen


def _of_package(archive: Path) -> Iterator[VectorLogo]:
    """Read without unpacking: nothing is written where a name inside says."""
    try:
        with tarfile.open(archive) as members:
            for member in members:
                if member.name == "package/icons.json":
                    yield from _of_iconify(json.load(_opened(members, member)))
                elif member.name.startswith("package/icons/") and member.name.endswith(".svg"):
                    yield VectorLogo(Path(member.name).stem, _opened(members, member).read().decode())
    except (tarfile.TarError, ValueError, KeyError) as error:
        raise SetupError(f"{archive}: not such a package ({error}); delete it to fetch it anew") from error


def _opened(members: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = members.extractfile(member)
    if file is None:
        raise ValueError(f"{member.name} is no file")
    return file


def _of_iconify(collection: dict) -> Iterator[VectorLogo]:  # type: ignore[type-arg]
    """The form: https://iconify.design/docs/types/iconify-json.html."""
    for name, icon in collection["icons"].items():
        width = icon.get("width", collection.get("width", 16))
        height = icon.get("height", collection.get("height", 16))
        frame = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
        yield VectorLogo(
            name, f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{frame}">{icon["body"]}</svg>'
        )


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_one_of(name: str, brands: Sequence[str]) -> bool:
    parts = re.split(r"[^a-z0-9]+", name.lower())
    beginnings = {"".join(parts[:count]) for count in range(1, len(parts) + 1)}
    for brand in map(_letters, brands):
        if brand in beginnings or (len(brand) >= _SHORT_NAME and _letters(name).startswith(brand)):
            return True
    return False


def draw_all(logos: Sequence[VectorLogo], cache: Path) -> list[Pixels]:
    """Each logo as BGRA cut to its ink, long side `SIDE` px; what does not draw is left out.

    Kept in `cache` (.npz), which is used again for the same logos.
    """
    names = [logo.name for logo in logos]
    if cache.exists():
        with np.load(cache, allow_pickle=False) as stored:
            if stored["names"].tolist() == names:
                return _unpacked(stored["pixels"], stored["shapes"])
    drawings = [
        drawing
        for logo in tqdm(logos, desc="drawing vector logos", unit="logo", mininterval=5)
        if (drawing := _draw(logo.svg)) is not None
    ]
    cache.parent.mkdir(parents=True, exist_ok=True)
    shapes = np.array([drawing.shape[:2] for drawing in drawings], np.int32)
    flat = np.concatenate([drawing.ravel() for drawing in drawings])
    np.savez_compressed(cache, names=np.array(names), shapes=shapes, pixels=flat)
    return drawings


def _unpacked(flat: Pixels, shapes: NDArray[np.int32]) -> list[Pixels]:
    ends = np.cumsum(shapes.prod(1) * 4)
    return [
        part.reshape(height, width, 4)
        for part, (height, width) in zip(np.split(flat, ends[:-1]), shapes.tolist(), strict=True)
    ]


def _draw(svg: str) -> Pixels | None:
    """BGRA cut to its ink, or None for a drawing with nothing to see."""
    import resvg_py

    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg, width=2 * SIDE))
    except ValueError:
        return None
    drawn = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if drawn is None or drawn.ndim != 3 or drawn.shape[2] != 4:
        return None
    rows, columns = np.nonzero(drawn[:, :, 3] > 32)
    if len(rows) < _LEAST_INK * drawn.shape[0] * drawn.shape[1]:
        return None
    cut = drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = SIDE / max(cut.shape[:2])
    size = (max(round(cut.shape[1] * scale), 8), max(round(cut.shape[0] * scale), 8))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(cut, size, interpolation=how), np.uint8)
