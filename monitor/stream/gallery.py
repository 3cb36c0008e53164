"""Keeps the finder's brand gallery up to date: asked before each batch of pictures, read when it changed.

A question costs one short round trip a batch, where there is another one anyway (known pictures), and holds
for exactly that batch: what `brand-monitor brands add` has committed is found in the next one. Nothing polls
while no picture comes, and nothing listens, so it works through a connection pooler.
"""

from concurrent.futures import Executor
from typing import Protocol

import structlog

from monitor.errors import OutageError, SetupError
from monitor.logos.finder import LogoFinder
from monitor.logos.gallery import Gallery, GalleryDetector
from monitor.logos.words.names import NameReader
from monitor.settings import Device
from monitor.stream.metrics import Metrics

_log = structlog.get_logger(__name__)


class GallerySource(Protocol):
    """Where galleries come from, as `GalleryStore` has them."""

    async def version(self) -> int:
        """The latest version. Raises `OutageError`."""

    async def read(self, embedder: str) -> Gallery:
        """The latest gallery for that embedder. Raises `OutageError`, or `SetupError` for a damaged one."""


class FixedFinder:
    """A finder without a gallery."""

    def __init__(self, finder: LogoFinder) -> None:
        self._finder = finder

    @property
    def device(self) -> Device:
        """Where it really runs."""
        return self._finder.device

    async def now(self) -> LogoFinder:
        """Always the same."""
        return self._finder


class GalleryFeed:
    """A finder whose gallery follows the database; `letters` are read beside it, `side_by_side` as
    `LogoFinder` has it."""

    def __init__(
        self,
        detector: GalleryDetector,
        letters: NameReader | None,
        source: GallerySource,
        metrics: Metrics,
        side_by_side: Executor | None = None,
    ) -> None:
        self._detector = detector
        self._letters = letters
        self._source = source
        self._metrics = metrics
        self._away = False
        self._side_by_side = side_by_side
        self._refused = 0

    @property
    def device(self) -> Device:
        """Where the models really run."""
        return self._detector.device

    async def now(self) -> LogoFinder:
        """The finder with the latest gallery, or with the last one while the database is away or holds a
        damaged one."""
        try:
            version = await self._source.version()
            if version not in (self._detector.gallery.version, self._refused):
                await self._read(version)
            self._away = False
        except OutageError as error:
            if not self._away:
                _log.warning(
                    "gallery not read, the last one stays",
                    version=self._detector.gallery.version,
                    error=str(error),
                )
            self._away = True
        return LogoFinder(self._detector, self._letters, self._side_by_side)

    async def _read(self, version: int) -> None:
        try:
            gallery = await self._source.read(self._detector.embedder.identity)
        except SetupError as error:
            self._refused = version
            _log.error("gallery refused, the last one stays", version=version, error=str(error))
            return
        self._detector = self._detector.with_gallery(gallery)
        self._metrics.gallery_version.set(gallery.version)
        self._metrics.gallery_brands.set(len(gallery.entries))
        _log.info("gallery read", version=gallery.version, brands=len(gallery.entries))
        if gallery.stale:
            _log.warning(
                "gallery brands not looked for: another embedder made their entries; "
                "run `brand-monitor brands rebuild`",
                brands=gallery.stale,
                embedder=self._detector.embedder.identity,
            )
