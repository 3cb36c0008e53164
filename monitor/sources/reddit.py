"""Reddit: new links and comments of subreddits, a search of all of Reddit, and what was deleted since."""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final

import msgspec

from monitor.errors import SetupError
from monitor.sources.answers import items_of
from monitor.sources.context import Context
from monitor.sources.http import RefusedError
from monitor.sources.interface import Item, Page, Post, Skipped, State
from monitor.sources.options import Options, Seconds
from monitor.sources.reddit_api import Client, RedditApi
from monitor.sources.reddit_things import Child, Thing, item_of, thing_of
from monitor.sources.seen import Seen
from monitor.sources.terms import batches, phrases

_MOST_CHARACTERS: Final = 512
"""Of a search."""
_A_PAGE: Final = 100
_MOST_LISTED: Final = 950
"""Things of a listing: none goes farther back than a thousand, less those that are hidden."""
_AGAIN: Final = 2 * 3600
"""Seconds before the newest thing that every pass reads again: filters let things through late."""
_CHECKS_A_PASS: Final = 5
"""Times a hundred ids that are asked for again, beside what is new."""
_FULLNAME: Final = re.compile(r"t[13]_[0-9a-z]+")
_SUBREDDIT: Final = re.compile(r"[A-Za-z0-9_]{2,23}")

_Request = tuple[str, Mapping[str, str]]


class RedditOptions(Options, frozen=True, kw_only=True):
    """What an entry of kind `reddit` may say."""

    client_id: Annotated[str, msgspec.Meta(min_length=1)]
    client_secret: str
    user: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{3,20}$")]
    """The account that the app belongs to: Reddit wants it in the User-Agent."""
    refresh_token: str = ""
    """To read as a user, with their subreddits; without, as the app."""
    subreddits: tuple[str, ...] = ()
    """Of these all new links, and comments, are read; without the `r/`."""
    comments: bool = True
    search: bool = True
    """Search all of Reddit for the names; it finds links only."""
    every: Seconds = Seconds(300)
    only_brands: bool = True
    recheck: Seconds = Seconds(12 * 3600)
    """How often what was published is looked up again; Reddit's terms ask for two days at most."""
    first: Seconds = Seconds(86_400)
    """How far back the first pass looks."""
    url: str = "https://oauth.reddit.com"
    token_url: str = "https://www.reddit.com/api/v1/access_token"  # noqa: S105 - an address


