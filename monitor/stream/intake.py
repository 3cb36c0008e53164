"""Collects stretches into batches: a full one at once, a smaller one when the first stretch has waited long
enough.

Faust's own batching is not used: `take` and `take_events` acknowledge in `finally`, so a body that raises
or is cancelled loses its batch, and they end quietly on a record that does not decode.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from monitor.stream.records import Stretch

LARGEST_BATCH: Final = 32 * 2**20
"""Bytes of records after which a batch is full: three are under way at a time, of each agent."""


class Intake:
    """A queue that hands out lists. `size` records at most, `wait` seconds at most after the first stretch
    came, the time counted in which nobody asked; a batch of large records is full sooner."""

    def __init__(self, size: int, wait: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size = size
        self._wait = wait
        self._clock = clock
        self._waiting: deque[tuple[float, Stretch]] = deque()
        """Each with when it came."""
        self._changed = asyncio.Condition()

    async def put(self, stretch: Stretch) -> None:
        """Add a stretch; waits while a whole batch is waiting already: the back-pressure on Kafka."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._full())
            self._waiting.append((self._clock(), stretch))
            self._changed.notify_all()

    async def batch(self) -> list[Stretch]:
        """Wait for the next batch, in the order of arrival; maybe without a record (a stretch of offsets that
        hold none), and empty if what it waited for was cleared.

        Cancelling it while it waits loses nothing.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._waiting))
            try:
                came, _ = self._waiting[0]
                async with asyncio.timeout(max(0.0, came + self._wait - self._clock())):
                    await self._changed.wait_for(self._full)
            except TimeoutError:
                pass
            batch = self._take()
            self._changed.notify_all()
        return batch

    async def clear(self) -> None:
        """Forget what waits; Kafka delivers it again to whoever is assigned the partition."""
        async with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def _full(self) -> bool:
        records = sum(len(stretch.records) for _, stretch in self._waiting)
        return records >= self._size or sum(stretch.size for _, stretch in self._waiting) >= LARGEST_BATCH

    def _take(self) -> list[Stretch]:
        batch: list[Stretch] = []
        room, size = self._size, 0
        while self._waiting and room > 0 and size < LARGEST_BATCH:
            came, stretch = self._waiting.popleft()
            first, rest = stretch.cut(room)
            if rest is not None:
                self._waiting.appendleft((came, rest))
            batch.append(first)
            room -= len(first.records)
            size += first.size
        return batch
