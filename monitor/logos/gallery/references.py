"""Reference pictures of a brand: any file a marketing department has, checked, and cut down to the logo.

PNG, WebP and JPEG, transparent or not; SVG; photographs with the logo's box. What cannot serve is refused
with the file, the fault and what to do.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.errors import DataError, ErrorCode, SetupError
from monitor.logos.crops import grow
from monitor.logos.decoding import decode_transparent

LARGEST_FILE: Final = 20 * 2**20
"""Bytes; a logo has some thousands, a photograph of one some millions."""
LARGEST_PICTURE: Final = 100_000_000
"""Pixels; the largest cameras."""
LONGEST_KEPT: Final = 512
"""px, long side of what is kept of a reference: four times the embedder's input."""
_LONGEST_SEARCHED: Final = 1280
"""px, long side of a photograph in which the logo is looked for."""
_CONTEXT: Final = 0.25
"""Kept around the logo, as a share of its sides: the embedder's margin and some to move in."""
_SHORTEST_LOGO: Final = 20
"""px, long side: less is not enough to know a logo by."""
_THINNEST_LOGO: Final = 5
"""px, short side."""
_SEE_THROUGH: Final = 0.06
"""Opacity up to which a pixel is not part of the logo: compression leaves such a haze."""
_ONE_COLOUR: Final = 24
"""Difference, of 255, up to which a pixel is of the background's colour: JPEG frays edges by about that."""

Corners = tuple[int, int, int, int]
"""x1, y1, x2, y2 in px."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference: `pixels` uint8 (height, width, 4), BGRA, with the logo in `box` and what was around
    it."""

    name: str
    sha256: str
    """Of the file that was given."""
    pixels: NDArray[np.uint8]
    box: Corners
    photograph: NDArray[np.uint8] | None = None
    """All of an opaque picture for which nobody said where its logo is, as `pixels`; not stored."""

    def at(self, corners: Corners) -> Self:
        """The same file with the logo in that place, px of `photograph`, which it must have."""
        assert self.photograph is not None
        pixels, box = _cut(self.photograph, corners)
        return replace(self, pixels=pixels, box=box, photograph=None)

    @property
    def transparent(self) -> bool:
        """Whether it has a ground of its own, or may be put on any."""
        return bool(self.pixels[..., 3].min() < 255)

    def png(self) -> bytes:
        """The pixels as a PNG file."""
        return cv2.imencode(".png", self.pixels)[1].tobytes()


class _Box(msgspec.Struct, array_like=True):
    x: int
    y: int
    width: int
    height: int


def parse_box(text: str) -> Corners | None:
    """`x,y,w,h` in px as corners; `whole` as None. Raises `SetupError`."""
    if text.strip().lower() == "whole":
        return None
    try:
        box = msgspec.convert(text.split(","), _Box, strict=False)
    except msgspec.ValidationError:
        box = None
    if box is None or text.count(",") != 3 or min(box.x, box.y) < 0 or min(box.width, box.height) < 1:
        raise SetupError(
            f"--box {text!r}: write x,y,w,h in whole pixels from the top left corner (10,20,200,80), or whole"
        )
    return box.x, box.y, box.x + box.width, box.y + box.height


def read_reference(path: Path, box: Corners | None = None) -> Reference:
    """Read a reference file. `box` says where the logo is, for photographs; without, all of it is the logo,
    less an empty border, until `in_common` knows better. Blocks while reading and decoding. Raises
    `SetupError`."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise SetupError(
                f"{path}: {size:,} bytes; the limit for a logo is {LARGEST_FILE:,}: save it smaller"
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise SetupError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    try:
        pixels = _decoded(data)
    except DataError as error:
        raise SetupError(f"{path}: {error.detail}; logos may be PNG, JPEG, WebP or SVG") from error
    logo = _logo_in(pixels, path) if box is None else _checked(box, pixels, path)
    if not is_large_enough(logo):
        raise SetupError(
            f"{path}: the logo is {logo[2] - logo[0]} x {logo[3] - logo[1]} px; "
            f"it needs {_SHORTEST_LOGO} px on the long side and {_THINNEST_LOGO} on the short one"
        )
    kept, place = _cut(pixels, logo)
    searched = _bounded(pixels) if box is None and pixels[..., 3].min() == 255 else None
    return Reference(path.name, hashlib.sha256(data).hexdigest(), kept, place, searched)


def is_large_enough(logo: Corners) -> bool:
    """Whether a place of that many pixels can serve."""
    sides = logo[2] - logo[0], logo[3] - logo[1]
    return max(sides) >= _SHORTEST_LOGO and min(sides) >= _THINNEST_LOGO


def stored_reference(name: str, sha256: str, png: bytes, box: Corners) -> Reference:
    """A reference as `Reference.png` stored it. Raises `SetupError` where the picture is damaged."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise SetupError(
            f"the stored reference {name!r} is damaged; take the brand out and add it again "
            "(`brand-monitor brands remove`, `brand-monitor brands add`)"
        )
    return Reference(name, sha256, np.asarray(pixels, np.uint8), box)


