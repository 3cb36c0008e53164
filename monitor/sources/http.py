"""How sources speak HTTP: who we are, how often, how much and how long; what an answer means for the runner.

Answers of 2xx and 304 are handed over. 408, 425, 429 and 5xx, connections that are cut or slow: the platform
does not answer now (`SourceOutageError`). Any other: it refuses (`RefusedError`, a `SetupError`). Redirects
are followed, to another host or port only where that is public or in MONITOR_COLLECT_HOSTS.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import aiohttp
from aiohttp import ClientResponse, ClientSession, ClientTimeout, TCPConnector
from multidict import CIMultiDictProxy
from yarl import URL

from monitor import __version__
from monitor.addresses import Allowed, read_allowed
from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.sources.faults import RefusedError, faults, refusal, shown
from monitor.sources.guard import GuardedResolver
from monitor.sources.interface import SourceOutageError
from monitor.sources.pacing import Pace
from monitor.sources.places import check, is_ours, place_of
from monitor.sources.robots import AGENT, Robots
from monitor.sources.unpacking import ACCEPTED, BrokenError, TooLargeError, Unpacker

__all__ = ["LIMIT", "Http", "RefusedError", "Response", "WebSocket"]

LIMIT: Final = 16 * 2**20
"""Bytes of an answer, unpacked, unless the caller says otherwise."""
_LINE_LIMIT: Final = 2**20
"""Bytes of a line of a stream, or of a message of a WebSocket."""

_WHOLE: Final = 90.0
_CONNECT: Final = 10.0
_SILENCE: Final = 30.0
"""Seconds of a request, of connecting, and without a byte. Slower ones are tried again later."""
_HEARTBEAT: Final = 30.0
"""Seconds between our pings; a server that answers none within half of them is gone."""
_A_HOST: Final = 4
"""Connections to one host at a time."""
_HOPS: Final = 5
_ROBOTS: Final = 512 * 1024
"""Bytes of a robots.txt that are read; the RFC wants 500 KiB."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of 2xx or 304. `body` is unpacked, `url` where it came from after redirects."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: str


