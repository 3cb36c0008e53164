"""What somebody else writes costs itself at most: no word of a platform's stops a source for good."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from monitor.sources.http import Http
from monitor.sources.interface import AuthorGone, Gone, Page, Post, SourceOutageError, State
from monitor.sources.pictures import Pictures
from tests.sources.test_collector import Hasty, _quiet, collects, engine, kept, state, topics

__all__ = ["_quiet", "engine", "topics"]

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
FAR_EAST = NOON.astimezone(timezone(timedelta(hours=23, minutes=59)))
NOISE = "".join(chr(0x4E00 + place * 7919 % 20000) for place in range(5000))
"""What no compression makes shorter."""


class Brief(Hasty):
    """Gives up after some pauses: what fails for good does so for ever."""

    async def sleep(self, seconds: float) -> None:
        if len(self.pauses) == 3:
            self.set()
        await super().sleep(seconds)


class Poisoned:
    """One page with what is to be tried, another behind it."""

    name = source = "poisoned"
    only_brands = False
    interval: float | None = 3600.0

    def __init__(self, *items: Any, said: str = "", fault: str = "") -> None:
        self.items, self.said, self.fault = items, said, fault

    async def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        if self.fault:
            fault, self.fault = self.fault, ""
            raise SourceOutageError(fault)
        if states.get("", {}).get("next", 0) < 1:
            yield Page(items=self.items, state={"next": 1, "said": self.said, self.said: [self.said]})
        yield Page(items=(Post(id="after", text="VMware", published_at=NOON),), state={"next": 2})


def post(**given: Any) -> Post:
    return Post(**{"id": "1", "text": "VMware", "published_at": NOON, **given})


@pytest.mark.parametrize(
    "given",
    [
        {"published_at": FAR_EAST},
        {"published_at": datetime(1, 1, 1, tzinfo=FAR_EAST.tzinfo)},
        {"published_at": datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))},
        {"author_id": NOISE},
        {"author_id": "\0"},
        {"alias": NOISE},
        {"alias": "\ud800"},
        {"author": NOISE, "url": NOISE, "lang": NOISE},
        {"author": "\0", "url": "\ud800", "lang": "\0", "reach": 2**70},
        {"id": NOISE},
        {"id": "😀" * 512},
        {"id": "\0"},
        {"text": "\ud800 VMware"},
        {"text": "VMware \0"},
        {"pictures": ("\ud800", "\0", NOISE)},
    ],
)
async def test_of_a_post(collecting, engine, topics, given):
    async with Http() as http:
        one = collects(engine, topics, Poisoned(post(**given)), Brief(), Pictures(http, 10**6))
        await one.run()
    assert "after" in kept(topics)
    assert state(collecting) == [{"next": 2}]
    assert one.health.fault is None


@pytest.mark.parametrize(
    "items",
    [
        (Gone(id="\0", deleted_at=NOON), Gone(id="\ud800", deleted_at=NOON), Gone(id=NOISE, deleted_at=NOON)),
        (AuthorGone(author_id="\0", deleted_at=NOON), AuthorGone(author_id="\ud800", deleted_at=NOON)),
        (post(), Gone(id="1", deleted_at=FAR_EAST)),
        (post(), Gone(id="1", deleted_at=datetime.max)),
        (post(author_id="a" * 512), AuthorGone(author_id="a" * 512, deleted_at=NOON)),
    ],
)
async def test_of_what_went(collecting, engine, topics, items):
    one = collects(engine, topics, Poisoned(*items), Brief())
    await one.run()
    assert kept(topics) == {"after"}
    assert collecting.rows("SELECT id FROM collected") == [("after",)]


@pytest.mark.parametrize("said", ["\0", "\ud800", "a\0b"])
async def test_of_a_state(collecting, engine, topics, said):
    """ETags, cursors, ids that a source keeps."""
    one = collects(engine, topics, Poisoned(post(), said=said), Brief())
    await one.run()
    assert kept(topics) == {"1", "after"}
    assert state(collecting) == [{"next": 2}]


@pytest.mark.parametrize("fault", ["\0", "\ud800", "answers <\0>"])
async def test_of_a_fault(collecting, engine, topics, fault):
    stop = Brief()
    one = collects(engine, topics, Poisoned(post(), fault=fault), stop)
    await one.run()
    assert kept(topics) == {"1", "after"}
    assert len(stop.pauses) == 2, "the fault, and the end of the pass"
