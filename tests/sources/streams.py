"""What tests of streamed sources share: a context to build them with, pages taken until enough came."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from monitor.addresses import read_allowed
from monitor.brands import Brand, Brands
from monitor.settings import load_settings
from monitor.sources.context import Context
from monitor.sources.http import Http
from monitor.sources.interface import Item, Page, Source, SourceOutageError, State

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@asynccontextmanager
async def context(**given: Any) -> AsyncIterator[Context]:
    async with Http("mailto:us@example.com", read_allowed("127.0.0.1")) as http:
        yield Context(
            http=http,
            brands=Brands((Brand(name="Nike"),)),
            settings=load_settings(),
            now=lambda: NOW,
            **given,
        )


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """127.0.0.1:PORT of a running server."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


async def take(
    source: Source, states: Mapping[str, State], enough: Callable[[list[Item]], bool]
) -> tuple[list[Item], list[Page]]:
    """Items until there are enough, and the pages that brought them."""
    items: list[Item] = []
    pages: list[Page] = []
    async with asyncio.timeout(60), aclosing(source.pages(states)) as coming:  # type: ignore[type-var]
        async for page in coming:
            pages.append(page)
            items += page.items
            if enough(items):
                break
    return items, pages


async def take_until_it_breaks(
    source: Source, states: Mapping[str, State]
) -> tuple[list[Page], SourceOutageError]:
    """The pages that came, and how it ended."""
    pages: list[Page] = []
    try:
        async with asyncio.timeout(60), aclosing(source.pages(states)) as coming:  # type: ignore[type-var]
            async for page in coming:
                pages.append(page)  # noqa: PERF401 - they stay where it raises
    except SourceOutageError as error:
        return pages, error
    raise AssertionError("it ended by itself")


def last_states(pages: list[Page], states: Mapping[str, State]) -> dict[str, State]:
    """What is saved once these pages are."""
    saved = dict(states)
    for page in pages:
        if page.state:
            saved[page.part] = page.state
        elif page.state is not None:
            saved.pop(page.part, None)
    return saved
