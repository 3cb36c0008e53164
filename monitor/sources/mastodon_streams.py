"""Timelines of a Mastodon server, and what it says of them as it happens: over one WebSocket, or by
Server-Sent Events where it refuses that.

Written after docs.joinmastodon.org/methods/streaming and the server's own streaming/index.js.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

import msgspec

from monitor.sources.answers import json_of
from monitor.sources.http import RefusedError, WebSocket
from monitor.sources.interface import SourceOutageError
from monitor.sources.mastodon_api import DENIED, Server

Part = Literal["all", "local", "remote"]
"""Which posts: of the server's own people, of other servers', or both."""
_LARGEST: Final = 2**20
"""Bytes of an event."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """One that can be read back and listened to."""

    name: str
    """"public", or "#tag": what its place is saved under."""
    stream: tuple[str, ...]
    """As the WebSocket names it in its events."""
    path: str
    """Below /api/v1/timelines/."""
    params: Mapping[str, str]

    @property
    def subscription(self) -> dict[str, str]:
        """What asks a WebSocket for it."""
        tag = {"tag": self.stream[1]} if len(self.stream) > 1 else {}
        return {"type": "subscribe", "stream": self.stream[0], **tag}

    @property
    def events(self) -> tuple[str, dict[str, str]]:
        """Where its Server-Sent Events stand, below /api/v1/streaming/, and the query."""
        return self.stream[0].replace(":", "/"), {"tag": self.stream[1]} if len(self.stream) > 1 else {}


def timeline(hashtag: str | None, part: Part) -> Timeline:
    """Of a hashtag, without its #; None: of everything public."""
    params: dict[str, str] = {} if part == "all" else {part: "true"}
    if hashtag is None:
        return Timeline("public", ("public" if part == "all" else f"public:{part}",), "public", params)
    stream = "hashtag:local" if part == "local" else "hashtag"
    return Timeline(f"#{hashtag.lower()}", (stream, hashtag), f"tag/{quote(hashtag, safe='')}", params)


@dataclass(frozen=True, slots=True)
class Told:
    """An event; `payload` is JSON of a status, or the number of one that went."""

    timeline: str | None
    """None: of none that was asked for."""
    event: str
    payload: Any


@asynccontextmanager
async def listening(
    server: Server, timelines: tuple[Timeline, ...]
) -> AsyncIterator[list[AsyncIterator[Told]]]:
    """What the server tells from now on. The streams end by `SourceOutageError` only.

    Raises it, and `SetupError` where the server does not stream to whoever has this token.
    """
    at = await _streaming_address(server)
    async with AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(
                server.http.websocket(f"{at}/api/v1/streaming", headers=server.headers)
            )
        except RefusedError as error:
            if error.status in DENIED:
                raise server.denied(error) from None
            streams = [await _events(stack, server, at, one) for one in timelines]
        else:
            for one in timelines:
                await socket.send(msgspec.json.encode(one.subscription).decode())
            streams = [_told(socket, server, {one.stream: one.name for one in timelines})]
        yield streams


async def _streaming_address(server: Server) -> str:
    """ws:// or wss:// and a host: servers may stream from another one, and say which."""
    for path, names in (
        ("/api/v2/instance", ("configuration", "urls", "streaming")),
        ("/api/v1/instance", ("urls", "streaming_api")),
    ):
        try:
            answer = await server.http.get(server.url + path, headers=server.headers)
            found: Any = json_of(answer.body.decode("utf-8", "replace"))
        except (RefusedError, ValueError):
            continue
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        # The token goes there: never without encryption where the server itself has some.
        if isinstance(found, str) and (found.startswith("wss://") or not server.url.startswith("https://")):
            return found.rstrip("/")
    return server.url.replace("http", "ws", 1)


class _Message(msgspec.Struct):
    event: str | None = None
    payload: Any = None
    stream: tuple[str, ...] = ()
    error: str | None = None
    status: int | None = None


async def _told(
    socket: WebSocket, server: Server, timelines: Mapping[tuple[str, ...], str]
) -> AsyncIterator[Told]:
    messages = msgspec.json.Decoder(_Message)
    async for raw in socket:
        try:
            message = messages.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield Told(None, "malformed", str(error))
            continue
        if message.error is not None:
            detail = f"{server.host} answers: {message.error[:200]}"
            if message.status is not None and message.status // 100 == 4 and message.status != 429:
                raise server.denied(RefusedError(detail, message.status))
            raise SourceOutageError(detail)
        if message.event is not None:
            yield Told(timelines.get(message.stream), message.event, message.payload)


async def _events(stack: AsyncExitStack, server: Server, at: str, asked: Timeline) -> AsyncIterator[Told]:
    path, params = asked.events
    try:
        lines = await stack.enter_async_context(
            server.http.lines(
                f"{at.replace('ws', 'http', 1)}/api/v1/streaming/{path}",
                headers={**server.headers, "Accept": "text/event-stream"},
                params=params,
            )
        )
    except RefusedError as error:
        raise server.denied(error) from None
    return _parsed(lines, server, asked)


async def _parsed(lines: AsyncIterator[bytes], server: Server, asked: Timeline) -> AsyncIterator[Told]:
    """Server-Sent Events: fields, each on a line, up to a blank one."""
    event = ""
    data: list[bytes] = []
    size = 0
    async for line in lines:
        if not line:
            if event and data:
                yield Told(asked.name, event, b"\n".join(data).decode("utf-8", "replace"))
            event, data, size = "", [], 0
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            event = value.decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)
            size += len(value) + 1
            if size > _LARGEST:
                raise SourceOutageError(f"{server.host}: an event of more than {_LARGEST:,} bytes")
    raise SourceOutageError(f"{server.host}: ended the stream of {asked.name}")
