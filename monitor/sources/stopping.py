"""A stop that everything which waits can be woken by."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class StoppedError(Exception):
    """It was time to stop."""


class Stop:
    """Set once, by a signal; in the event loop only."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """From now on nothing is waited for."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether it is time to stop."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Until it is time to stop."""
        await self._event.wait()

    async def unless(self, awaited: Awaitable[T]) -> T:
        """What comes of it; raises `StoppedError`, and cancels it, where the stop comes first."""
        task = asyncio.ensure_future(awaited)
        stop = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise StoppedError
            return task.result()
        finally:
            stop.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait((task,))

    async def sleep(self, seconds: float) -> None:
        """Raises `StoppedError` where the stop comes first."""
        await self.unless(asyncio.sleep(seconds))