def _decoded(data: bytes) -> NDArray[np.uint8]:
    """BGRA of the file. Raises `DataError`."""
    if b"<svg" in data[:4096].lower() and not data.startswith((b"\xff\xd8", b"\x89PNG", b"RIFF")):
        return _drawn(data)
    return decode_transparent(data, max_bytes=LARGEST_FILE, max_pixels=LARGEST_PICTURE)


def _drawn(data: bytes) -> NDArray[np.uint8]:
    import resvg_py

    try:
        # Both sides bound what an odd viewBox can ask for; the drawing keeps its shape.
        png = resvg_py.svg_to_bytes(
            svg_string=data.decode("utf-8-sig"), width=LONGEST_KEPT, height=LONGEST_KEPT
        )
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise DataError(ErrorCode.IMAGE_CORRUPT, f"the SVG cannot be drawn: {error}") from error
    return np.asarray(cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED), np.uint8)


def _logo_in(pixels: NDArray[np.uint8], path: Path) -> Corners:
    """Where the picture is not empty: opaque, or of another colour than its four corners."""
    alpha = pixels[..., 3]
    if alpha.min() < 255:
        shown = alpha > _SEE_THROUGH * 255
        if not shown.any():
            raise SetupError(f"{path}: every pixel is transparent; there is no logo to see")
    else:
        colours = pixels[..., :3].astype(np.int16)
        corners = colours[[0, 0, -1, -1], [0, -1, 0, -1]]
        if (np.ptp(corners, axis=0) > _ONE_COLOUR).any():
            return 0, 0, pixels.shape[1], pixels.shape[0]  # no plain ground: a crop of a photograph
        shown = (np.abs(colours - np.median(corners, axis=0)) > _ONE_COLOUR).any(2)
        if not shown.any():
            raise SetupError(f"{path}: the picture is of one colour; there is no logo to see")
    columns, rows = np.flatnonzero(shown.any(0)), np.flatnonzero(shown.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _checked(box: Corners, pixels: NDArray[np.uint8], path: Path) -> Corners:
    height, width = pixels.shape[:2]
    if box[2] > width or box[3] > height:
        raise SetupError(
            f"{path}: the box ends at {box[2]}, {box[3]}, but the picture has {width} x {height} px; "
            "write x,y,w,h in its pixels"
        )
    return box


def _cut(pixels: NDArray[np.uint8], logo: Corners) -> tuple[NDArray[np.uint8], Corners]:
    """The logo with its context, scaled down to `LONGEST_KEPT`, and where it lies in that."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = grow(np.array(logo, np.float32), _CONTEXT, width, height)
    region = pixels[top:bottom, left:right]
    scale = min(LONGEST_KEPT / max(region.shape[:2]), 1.0)
    if scale < 1:
        size = (max(round(region.shape[1] * scale), 1), max(round(region.shape[0] * scale), 1))
        region = _scaled(region, size)
    x, y = region.shape[1] / (right - left), region.shape[0] / (bottom - top)
    place = (
        round((logo[0] - left) * x),
        round((logo[1] - top) * y),
        max(round((logo[2] - left) * x), round((logo[0] - left) * x) + 1),
        max(round((logo[3] - top) * y), round((logo[1] - top) * y) + 1),
    )
    return np.ascontiguousarray(region), place


def _bounded(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(_LONGEST_SEARCHED / max(photograph.shape[:2]), 1.0)
    size = (max(round(photograph.shape[1] * scale), 1), max(round(photograph.shape[0] * scale), 1))
    return photograph if scale == 1 else _scaled(photograph, size)


def _scaled(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Averaged by opacity: the colour under transparent pixels is anybody's, mostly black."""
    alpha = pixels[..., 3:].astype(np.float32) / 255
    weighted = cv2.resize(pixels[..., :3] * alpha, size, interpolation=cv2.INTER_AREA)
    opacity = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)[..., None]
    colours = weighted / np.maximum(opacity, 1e-6)
    return np.asarray(np.rint(np.concatenate([colours.clip(0, 255), opacity * 255], 2)), np.uint8)
