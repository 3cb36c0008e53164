"""A platform that is all in this file, and a program that collects it: `python -m tests.sources.scripted`.

Each page has posts, some of them edits and deletions of earlier ones. A process that is told where to fall
kills itself there, between two steps of a page.
"""

import argparse
import os
import signal
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.settings import load_settings
from monitor.sources import kinds
from monitor.sources.context import Context
from monitor.sources.interface import AuthorGone, Gone, Item, Page, Post, State
from monitor.sources.kinds import Kind
from monitor.sources.options import Options, Seconds
from monitor.sources.runner import run_collect
from monitor.sources.sending import Sender
from monitor.storage.collectors import Held

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAGES = 12


class ScriptedOptions(Options, frozen=True, kw_only=True):
    pictures: str = ""
    every: Seconds = Seconds(3600)


def page(number: int, pictures: str) -> tuple[Item, ...]:
    """Twelve new posts; of the page before one edited, one deleted, and an account with its posts gone."""
    new = [
        Post(
            id=f"{number}-{place}",
            text=f"Post {place} of page {number} about VMware",
            published_at=NOON + timedelta(minutes=number),
            author_id=f"author-{number}-{place % 4}",
            pictures=(f"{pictures}/{number}-{place}.png",) if pictures and place % 5 == 0 else (),
        )
        for place in range(12)
    ]
    if number == 0:
        return tuple(new)
    before = number - 1
    changed = Post(id=f"{before}-1", text="Said otherwise", published_at=NOON, edited=True)
    at = NOON + timedelta(hours=1)
    gone = Gone(id=f"{before}-0", deleted_at=at)
    left = AuthorGone(author_id=f"author-{before}-3", deleted_at=at)
    return (*new[:6], changed, gone, left, *new[6:], new[0])


def expected() -> dict[tuple[str, str], str]:
    """Texts as they are at the end."""
    kept: dict[tuple[str, str], str] = {}
    for number in range(PAGES):
        for item in page(number, ""):
            if isinstance(item, Post):
                kept["text", item.id] = item.text
            elif isinstance(item, Gone):
                kept.pop(("text", item.id), None)
            elif isinstance(item, AuthorGone):
                for place in (3, 7, 11):
                    kept.pop(("text", f"{number - 1}-{place}"), None)
    return kept


class Scripted:
    def __init__(self, name: str, options: ScriptedOptions, context: Context) -> None:
        self.name, self.source, self.only_brands = name, options.source, options.only_brands
        self.interval = options.every
        self._pictures = options.pictures

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        for number in range(states.get("", {"next": 0})["next"], PAGES):
            yield Page(items=page(number, self._pictures), state={"next": number + 1})


KINDS = {"scripted": Kind(ScriptedOptions, Scripted)}


def fall(owner: Any, method: str, after: int, *, before: bool) -> None:
    """Have the process kill itself at the call of that number, before or after it."""
    whole, calls = getattr(owner, method), 0

    async def falling(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == after and before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await whole(*given)
        if calls == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, method, falling)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--once", action="store_true")
    arguments.add_argument("--fall", metavar="STEP CALL SIDE")
    given = arguments.parse_args()
    if given.fall:
        step, call, side = given.fall.split()
        owner, method = {"send": (Sender, "send"), "save": (Held, "save")}[step]
        fall(owner, method, int(call), before=side == "before")
    raise SystemExit(run_collect(load_settings(), once=given.once, kinds={**kinds.KINDS, **KINDS}))


if __name__ == "__main__":
    main()
