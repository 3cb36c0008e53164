"""Feeds (RSS, Atom, JSON): asked again and again, politely; new and edited entries become mentions."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Annotated, Final

import msgspec

from monitor.errors import SetupError
from monitor.sources.context import Context
from monitor.sources.faults import shown
from monitor.sources.feed_entries import Feed
from monitor.sources.feeds import parse_feed
from monitor.sources.html import address
from monitor.sources.interface import Item, Page, Skipped, SourceOutageError, State
from monitor.sources.options import Options, Seconds
from monitor.sources.seen import Seen

_LONGEST_REST: Final = 24 * 3600.0
"""Seconds that a feed can ask to be left alone, and that one which fails is."""
_REMEMBERED: Final = 500
"""Entries that are known to be published after they have left the feed: some come back."""
_LARGEST: Final = 8 * 2**20
"""Bytes of a document: ten seconds of work; feeds have a hundredth."""
_ACCEPTED: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/json;q=0.8, application/xml;q=0.8, */*;q=0.5"
)


class RssOptions(Options, frozen=True, kw_only=True):
    """What an entry of kind `rss` may say."""

    feeds: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    """Addresses of RSS, Atom or JSON Feed documents."""
    every: Seconds = Seconds(600)


class Rss:
    """Feeds, each with a state of its own: validators of HTTP, until when it rests, what was published.

    Of several feeds one that fails is left alone for longer each time, and the others go on; where none
    answers, that is the entry's fault.
    """

    def __init__(self, name: str, options: RssOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.interval: float | None = options.every
        self.only_brands = options.only_brands
        self._every = float(options.every)
        self._feeds = tuple(dict.fromkeys(options.feeds))
        self._http = context.http
        self._now = context.now
        for feed in self._feeds:
            if address(feed) is None:
                raise SetupError(f"{name}: feed {feed!r} is no address; write https://HOST/PATH")

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """As `Source` says; a part is a feed's address."""
        for gone in states.keys() - set(self._feeds):
            yield Page(part=gone, state={})
        faults: dict[str, SourceOutageError | SetupError] = {}
        for feed in self._feeds:
            state = states.get(feed, {})
            if 0 < state.get("due", 0) - self._now().timestamp() <= _LONGEST_REST:
                continue  # what is farther was said by a clock that was wrong
            try:
                page = await self._read(feed, state)
            except (SourceOutageError, SetupError) as error:
                faults[feed] = error
            else:
                if page is not None:
                    yield page
        if faults and all(feed in faults or states.get(feed, {}).get("faults") for feed in self._feeds):
            raise next(iter(faults.values()))
        for feed, fault in faults.items():
            yield self._left_alone(feed, states.get(feed, {}), fault)

    async def _read(self, feed: str, state: State) -> Page | None:
        """What is new in a feed; None where it has nothing to tell, not even a state."""
        headers = {"Accept": _ACCEPTED}
        if etag := state.get("etag"):
            headers["If-None-Match"] = etag
        if modified := state.get("modified"):
            headers["If-Modified-Since"] = modified
        response = await self._http.get(feed, headers=headers, robots=True, limit=_LARGEST)
        if response.status == 304:
            after = {**state, "faults": 0, "due": self._due(state.get("rest"))}
            return None if after == state else Page(part=feed, state=after)
        content_type = response.headers.get("Content-Type", "")
        now = self._now()
        # Pure Python, and slow: streams of other sources go on beside it.
        found = await asyncio.to_thread(parse_feed, response.body, response.url, content_type, now, feed)
        seen = Seen(state.get("seen"))
        items = tuple(_news(found, seen))
        after = {
            "etag": response.headers.get("ETag"),
            "modified": response.headers.get("Last-Modified"),
            "faults": 0,
            "rest": found.rest,
            "due": self._due(found.rest),
            "seen": seen.latest(len(found.entries) + _REMEMBERED),
        }
        return Page(items=items, part=feed, state=after)

    def _due(self, rest: float | None) -> float:
        """When to ask again, as the feed would like; 0: whenever the entry's turn comes."""
        if rest is None or rest <= self._every:
            return 0
        return self._now().timestamp() + min(rest, _LONGEST_REST)

    def _left_alone(self, feed: str, state: State, error: SourceOutageError | SetupError) -> Page:
        faults = state.get("faults", 0) + 1
        rest = self._every * 2 ** min(faults, 16)
        if isinstance(error, SourceOutageError) and error.retry_after is not None:
            rest = max(rest, error.retry_after)
        due = self._now().timestamp() + min(rest, _LONGEST_REST)
        skipped = Skipped(where=shown(feed), reason=str(error))
        return Page(items=(skipped,), part=feed, state={**state, "faults": faults, "due": due})


def _news(feed: Feed, seen: Seen) -> list[Item]:
    """What is to be published, oldest first. An entry without a date keeps the moment it was first seen."""
    news: list[Item] = []
    for entry in reversed(feed.entries):
        if isinstance(entry, Skipped):
            news.append(entry)
            continue
        post = entry.post
        if not entry.is_dated and (known := seen.published_at(post.id)) is not None:
            post = replace(post, published_at=known)
        if (fresh := seen.take(post, entry.mark)) is not None:
            news.append(fresh)
    return news
