"""Mastodon, by the streaming API of one server: new posts, edits and deletions of its public timeline or of
hashtags.

What came while nobody listened is read back from the timelines; edits and deletions of that time are found
when posts are looked up again (`mastodon_checks`).
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from monitor.errors import SetupError
from monitor.privacy import Privacy
from monitor.sources.answers import json_of
from monitor.sources.context import Context
from monitor.sources.gathering import gathered
from monitor.sources.http import RefusedError
from monitor.sources.interface import Gone, Item, Page, Skipped, SourceOutageError, State
from monitor.sources.mastodon_api import Server
from monitor.sources.mastodon_checks import PART, Rechecks
from monitor.sources.mastodon_statuses import alias_of, post_of
from monitor.sources.mastodon_streams import Part, Timeline, Told, listening, timeline
from monitor.sources.options import Options, Seconds

_MOST: Final = 200
"""Events of a page."""
_WITHIN: Final = 1.0
"""Seconds until a page is handed on."""
_A_PAGE: Final = 40
"""Statuses of one request: the most that Mastodon gives."""
_HASHTAG: Final = re.compile(r"[\w·]+")
_NUMBER: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Of a status: digits on Mastodon, letters elsewhere. A longer one would be behind all others for good."""
_REWIND: Final = timedelta(minutes=1)
"""Numbers of statuses are the moments they were written; those of other servers arrive a little later."""


