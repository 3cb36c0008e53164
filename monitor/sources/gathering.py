"""A stream's messages in pages: one acknowledgement and one saved state for many of them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

_Message = TypeVar("_Message")


@asynccontextmanager
async def gathered(
    *streams: AsyncIterator[_Message], most: int, within: float
) -> AsyncIterator[AsyncGenerator[list[_Message], None]]:
    """Lists of messages in each stream's order, none empty: at most `most`, or what came `within` so many
    seconds of the first.

    While nobody asks, `most` messages more are read and kept (which answers a server's pings, too), then the
    connections wait. Ends and raises as the first stream that does, once what came before has been handed
    over.
    """
    kept: asyncio.Queue[_Message | _End] = asyncio.Queue(most)
    readers = [asyncio.create_task(_read(stream, kept)) for stream in streams]
    lists = _lists(kept, most, within)
    try:
        yield lists
    finally:
        await lists.aclose()
        for reader in readers:
            reader.cancel()
        await asyncio.wait(readers)


class _End:
    def __init__(self, error: Exception | None) -> None:
        self.error = error


async def _read(messages: AsyncIterator[_Message], kept: "asyncio.Queue[_Message | _End]") -> None:
    end = _End(None)
    try:
        async for message in messages:
            await kept.put(message)
    except Exception as error:  # belongs to whoever asks for the next list
        end = _End(error)
    await kept.put(end)


async def _lists(
    kept: "asyncio.Queue[_Message | _End]", most: int, within: float
) -> AsyncGenerator[list[_Message], None]:
    one: _Message | _End | None = None
    while not isinstance(one, _End):
        gathering: list[_Message] = []
        one = await kept.get()
        try:
            async with asyncio.timeout(within):
                while not isinstance(one, _End):
                    gathering.append(one)
                    if len(gathering) == most:
                        break
                    one = await kept.get()
        except TimeoutError:
            pass
        if gathering:
            yield gathering
    if one.error is not None:
        raise one.error
