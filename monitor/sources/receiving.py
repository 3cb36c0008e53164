"""`POST /mentions`: what publishers send becomes records, acknowledged by Kafka before it is answered.

One request: token, rate, body within limits, items checked one by one, records sent, answer. Sending the same
again doubles nothing: ids are the publisher's own.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
import structlog
from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from monitor.errors import DataError, OutageError, SetupError
from monitor.settings import Settings
from monitor.sources.admission import Rates, Tokens
from monitor.sources.items import Items, RefusedItem, read_items
from monitor.sources.publication import Sends
from monitor.sources.unpacking import BrokenError, TooLargeError, Unpacker
from monitor.storage.collectors import Tally
from monitor.storage.publishers import Publisher
from monitor.stream.metrics import CollectMetrics

_AT_ONCE: Final = 8
"""Requests whose bodies are held at a time; more are asked to wait."""
_AT_ONCE_EACH: Final = 5
"""Of one publisher, whose line may be slow: the others have room beside it."""
_BODY: Final = 60.0
"""Seconds for a body to come in."""
_ACKNOWLEDGED: Final = 10.0
"""Seconds for Kafka's acknowledgement, until the publisher is asked to wait and send again."""
_REST: Final = 5
"""Seconds that a publisher is asked to wait."""
_TYPES: Final = frozenset(
    ("", "application/json", "application/x-ndjson", "application/jsonl", "application/x-jsonlines")
)

_log = structlog.get_logger(__name__)

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True):
    """What became of a request's items."""

    accepted: int
    """So many stand on the topics."""
    refused: tuple[RefusedItem, ...]


class _TurnedAwayError(Exception):
    """A request that is answered as a whole."""

    def __init__(self, status: int, detail: str, why: str, rest: float | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.why = status, detail, why
        self.headers = {} if rest is None else {"Retry-After": str(max(1, round(rest + 0.5)))}
        if status == 401:
            self.headers["WWW-Authenticate"] = "Bearer"


class Receiving:
    """Takes requests for one entry of sources.toml, called `name`."""

    def __init__(
        self,
        name: str,
        source: str,
        most_bytes: int,
        tokens: Tokens,
        rates: Rates,
        sender: Sends,
        settings: Settings,
        metrics: CollectMetrics,
    ) -> None:
        self.tally = Tally()
        """Not yet written down; whoever does puts a new one here."""
        self._name = name
        self._source = source
        self._most_bytes = most_bytes
        self._tokens = tokens
        self._rates = rates
        self._sender = sender
        self._settings = settings
        self._metrics = metrics
        self._held: Counter[str] = Counter()
        self._sending: set[asyncio.Task[Any]] = set()

    async def mentions(self, request: Request) -> Response:
        """The answer to `POST /mentions`."""
        try:
            publisher = await self._publisher(request)
            return await self._answer(request, publisher)
        except _TurnedAwayError as error:
            self._metrics.turned_away.labels(error.why).inc()
            return JSONResponse({"detail": error.detail}, error.status, error.headers)

    async def _publisher(self, request: Request) -> Publisher:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _TurnedAwayError(
                401, "send the header Authorization: Bearer TOKEN (`brand-monitor publishers add`)", "token"
            )
        publisher = await _or_away(self._tokens.of(token.strip()), "the database")
        if publisher is None:
            raise _TurnedAwayError(401, "the token is not known, or revoked", "token")
        wait = self._rates.wait(publisher.name)
        if wait:
            raise _TurnedAwayError(
                429,
                f"{publisher.name} sends more items a second than `rate` in sources.toml allows; "
                "send the same again after Retry-After seconds",
                "rate",
                wait,
            )
        return publisher

    async def _answer(self, request: Request, publisher: Publisher) -> Response:
        theirs = self._held[publisher.name]
        if self._held.total() >= _AT_ONCE or theirs >= _AT_ONCE_EACH:
            raise _TurnedAwayError(429, "too many requests wait for Kafka", "slow", _REST)
        self._held[publisher.name] += 1
        self._rates.spend(publisher.name, 1)  # also where it has no items, or is none
        sending: asyncio.Task[Any] | None = None
        try:
            body = await self._body(request)
            items = await asyncio.to_thread(self._items, body, publisher)
            self._rates.spend(publisher.name, max(0, items.count - 1))
            sending = asyncio.create_task(self._send(items))
            await self._acknowledged(sending)
        finally:
            if sending is None or sending.done():
                self._held[publisher.name] -= 1
            else:  # its records are held until Kafka has them, or has them not
                self._sending.add(sending)
                sending.add_done_callback(partial(self._let_go, publisher.name))
        return self._said(items, publisher)

    async def _body(self, request: Request) -> bytes:
        """Unpacked."""
        media = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media not in _TYPES:
            raise _TurnedAwayError(415, "send application/json or application/x-ndjson", "form")
        too_large = _TurnedAwayError(413, f"a body has at most {self._most_bytes:,} bytes, unpacked", "size")
        length = request.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length) > self._most_bytes:
            raise too_large
        body = bytearray()
        try:
            unpacker = Unpacker(request.headers.get("Content-Encoding", ""), self._most_bytes)
            async with asyncio.timeout(_BODY):
                async for chunk in request.stream():
                    body += unpacker.feed(chunk)
            unpacker.finish()
        except TooLargeError:
            raise too_large from None
        except BrokenError as error:
            raise _TurnedAwayError(400, f"the body: {error}", "form") from None
        except TimeoutError:
            raise _TurnedAwayError(408, f"the body took more than {_BODY:.0f} s", "form") from None
        except ClientDisconnect:
            raise _TurnedAwayError(400, "the connection was cut", "form") from None
        return bytes(body)

    def _items(self, body: bytes, publisher: Publisher) -> Items:
        try:
            return read_items(body, self._source, publisher.source, self._settings)
        except DataError as error:
            raise _TurnedAwayError(400, error.detail, "form") from None

    async def _send(self, items: Items) -> None:
        for each in await self._sender.send(items.records):
            items.refuse(int(each.where), each.error)

    async def _acknowledged(self, sending: "asyncio.Task[Any]") -> None:
        await asyncio.wait((sending,), timeout=_ACKNOWLEDGED)
        if not sending.done():
            raise _TurnedAwayError(429, "Kafka is slow; send the same again later", "slow", _REST)
        await _or_away(sending, "Kafka")

    def _let_go(self, publisher: str, sending: "asyncio.Task[Any]") -> None:
        self._sending.discard(sending)
        self._held[publisher] -= 1
        if not sending.cancelled() and sending.exception() is not None:
            _log.warning("not acknowledged", receiver=self._name, why=str(sending.exception()))

    def _said(self, items: Items, publisher: Publisher) -> Response:
        accepted, refused = len(items.accepted), sorted(items.refused, key=lambda each: each.index)
        for what, count in (("accepted", accepted), ("refused", len(refused))):
            self._metrics.received.labels(publisher.name, what).inc(count)
        for what in items.accepted.values():
            setattr(self.tally, what, getattr(self.tally, what) + 1)
        self.tally.skipped += len(refused)
        body = msgspec.json.encode(Answer(accepted, tuple(refused)))
        status = 422 if refused and not accepted else 202
        return Response(body, status, media_type="application/json")


async def _or_away(awaited: Awaitable[T], what: str) -> T:
    try:
        return await awaited
    except (OutageError, SetupError) as error:
        _log.warning("cannot receive", why=str(error))
        detail = f"{what} cannot be reached; send the same again later"
        raise _TurnedAwayError(503, detail, "away", _REST) from None
