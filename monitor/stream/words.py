"""Reads the words of pictures in the stream; one that cannot be read is only without words, never lost."""

import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from monitor.messages import WrittenBrand
from monitor.stream.metrics import Metrics

_log = structlog.get_logger(__name__)


class PictureWords(Protocol):
    """Finds brand names in a picture, as `monitor.logos.words.WordFinder` does."""

    @property
    def identity(self) -> str:
        """Version of reader and spellings."""

    def find(self, pixels: NDArray[np.uint8]) -> tuple[WrittenBrand, ...]:
        """Brand names in the picture. Blocks; may raise anything."""


class WordReading:
    """A finder whose failures are logged and counted instead of raised."""

    def __init__(
        self, finder: PictureWords, metrics: Metrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._finder = finder
        self._metrics = metrics
        self._clock = clock

    @property
    def identity(self) -> str:
        """The finder's."""
        return self._finder.identity

    def read(self, pixels: NDArray[np.uint8]) -> tuple[WrittenBrand, ...] | None:
        """Brand names in the picture, None where it could not be read. Blocks; raises nothing."""
        started = self._clock()
        try:
            written = self._finder.find(pixels)
        except Exception as error:
            self._metrics.unread.inc()
            height, width = pixels.shape[:2]
            _log.warning(
                "words of a picture not read, its logos count all the same",
                width=width,
                height=height,
                error=f"{type(error).__name__}: {error}"[:500],
            )
            return None
        self._metrics.words_seconds.observe(self._clock() - started)
        return written
