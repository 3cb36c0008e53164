"""Platforms that are asked, as their documentation describes them: compressed, and out of order when told so.

`faults` come first, one a request: a status (with headers), an answer in plain text, or a connection that
breaks in the middle.
"""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from aiohttp import web

from tests.sources.streams import NOW, serving

NOW_EPOCH = int(NOW.timestamp())


@dataclass
class Fault:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    is_cut: bool = False


CUT = Fault(is_cut=True)


@contextmanager
def served(app: web.Application) -> Iterator[str]:
    """127.0.0.1:PORT of a server in a thread of its own, for tests that wait for processes."""
    found: list[str] = []
    up = threading.Event()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with serving(app) as at:
            found.append(at)
            up.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert up.wait(30)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


class Platform:
    """`asked` are the requests' queries, or forms, in order."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[Fault] = []
        self.app = web.Application(middlewares=[self._faulty])

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Callable[..., Any]) -> web.StreamResponse:
        if request.path == "/robots.txt":
            return await handler(request)
        self.asked.append(dict(request.query))
        self.headers.append(dict(request.headers))
        fault = self.faults.pop(0) if self.faults else None
        if fault is None:
            answer = await handler(request)
            if isinstance(answer, web.Response) and answer.body:
                answer.enable_compression()
            return answer
        if not fault.is_cut:
            return web.Response(status=fault.status, headers=fault.headers, text=fault.text)
        half = web.StreamResponse(headers={"Content-Length": "100000"})
        await half.prepare(request)
        await half.write(b'{"hits": [')
        assert request.transport is not None
        request.transport.close()
        return half


class Site(Platform):
    """Feeds: `documents` by path. Validators are the number of times a document was put."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, tuple[bytes, str, int]] = {}
        self.robots = ""
        self.redirects: dict[str, str] = {}
        """By path: where it leads, with a number that grows behind it."""
        self._numbers = count()
        self.app.router.add_get("/robots.txt", self._robots)
        self.app.router.add_get("/{name:.*}", self._document)

    def put(self, path: str, document: str | bytes, content_type: str = "application/rss+xml") -> None:
        body = document.encode() if isinstance(document, str) else document
        version = self.documents[path][2] + 1 if path in self.documents else 1
        self.documents[path] = body, content_type, version

    async def _robots(self, _: web.Request) -> web.Response:
        return web.Response(text=self.robots)

    async def _document(self, request: web.Request) -> web.Response:
        if request.path in self.redirects:
            raise web.HTTPFound(f"{self.redirects[request.path]}{next(self._numbers)}")
        if request.path not in self.documents:
            raise web.HTTPNotFound
        body, content_type, version = self.documents[request.path]
        validators = {"ETag": f'"{version}"', "Last-Modified": f"Mon, 30 Nov 2026 08:00:{version:02} GMT"}
        if request.headers.get("If-None-Match") == validators["ETag"]:
            return web.Response(status=304, headers=validators)
        return web.Response(body=body, headers={"Content-Type": content_type, **validators})


def rss(*items: str, channel: str = "") -> str:
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    )
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" {spaces}><channel><title>News</title>'
        f"<link>https://news.example/</link>{channel}{body}</channel></rss>"
    )


