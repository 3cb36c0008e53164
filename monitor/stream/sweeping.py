"""Removes the files of pictures whose last mention went, beside the worker's batches."""

import asyncio
from typing import Final

import structlog
from sqlalchemy import Engine

from monitor.storage.deletion import sweep
from monitor.storage.pictures import PictureStore
from monitor.stream.scoring import Threads

_log = structlog.get_logger(__name__)

_AGAIN: Final = 3600.0
"""Seconds from one look to the next where nothing happens: for what could not be removed, and what others
left."""


class Sweeper:
    """Sweeps when a batch let pictures go, at the start, and from time to time. What fails ends nothing: it
    is said, and due again."""

    def __init__(self, engine: Engine, store: PictureStore) -> None:
        self._engine = engine
        self._store = store
        self._due = asyncio.Event()
        self._due.set()
        self._thread = Threads("sweep")

    @property
    def busy(self) -> bool:
        """Whether its thread is at work."""
        return self._thread.busy

    def wake(self) -> None:
        """Pictures went: look as soon as possible."""
        self._due.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(_AGAIN):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            try:
                swept = await self._thread(lambda: sweep(self._engine, self._store))
            except Exception as error:  # an outage, or rights: the worker's own work goes on
                _log.warning("files of deleted pictures not removed yet", error=str(error)[:500])
            else:
                if swept.removed:
                    _log.info("files of deleted pictures removed", files=swept.removed)
