"""What tests of polled sources share: passes over a source, its state saved between them."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from monitor.brands import Brand, Brands
from monitor.sources.context import Context
from monitor.sources.interface import Gone, Item, Post, Source, State
from monitor.storage.collectors import Collected
from tests.sources.polled_servers import Platform
from tests.sources.streams import NOW, context, last_states, serving

Build = Callable[[str, Context], Source]
"""A source that asks the server at HOST:PORT."""


class Passes:
    """Passes as the runner makes them: states are saved when a pass ends, or where it is killed."""

    def __init__(self, build: Callable[[], Source]) -> None:
        self.build = build
        self.states: dict[str, State] = {}
        self.now = NOW

    async def one(self, *, pages: int | None = None) -> list[Item]:
        """The items of a pass by a source that knows nothing but the states; of its first pages only, then
        it is killed and the last of these is not saved."""
        source = self.build()
        taken = []
        async for page in source.pages(self.states):
            taken.append(page)
            if len(taken) == pages:
                break
        self.states = last_states(taken if pages is None else taken[:-1], self.states)
        return [item for page in taken for item in page.items]

    def later(self, **span: float) -> None:
        self.now += timedelta(**span)


class Published:
    """Table `collected`."""

    def __init__(self) -> None:
        self.posts: dict[str, Collected] = {}

    def note(self, items: Sequence[Item]) -> None:
        for item in items:
            if isinstance(item, Post):
                self.posts[item.id] = Collected(
                    id=item.id, published_at=item.published_at, author_id=item.author_id
                )
            elif isinstance(item, Gone):
                self.posts.pop(item.id, None)

    async def after(self, _source: str, last: str, most: int) -> list[Collected]:
        return [self.posts[id] for id in sorted(self.posts) if id > last][:most]


@asynccontextmanager
async def passes(platform: Platform, build: Build, *names: str, **given: Any) -> AsyncIterator[Passes]:
    """For brands of these names."""
    brands = Brands(Brand(name=name) for name in names or ("VMware",))
    async with serving(platform.app) as at, context(**given) as made:

        def now() -> datetime:
            return polled.now

        around = replace(made, brands=brands, now=now)
        polled = Passes(lambda: build(at, around))
        yield polled
