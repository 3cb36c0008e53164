"""A few real pictures, as many different files as made-up mentions need, searched by the real models."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from monitor.brands import Brands
from monitor.errors import DataError, SetupError
from monitor.logos import decode_picture
from monitor.logos.finder import LogoFinder
from monitor.messages import Detection
from monitor.storage.pictures import PictureStore

# Files in the store: about 50 MB. Pictures beyond that have rows of their own and share the files.
_FILES: Final = 600
_MENTIONS_EACH: Final = 8
# Bytes and pixels of a sample.
_LARGEST: Final = 2**26


@dataclass(frozen=True)
class SeedPicture:
    """A picture in the database. The surest logo comes first; brands are told by their place in `Brands`."""

    sha256: str
    media_type: str
    width: int
    height: int
    n_bytes: int
    url: str
    """A file of the store that looks like it."""
    detections: tuple[tuple[int, Detection], ...]

    @property
    def brands(self) -> tuple[int, ...]:
        """Which brands it shows."""
        return tuple(dict.fromkeys(place for place, _ in self.detections))


def make_pictures(
    folder: Path, finder: LogoFinder, store: PictureStore, brands: Brands, image_mentions: int
) -> list[SeedPicture]:
    """Put every picture of a folder into the store, again and again with other last bytes each time.

    What follows a picture's end is read by no one, so each copy is a picture of its own to everything that
    goes by content. Raises `SetupError` if the folder has no picture.
    """
    originals = [
        found for path in sorted(folder.iterdir()) if (found := _read(path, finder, brands)) is not None
    ]
    if not originals:
        raise SetupError(f"{folder} holds no JPEG, PNG or WebP picture; name another folder")
    made: list[SeedPicture] = []
    for n in range(max(len(originals), image_mentions // _MENTIONS_EACH)):
        number, place = divmod(n, len(originals))  # never the original: a real mention may show it
        url = made[n % (_FILES - _FILES % len(originals))].url if n >= _FILES else None
        made.append(originals[place].copy(number, store, url))
    return made


@dataclass(frozen=True)
class _Original:
    """A picture of the folder and what was found in it."""

    data: bytes
    hashed: "hashlib._Hash"
    media_type: str
    width: int
    height: int
    detections: tuple[tuple[int, Detection], ...]

    def copy(self, number: int, store: PictureStore, url: str | None) -> SeedPicture:
        """The copy with that number; stored unless it has the `url` of another one."""
        ending = _ending(number)
        hashed = self.hashed.copy()
        hashed.update(ending)
        sha256 = hashed.hexdigest()
        surest = max((found.score for _, found in self.detections), default=1.0)
        return SeedPicture(
            sha256=sha256,
            media_type=self.media_type,
            width=self.width,
            height=self.height,
            n_bytes=len(self.data) + len(ending),
            url=url or store.put(self.data + ending, sha256, self.media_type),
            detections=tuple(
                (place, msgspec.structs.replace(found, score=found.score / surest * _surety(number)))
                for place, found in self.detections
            ),
        )


def _read(path: Path, finder: LogoFinder, brands: Brands) -> _Original | None:
    """None for what is no picture, or none any more with something behind its end."""
    try:
        data = path.read_bytes()
        picture = decode_picture(data, max_bytes=_LARGEST, max_pixels=_LARGEST)
        decode_picture(data + _ending(1), max_bytes=_LARGEST, max_pixels=_LARGEST)
    except (OSError, DataError):
        return None
    (found,) = finder.find([picture.pixels])
    places = {brand.name: place for place, brand in enumerate(brands)}
    return _Original(
        data=data,
        hashed=hashlib.sha256(data),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        detections=tuple((places[each.brand], each) for each in found.detections),
    )


def _surety(number: int) -> float:
    """Made-up confidence, 0.55 to 0.97, equal for equal numbers: no wall shows one scene only."""
    return 0.97 - 0.42 * (number * 0.618 % 1)


def _ending(number: int) -> bytes:
    return number.to_bytes(4, "big")
