"""Collects records into batches: a full one at once, a smaller one when the first record has waited long
enough.

Faust's own batching is not used: `take` and `take_events` acknowledge in `finally`, so a body that raises
or is cancelled loses its batch, and they end quietly on a record that does not decode.
"""

import asyncio

from monitor.stream.records import Record


class Intake:
    """A queue that hands out lists. `size` records at most, `wait` seconds at most after the first one
    came."""

    def __init__(self, size: int, wait: float) -> None:
        self._size = size
        self._wait = wait
        self._queue: asyncio.Queue[Record] = asyncio.Queue(maxsize=size)

    async def put(self, record: Record) -> None:
        """Add a record; waits while a whole batch is already waiting (this is the back-pressure on Kafka)."""
        await self._queue.put(record)

    async def batch(self) -> list[Record]:
        """Wait for the next batch, in the order of arrival; never empty.

        Cancelling it while it waits for the first record loses nothing.
        """
        records = [await self._queue.get()]
        deadline = asyncio.get_running_loop().time() + self._wait
        try:
            async with asyncio.timeout_at(deadline):
                while len(records) < self._size:
                    records.append(await self._queue.get())
        except TimeoutError:
            pass
        return records

    def clear(self) -> None:
        """Forget what waits; Kafka delivers it again to whoever is assigned the partition."""
        while not self._queue.empty():
            self._queue.get_nowait()
