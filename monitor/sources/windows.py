"""Searches that answer only so many posts at a time, asked window by window of time until none is cut."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.sources.interface import Item, Page, Skipped, State
from monitor.sources.seen import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """To one query, of one window; `is_cut`: there may be more than the platform gives."""

    items: tuple[Item, ...]
    is_cut: bool


Ask = Callable[[str, int, int], Awaitable[Answer]]
"""A query; from, and to before, which moment, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """How a search is cut into windows. All times in seconds."""

    first: int
    """How far back the first pass looks."""
    farthest: int
    """How far back the platform can look at all."""
    again: int
    """Of the past that every pass asks for again: posts come late, and are edited."""
    longest: int
    """A window whose end is saved as the state."""
    shortest: int
    """One that is not halved any more: what it cuts is lost, and told."""

    async def pages(
        self, ask: Ask, queries: Sequence[str], state: State | None, now: datetime
    ) -> AsyncIterator[Page]:
        """Everything since the state, oldest window first.

        State: `until`, before which everything was asked for, and `seen`, the posts since `again` seconds
        before it. Within a window `until` stays and `seen` grows: whoever goes on in the middle of it knows
        what was published, and an edit for an edit.
        """
        state, end = state or {}, int(now.timestamp())
        seen = Seen(state.get("seen"))
        # A clock that was ahead once would have us wait until it is right.
        start = min(state["until"], end) - self.again if state else end - self.first
        start = max(start, end - self.farthest)
        while start < end:
            until = min(start + self.longest, end)
            for query in queries:
                async for answer in self._whole(ask, query, start, until):
                    if items := tuple(seen.news(answer)):
                        unmoved = {"until": start + self.again, "seen": seen.since(start)}
                        yield Page(items=items, state=unmoved)
            yield Page(state={"until": until, "seen": seen.since(until - self.again)})
            start = until

    async def _whole(self, ask: Ask, query: str, since: int, until: int) -> AsyncIterator[tuple[Item, ...]]:
        waiting = [(since, until)]
        while waiting:
            since, until = waiting.pop()
            answer = await ask(query, since, until)
            if answer.is_cut and until - since >= 2 * self.shortest:
                middle = since + (until - since) // 2
                waiting += [(middle, until), (since, middle)]
                continue
            yield answer.items
            if answer.is_cut:
                at = datetime.fromtimestamp(since, UTC)
                reason = f"{until - since} s from {at:%Y-%m-%d %H:%M:%S} hold more posts than are given out"
                yield (Skipped(where=query, reason=reason),)
