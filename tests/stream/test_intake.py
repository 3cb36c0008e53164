"""Batches are full, or as old as they may get."""

import asyncio
from typing import Any

from monitor.stream.intake import Intake


async def test_a_full_batch_does_not_wait(records: Any) -> None:
    intake = Intake(3, wait=60)
    for n in range(3):
        await intake.put(records(n))
    async with asyncio.timeout(1):
        assert [one.position.offset for one in await intake.batch()] == [0, 1, 2]


async def test_a_partial_batch_goes_after_the_wait(records: Any) -> None:
    intake = Intake(3, wait=0.05)
    await intake.put(records(0))
    started = asyncio.get_running_loop().time()
    assert len(await intake.batch()) == 1
    assert 0.04 < asyncio.get_running_loop().time() - started < 1


async def test_records_keep_their_order_over_many_batches(records: Any) -> None:
    intake = Intake(4, wait=0.001)

    async def feed() -> None:
        for n in range(100):
            await intake.put(records(n))
            if n % 7 == 0:
                await asyncio.sleep(0.002)

    feeding = asyncio.create_task(feed())
    taken: list[int] = []
    while len(taken) < 100:
        taken += [one.position.offset for one in await intake.batch()]
    await feeding
    assert taken == list(range(100))


async def test_clearing_makes_room_for_who_waits(records: Any) -> None:
    intake = Intake(1, wait=0.01)
    await intake.put(records(0))
    waiting = asyncio.create_task(intake.put(records(1)))
    await asyncio.sleep(0)
    intake.clear()
    await asyncio.wait_for(waiting, 1)
    assert [one.position.offset for one in await intake.batch()] == [1]
