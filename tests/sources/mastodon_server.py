"""A Mastodon server as its documentation describes it: timelines that page, and streams that forget."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

BEGINNING = datetime(2026, 11, 30, 9, tzinfo=UTC)


class MastodonServer:
    """`token`: what it asks for; `sockets`: whether it speaks WebSocket, or answers with this status."""

    def __init__(self, host: str = "social.example", token: str = "", sockets: int = 101) -> None:
        self.host = host
        self.url = f"https://{host}"
        """What uris of its own people's posts begin with."""
        self.looks_up_many = True
        self.faults: list[int] = []
        """What the next look-ups answer instead."""
        self.statuses: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.listened = asyncio.Event()
        """Somebody listens to streams."""
        self.listening: list[tuple[tuple[str, ...], asyncio.Queue[tuple[str, Any] | None]]] = []
        self.remaining = 300
        """Requests that are still allowed."""
        self.reset = datetime(2026, 11, 30, 12, 3, tzinfo=UTC)
        """When more are."""
        self.instance: dict[str, Any] | None = None
        """What /api/v2/instance says."""
        self.before_answer: Callable[[], None] = lambda: None
        self._token = token
        self._sockets = sockets
        self.app = web.Application()
        self.app.router.add_get("/api/v2/instance", self._instance)
        self.app.router.add_get("/api/v1/timelines/public", self._timeline)
        self.app.router.add_get("/api/v1/timelines/tag/{tag}", self._timeline)
        self.app.router.add_get("/api/v1/statuses", self._many)
        self.app.router.add_get("/api/v1/statuses/{id}", self._one)
        self.app.router.add_get("/api/v1/streaming", self._socket)
        self.app.router.add_get("/api/v1/streaming/{kind:.+}", self._events)

    def publish(self, number: int, text: str, *, acct: str = "alice", seconds: int | None = None) -> str:
        """Post number `number`; returns its number at this server. `seconds` after the beginning."""
        made = BEGINNING + timedelta(seconds=number if seconds is None else seconds)
        id = str((int(made.timestamp() * 1000) << 16) + number)
        name, _, home = acct.partition("@")
        uri = (
            f"https://{home}/users/{name}/statuses/{number}"
            if home
            else f"{self.url}/users/{name}/statuses/{id}"
        )
        home = home or self.host
        tags = [word[1:].lower() for word in text.split() if word.startswith("#")]
        self.statuses[id] = {
            "id": id,
            "uri": uri,
            "url": f"https://{home}/@{name}/{number}",
            "created_at": made.isoformat().replace("+00:00", "Z"),
            "edited_at": None,
            "content": f"<p>{text}</p>",
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "reblog": None,
            "media_attachments": [],
            "tags": [{"name": tag, "url": f"https://{self.host}/tags/{tag}"} for tag in tags],
            "account": {"id": "7", "acct": acct, "url": f"https://{home}/@alice", "followers_count": 42},
        }
        self._tell("update", self.statuses[id], tags)
        return id

    def edit(self, id: str, text: str) -> None:
        status = self.statuses[id]
        status |= {"content": f"<p>{text}</p>", "edited_at": datetime.now(UTC).isoformat()}
        self._tell("status.update", status, [tag["name"] for tag in status["tags"]])

    def delete(self, id: str) -> None:
        status = self.statuses.pop(id)
        self._tell("delete", id, [tag["name"] for tag in status["tags"]])

    def say(self, raw: str) -> None:
        """Something that is no event, to whoever listens by WebSocket."""
        for _, queue in self.listening:
            queue.put_nowait(("raw", raw))

    def hang_up(self) -> None:
        """Ends every stream, in the middle of a message."""
        for _, queue in self.listening:
            queue.put_nowait(None)

    def _tell(self, event: str, payload: Any, tags: list[str]) -> None:
        streams = {("public",), *(("hashtag", tag) for tag in tags)}
        for stream, queue in self.listening:
            if tuple(name.lower() for name in stream) in streams:
                queue.put_nowait((event, payload if isinstance(payload, str) else json.dumps(payload)))

    def _denied(self, request: web.Request) -> web.Response | None:
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"error": "The access token is invalid"}, status=401)
        return None

    async def _instance(self, request: web.Request) -> web.Response:
        self.before_answer()
        if self.instance is None:
            return web.json_response({"error": "Not found"}, status=404)
        return web.json_response(self.instance)

    async def _timeline(self, request: web.Request) -> web.Response:
        self.before_answer()
        self.asked.append(request.path_qs)
        if (denied := self._denied(request)) is not None:
            return denied
        self.remaining -= 1
        tag = request.match_info.get("tag")
        known = sorted(
            (
                one
                for one in self.statuses.values()
                if tag is None or tag.lower() in [each["name"] for each in one["tags"]]
            ),
            key=lambda one: int(one["id"]),
        )
        if tag is not None and not known:
            return web.json_response({"error": "Record not found"}, status=404)
        limit = min(int(request.query.get("limit", 20)), 40)
        if (least := request.query.get("min_id")) is not None:
            shown = [one for one in known if int(one["id"]) > int(least)][:limit]
        else:
            shown = known[-limit:]
        reset = self.reset.isoformat().replace("+00:00", "Z")
        headers = {"X-RateLimit-Remaining": str(self.remaining), "X-RateLimit-Reset": reset}
        return web.json_response(shown[::-1], headers=headers)

    async def _many(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        if self.faults:
            return web.json_response({"error": "x"}, status=self.faults.pop(0))
        if not self.looks_up_many:
            return web.json_response({"error": "Not found"}, status=404)
        ids = request.query.getall("id[]")
        if len(ids) > 20:
            return web.json_response({"error": "Validation failed"}, status=422)
        return web.json_response([self.statuses[id] for id in ids if id in self.statuses])

    async def _one(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        status = self.statuses.get(request.match_info["id"])
        if status is None:
            return web.json_response({"error": "Record not found"}, status=404)
        return web.json_response(status)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.asked.append("websocket")
        if self._sockets != 101:
            return web.Response(status=self._sockets)
        if (denied := self._denied(request)) is not None:
            return denied
        socket = web.WebSocketResponse(compress=True)
        await socket.prepare(request)
        told: list[asyncio.Task[None]] = []
        try:
            async for message in socket:
                asked = json.loads(message.data)
                assert asked.pop("type") == "subscribe"
                stream = tuple(asked.values())
                queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
                self.listening.append((stream, queue))
                told.append(asyncio.create_task(self._forward(socket, request, stream, queue)))
                self.listened.set()
        finally:
            for task in told:
                task.cancel()
        return socket

    async def _forward(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        stream: tuple[str, ...],
        queue: "asyncio.Queue[tuple[str, Any] | None]",
    ) -> None:
        try:
            while (told := await queue.get()) is not None:
                event, payload = told
                message = {"stream": list(stream), "event": event, "payload": payload}
                await socket.send_str(payload if event == "raw" else json.dumps(message))
            assert request.transport is not None
            request.transport.write(b"\x81\x7e\x10\x00" + b'{"stream":["pu')
            request.transport.close()
        finally:
            self.listening = [one for one in self.listening if one[1] is not queue]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        if (denied := self._denied(request)) is not None:
            return denied
        kind = request.match_info["kind"].replace("/", ":")
        stream = (kind, request.query["tag"]) if "tag" in request.query else (kind,)
        queue: asyncio.Queue[tuple[str, Any] | None] = asyncio.Queue()
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b":)\n")
        self.listening.append((stream, queue))
        self.listened.set()
        try:
            while (told := await queue.get()) is not None:
                await answer.write(f":thump\nevent: {told[0]}\ndata: {told[1]}\n\n".encode())
            await answer.write(b"event: upd")
            assert request.transport is not None
            request.transport.close()
        finally:
            self.listening = [one for one in self.listening if one[1] is not queue]
        return answer
