"""Pictures -> brands whose names are written in them: reader and matcher as one thing with a version."""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.brands import Brands
from monitor.logos.words.matching import NameFinder, WrittenMatcher
from monitor.logos.words.reader import PictureReader, load_reader
from monitor.messages import WrittenBrand
from monitor.settings import Device, Settings

_DIGITS: Final = 8
"""Hexadecimal digits that tell versions apart; a handful of versions ever meet in one database."""


class WordFinder:
    """Finds brand names in pictures; safe to share between threads."""

    def __init__(self, reader: PictureReader, brands: Brands, names: NameFinder) -> None:
        """`names` finds the spellings that count in texts, too."""
        self._reader = reader
        self._matcher = WrittenMatcher(brands, names)
        self.identity: Final = f"words-{reader.identity}-{_digest(brands)}"
        """Stands in the model version of the scans it took part in: equal identities, equal finds. The last
        part is a digest of the spellings, so that a changed brands.toml makes pictures due again."""

    @property
    def device(self) -> Device:
        """Where the models really run."""
        return self._reader.device

    def find(self, pixels: NDArray[np.uint8]) -> tuple[WrittenBrand, ...]:
        """Brand names in the picture (uint8, height x width x 3, BGR), in reading order.

        Blocks for as long as the models take. May raise anything: whoever calls it goes on without words.
        """
        return self._matcher.find(self._reader.read(pixels))


def load_words(settings: Settings, brands: Brands, names: NameFinder) -> WordFinder | None:
    """The finder where `MONITOR_OCR` asks for one, else None; blocks for a second or two.

    Raises `SetupError` where it is asked for and cannot be had.
    """
    if not settings.ocr:
        return None
    return WordFinder(load_reader(settings.device, settings.inference_threads), brands, names)


def _digest(brands: Brands) -> str:
    spellings: Iterable[object] = sorted((brand.name, brand.spellings, brand.written) for brand in brands)
    return hashlib.sha256(repr(spellings).encode()).hexdigest()[:_DIGITS]
