"""Hacker News: stories and comments, by the search that Algolia runs for it (hn.algolia.com/api)."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Final

import msgspec

from monitor.sources.answers import identifier, items_of, moment_of, object_of
from monitor.sources.context import Context
from monitor.sources.hackernews_checks import PART, ItemChecks
from monitor.sources.html import text_of
from monitor.sources.interface import Page, Post, SourceOutageError, State
from monitor.sources.options import Options, Seconds
from monitor.sources.terms import phrases
from monitor.sources.windows import Answer, Windows

_MOST_HITS: Final = 1_000
"""Of a query, whatever the page."""
_ANSWER_LIMIT: Final = 64 * 2**20
"""Bytes: a thousand long comments, each twice (once with what was found marked)."""
_AN_HOUR: Final = 3600
_A_DAY: Final = 24 * _AN_HOUR


class HackerNewsOptions(Options, frozen=True, kw_only=True):
    """What an entry of kind `hackernews` may say."""

    every: Seconds = Seconds(300)
    only_brands: bool = True
    tags: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)] = ("story", "comment")
    """Which kinds of posts, also `poll`, `show_hn`, `ask_hn`."""
    everything: bool = False
    """Ask for all posts instead of for each name in a query of its own: as Hacker News has some hundred posts
    an hour, that is three queries a pass, of a few megabytes."""
    first: Seconds = Seconds(_A_DAY)
    """How far back the first pass looks."""
    recheck: Seconds = Seconds(12 * _AN_HOUR)
    """How often what was published is looked up again."""
    url: str = "https://hn.algolia.com/api/v1/search_by_date"
    items: str = "https://hacker-news.firebaseio.com/v0/item"


class _Hit(msgspec.Struct, frozen=True):
    objectID: Annotated[str, msgspec.Meta(min_length=1)]  # noqa: N815 - Algolia's name
    created_at_i: int
    author: str | None = None
    title: str | None = None
    story_text: str | None = None
    comment_text: str | None = None


class HackerNews:
    """All posts that name a brand: new ones, those edited within the two hours in which they can be, and
    those that are gone."""

    def __init__(self, name: str, options: HackerNewsOptions, context: Context) -> None:
        self.name = name
        self.source = options.source
        self.interval: float | None = options.every
        self.only_brands = options.only_brands
        self._options = options
        self._http = context.http
        self._now = context.now
        self._checks = ItemChecks(options.items, options.source, options.recheck, context)
        self._queries = ("",) if options.everything else phrases(context.brands)
        self._windows = Windows(
            first=int(options.first),
            farthest=2**31,
            again=2 * _AN_HOUR,
            longest=_A_DAY,
            shortest=1,
        )

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """As `Source` says; part "" has the state of `Windows`, another that of `ItemChecks`."""
        async for page in self._windows.pages(self._ask, self._queries, states.get(""), self._now()):
            yield page
        async for page in self._checks.pages(states.get(PART, {})):
            yield page

    async def _ask(self, phrase: str, since: int, until: int) -> Answer:
        params = {
            "tags": f"({','.join(self._options.tags)})",
            "numericFilters": f"created_at_i>={since},created_at_i<{until}",
            "hitsPerPage": str(_MOST_HITS),
        }
        if phrase:
            # Words as they are, in texts only: by default "nike" finds "mike" and links.
            params |= {
                "query": f'"{phrase}"',
                "typoTolerance": "false",
                "restrictSearchableAttributes": "title,story_text,comment_text",
            }
        answer = object_of(await self._http.get(self._options.url, params=params, limit=_ANSWER_LIMIT))
        hits, found = answer.get("hits"), answer.get("nbHits")
        if not isinstance(hits, list):
            raise SourceOutageError(f"{self._options.url}: answers without hits")
        return Answer(
            items=items_of(hits, _Hit, _post, f"hits of {phrase or 'everything'}"),
            is_cut=len(hits) >= _MOST_HITS or (isinstance(found, int) and found > len(hits)),
        )


def _post(hit: _Hit) -> Post:
    parts = (hit.title, text_of(hit.story_text or ""), text_of(hit.comment_text or ""))
    text = "\n\n".join(part for part in parts if part)
    if not text:
        raise ValueError("has no text")
    return Post(
        id=identifier(hit.objectID),
        text=text,
        published_at=moment_of(hit.created_at_i),
        author=hit.author,
        author_id=hit.author,
        url=f"https://news.ycombinator.com/item?id={hit.objectID}",
    )