class WebSocket:
    """An open WebSocket. Iterating gives messages as they come and ends only by `SourceOutageError`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, where: str) -> None:
        self._socket = socket
        self._where = where

    async def send(self, message: str) -> None:
        """Raises `SourceOutageError` where the connection is gone."""
        with faults(self._where):
            await self._socket.send_str(message)

    async def __aiter__(self) -> AsyncIterator[str | bytes]:
        while True:
            with faults(self._where):
                message = await self._socket.receive()
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                yield message.data
                continue
            code = self._socket.close_code
            why = f"{message.data!r}" if message.type is aiohttp.WSMsgType.ERROR else f"closed, code {code}"
            raise SourceOutageError(f"{self._where}: {why}")


class Http:
    """One client for all sources; `async with` opens and closes it.

    `pause`: seconds between two requests to one host; where robots.txt asks for more, that.
    """

    def __init__(self, contact: str = "", allowed: Allowed | None = None, pause: float = 0.0) -> None:
        self.user_agent = f"{AGENT}/{__version__}" + (f" (+{contact})" if contact else "")
        self._allowed = allowed or Allowed()
        self._pace = Pace(pause)
        self._robots = Robots(self._robots_of, self._pace.slow_down)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """By the settings MONITOR_COLLECT_*."""
        return cls(
            settings.collect_contact, read_allowed(settings.collect_hosts), pause=settings.collect_pause
        )

    async def __aenter__(self) -> Self:
        # Guarded: for what posts and redirects name. The other one is for what whoever runs us names.
        guard = GuardedResolver(self._allowed)
        self._guarded = self._session(TCPConnector(limit_per_host=_A_HOST, resolver=guard, ttl_dns_cache=10))
        self._open = self._session(TCPConnector(limit_per_host=_A_HOST))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.close()
        await self._guarded.close()

    def _session(self, connector: TCPConnector) -> ClientSession:
        return ClientSession(
            connector=connector,
            headers={"User-Agent": self.user_agent},
            auto_decompress=False,  # within limits: below
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=ClientTimeout(total=_WHOLE, sock_connect=_CONNECT, sock_read=_SILENCE),
        )

    def slow_down(self, host: str, pause: float) -> None:
        """Seconds between two requests that this host asks for, where that is more than ours."""
        self._pace.slow_down(host, pause)

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        robots: bool = False,
        guarded: bool = False,
        limit: int = LIMIT,
    ) -> Response:
        """What stands at `url`. `robots`: only where robots.txt allows it; `guarded`: a post named it, so it
        must be public.

        Raises `SourceOutageError`, `RefusedError`, and `SetupError` where it is larger than `limit`,
        forbidden or no address.
        """
        place = place_of(url, params)
        async with self._answer("GET", place, headers, robots=robots, guarded=guarded) as response:
            return await _whole(response, limit)

    async def post(
        self,
        url: str,
        *,
        data: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        limit: int = LIMIT,
    ) -> Response:
        """The answer to a form, as OAuth asks for tokens. Raises as `get` does."""
        async with self._answer("POST", place_of(url, None), headers, data=dict(data)) as response:
            return await _whole(response, limit)

    @asynccontextmanager
    async def lines(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        silence: float = 2 * _HEARTBEAT,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Lines of an answer that does not end (Server-Sent Events), without their ends, as they come.

        They end with the answer, and by `SourceOutageError` where `silence` seconds bring nothing.
        """
        timeout = ClientTimeout(sock_connect=_CONNECT, sock_read=silence)
        async with self._answer("GET", place_of(url, params), headers, timeout=timeout) as response:
            yield _lines(response)

    @asynccontextmanager
    async def websocket(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        heartbeat: float = _HEARTBEAT,
        limit: int = _LINE_LIMIT,
    ) -> AsyncIterator[WebSocket]:
        """An open WebSocket at ws:// or wss://, with pings and compression. Raises as `get` does."""
        place = place_of(url, None)
        await self._pace.wait(place.host or "")
        timeout = aiohttp.ClientWSTimeout(ws_close=_CONNECT)
        try:
            with faults(shown(place)):
                socket = await self._open.ws_connect(
                    place,
                    headers=headers,
                    heartbeat=heartbeat,
                    compress=15,
                    max_msg_size=limit,
                    timeout=timeout,
                )
        except aiohttp.WSServerHandshakeError as error:
            raise refusal(place, error.status, error.headers) from None
        try:
            yield WebSocket(socket, shown(place))
        finally:
            await socket.close()

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        place: URL,
        headers: Mapping[str, str] | None,
        *,
        robots: bool = False,
        guarded: bool = False,
        **options: Any,
    ) -> AsyncIterator[ClientResponse]:
        """An answer of 2xx or 304, after redirects."""
        sent = {"Accept-Encoding": ACCEPTED, **(headers or {})}
        for _ in range(_HOPS + 1):
            if guarded:
                check(place, self._allowed)
            if robots:
                await self._robots.check(place, guarded=guarded)
            await self._pace.wait(place.host or "")
            session = self._guarded if guarded else self._open
            with faults(shown(place)):
                response = await session.request(
                    method, place, headers=sent, allow_redirects=False, **options
                )
            async with response:
                target = response.headers.get("Location")
                if method != "GET" or response.status not in _REDIRECTS or not target:
                    if response.status // 100 != 2 and response.status != 304:
                        raise refusal(place, response.status, response.headers)
                    yield response
                    return
            following = place_of(target, None, base=place)
            if not is_ours(following, place):
                guarded = True
                sent.pop("Authorization", None)
            place = following
        raise SetupError(f"{shown(place)}: more than {_HOPS} redirects")

    async def _robots_of(self, place: URL, guarded: bool) -> str:
        try:
            async with self._answer("GET", place, None, guarded=guarded) as response:
                answer = await _whole(response, _ROBOTS, cut=True)
        except SetupError:  # also redirects without end: by the RFC there is none
            return ""
        return answer.body.decode("utf-8", "replace")


async def _whole(response: ClientResponse, limit: int, *, cut: bool = False) -> Response:
    """`cut`: of what is larger its beginning."""
    where = shown(response.url)
    made = bytearray()
    try:
        unpacker = Unpacker(response.headers.get("Content-Encoding", ""), limit)
        with faults(where):
            async for chunk in response.content.iter_any():
                made += unpacker.feed(chunk)
        if made or response.status == 200:
            unpacker.finish()
    except TooLargeError as error:
        if not cut:
            raise SetupError(f"{where}: {error}") from None
    except BrokenError as error:
        raise SourceOutageError(f"{where}: {error}") from None
    return Response(response.status, response.headers, bytes(made), str(response.url))


async def _lines(response: ClientResponse) -> AsyncIterator[bytes]:
    where, waiting = shown(response.url), b""
    try:
        unpacker = Unpacker(response.headers.get("Content-Encoding", ""), limit=2**62)
        with faults(where):
            async for chunk in response.content.iter_any():
                *whole, waiting = (waiting + unpacker.feed(chunk)).split(b"\n")
                for line in whole:
                    yield line.removesuffix(b"\r")
                if len(waiting) > _LINE_LIMIT:
                    break
            else:
                return
    except BrokenError as error:
        raise SourceOutageError(f"{where}: {error}") from None
    raise SourceOutageError(f"{where}: a line of more than {_LINE_LIMIT:,} bytes")
