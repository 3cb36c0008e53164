"""Bluesky, by Jetstream: every public post as it is made, changed or deleted, over one WebSocket.

The cursor is the time of the last event in microseconds, inclusive; it is the same at every Jetstream server,
but for a few seconds, by which it is rewound: what comes twice is stored once, in the same order.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

import msgspec

from monitor.errors import SetupError
from monitor.sources.context import Context
from monitor.sources.gathering import gathered
from monitor.sources.interface import Item, Page, Skipped, SourceOutageError, State
from monitor.sources.jetstream import COLLECTION, GONE, Event, Reading, item_of, read_event
from monitor.sources.options import Options

_SERVERS: Final = tuple(
    f"wss://jetstream{number}.{region}.bsky.network" for region in ("us-east", "us-west") for number in (1, 2)
)
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_REWIND: Final = timedelta(seconds=5)
"""Servers see an event at slightly different times; Jetstream's documentation asks for a few seconds."""
_MOST: Final = 500
"""Events of a page: ten seconds of Bluesky's posts, and what is asked again after a kill."""
_LARGEST: Final = 500_000
"""Bytes of an event that the server is to leave out: it would end the connection, and come again in each. A
record may hold what no post needs."""
_WITHIN: Final = 1.0
"""Seconds until a page is handed on."""
_SILENCE: Final = 300.0
"""Seconds without an event after which another server is asked: Bluesky is never so quiet, this one hangs."""
_GAP: Final = timedelta(hours=1)
"""Without any event after the cursor: Bluesky is never so quiet, the server has forgotten what was there."""


class BlueskyOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an entry of kind `bluesky` takes."""

    only_brands: bool = True
    servers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = _SERVERS
    """Jetstream servers, wss://HOST: the first, and after each failure the next one."""
    replies: bool = True
    """Also posts that answer others."""
    deactivated: Literal["keep", "delete"] = "keep"
    """What becomes of posts whose author pauses the account; they are not sent again when it goes on."""
    pictures: str = "https://cdn.bsky.app"


class Bluesky:
    """A stream of all posts."""

    interval: float | None = None

    def __init__(self, name: str, options: BlueskyOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.only_brands = options.only_brands
        for server in options.servers:
            if not server.startswith(("wss://", "ws://")):
                raise SetupError(f"source {name}: server {server!r} is no WebSocket; write wss://HOST")
        self._servers = [server.rstrip("/") for server in options.servers]
        self._reading = Reading(
            pictures=options.pictures.rstrip("/"),
            replies=options.replies,
            gone=GONE | {"deactivated"} if options.deactivated == "delete" else GONE,
        )
        self._context = context

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """Events from the saved cursor on; without one, from now on. Ends only by raising."""
        now = _microseconds(self._context.now() - _EPOCH)
        # One from a clock that was ahead would lose what comes until then at each connection.
        cursor: int = min(states.get("", {}).get("cursor", 0), now)
        if not cursor:
            # Saved before anything is asked, so that a kill before the first event loses none.
            cursor = now
            yield Page(state={"cursor": cursor})
        asked = {
            "wantedCollections": COLLECTION,
            "maxMessageSizeBytes": _LARGEST,
            "cursor": cursor - _microseconds(_REWIND),
        }
        begun = False
        try:
            async with (
                self._context.http.websocket(f"{self._servers[0]}/subscribe?{urlencode(asked)}") as socket,
                gathered(aiter(socket), most=_MOST, within=_WITHIN) as lists,
                aclosing(lists),
            ):
                async for messages in _heard(lists, self._servers[0]):
                    read = [read_event(message) for message in messages]
                    items = [item for one in read if (item := self._item(one)) is not None]
                    seen = [one.time_us for one in read if isinstance(one, Event) and one.time_us]
                    if seen and not begun and (lost := _gap(cursor, min(seen))) is not None:
                        items.insert(0, lost)
                    begun = begun or bool(seen)
                    cursor = max(cursor, *self._believed(seen), 0)
                    yield Page(items=tuple(items), state={"cursor": cursor})
        except (SourceOutageError, SetupError):
            self._servers.append(self._servers.pop(0))
            raise

    def _item(self, event: Event | Skipped) -> Item | None:
        return event if isinstance(event, Skipped) else item_of(event, self._reading)

    def _believed(self, times: list[int]) -> list[int]:
        """A cursor in the future would be answered with what comes then, and lose all until then."""
        now = _microseconds(self._context.now() - _EPOCH)
        return [min(time, now) for time in times]


async def _heard(
    lists: AsyncGenerator[list[str | bytes], None], server: str
) -> AsyncIterator[list[str | bytes]]:
    """The lists; raises `SourceOutageError` where a server answers pings and has nothing to say."""
    while True:
        try:
            async with asyncio.timeout(_SILENCE):
                messages = await anext(lists, None)
        except TimeoutError:
            raise SourceOutageError(f"{server}: no event in {_SILENCE:.0f} s") from None
        if messages is None:
            return
        yield messages


def _gap(cursor: int, first: int) -> Skipped | None:
    """Says that the server kept no events since the cursor: it answers with the oldest that it has."""
    if first - cursor < _microseconds(_GAP):
        return None
    since, until = (datetime.fromtimestamp(time // 1_000_000, UTC).isoformat() for time in (cursor, first))
    return Skipped(
        where=f"posts from {since} to {until}",
        reason="the server keeps none so old: this source stood still for longer than Jetstream remembers",
    )


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
