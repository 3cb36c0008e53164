"""Contact sheets: crops with their labels as one picture, to check labels or what is found by eye.

A crop is a marked box, or its frame says how look and letters did in the picture: green a brand that it
shows, red one that was missed, orange one that it does not show, blue a look that the letters vetoed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from monitor.errors import SetupError
from monitor.logos.crops import fit, grow
from monitor.messages import Box
from training.data.pictures import AnnotatedPicture
from training.logos.picture_figures import decided, shown_brands
from training.logos.witnesses import Seen

Pixels = NDArray[np.uint8]
Corners = tuple[float, float, float, float]

_SIDE: Final = 112
"""px of a crop on the sheet."""
_STRIP: Final = 26
"""px below it: label, then score and picture."""
_COLUMNS: Final = 12
_MARGIN: Final = 0.25
"""What is shown around a box, as a share of its sides: enough to see where the box ends."""
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


class Kind(StrEnum):
    """What a crop on the sheet is."""

    LABEL = "label"
    HIT = "hit"
    MISS = "miss"
    FALSE = "false"
    VETO = "veto"


_FRAMES: Final = {
    Kind.LABEL: (160, 160, 160),
    Kind.HIT: (60, 160, 60),
    Kind.MISS: (50, 50, 210),
    Kind.FALSE: (20, 140, 240),
    Kind.VETO: (200, 110, 40),
}
"""BGR."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One crop to show."""

    picture: AnnotatedPicture
    corners: Corners
    kind: Kind
    text: str
    """Label or brand, then what else there is to say."""


def marked_tiles(pictures: Sequence[AnnotatedPicture], label: str = "") -> list[Tile]:
    """Every marked box, or those of one label; ignored ones are told apart."""
    return [
        Tile(picture, box.corners, Kind.LABEL, box.label + (" (ignored)" if box.ignore else ""))
        for picture in pictures
        for box in picture.boxes
        if label in ("", box.label)
    ]


def judged_tiles(seen: Sequence[Seen], brands: Mapping[str, str], label: str = "") -> list[Tile]:
    """What look and letters together say of pictures; `brands`: label -> brand; of `label` only, if any."""
    wanted = {label: brands[label]} if label else brands
    return [tile for one in seen for tile in _judged(one, brands, set(wanted.values()))]


def _judged(seen: Seen, brands: Mapping[str, str], wanted: set[str]) -> Iterator[Tile]:
    picture, decision = seen.picture, decided(seen, brands)
    shown = shown_brands(picture, brands)
    for found in decision.detections:
        if found.brand in wanted:
            kind = Kind.HIT if found.brand in shown else Kind.FALSE
            text = f"{found.brand} {found.score:.2f} {found.evidence}"
            yield Tile(picture, _corners(found.box, picture), kind, text)
    for veto in decision.vetoes:
        if veto.look.brand in wanted:
            text = f"{veto.look.brand} {veto.line.text}"
            yield Tile(picture, _corners(veto.look.box, picture), Kind.VETO, text)
    for brand in sorted((shown & wanted) - {found.brand for found in decision.detections}):
        boxes = [box.corners for box in picture.targets if brands.get(box.label) == brand]
        yield Tile(picture, (boxes or [(0, 0, picture.width, picture.height)])[0], Kind.MISS, brand)


def _corners(box: Box, picture: AnnotatedPicture) -> Corners:
    width, height = picture.width, picture.height
    return box.x * width, box.y * height, (box.x + box.width) * width, (box.y + box.height) * height


def chosen_tiles(tiles: Sequence[Tile], kinds: Sequence[Kind], most: int, seed: int) -> list[Tile]:
    """Up to `most` of these kinds, drawn at random, by kind, label and picture.

    Raises `SetupError` where there is none.
    """
    fitting = [tile for tile in tiles if tile.kind in kinds]
    if not fitting:
        raise SetupError(f"nothing to show: no {' or '.join(kinds)} in these pictures")
    drawn = np.random.default_rng(seed).permutation(len(fitting))[:most]
    order = list(Kind)
    return sorted(
        (fitting[number] for number in drawn.tolist()),
        key=lambda tile: (order.index(tile.kind), tile.text, str(tile.picture.path)),
    )


def draw_sheet(tiles: Sequence[Tile]) -> Pixels:
    """All tiles in rows of twelve, uint8 BGR; pictures are read one after the other."""
    columns = min(_COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    height, width = _SIDE + _STRIP + 6, _SIDE + 6
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = number // columns * height, number % columns * width
        sheet[top : top + height, left : left + width] = _drawn(tile, height, width)
    return sheet


def _drawn(tile: Tile, height: int, width: int) -> Pixels:
    picture = tile.picture.load()
    corners = np.array(tile.corners, np.float32)
    left, top, right, bottom = grow(corners, _MARGIN, picture.shape[1], picture.shape[0])
    piece = picture[top:bottom, left:right].copy()
    thick = max(round(max(piece.shape[:2]) / _SIDE), 1)
    x1, y1, x2, y2 = (round(float(edge)) for edge in corners - np.array([left, top] * 2))
    cv2.rectangle(piece, (x1, y1), (x2, y2), _FRAMES[tile.kind], thick)
    cell = np.full((height, width, 3), 255, np.uint8)
    cell[:, :] = _FRAMES[tile.kind]
    cell[3 : 3 + _SIDE, 3 : 3 + _SIDE] = fit(piece, _SIDE)
    cell[3 + _SIDE : height - 3, 3 : width - 3] = 255
    _write(cell, tile.text, 3 + _SIDE + 10, 0.36)
    _write(cell, tile.picture.path.stem, 3 + _SIDE + 22, 0.3)
    return cell


def _write(cell: Pixels, text: str, baseline: int, size: float) -> None:
    """OpenCV's letters are ASCII only; what does not fit is cut at the cell's edge."""
    plain = text.encode("ascii", "replace").decode()
    while len(plain) > 1 and cv2.getTextSize(plain, _FONT, size, 1)[0][0] > cell.shape[1] - 8:
        plain = plain[:-1]
    cv2.putText(cell, plain, (5, baseline), _FONT, size, (20, 20, 20), 1, cv2.LINE_AA)


def write_sheet(path: Path, tiles: Sequence[Tile]) -> None:
    """JPEG or PNG by the name of `path`. Raises `SetupError` where it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        written = cv2.imwrite(str(path), draw_sheet(tiles))
    except cv2.error as error:
        raise SetupError(f"{path}: {error.err or error}; end the name in .jpg or .png") from error
    if not written:
        raise SetupError(f"{path}: cannot be written")
