# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy", "opencv-python-headless>=4.11", "pillow>=11", "resvg-py>=0.5"]
# ///
"""Draws the composed sample pictures: CC0 vector logos as signs, prints and screens in other pictures.

    python samples/make_pictures.py            # writes samples/pictures/

Everything it needs lies in samples/material and samples/pictures; the same seed gives the same pixels.
The photographs that are only copied (SOURCES.md names them) are left alone.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import cv2
import numpy as np
import resvg_py
from drawings import Colour, Pixels, chart, hall, room, shirt
from numpy.typing import NDArray
from PIL import Image

HERE: Final = Path(__file__).parent
MATERIAL: Final = HERE / "material"
PICTURES: Final = HERE / "pictures"
SEED: Final = 20180305  # any number will do; it only has to stay


class Ink(NamedTuple):
    """One logo on a panel: file stem in material/, colour, width and centre as fractions of the panel."""

    logo: str
    colour: Colour
    width: float
    centre: tuple[float, float] = (0.5, 0.5)


class Panel(NamedTuple):
    """A flat sign, print or screen: pixels wide and high, ground colour (`None`: only ink shows), logos."""

    size: tuple[int, int]
    ground: Colour | None
    inks: tuple[Ink, ...]


class Placement(NamedTuple):
    """Where a panel goes: corners clockwise from top left; `blur` is the lens's sigma; both in pixels."""

    panel: Panel
    corners: tuple[tuple[float, float], ...]
    blur: float = 0.8


def logo_mask(stem: str, width: int) -> NDArray[np.float32]:
    """Coverage in 0..1 of a logo drawn `width` pixels wide, cut to its ink."""
    png = resvg_py.svg_to_bytes(svg_path=str(MATERIAL / f"{stem}.svg"), width=2 * width)
    rgba = cv2.imdecode(np.frombuffer(bytes(png), np.uint8), cv2.IMREAD_UNCHANGED)
    assert rgba is not None
    x, y, w, h = cv2.boundingRect(cv2.findNonZero((rgba[..., 3] > 8).astype(np.uint8)))
    alpha = rgba[y : y + h, x : x + w, 3].astype(np.float32) / 255
    size = (width, round(h * width / w))
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)


def draw_panel(panel: Panel) -> tuple[Pixels, NDArray[np.float32]]:
    """The panel seen straight on, and its coverage in 0..1."""
    width, height = panel.size
    pixels = np.full((height, width, 3), panel.ground or (0, 0, 0), np.float32)
    cover = np.full((height, width), 0.0 if panel.ground is None else 1.0, np.float32)
    for ink in panel.inks:
        mask = logo_mask(ink.logo, round(ink.width * width))
        top = round(ink.centre[1] * height - mask.shape[0] / 2)
        left = round(ink.centre[0] * width - mask.shape[1] / 2)
        spot = np.s_[top : top + mask.shape[0], left : left + mask.shape[1]]
        cover[spot] = np.maximum(cover[spot], mask)
        if panel.ground is None:
            # Colour without an edge: only the coverage may fade, or the outline would darken.
            pixels[spot] = ink.colour
        else:
            pixels[spot] += mask[..., None] * (np.array(ink.colour, np.float32) - pixels[spot])
    return pixels, cover


