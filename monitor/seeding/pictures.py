"""A few real pictures, as many different files as made-up mentions need, searched by the real detector."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from monitor.brands import Brands
from monitor.errors import DataError, SetupError
from monitor.logos import LogoDetector, decode_picture
from monitor.messages import Detection
from monitor.storage.pictures import PictureStore

# Files in the store: about 50 MB, and few mentions of each.
_MOST: Final = 600
_MENTIONS_EACH: Final = 20
# Bytes and pixels of a sample.
_LARGEST: Final = 2**26


@dataclass(frozen=True)
class SeedPicture:
    """A file in the store; `brands` are places in `Brands`, the surest logo first."""

    sha256: str
    media_type: str
    width: int
    height: int
    n_bytes: int
    url: str
    detections: tuple[Detection, ...]
    brands: tuple[int, ...]


def make_pictures(
    folder: Path, detector: LogoDetector, store: PictureStore, brands: Brands, image_mentions: int
) -> list[SeedPicture]:
    """Put every picture of a folder into the store, again and again with another last byte.

    What follows a picture's end is read by no one, so each copy is a picture of its own to everything that
    goes by content. Raises `SetupError` if the folder has no picture.
    """
    originals = [
        found for path in sorted(folder.iterdir()) if (found := _read(path, detector, brands)) is not None
    ]
    if not originals:
        raise SetupError(f"{folder} holds no JPEG, PNG or WebP picture; name another folder")
    copies = min(_MOST, max(len(originals), image_mentions // _MENTIONS_EACH))
    return [_copy(*originals[n % len(originals)], n // len(originals), store) for n in range(copies)]


_Original = tuple[bytes, str, int, int, tuple[Detection, ...], tuple[int, ...]]


def _read(path: Path, detector: LogoDetector, brands: Brands) -> _Original | None:
    try:
        data = path.read_bytes()
        picture = decode_picture(data, max_bytes=_LARGEST, max_pixels=_LARGEST)
        decode_picture(data + _number(1), max_bytes=_LARGEST, max_pixels=_LARGEST)
    except (OSError, DataError):
        return None
    (found,) = detector.detect([picture.pixels])
    places = {brand.name: place for place, brand in enumerate(brands)}
    surest = sorted(found, key=lambda each: -each.score)
    return (
        data,
        picture.media_type,
        picture.width,
        picture.height,
        tuple(surest),
        tuple(dict.fromkeys(places[each.brand] for each in surest)),
    )


def _copy(
    data: bytes,
    kind: str,
    width: int,
    height: int,
    found: tuple[Detection, ...],
    brands: tuple[int, ...],
    number: int,
    store: PictureStore,
) -> SeedPicture:
    content = data + _number(number) if number else data
    sha256 = hashlib.sha256(content).hexdigest()
    return SeedPicture(
        sha256=sha256,
        media_type=kind,
        width=width,
        height=height,
        n_bytes=len(content),
        url=store.put(content, sha256, kind),
        detections=found,
        brands=brands,
    )


def _number(n: int) -> bytes:
    return n.to_bytes(2, "big")
