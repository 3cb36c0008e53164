"""A TCP proxy in front of PostgreSQL that can be cruel: it reads what clients say and cuts where it hurts.

It runs in a thread of its own with its own event loop, so that nothing the harness does delays it. The state
is plain attributes, set from outside; each connection looks at them for every message.
"""

import asyncio
import random
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

_CHUNK: Final = 2**16
_QUERY, _PARSE, _BIND = b"Q", b"P", b"B"


class Cut(StrEnum):
    """Where a connection is cut."""

    BEFORE_COMMIT = "before COMMIT is forwarded"
    AFTER_COMMIT = "after COMMIT was forwarded, before its answer"
    AFTER_ANSWER = "after the server committed, with its answer held back"
    MID_STATEMENT = "in the middle of a statement"


@dataclass
class Cruelty:
    """What the proxy does at the moment; the default is nothing."""

    refuse: bool = False
    """Close new connections."""
    silent: bool = False
    """Forward nothing, close nothing: a network that swallows packets."""
    delay: float = 0.0
    """Seconds before each packet is forwarded."""
    cuts: tuple[Cut, ...] = ()
    share: float = 0.0
    """Of the COMMITs or statements, how many are cut, 0..1."""


@dataclass
class Proxy:
    """Listens on a port of its own from `start` to `stop`; `cut_all` ends every connection at once."""

    target_port: int
    rng: random.Random
    cruelty: Cruelty = field(default_factory=Cruelty)
    cut: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="proxy", daemon=True)

    def start(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def cut_all(self) -> None:
        """Reset every connection, in whatever state it is."""
        self._loop.call_soon_threadsafe(self._cut_some, lambda: True)

    def cut_share(self, share: float) -> None:
        """Reset each connection with this probability."""
        self._loop.call_soon_threadsafe(self._cut_some, lambda: self.rng.random() < share)

    def _cut_some(self, chosen: Callable[[], bool]) -> None:
        for writer in list(self._open):
            if chosen():
                self.cut += 1
                _reset(writer)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cruelty.refuse:
            _reset(writer)
            return
        try:
            upstream, server = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            _reset(writer)
            return
        self._open.add(writer)
        held = asyncio.Event()  # set: the server's answers are not passed on
        committed = asyncio.Event()  # set: what is held back says so
        tasks = [
            asyncio.ensure_future(self._requests(reader, server, held, committed)),
            asyncio.ensure_future(self._answers(upstream, writer, held, committed)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            self._open.discard(writer)
            _reset(writer)
            _reset(server)

    async def _requests(
        self,
        client: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        held: asyncio.Event,
        committed: asyncio.Event,
    ) -> None:
        """Client to server, message by message; returning ends the connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await client.readexactly(4)  # the start-up message has no type
            server.write(head + await client.readexactly(struct.unpack(">i", head)[0] - 4))
            while True:
                kind, length = struct.unpack(">ci", await client.readexactly(5))
                message = struct.pack(">ci", kind, length) + await client.readexactly(length - 4)
                await self._hold()
                cut = self._chosen(kind, message)
                if cut is None:
                    server.write(message)
                    await server.drain()
                    continue
                self.cut += 1
                if cut is Cut.MID_STATEMENT:
                    server.write(message[: len(message) // 2])
                elif cut is not Cut.BEFORE_COMMIT:
                    held.set()
                    # Extended protocol: the Sync that makes the server act comes with the same packet.
                    server.write(message + (await _rest(client) if kind == _PARSE else b""))
                await server.drain()
                if cut is Cut.AFTER_ANSWER:
                    with suppress(TimeoutError):  # a COMMIT that fails is answered otherwise
                        await asyncio.wait_for(committed.wait(), 2)
                return

    async def _answers(
        self,
        upstream: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        held: asyncio.Event,
        committed: asyncio.Event,
    ) -> None:
        with suppress(OSError):
            while chunk := await upstream.read(_CHUNK):
                await self._hold()
                if not held.is_set():
                    client.write(chunk)
                    await client.drain()
                elif b"COMMIT\0" in chunk:
                    committed.set()
            if held.is_set():
                await asyncio.sleep(1)

    async def _hold(self) -> None:
        if self.cruelty.delay:
            await asyncio.sleep(self.cruelty.delay)
        while self.cruelty.silent:  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(0.02)

    def _chosen(self, kind: bytes, message: bytes) -> Cut | None:
        cruelty = self.cruelty
        if not cruelty.cuts or kind not in (_QUERY, _PARSE, _BIND) or self.rng.random() >= cruelty.share:
            return None
        cut = self.rng.choice(cruelty.cuts)
        if cut is Cut.MID_STATEMENT:
            return cut if len(message) > 40 else None
        return cut if b"COMMIT" in message[:32].upper() else None


async def _rest(client: asyncio.StreamReader) -> bytes:
    """What the client sent together with a Parse."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            return await client.read(_CHUNK)
    return b""


def _reset(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, RuntimeError):
        writer.transport.abort()
