"""Whether pictures are copies: a perceptual hash, and the keys by which copies are found.

The hash is the one known as pHash: the signs of the lowest 63 frequencies of a picture of 32 x 32 grey
pixels, beside their median. Scaled, compressed or a little brighter, a picture keeps all but few of them. It
stands here in a few lines, since OpenCV's headless wheels leave `img_hash` out, ImageHash brings SciPy and
PyWavelets, and pdqhash has no wheels for Linux.
"""

import hashlib
from itertools import combinations
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

_SIDE: Final = 32
_FIRST_SIDE: Final = 256
_LOW: Final = 8
_PLAIN: Final = 0.35
"""Share of a picture that is of one grey: above it, it is a logo on white or a screenshot of words, whose low
frequencies many others have."""
_GREYS: Final = 32
_PARTS: Final = 5
_EQUAL: Final = 3


class Likeness(NamedTuple):
    """What tells copies of a picture.

    `phash` are 64 bits, signed; copies differ in few of them. Two pictures that share one of `keys` (signed
    64-bit, ascending) are copies; one too plain has none.
    """

    phash: int
    keys: tuple[int, ...]


def likeness(pixels: NDArray[np.uint8]) -> Likeness:
    """Of a picture (height, width, 3), BGR."""
    grey = cv2.cvtColor(_shrunk(pixels), cv2.COLOR_BGR2GRAY)
    low = cv2.dct(grey.astype(np.float32))[:_LOW, :_LOW].flatten()
    bits = low > np.median(low[1:])
    bits[0] = False  # how bright it is
    phash = int.from_bytes(np.packbits(bits).tobytes(), signed=True)
    levels = np.histogram(grey, _GREYS, (0, 256))[0]
    plain = (levels + np.roll(levels, 1)).max() > _PLAIN * grey.size
    return Likeness(phash, () if plain else _keys(phash))


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """32 x 32, each the mean of its part. First by a whole number, which OpenCV does four times as fast; what
    does not divide, less than a 256th of a side, is left out."""
    height, width = pixels.shape[:2]
    step = max(1, min(height, width) // _FIRST_SIDE)
    whole = pixels[: height // step * step, : width // step * step]
    half = cv2.resize(whole, (width // step, height // step), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(half, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _keys(phash: int) -> tuple[int, ...]:
    """Three of five parts of the hash each: pictures that differ in two bits share one for certain, strangers
    practically never."""
    parts = [
        sum((phash >> place & 1) << n for n, place in enumerate(range(part, 64, _PARTS)))
        for part in range(_PARTS)
    ]
    digests = (
        hashlib.blake2b(repr(chosen).encode(), digest_size=8, person=b"picture").digest()
        for chosen in combinations(enumerate(parts), _EQUAL)
    )
    return tuple(sorted(int.from_bytes(digest, signed=True) for digest in digests))