def place(picture: Pixels, placement: Placement) -> Pixels:
    """The picture with one panel in it: in perspective, under the picture's own light."""
    height, width = picture.shape[:2]
    pixels, cover = draw_panel(placement.panel)
    w, h = placement.panel.size
    corners = np.array(placement.corners, np.float32)
    view = cv2.getPerspectiveTransform(np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32), corners)
    # BORDER_REPLICATE for colours: at the rim only the coverage fades.
    seen = cv2.warpPerspective(pixels, view, (width, height), borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpPerspective(cover, view, (width, height))
    seen, alpha = (cv2.GaussianBlur(part, (0, 0), placement.blur) for part in (seen, alpha))
    light = picture.mean(axis=2)
    if placement.panel.ground is not None:
        light = cv2.GaussianBlur(
            light, (0, 0), 25
        )  # a board takes the light of the place; only paint takes its grain
    light /= max(float(light[alpha > 0.5].mean()), 1.0)
    lit = np.clip(seen * light[..., None], 0, 255)
    return np.asarray(picture + alpha[..., None] * (lit - picture), np.float32)


def photograph(path: Path) -> Callable[[], Pixels]:
    """A background taken from a file."""

    def read() -> Pixels:
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        assert pixels is not None, path
        return pixels.astype(np.float32)

    return read


WHITE: Final = (245, 245, 245)
SLATE: Final = (116, 113, 112)  # VMware's grey, as in the vector file
BANNER: Final = Panel((900, 380), (150, 92, 20), (Ink("vmware", WHITE, 0.74),))
SLIDE: Final = Panel((872, 520), (250, 250, 248), (Ink("vmware", SLATE, 0.62, (0.5, 0.42)),))
PLATE: Final = Panel((640, 220), (228, 226, 224), (Ink("vmware", SLATE, 0.8),))
STICKER: Final = Panel((420, 150), (250, 250, 250), (Ink("vmware", (60, 54, 52), 0.84),))
WALL_PAINT: Final = Panel((900, 260), None, (Ink("vmware", WHITE, 1.0),))
CHEST: Final = Panel((520, 120), None, (Ink("vmware", (236, 236, 232), 1.0),))
TREFOIL: Final = Panel((300, 300), None, (Ink("adidas", (240, 240, 240), 1.0),))
POSTER: Final = Panel((700, 480), (28, 18, 220), (Ink("cocacola", WHITE, 0.86),))
SHOEBOX: Final = Panel((640, 300), (22, 92, 236), (Ink("nike", WHITE, 0.6),))
BACKDROP: Final = Panel(
    (1200, 640),
    (252, 252, 252),
    tuple(
        Ink("cloudera", (148, 92, 0), 0.2, (x, y))
        if (row + column) % 2
        else Ink("vmware", (60, 54, 52), 0.2, (x, y))
        for row, y in enumerate((0.2, 0.5, 0.8))
        for column, x in enumerate((0.17, 0.5, 0.83))
    ),
)

SCENES: Final[dict[str, tuple[Callable[[], Pixels], tuple[Placement, ...]]]] = {
    "vmware-wall.jpg": (
        photograph(MATERIAL / "brick.jpg"),
        (Placement(WALL_PAINT, ((60, 190), (452, 150), (452, 268), (60, 300))),),
    ),
    "vmware-hall.jpg": (
        hall,
        (Placement(BANNER, ((255, 150), (640, 118), (640, 290), (255, 300)), blur=1.0),),
    ),
    "vmware-slide.png": (
        room,
        (Placement(SLIDE, ((270, 90), (690, 90), (690, 334), (270, 334)), blur=0.6),),
    ),
    "vmware-shirt.jpg": (
        shirt((92, 60, 34)),
        (Placement(CHEST, ((205, 210), (435, 214), (433, 268), (207, 264))),),
    ),
    "vmware-sticker.webp": (
        photograph(PICTURES / "coffee.jpg"),
        (Placement(STICKER, ((452, 322), (588, 288), (597, 337), (462, 374))),),
    ),
    "vmware-plate-16bit.png": (
        photograph(MATERIAL / "gravel.jpg"),
        (Placement(PLATE, ((90, 170), (430, 205), (418, 330), (82, 284))),),
    ),
    "backdrop-palette.png": (
        lambda: np.full((520, 900, 3), (64, 58, 54), np.float32),
        (Placement(BACKDROP, ((60, 50), (840, 20), (840, 480), (60, 450)), blur=0.6),),
    ),
    "cocacola-poster-cmyk.jpg": (
        photograph(MATERIAL / "brick.jpg"),
        (Placement(POSTER, ((120, 130), (410, 150), (405, 352), (116, 340))),),
    ),
    "nike-box.webp": (
        photograph(MATERIAL / "gravel.jpg"),
        (Placement(SHOEBOX, ((80, 180), (420, 140), (440, 300), (96, 350))),),
    ),
    "adidas-shirt.jpg": (
        shirt((150, 70, 24)),
        (Placement(TREFOIL, ((262, 210), (382, 214), (380, 330), (260, 326))),),
    ),
    "chart.webp": (chart, ()),
}


def compose(name: str) -> NDArray[np.uint8]:
    """One scene of `SCENES` as (H, W, 3) BGR bytes; photographs get a sensor's noise."""
    background, placements = SCENES[name]
    picture = background()
    for placement in placements:
        picture = place(picture, placement)
    if not name.endswith(
        ".png"
    ):  # those stand for screenshots and scans, and noise would only make them large
        picture += np.random.default_rng([SEED, *name.encode()]).normal(0, 2.0, picture.shape)
    return np.asarray(np.clip(picture, 0, 255).round(), np.uint8)


def encode(name: str, pixels: NDArray[np.uint8]) -> bytes:
    """The file's bytes in the format its name asks for."""
    if name.endswith("-16bit.png"):
        grey = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257
        return cv2.imencode(".png", grey)[1].tobytes()
    image = Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
    buffer = io.BytesIO()
    if name.endswith("-cmyk.jpg"):
        image.convert("CMYK").save(buffer, "JPEG", quality=88)
    elif name.endswith(".jpg"):
        image.save(buffer, "JPEG", quality=88)
    elif name.endswith(".webp"):
        image.save(buffer, "WEBP", quality=82)
    elif name.endswith("-palette.png"):
        image.quantize(64).save(buffer, "PNG", optimize=True)
    else:
        image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def main(folder: Path) -> None:
    """Write every scene into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCENES:
        (folder / name).write_bytes(encode(name, compose(name)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES)
