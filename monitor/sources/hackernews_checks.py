"""What became of published posts of Hacker News: its search tells of no deletion, its API of items does."""

import re
from collections.abc import AsyncIterator
from typing import Any, Final

from monitor.errors import SetupError
from monitor.sources.answers import json_of
from monitor.sources.context import Context
from monitor.sources.interface import Gone, Item, Page, Skipped, SourceOutageError, State

PART: Final = "recheck"
"""Of the state: `last`, the id that was looked up last, "" at the end of a round; when the round `began`."""

_A_PASS: Final = 60
"""Posts, a request each: half a minute at the pause that is kept between two."""
_NUMBER: Final = re.compile(r"\d{1,12}")
_LIMIT: Final = 2**20
"""Bytes of an answer; a story with ten thousand comments lists their numbers."""


class ItemChecks:
    """Looks up what was published, some of it a pass, in the order of ids. Needs no key."""

    def __init__(self, url: str, source: str, every: float, context: Context) -> None:
        self._url = url
        self._source = source
        self._every = every
        self._http = context.http
        self._now = context.now
        self._collected = context.collected

    async def pages(self, state: State) -> AsyncIterator[Page]:
        """What is gone, of one pass; nothing while the last round is not `every` seconds old.

        A server that does not answer is told as skipped: posts are searched for all the same.
        """
        last, began = state.get("last", ""), state.get("began", 0.0)
        now = self._now()
        if not last:
            if 0 <= now.timestamp() - began < self._every:
                return
            began = now.timestamp()
        known = await self._collected(self._source, last, _A_PASS)
        items: list[Item] = []
        refused: SetupError | None = None
        try:
            for one in known:
                if _NUMBER.fullmatch(one.id):
                    try:
                        if _is_gone(await self._item(one.id)):
                            items.append(Gone(id=one.id, deleted_at=now))
                    except SetupError as error:  # this one alone, or all: the round goes on
                        refused = error
        except SourceOutageError as error:
            yield Page(items=(*items, Skipped(where="look-ups", reason=str(error))))
            return
        if refused is not None:
            items.append(Skipped(where="look-ups", reason=str(refused)))
        last = known[-1].id if len(known) == _A_PASS else ""
        yield Page(items=tuple(items), part=PART, state={"last": last, "began": began})

    async def _item(self, number: str) -> Any:
        url = f"{self._url}/{number}.json"
        response = await self._http.get(url, limit=_LIMIT)
        try:
            return json_of(response.body.decode("utf-8", "replace"))
        except ValueError as error:
            raise SourceOutageError(f"{url}: answers no JSON: {error}") from None


def _is_gone(item: Any) -> bool:
    """Deleted by its author, or dead: taken down by moderators, flags of readers or the site's filters."""
    return isinstance(item, dict) and (item.get("deleted") is True or item.get("dead") is True)
