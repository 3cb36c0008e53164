"""Posts that were published, looked up again at the server whose people wrote them: what was edited or
deleted while nobody listened is told by no stream.

Only what a server's own people wrote: a copy of another server's post may go for other reasons.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode

from monitor.errors import SetupError
from monitor.sources.http import RefusedError
from monitor.sources.interface import Gone, Item, Page, Post, Skipped, SourceOutageError, State
from monitor.sources.mastodon_api import Server
from monitor.sources.mastodon_statuses import alias_of, post_of
from monitor.storage.collectors import Collected

PART: Final = "recheck"
"""Of the state: the last id that was looked up, when this round began, and when the one before did."""

_KNOWN: Final = 500
"""Posts of a page, of all servers: they are gone through in the order of the database's alphabet."""
_AT_ONCE: Final = 20
"""Statuses of a request: the most that Mastodon gives."""
_PAUSE: Final = 3.0
"""Seconds between requests, of which a server allows 300 in five minutes."""
_AFTER_FAULT: Final = 60.0
_TRIES: Final = 5
"""Until some posts are left for the next round: one that the server cannot show must not keep all others."""
_URI: Final = re.compile(r"/statuses/([A-Za-z0-9]+)$")
_THERE_NO_MORE: Final = frozenset({404, 410})


class Rechecks:
    """Round after round over the posts of one server's own people."""

    def __init__(
        self,
        server: Server,
        source: str,
        every: float,
        collected: Callable[[str, str, int], Awaitable[Sequence[Collected]]],
        now: Callable[[], datetime],
        shown: Callable[[str], str] = str,
    ) -> None:
        """`shown`: the id that a post with this uri is published by."""
        self._server = server
        self._source = source
        self._every = every
        self._collected = collected
        self._now = now
        self._shown = shown
        self._many = True

    async def pages(self, state: State, pause: float = _PAUSE) -> AsyncIterator[Page]:
        """What became of them, some at a time. Never ends; what fails is tried again later."""
        home = f"{self._server.url}/"
        last: str = state.get("last", "")
        began: float = state.get("began", 0.0)
        before: float = state.get("before", 0.0)
        under_way = bool(last)
        failures = 0
        while True:
            if not under_way:
                await asyncio.sleep(min(max(0.0, began + self._every - self._now().timestamp()), self._every))
                began, before, under_way = self._now().timestamp(), began, True
            known = await self._collected(self._source, last, _KNOWN)
            theirs = {
                number: one.id
                for one in known
                if one.id.startswith(home) and (number := self._number(one)) is not None
            }
            items: list[Item] = []
            try:
                left = iter(theirs.items())
                while some := dict(islice(left, _AT_ONCE)):
                    items += [item async for item in self._looked_up(some, before)]
                    await asyncio.sleep(pause)
            except (SourceOutageError, SetupError) as error:
                asked = error.retry_after if isinstance(error, SourceOutageError) else None
                await asyncio.sleep(asked or _AFTER_FAULT)
                failures += 1
                if failures < _TRIES:
                    continue
                items.append(Skipped(where="look-ups", reason=str(error)))
            failures = 0
            last = known[-1].id if len(known) == _KNOWN else ""
            under_way = bool(last)
            place = {"last": last, "began": began, "before": before}
            yield Page(items=tuple(items), part=PART, state=place)

    def _number(self, post: Collected) -> str | None:
        """A post's number at this server, its own: what the server told, else what its uri says there. Uris
        of other programs than Mastodon end with something else."""
        at = alias_of(self._server.host, "")
        told = next((alias.removeprefix(at) for alias in post.aliases if alias.startswith(at)), None)
        found = _URI.search(post.id)
        return told or (found and found[1])

    async def _looked_up(self, numbers: Mapping[str, str], before: float) -> AsyncIterator[Item]:
        """Of these posts, ids by number, the edited and the deleted ones."""
        found = await self._read_many(list(numbers)) if numbers and self._many else {}
        for number, id in numbers.items():
            status = found.get(number)
            if status is None:
                # Once more by itself: that it is missing among others may have other reasons.
                status = await self._read_one(number)
            if status is None:
                yield Gone(id=id, deleted_at=self._now())
            elif _was_edited_since(status, before):
                item = post_of(status, self._server.host, edited=True, noindex=True)
                if isinstance(item, Post) and id in (item.id, self._shown(item.id)):
                    yield item

    async def _read_many(self, numbers: Sequence[str]) -> dict[str, Any]:
        query = urlencode([("id[]", number) for number in numbers])
        try:
            statuses = await self._server.read(f"/api/v1/statuses?{query}")
        except RefusedError as error:
            if error.status not in (*_THERE_NO_MORE, 405):
                raise
            self._many = False  # a server older than Mastodon 4.3
            return {}
        listed = statuses if isinstance(statuses, list) else []
        return {str(one.get("id")): one for one in listed if isinstance(one, dict)}

    async def _read_one(self, number: str) -> Any:
        try:
            return await self._server.read(f"/api/v1/statuses/{number}")
        except RefusedError as error:
            if error.status in _THERE_NO_MORE:
                return None
            raise


def _was_edited_since(status: Any, before: float) -> bool:
    edited = status.get("edited_at") if isinstance(status, dict) else None
    try:
        return datetime.fromisoformat(edited).timestamp() >= before if isinstance(edited, str) else False
    except (ValueError, OverflowError):
        return False