class Reddit:
    """What is new in listings and in a search; later, what became of it."""

    def __init__(self, name: str, options: RedditOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.interval: float | None = options.every
        self.only_brands = options.only_brands
        self._options = options
        self._now = context.now
        self._collected = context.collected
        self._api = RedditApi(
            context.http,
            Client(
                id=options.client_id,
                secret=options.client_secret,
                user=options.user,
                refresh_token=options.refresh_token,
                url=options.url,
                token_url=options.token_url,
            ),
        )
        self._parts = dict(_requests(name, options, phrases(context.brands)))
        if not self._parts:
            raise SetupError(f"{name}: asks for nothing; give it `subreddits`, or `search = true`")

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """As `Source` says. Parts: `r/NAME`, `r/NAME/comments`, `search`, and `recheck`."""
        for gone in states.keys() - {*self._parts, "recheck"}:
            yield Page(part=gone, state={})
        refusals: list[SetupError] = []
        for part, requests in self._parts.items():
            try:
                async for page in self._new(part, requests, states.get(part)):
                    yield page
            except RefusedError as error:  # private, banned, misspelt: the others go on
                refusals.append(error)
                yield Page(items=(Skipped(where=part, reason=str(error)),))
        if refusals and len(refusals) == len(self._parts):
            raise refusals[0]
        async for page in self._again(states.get("recheck", {})):
            yield page

    async def _new(self, part: str, requests: Sequence[_Request], state: State | None) -> AsyncIterator[Page]:
        """Newest first, back to where the last pass was.

        State: `until`, the moment of the newest thing; `seen`, the things since two hours before it; `whole`,
        whether the pass came to its end. Until it has, `until` stays and `seen` grows.
        """
        state, now = state or {}, self._now().timestamp()
        # A clock that was ahead once would have us wait until it is right.
        newest = before = min(state.get("until", now - self._options.first), now)
        back_to = before - _AGAIN if state else before
        seen = Seen(state.get("seen"))
        for path, params in requests:
            after: str | None = ""
            listed = 0
            while after is not None:
                more = {"after": after} if after else {}
                raw, after = await self._api.listing(path, {**params, **more, "limit": str(_A_PAGE)})
                things, skipped = _things(raw, part)
                recent = [thing for thing in things if thing.created_utc >= back_to]
                fresh = tuple(seen.news([*skipped, *self._items(recent, part)]))
                if fresh:
                    unmoved = {"until": before, "seen": seen.since(int(back_to)), "whole": False}
                    yield Page(items=fresh, part=part, state=unmoved)
                newest = max([newest, *(one.created_utc for one in recent if one.created_utc <= now)])
                listed += len(raw)
                is_known = state.get("whole", False) and not any(isinstance(one, Post) for one in fresh)
                if not raw or is_known or len(recent) < len(things):
                    break  # the rest was there the last time
                if listed >= _MOST_LISTED:
                    reason = "there is more since the last time than Reddit lists; ask more often"
                    yield Page(items=(Skipped(where=part, reason=reason),))
                    break
        whole = {"until": newest, "seen": seen.since(int(newest) - _AGAIN), "whole": True}
        yield Page(part=part, state=whole)

    async def _again(self, state: State) -> AsyncIterator[Page]:
        """What became of the posts that were published: some hundred a pass, in the order of their ids.

        State: `last`, the id that was looked up last, "" at the end of a round; when the round `began`, and
        the one `before`: edits since then are news.
        """
        now = self._now().timestamp()
        last, began, before = state.get("last", ""), state.get("began", 0.0), state.get("before", 0.0)
        if not last:
            if 0 <= now - began < self._options.recheck:
                return
            began, before = now, began
        for _ in range(_CHECKS_A_PASS):
            known = await self._collected(self.source, last, _A_PAGE)
            authors = {one.id: one.author_id for one in known if _FULLNAME.fullmatch(one.id)}
            items: list[Item] = []
            if authors:
                raw, _ = await self._api.listing("/api/info", {"id": ",".join(authors)})
                things, _ = _things(raw, "recheck")
                changed = [
                    thing
                    for thing in things
                    if thing.is_gone
                    or thing.was_edited_since(before)
                    or (not thing.has_author and authors.get(thing.name) is not None)
                ]
                items = [
                    replace(item, edited=True) if isinstance(item, Post) else item
                    for item in self._items(changed, "recheck")
                ]
            last = known[-1].id if len(known) == _A_PAGE else ""
            yield Page(
                items=tuple(items),
                part="recheck",
                state={"last": last, "began": began, "before": before},
            )
            if not last:
                return

    def _items(self, things: Sequence[Thing], where: str) -> list[Item]:
        now = self._now()
        items: list[Item] = []
        for thing in things:
            try:
                items.append(item_of(thing, now))
            except ValueError as error:
                items.append(Skipped(where=f"{where}, {thing.name}", reason=str(error)))
        return items


def _things(raw: Sequence[object], where: str) -> tuple[list[Thing], list[Skipped]]:
    read = items_of(raw, Child, thing_of, where)
    things = [one for one in read if isinstance(one, Thing)]
    return things, [one for one in read if isinstance(one, Skipped)]


def _requests(
    name: str, options: RedditOptions, asked: Sequence[str]
) -> Iterator[tuple[str, Sequence[_Request]]]:
    """What to ask, by part."""
    for subreddit in options.subreddits:
        if not _SUBREDDIT.fullmatch(subreddit):
            raise SetupError(f"{name}: {subreddit!r} is no subreddit; write its name without r/")
        yield f"r/{subreddit}", [(f"/r/{subreddit}/new", {})]
        if options.comments:
            yield f"r/{subreddit}/comments", [(f"/r/{subreddit}/comments", {})]
    if options.search:
        queries = [_query(batch) for batch in batches(asked, _query, _MOST_CHARACTERS)]
        yield "search", [("/search", {"q": query, "sort": "new", "type": "link"}) for query in queries]


def _query(asked: Sequence[str]) -> str:
    return " OR ".join(f'"{phrase}"' for phrase in asked)