class Algolia(Platform):
    """Hacker News. Its search: `items` that hold the query, most recent first, at most `most` of them."""

    def __init__(self, most: int = 1_000) -> None:
        super().__init__()
        self.most = most
        self.items: list[dict[str, Any]] = []
        self.malformed: list[object] = []
        """Found by every query."""
        self.taken: dict[str, dict[str, Any]] = {}
        """By number: what the API of items says of what is gone; the search finds it still."""
        self.app.router.add_get("/api/v1/search_by_date", self._search)
        self.app.router.add_get("/v0/item/{number}.json", self._item)

    def say(self, number: int, text: str, at: int, **more: Any) -> None:
        self.items.append(
            {
                "objectID": str(number),
                "created_at_i": at,
                "created_at": datetime.fromtimestamp(at, UTC).isoformat(),
                "author": "pg",
                "comment_text": text,
                "_tags": ["comment"],
                "_highlightResult": {"comment_text": {"value": text, "matchLevel": "full"}},
                **more,
            }
        )

    async def _search(self, request: web.Request) -> web.Response:
        since, until = (
            int(part.split("=" if "=" in part else "<")[-1])
            for part in request.query["numericFilters"].split(",")
        )
        phrase = request.query.get("query", "").strip('"')
        found = [
            one
            for one in self.items
            if since <= one["created_at_i"] < until and phrase in json.dumps(one).lower()
        ]
        found = [*self.malformed, *sorted(found, key=lambda one: -one["created_at_i"])]
        hits = found[: min(self.most, int(request.query["hitsPerPage"]))]
        return web.json_response({"hits": hits, "nbHits": len(found), "page": 0, "nbPages": 1})

    async def _item(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        known = any(one["objectID"] == number for one in self.items)
        item = {"id": int(number), "type": "comment", **self.taken.get(number, {})}
        return web.json_response(item if known else None)


class GdeltServer(Platform):
    """DOC 2.0: `articles` seen within the window, at most 250; every query is taken to find all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.articles: list[Any] = []
        self.common: str | None = None
        """What it does not search for."""
        self.broken: str | None = None
        """Text that stands for a title, as GDELT writes it: not escaped."""
        self.app.router.add_get("/api/v2/doc/doc", self._search)

    def publish(self, number: int, title: str, at: int, **more: Any) -> None:
        self.articles.append(
            {
                "url": f"https://news.example/{number}",
                "url_mobile": "",
                "title": title,
                "seendate": datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ"),
                "socialimage": "",
                "domain": "news.example",
                "language": "English",
                "sourcecountry": "United States",
                **more,
            }
        )

    async def _search(self, request: web.Request) -> web.Response:
        if self.common is not None and self.common in request.query["query"]:
            return web.Response(text="The specified phrase is too common.\n", content_type="text/html")
        if len(request.query["query"]) > 250:
            return web.Response(text="Your query was too short or too long.\n", content_type="text/html")
        since, until = (
            datetime.strptime(request.query[name], "%Y%m%d%H%M%S").strftime("%Y%m%dT%H%M%SZ")
            for name in ("startdatetime", "enddatetime")
        )
        found = [one for one in self.articles if since <= one["seendate"] <= until]
        body = json.dumps({"articles": found[: int(request.query["maxrecords"])]} if found else {})
        if self.broken is not None:
            body = body.replace("BROKEN", self.broken)
        return web.Response(body=body.encode("utf-8", "surrogatepass"), content_type="application/json")


class RedditServer(Platform):
    """The Data API: tokens that end, listings of a hundred at a time and a thousand in all."""

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[str, dict[str, Any]] = {}
        self.grants: list[dict[str, str]] = []
        self.refuses: set[str] = set()
        self.malformed: list[object] = []
        """At the head of every listing."""
        self.remaining = "600.0"
        self.reset = "0"
        self.lasts = 86_400
        self.endless = False
        """Listings hold nothing, and go on."""
        self._tokens = 0
        self.app.router.add_post("/api/v1/access_token", self._token)
        self.app.router.add_get("/r/vmwear/new", self._unknown)
        self.app.router.add_get("/subreddits/search", self._info)
        self.app.router.add_get("/r/{subreddit}/{listing}", self._listing)
        self.app.router.add_get("/search", self._listing)
        self.app.router.add_get("/api/info", self._info)

    def link(self, number: int, title: str, at: int, **more: Any) -> str:
        return self._thing(f"t3_{number:x}", at, **{"title": title, "selftext": "", **more})

    def comment(self, number: int, body: str, at: int, **more: Any) -> str:
        return self._thing(f"t1_{number:x}", at, body=body, body_html=f"<div><p>{body}</p></div>", **more)

    def _thing(self, name: str, at: int, **more: Any) -> str:
        self.things[name] = {
            "name": name,
            "created_utc": float(at),
            "author": "ann",
            "author_fullname": "t2_ann",
            "permalink": f"/r/vmware/comments/{name}/",
            "removed_by_category": None,
            "edited": False,
            **more,
        }
        return name

    def end_tokens(self) -> None:
        self._tokens += 1

    async def _token(self, request: web.Request) -> web.Response:
        self.grants.append({k: str(v) for k, v in (await request.post()).items()})
        if request.headers["Authorization"] != "Basic " + base64.b64encode(b"app:word").decode():
            return web.json_response({"message": "Unauthorized", "error": 401}, status=401)
        self._tokens += 1
        return web.json_response(
            {
                "access_token": f"token {self._tokens}",
                "token_type": "bearer",
                "expires_in": self.lasts,
                "scope": "*",
            }
        )

    def _answer(self, request: web.Request, names: list[str], after: str | None) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer token {self._tokens}":
            return web.json_response({"message": "Unauthorized", "error": 401}, status=401)
        children = [*self.malformed, *({"kind": name[:2], "data": self.things[name]} for name in names)]
        return web.json_response(
            {"kind": "Listing", "data": {"after": after, "dist": len(children), "children": children}},
            headers={"X-Ratelimit-Remaining": self.remaining, "X-Ratelimit-Reset": self.reset},
        )

    async def _listing(self, request: web.Request) -> web.Response:
        if request.path.split("/")[-2] in self.refuses:
            return web.json_response({"reason": "private", "error": 403}, status=403)
        kind = "t1" if request.path.endswith("/comments") else "t3"
        if self.endless:
            return self._answer(request, [], "t3_more")
        names = [name for name in self.things if name.startswith(kind)]
        names = sorted(names, key=lambda name: -self.things[name]["created_utc"])[:1000]
        start = names.index(request.query["after"]) + 1 if "after" in request.query else 0
        page = names[start : start + int(request.query["limit"])]
        return self._answer(request, page, page[-1] if names[start + len(page) :] else None)

    async def _unknown(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/subreddits/search?q=vmwear&id=")

    async def _info(self, request: web.Request) -> web.Response:
        names = [name for name in request.query["id"].split(",") if name in self.things]
        return self._answer(request, names, None)
