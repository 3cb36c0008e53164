"""Notices that brands.toml says something else than the worker began with, so that it begins anew by itself.

A worker that begins anew ends as on SIGTERM and becomes its own successor: what was scored with the old
brands is stored with them, what comes after is scored with the new ones, and no batch sees both.
"""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from monitor.brands import Brands, brands_path, load_brands
from monitor.errors import SetupError

_log = structlog.get_logger(__name__)

_LOOK: Final = 2.0
"""Seconds between looks at the file's name, size and time: nobody who types a brand waits for less.
What has changed has to stay so from one to the next."""

_Stamp = tuple[int, int, int]


class BrandsWatch:
    """Looks at a brands.toml; `brands` are those in use."""

    def __init__(self, path: Path | None, brands: Brands, every: float = _LOOK) -> None:
        self._given = path
        self._path = brands_path(path)
        self._brands = brands
        self._every = every

    async def changed(self) -> None:
        """Returns once the file holds other brands and nobody writes to it any more. Comments are none, and a
        file that is wrong or gone is told once and waited out."""
        seen: _Stamp | None = None
        differs = False
        while True:
            stamp = await asyncio.to_thread(self._stamp)
            if stamp != seen:
                seen, differs = stamp, await asyncio.to_thread(self._differs)
            elif differs:
                return  # as it was at the last look: cut off in the middle, a file may be sound, too
            await asyncio.sleep(self._every)

    def _stamp(self) -> _Stamp | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _differs(self) -> bool:
        try:
            return load_brands(self._given) != self._brands
        except SetupError as error:
            _log.error("brands.toml is wrong, the brands in use stay", error=str(error))
            return False
