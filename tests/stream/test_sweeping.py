"""Files are removed beside the batches: at the start, when pictures went, and again after a fault."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from monitor.errors import OutageError
from monitor.storage.deletion import Swept
from monitor.stream import sweeping
from monitor.stream.sweeping import Sweeper


async def test_it_looks_at_the_start_and_whenever_pictures_went_and_no_fault_ends_it(
    monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]
) -> None:
    looks: list[int] = []

    def sweep(_engine: Any, _store: Any) -> Swept:
        looks.append(len(looks))
        if len(looks) == 2:
            raise OutageError("picture store: away")
        return Swept(removed=1)

    monkeypatch.setattr(sweeping, "sweep", sweep)
    nothing: Any = None
    sweeper = Sweeper(nothing, nothing)
    task = asyncio.create_task(sweeper.run())
    for count in (1, 2, 3):
        await wait_until(lambda count=count: len(looks) == count and not sweeper.busy)
        sweeper.wake()
    await wait_until(lambda: len(looks) == 4)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
