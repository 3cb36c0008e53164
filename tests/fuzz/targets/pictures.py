"""Decoding of pictures: `DataError`, or upright 8-bit BGR within the pixel limit; and what EXIF says of them.

Half of the inputs get their checksums and lengths put right, so that what lies behind those is reached too.
"""

import zlib
from collections.abc import Iterator
from itertools import chain

import cv2
import numpy as np

from monitor.errors import DataError
from monitor.logos import decode_picture
from monitor.logos.decoding import decode_transparent
from monitor.pictures import Exif, read_header
from tests.fuzz.material import ROOT, small_pictures

LONGEST = 2049
WORDS = (
    *(b"IHDR", b"IDAT", b"IEND", b"tRNS", b"PLTE", b"acTL", b"fdAT", b"eXIf", b"iCCP"),
    *(b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF", b"ICCP"),
    *(b"\xff\xc0", b"\xff\xc2", b"\xff\xda", b"\xff\xd9", b"\xff\xe1", b"Exif\0\0", b"II*\0", b"MM\0*"),
)
_PIXELS = 2_000_000
_PNG = b"\x89PNG\r\n\x1a\n"

cv2.setNumThreads(1)


def seeds() -> Iterator[bytes]:
    """The first byte says whether sums and lengths are put right."""
    broken = (file.read_bytes()[: LONGEST - 1] for file in sorted((ROOT / "samples" / "broken").iterdir()))
    for picture in chain(small_pictures(), broken):
        yield b"\0" + picture
        yield b"\1" + picture


def check(data: bytes) -> None:
    """One file."""
    file = _put_right(data[1:]) if data[:1] > b"\x7f" or data[:1] == b"\1" else data[1:]
    try:
        picture = decode_picture(file, max_bytes=LONGEST * 2, max_pixels=_PIXELS)
        transparent = decode_transparent(file, max_bytes=LONGEST * 2, max_pixels=_PIXELS)
    except DataError as error:
        if "nsufficient memory" in error.detail:  # OpenCV's word for what it did not get
            raise MemoryError(error.detail) from error
        return
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.shape == (picture.height, picture.width, 3)
    assert (transparent.dtype, transparent.shape) == (np.uint8, (picture.height, picture.width, 4))
    taken = Exif(read_header(file).exif).taken
    assert taken is None or taken.isoformat()
    assert 0 < picture.width * picture.height <= _PIXELS


def _put_right(file: bytes) -> bytes:
    if file[:4] == b"RIFF":
        return file[:4] + (len(file) - 8).to_bytes(8, "little", signed=True)[:4] + file[8:]
    if file[:8] != _PNG:
        return file
    parts, at = [_PNG], 8
    while at + 12 <= len(file):
        length = int.from_bytes(file[at : at + 4])
        chunk = file[at + 4 : at + 8 + length]
        parts += [file[at : at + 4], chunk, zlib.crc32(chunk).to_bytes(4)]
        at += 12 + length
    return b"".join(parts)
