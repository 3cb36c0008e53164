"""Jetstream as its documentation describes it: replays from an inclusive cursor, then tells what happens."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

ALICE = "did:plc:eygmaihciaxprqvxpfvl6flk"
BOB = "did:plc:ufbl4k27gp6kzas5glhz7fim"
POSTS = "app.bsky.feed.post"
BEGINNING = int(datetime(2026, 11, 30, 9, tzinfo=UTC).timestamp()) * 1_000_000


def event(number: int, did: str = ALICE, **more: Any) -> dict[str, Any]:
    """`number` seconds after the beginning."""
    return {"did": did, "time_us": BEGINNING + number * 1_000_000, **more}


def commit(number: int, operation: str, rkey: str, did: str = ALICE, **record: Any) -> dict[str, Any]:
    body = {"rev": f"3l{number}", "operation": operation, "collection": POSTS, "rkey": rkey}
    if operation != "delete":
        made = "2026-11-30T08:59:59.500Z"
        body["record"] = {"$type": POSTS, "text": f"Nike {rkey}", "createdAt": made, **record}  # type: ignore[assignment]
        body["cid"] = "bafyreiaaaaaaaaaaaaaaaaaaaaaaaaa"
    return event(number, did, kind="commit", commit=body)


def account(
    number: int, did: str = ALICE, *, active: bool = False, status: str | None = None
) -> dict[str, Any]:
    told: dict[str, Any] = {"active": active, "did": did, "seq": number, "time": "2026-11-30T09:00:00.000Z"}
    return event(number, did, kind="account", account=told if status is None else {**told, "status": status})


class Jetstream:
    """`log` is what happened, in order of time; strings in it are sent as they are."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any] | str] = []
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        """HTTP status and headers of the next handshakes; then they are taken."""
        self.cut_after: list[int] = []
        """Messages after which the next connections break in the middle of another."""
        self.floor = 0
        """Of the events, the oldest that is kept."""
        self.connected = asyncio.Event()
        self._more = asyncio.Condition()
        self.app = web.Application()
        self.app.router.add_get("/subscribe", self._subscribe)

    async def say(self, *events: dict[str, Any] | str) -> None:
        async with self._more:
            self.log += events
            self._more.notify_all()

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        self.headers.append(dict(request.headers))
        if self.answers:
            status, headers = self.answers.pop(0)
            return web.Response(status=status, headers=headers)
        socket = web.WebSocketResponse(compress=True)
        await socket.prepare(request)
        telling = asyncio.create_task(self._tell(socket, request))
        try:
            async for _ in socket:
                pass
        finally:
            telling.cancel()
        return socket

    async def _tell(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        cut = self.cut_after.pop(0) if self.cut_after else None
        cursor = request.query.get("cursor")
        at = self.floor if cursor is not None else len(self.log)
        sent = 0
        self.connected.set()
        while True:
            async with self._more:
                while len(self.log) <= at:
                    await self._more.wait()
            one = self.log[at]
            at += 1
            if isinstance(one, dict) and cursor is not None and one.get("time_us", 0) < int(cursor):
                continue
            if sent == cut:
                assert request.transport is not None
                request.transport.write(b"\x81\x7e\x10\x00" + b'{"did":"did:plc:half')
                request.transport.close()
                return
            message = one if isinstance(one, str) else json.dumps(one)
            if len(message) > int(request.query.get("maxMessageSizeBytes", len(message))):
                continue
            await socket.send_str(message)
            sent += 1