class MastodonOptions(Options, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an entry of kind `mastodon` takes."""

    server: str
    """mastodon.example, or https://mastodon.example."""
    token: str = ""
    """An access token of an account there, scope `read:statuses`; since Mastodon 4.2 servers stream to
    accounts only."""
    only_brands: bool = True
    hashtags: tuple[str, ...] = ()
    """None: everything public that the server knows."""
    posts: Part = "all"
    """Of the server's own people (`local`), of others (`remote`; not of hashtags), or all."""
    noindex: bool = False
    """Also of authors who ask not to be indexed."""
    recheck: Seconds = Seconds(86_400)
    """How often what the server's own people wrote is looked up again, for edits and deletions that no
    stream told."""


class Mastodon:
    """A stream of one server's timelines."""

    interval: float | None = None

    def __init__(self, name: str, options: MastodonOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.only_brands = options.only_brands
        url = _address(options.server)
        if url is None:
            raise SetupError(f"source {name}: server is {options.server!r}; write HOST or https://HOST")
        tags = [tag.removeprefix("#") for tag in options.hashtags]
        if not all(_HASHTAG.fullmatch(tag) for tag in tags):
            raise SetupError(f"source {name}: a hashtag has letters, digits and _ only: {options.hashtags}")
        if tags and options.posts == "remote":
            raise SetupError(f"source {name}: no server streams hashtags of others only; leave `posts` out")
        everything = () if tags else (timeline(None, options.posts),)
        self._timelines = (*everything, *(timeline(tag, options.posts) for tag in tags))
        self._server = Server(context.http, f"{url.scheme}://{url.netloc}", options.token, context.now)
        self._noindex = options.noindex
        self._now = context.now
        shown = partial(Privacy(context.settings).id, options.source)
        self._rechecks = Rechecks(
            self._server, options.source, options.recheck, context.collected, context.now, shown
        )

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """What was missed, then what happens. Ends only by raising."""
        since: dict[str, str] = dict(states.get("", {}).get("since", {}))
        async for page in self._missed(since):
            yield page
        async with (
            listening(self._server, self._timelines) as streams,
            gathered(
                *streams, self._rechecks.pages(states.get(PART, {})), most=_MOST, within=_WITHIN
            ) as lists,
            aclosing(lists),
        ):
            # What came between the last answer and the connection.
            async for page in self._missed(since):
                yield page
            async for events in lists:
                told = [one for one in events if isinstance(one, Told)]
                items = [item for one in told if (item := self._item(one, since)) is not None]
                if told:
                    yield Page(items=tuple(items), state={"since": dict(since)})
                for one in events:
                    if isinstance(one, Page):
                        yield one

    async def _missed(self, since: dict[str, str]) -> AsyncIterator[Page]:
        """Each timeline from where it was left to what is newest now, oldest first; at first its newest page
        only."""
        for one in self._timelines:
            last = since.get(one.name)
            if not last:
                statuses = await self._read(one, limit=str(_A_PAGE))
                if not statuses:
                    since[one.name] = _now_as_number(self._now())
                yield self._page(one, statuses, since)
                continue
            newest = max(map(_number, await self._read(one, limit="1")), key=_order, default="")
            at = _rewound(last)
            while _order(at) < _order(newest):
                statuses = await self._read(one, limit=str(_A_PAGE), min_id=at)
                following = max(map(_number, statuses), key=_order, default="")
                if _order(following) <= _order(at):
                    break
                yield self._page(one, statuses, since)
                at = following

    def _page(self, read: Timeline, statuses: list[Any], since: dict[str, str]) -> Page:
        items = [post_of(status, self._server.host, noindex=self._noindex) for status in reversed(statuses)]
        for status in statuses:
            _seen(since, read.name, _number(status))
        return Page(items=tuple(item for item in items if item is not None), state={"since": dict(since)})

    def _item(self, told: Told, since: dict[str, str]) -> Item | None:
        if told.event == "delete":
            number = str(told.payload).strip()
            return Gone(id=alias_of(self._server.host, number), deleted_at=self._now())
        if told.event not in {"update", "status.update"}:
            return (
                Skipped(
                    where=f"an event of {self._server.host}", reason=f"not one of Mastodon: {told.payload}"
                )
                if told.event == "malformed"
                else None
            )
        try:
            status = json_of(told.payload) if isinstance(told.payload, str) else told.payload
        except ValueError as error:
            return Skipped(where=f"an event of {self._server.host}", reason=f"not a status: {error}")
        if told.event == "update" and told.timeline is not None:
            _seen(since, told.timeline, _number(status))
        edited = told.event == "status.update"
        return post_of(status, self._server.host, edited=edited, noindex=self._noindex)

    async def _read(self, read: Timeline, **params: str) -> list[Any]:
        """Statuses of a timeline, newest first. Raises `SourceOutageError` and `SetupError`."""
        try:
            statuses = await self._server.read(f"/api/v1/timelines/{read.path}", {**read.params, **params})
        except RefusedError as error:
            if error.status == 404 and read.name.startswith("#"):  # a hashtag that nobody has used there
                return []
            raise self._server.denied(error) from None
        if not isinstance(statuses, list):
            raise SourceOutageError(f"{self._server.host}: timeline {read.name} is no list")
        return statuses


def _address(written: str) -> SplitResult | None:
    """Of a server, and nothing behind its host or before it."""
    try:
        url = urlsplit(written if "://" in written else f"https://{written}")
        fine = url.scheme in {"https", "http"} and url.hostname and "@" not in url.netloc
        return url if fine and not (url.path.strip("/") or url.query or url.fragment) else None
    except ValueError:
        return None


def _number(status: Any) -> str:
    number = status.get("id") if isinstance(status, dict) else None
    return number if isinstance(number, str) and _NUMBER.fullmatch(number) else ""


def _order(number: str) -> tuple[int, str]:
    """Numbers grow: as integers on Mastodon, as text of one length elsewhere."""
    return len(number), number


def _seen(since: dict[str, str], timeline: str, number: str) -> None:
    if number:
        since[timeline] = max(since.get(timeline, ""), number, key=_order)


def _now_as_number(now: datetime) -> str:
    """The place in a timeline that was empty."""
    return str(int(now.timestamp() * 1000) << 16)


def _rewound(number: str) -> str:
    """Mastodon's own are milliseconds since 1970 and 16 bits more; others stay as they are."""
    if not (number.isascii() and number.isdecimal()):
        return number
    return str(max(0, int(number) - (_REWIND // timedelta(milliseconds=1) << 16)))
