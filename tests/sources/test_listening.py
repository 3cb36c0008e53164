"""Connections that ask for nothing are closed, and there are so many at most."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from monitor.sources import listening
from monitor.sources.listening import Connection
from monitor.sources.receiver import _Server

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def server() -> AsyncIterator[_Server]:
    bound = socket.create_server(("127.0.0.1", 0))
    server = _Server(
        uvicorn.Config(
            app, port=bound.getsockname()[1], http=Connection, ws="none", log_config=None, lifespan="off"
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
def port(server) -> int:
    return server.config.port


async def test_whoever_says_nothing_or_little_is_left(port, monkeypatch):
    monkeypatch.setattr(listening, "_HEADERS", 0.1)

    async def trickles(said: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ending = asyncio.create_task(reader.read())
        try:
            while not ending.done():
                writer.write(said[:1])
                said = said[1:]
                await asyncio.sleep(0.02)
            return await ending
        except ConnectionError:
            return b""
        finally:
            writer.close()

    assert set(await asyncio.gather(*(trickles(said) for said in (b"", ASKED, ASKED * 100)))) == {b""}


async def test_whoever_asks_is_answered_as_often_as_they_like(server, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(10):
        writer.write(ASKED + b"\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        (connection,) = server.server_state.connections
        connection._look()
    connection._look()
    assert await reader.read() == b""
    writer.close()


async def test_one_connection_too_many_is_closed(port, monkeypatch):
    monkeypatch.setattr(listening, "_MOST", 3)
    kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await reader.readexactly(1)
    writer.close()
    for reader, writer in kept:
        writer.write(ASKED + b"\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_headers_are_bounded(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(ASKED + b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(200)))
    assert (await reader.readline()).split()[1] == b"400"
    writer.close()
