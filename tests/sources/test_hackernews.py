"""Hacker News: every post within the windows, once, whatever the search does in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.context import Context
from monitor.sources.hackernews import HackerNews, HackerNewsOptions
from monitor.sources.interface import Gone, Post, Skipped, SourceOutageError
from monitor.sources.windows import Answer, Windows
from monitor.storage.collectors import Collected
from tests.sources.polled_servers import CUT, NOW_EPOCH, Algolia, Fault
from tests.sources.polling import Passes, Published, passes
from tests.sources.streams import NOW, last_states

HOUR = 3600


@asynccontextmanager
async def asking(
    server: Algolia, *names: str, published: Published | None = None, **options: Any
) -> AsyncIterator[Passes]:
    def build(at: str, context: Context) -> HackerNews:
        url = f"http://{at}/api/v1/search_by_date"
        given: dict[str, Any] = {"url": url, "items": f"http://{at}/v0/item", **options}
        return HackerNews("hn", HackerNewsOptions(source="hackernews", **given), context)

    collected = {} if published is None else {"collected": published.after}
    async with passes(server, build, *names, **collected) as polled:
        yield polled


def ids(items: list[Any]) -> list[str]:
    return [item.id for item in items]


async def test_a_story_and_a_comment() -> None:
    server = Algolia()
    server.say(
        1,
        "",
        NOW_EPOCH - 60,
        title="VMware &amp; friends",
        comment_text=None,
        story_text="<p>It&#x27;s <i>here</i>",
        url="https://example.com/",
    )
    server.say(2, "I like VMware<p>Really.", NOW_EPOCH - 30, author="ann")
    async with asking(server) as polled:
        story, comment = sorted(await polled.one(), key=lambda item: item.id)
    assert story == Post(
        id="1",
        text="VMware &amp; friends\n\nIt's here",
        published_at=datetime.fromtimestamp(NOW_EPOCH - 60, UTC),
        author="pg",
        author_id="pg",
        url="https://news.ycombinator.com/item?id=1",
    )
    assert comment.text == "I like VMware\n\nReally."
    assert comment.author == "ann"


async def test_what_is_asked() -> None:
    server = Algolia()
    async with asking(server, "Red Bull", first=3600.0) as polled:
        await polled.one()
    assert server.asked[0] == {
        "query": '"red bull"',
        "tags": "(story,comment)",
        "numericFilters": f"created_at_i>={NOW_EPOCH - HOUR},created_at_i<{NOW_EPOCH}",
        "hitsPerPage": "1000",
        "typoTolerance": "false",
        "restrictSearchableAttributes": "title,story_text,comment_text",
    }
    assert [asked["query"] for asked in server.asked] == ['"red bull"', '"redbull"']
    assert server.headers[0]["User-Agent"].startswith("brand-monitor/")


async def test_everything_in_one_query() -> None:
    server = Algolia()
    server.say(1, "nothing of ours", NOW_EPOCH - 5)
    async with asking(server, *(f"Brand{number}" for number in range(50)), everything=True) as polled:
        assert ids(await polled.one()) == ["1"]
    assert len(server.asked) == 1
    assert "query" not in server.asked[0]


async def test_only_what_is_new_or_edited_comes_again() -> None:
    server = Algolia()
    server.say(1, "VMware one", NOW_EPOCH - 600)
    server.say(2, "VMware two", NOW_EPOCH - 500)
    async with asking(server) as polled:
        assert sorted(ids(await polled.one())) == ["1", "2"]
        polled.later(minutes=5)
        server.items[0]["comment_text"] = "VMware one, edited"
        server.say(3, "VMware, late in the index", NOW_EPOCH - 3000)
        again = await polled.one()
        assert sorted(ids(again)) == ["1", "3"]
        assert {item.id: item.edited for item in again if isinstance(item, Post)} == {"1": True, "3": False}
        polled.later(minutes=5)
        assert await polled.one() == []


async def test_a_full_window_is_halved() -> None:
    server = Algolia(most=10)
    for number in range(137):
        server.say(number, "VMware", NOW_EPOCH - 1 - 97 * number % 3600)
    async with asking(server, first=3600.0) as polled:
        assert sorted(map(int, ids(await polled.one()))) == list(range(137))


async def test_what_one_second_holds_beyond_the_limit_is_told() -> None:
    server = Algolia(most=3)
    for number in range(5):
        server.say(number, "VMware", NOW_EPOCH - 100)
    async with asking(server, first=3600.0) as polled:
        items = await polled.one()
    assert len([item for item in items if isinstance(item, Post)]) == 3
    (told,) = [item for item in items if isinstance(item, Skipped)]
    assert told.reason == "1 s from 2026-11-30 11:58:20 hold more posts than are given out"


@pytest.mark.parametrize(
    "hit",
    [
        {"objectID": "9", "created_at_i": "soon", "comment_text": "VMware"},
        {"objectID": "", "created_at_i": NOW_EPOCH, "comment_text": "VMware"},
        {"objectID": "9", "created_at_i": 10**30, "comment_text": "VMware"},
        {"created_at_i": NOW_EPOCH - 1, "comment_text": "VMware"},
        {"objectID": "9", "created_at_i": NOW_EPOCH - 1, "comment_text": None, "vmware": "deleted"},
        {"objectID": "9", "created_at_i": NOW_EPOCH - 1, "comment_text": ["VMware"]},
        "VMware",
        None,
    ],
)
async def test_a_malformed_hit_costs_only_itself(hit: object) -> None:
    server = Algolia()
    server.say(1, "VMware", NOW_EPOCH - 10)
    server.malformed.append(hit)
    async with asking(server) as polled:
        items = await polled.one()
    assert [item.id for item in items if isinstance(item, Post)] == ["1"]
    assert len([item for item in items if isinstance(item, Skipped)]) == 1


@pytest.mark.parametrize(
    "fault",
    [
        CUT,
        Fault(500),
        Fault(503),
        Fault(200, text="<html>maintenance</html>"),
        Fault(200, text="[]"),
        Fault(200, text='{"message": "try again"}'),
        Fault(429, {"Retry-After": "7"}),
    ],
)
async def test_an_outage_loses_nothing(fault: Fault) -> None:
    server = Algolia()
    server.say(1, "VMware", NOW_EPOCH - 10)
    async with asking(server) as polled:
        server.faults.append(fault)
        with pytest.raises(SourceOutageError) as raised:
            await polled.one()
        assert raised.value.retry_after == (7 if fault.status == 429 else None)
        assert ids(await polled.one()) == ["1"]


@pytest.mark.parametrize("pages", [1, 2, 4, 7])
async def test_a_pass_killed_at_any_page_is_made_good(pages: int) -> None:
    server = Algolia(most=10)
    for number in range(60):
        server.say(number, "VMware", NOW_EPOCH - 60 * number - 1)
    async with asking(server) as polled:
        taken = [await polled.one(pages=pages) for _ in range(3)]
        taken.append(await polled.one())
        assert await polled.one() == []
    handed = [id for items in taken for id in ids(items)]
    assert set(map(int, handed)) == set(range(60))
    again = sum(len(items) for items in taken) - 60
    assert again <= 3 * 10  # of each killed pass what it had not saved


async def test_an_edit_after_a_kill_is_an_edit() -> None:
    server = Algolia(most=10)
    for number in range(40):
        server.say(number, "VMware", NOW_EPOCH - 60 * number - 1)
    async with asking(server) as polled:
        await polled.one(pages=3)
        saved = set(polled.states[""]["seen"])
        for item in server.items:
            item["comment_text"] += ", edited"
        after = {item.id: item for item in await polled.one() if isinstance(item, Post)}
    assert saved
    assert set(after) == {str(number) for number in range(40)}
    assert {id for id, post in after.items() if post.edited} == saved


async def test_days_of_absence_are_made_up_window_by_window() -> None:
    server = Algolia()
    async with asking(server) as polled:
        await polled.one()
        polled.later(days=5)
        for number in range(50):
            server.say(number, "VMware", NOW_EPOCH + 8640 * number)
        first = await polled.one(pages=3)
        rest = await polled.one()
    assert {item.id for item in [*first, *rest]} == {str(number) for number in range(50)}
    assert polled.states[""]["until"] == NOW_EPOCH + 5 * 24 * HOUR


@given(
    posts=st.lists(st.integers(0, 400), max_size=60),
    most=st.integers(1, 10),
    steps=st.lists(st.integers(1, 150), min_size=1, max_size=6),
)
async def test_windows_hand_out_every_post_once(posts: list[int], most: int, steps: list[int]) -> None:
    """Whatever the limit, as long as one second does not hold more than that."""
    windows = Windows(first=100, farthest=10_000, again=40, longest=60, shortest=1)
    at = dict(enumerate(posts))
    fit = {number for number, second in at.items() if posts.count(second) <= most}
    now, states, handed = 0, {}, []

    async def ask(_: str, since: int, until: int) -> Answer:
        found = [number for number in at if since <= at[number] < min(until, now)]
        items = tuple(
            Post(id=str(number), text="x", published_at=datetime.fromtimestamp(at[number], UTC))
            for number in found[:most]
        )
        return Answer(items=items, is_cut=len(found) >= most)

    for step in steps:
        now += step
        until = datetime.fromtimestamp(now, UTC)
        pages = [page async for page in windows.pages(ask, ["q"], states.get(""), until)]
        states = last_states(pages, states)
        handed += [item.id for page in pages for item in page.items if isinstance(item, Post)]
    begun = steps[0] - 100
    assert len(handed) == len(set(handed))
    assert {number for number in fit if begun <= at[number] < now} <= set(map(int, handed))


async def test_a_clock_that_was_ahead_stops_nothing() -> None:
    server = Algolia()
    async with asking(server, "VMware") as polled:
        polled.later(days=300)
        await polled.one()
        polled.later(days=-300)
        server.say(1, "VMware", NOW_EPOCH - 60)
        assert ids(await polled.one()) == ["1"]
        assert polled.states[""]["until"] == NOW_EPOCH


def looked_up(server: Algolia) -> int:
    """Requests that are no searches."""
    return sum("numericFilters" not in asked for asked in server.asked)


async def test_what_is_deleted_or_dead_goes() -> None:
    server, published = Algolia(), Published()
    for number in (1, 2, 3):
        server.say(number, "VMware", NOW_EPOCH - 60)
    published.posts["of another kind"] = Collected(id="of another kind", published_at=NOW)
    async with asking(server, published=published) as polled:
        published.note(await polled.one())
        server.taken = {"1": {"deleted": True}, "3": {"dead": True, "text": "VMware"}}
        polled.later(hours=11)
        assert await polled.one() == []
        polled.later(hours=2)
        gone = await polled.one()
        assert gone == [Gone(id=id, deleted_at=polled.now) for id in ("1", "3")]
        published.note(gone)
        polled.later(hours=13)
        assert await polled.one() == []
    assert set(published.posts) == {"2", "of another kind"}


async def test_posts_are_looked_up_some_a_pass_and_each_in_turn() -> None:
    server, published = Algolia(), Published()
    async with asking(server, published=published) as polled:
        for number in range(1000, 1150):
            server.say(number, "VMware", NOW_EPOCH - 30 * HOUR)
            published.posts[str(number)] = Collected(id=str(number), published_at=NOW)
        server.taken = {"1149": {"deleted": True}}
        found = []
        for _ in range(3):
            found.append((ids(await polled.one()), looked_up(server)))
            polled.later(minutes=5)
        assert found == [([], 60), ([], 120), (["1149"], 150)]
        assert await polled.one() == []
        assert looked_up(server) == 150


@pytest.mark.parametrize("fault", [Fault(503), Fault(text="<html>Sorry</html>"), CUT])
async def test_look_ups_that_fail_are_made_again_and_keep_no_post(fault: Fault) -> None:
    server, published = Algolia(), Published()
    server.say(1, "VMware", NOW_EPOCH - 30 * HOUR)
    server.taken = {"1": {"deleted": True}}
    published.posts["1"] = Collected(id="1", published_at=NOW)
    async with asking(server, published=published) as polled:
        server.say(2, "VMware", NOW_EPOCH - 60)
        server.faults = [Fault(text='{"hits": []}'), fault]
        (told,) = await polled.one()
        assert isinstance(told, Skipped)
        polled.later(minutes=5)
        assert set(ids(await polled.one())) == {"1", "2"}


async def test_an_item_that_is_refused_keeps_no_other() -> None:
    server, published = Algolia(), Published()
    for number in (1, 2):
        server.say(number, "VMware", NOW_EPOCH - 30 * HOUR)
        published.posts[str(number)] = Collected(id=str(number), published_at=NOW)
    server.taken = {"2": {"deleted": True}}
    async with asking(server, published=published) as polled:
        server.faults = [Fault(text='{"hits": []}'), Fault(401)]
        gone, told = await polled.one()
        assert isinstance(told, Skipped)
        assert gone == Gone(id="2", deleted_at=polled.now)
        assert polled.states["recheck"]["last"] == ""
