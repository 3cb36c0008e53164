"""Messages of streams in lists: none lost, none turned round, whatever ends them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from monitor.sources.gathering import gathered


async def count(until: int, error: Exception | None = None) -> AsyncIterator[int]:
    for number in range(until):
        yield number
    if error is not None:
        raise error


async def test_what_is_there_comes_at_once_and_no_more_than_wanted() -> None:
    async with gathered(count(25), most=10, within=60) as lists:
        assert [len(one) async for one in lists] == [10, 10, 5]


async def test_an_error_comes_after_what_came_before_it() -> None:
    taken: list[int] = []
    async with gathered(count(7, OSError("cut")), most=5, within=60) as lists:
        with pytest.raises(OSError, match="cut"):  # noqa: PT012
            async for one in lists:
                taken += one
    assert taken == list(range(7))


async def test_a_list_is_handed_on_though_nothing_follows() -> None:
    more = asyncio.Event()

    async def slow() -> AsyncIterator[int]:
        yield 1
        await more.wait()
        yield 2

    async with gathered(slow(), most=10, within=0.01) as lists:
        assert await anext(lists) == [1]
        more.set()
        assert await anext(lists) == [2]


async def test_no_more_is_read_than_can_be_kept() -> None:
    read: list[int] = []

    async def endless() -> AsyncIterator[int]:
        while True:
            read.append(len(read))
            yield len(read) - 1
            await asyncio.sleep(0)

    async with gathered(endless(), most=4, within=0.001) as lists:
        assert await anext(lists) == [0, 1, 2, 3]
        for _ in range(100):
            await asyncio.sleep(0)
        # Four that wait, one in hand.
        assert len(read) <= 9
        assert await anext(lists) == [4, 5, 6, 7]


async def test_streams_are_closed_with_the_list() -> None:
    closed = asyncio.Event()

    async def stream() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with gathered(stream(), stream(), most=10, within=0.01) as lists:
        assert await anext(lists) == [1, 1]
    assert closed.is_set()
