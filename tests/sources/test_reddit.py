"""Reddit: what is listed, once; and later what became of what was published."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import SetupError
from monitor.sources.context import Context
from monitor.sources.interface import Gone, Item, Post, Skipped, SourceOutageError
from monitor.sources.reddit import Reddit, RedditOptions
from monitor.storage.collectors import Collected
from tests.sources.polled_servers import CUT, NOW_EPOCH, Fault, RedditServer
from tests.sources.polling import Passes, Published, passes
from tests.sources.streams import NOW

HOUR = 3600


@asynccontextmanager
async def asking(
    server: RedditServer, published: Published | None = None, brands: Sequence[str] = (), **options: Any
) -> AsyncIterator[Passes]:
    def build(at: str, context: Context) -> Reddit:
        given: dict[str, Any] = {
            "source": "reddit",
            "client_id": "app",
            "client_secret": "word",
            "user": "some_user",
            "url": f"http://{at}",
            "token_url": f"http://{at}/api/v1/access_token",
            "subreddits": ("vmware",),
            "search": False,
            "comments": False,
            **options,
        }
        return Reddit("reddit", RedditOptions(**given), context)

    async with passes(server, build, *brands, collected=(published or Published()).after) as polled:
        yield polled


def posts(items: Sequence[Item]) -> list[str]:
    return [item.id for item in items if isinstance(item, Post)]


async def test_a_link_and_a_comment() -> None:
    server = RedditServer()
    link = server.link(
        1,
        "VMware & friends",
        NOW_EPOCH - 60,
        selftext="**Bold**",
        selftext_html='<!-- SC_OFF --><div class="md"><p><strong>Bold</strong></p></div>',
    )
    comment = server.comment(2, "I like VMware", NOW_EPOCH - 30)
    async with asking(server, comments=True) as polled:
        said = {item.id: item for item in await polled.one() if isinstance(item, Post)}
    assert said[link] == Post(
        id="t3_1",
        text="VMware & friends\n\nBold",
        published_at=datetime.fromtimestamp(NOW_EPOCH - 60, UTC),
        author="ann",
        author_id="t2_ann",
        url="https://www.reddit.com/r/vmware/comments/t3_1/",
    )
    assert said[comment].text == "I like VMware"
    assert server.headers[-1]["User-Agent"].startswith("python:brand-monitor:")
    assert server.headers[-1]["User-Agent"].endswith("(by /u/some_user)")
    assert {asked["raw_json"] for asked in server.asked if "limit" in asked} == {"1"}


async def test_pictures_of_a_link_and_of_a_gallery() -> None:
    server = RedditServer()
    server.link(1, "One", NOW_EPOCH - 60, post_hint="image", url="https://i.redd.it/one.png")
    server.link(2, "None", NOW_EPOCH - 60, post_hint="link", url="https://example.com/article")
    server.link(
        3,
        "Some",
        NOW_EPOCH - 60,
        url="https://www.reddit.com/gallery/3",
        gallery_data={"items": [{"media_id": "b"}, {"media_id": "a"}, {"media_id": "gif"}, "?", {}]},
        media_metadata={
            "a": {"e": "Image", "s": {"u": "https://preview.redd.it/a.jpg?s=1"}},
            "b": {"e": "Image", "s": {"u": "https://preview.redd.it/b.jpg?s=2"}},
            "gif": {"e": "AnimatedImage", "s": {"gif": "https://i.redd.it/c.gif"}},
        },
    )
    async with asking(server) as polled:
        shown = {item.id: item.pictures for item in await polled.one() if isinstance(item, Post)}
    assert shown == {
        "t3_1": ("https://i.redd.it/one.png",),
        "t3_2": (),
        "t3_3": ("https://preview.redd.it/b.jpg?s=2", "https://preview.redd.it/a.jpg?s=1"),
    }


async def test_pages_are_followed_back_to_the_last_pass() -> None:
    server = RedditServer()
    for number in range(1, 251):
        server.link(number, "VMware", NOW_EPOCH - number)
    async with asking(server) as polled:
        assert len(posts(await polled.one())) == 250
        server.asked.clear()
        server.link(999, "VMware, new", NOW_EPOCH + 10)
        polled.later(minutes=5)
        assert posts(await polled.one()) == ["t3_3e7"]
        polled.later(days=3)
        server.asked.clear()
        for number in range(1000, 1120):
            server.link(number, "VMware", NOW_EPOCH + 2 * 86_400 + number)
        assert len(posts(await polled.one())) == 120
    assert len([asked for asked in server.asked if "limit" in asked]) == 3


async def test_more_than_a_listing_holds_is_told() -> None:
    server = RedditServer()
    for number in range(1, 1201):
        server.link(number, "VMware", NOW_EPOCH - number)
    async with asking(server) as polled:
        items = await polled.one()
    assert len(posts(items)) == 1000
    (told,) = [item for item in items if isinstance(item, Skipped)]
    assert told.reason.endswith("ask more often")


async def test_a_pass_that_is_killed_is_made_again() -> None:
    server = RedditServer()
    for number in range(1, 251):
        server.link(number, "VMware", NOW_EPOCH - number)
    async with asking(server) as polled:
        first = await polled.one(pages=2)
        for thing in server.things.values():
            thing["title"] += ", edited"
        rest = await polled.one()
    again = {item.id: item.edited for item in rest if isinstance(item, Post)}
    assert set(posts(first)) - set(again) == set()
    assert set(again) == set(server.things)
    assert sum(again.values()) == 100  # of the page that was published and saved


@pytest.mark.parametrize("pages", [1, 2, 3, 5])
async def test_a_pass_killed_at_any_page_is_made_good(pages: int) -> None:
    server = RedditServer()
    for number in range(1, 421):
        server.link(number, "VMware", NOW_EPOCH - number)
    async with asking(server) as polled:
        taken = [await polled.one(pages=pages) for _ in range(3)]
        server.link(999, "VMware, new", NOW_EPOCH)
        taken.append(await polled.one())
        assert await polled.one() == []
    handed = [id for items in taken for id in posts(items)]
    assert set(handed) == set(server.things)
    assert len(handed) - len(server.things) <= 3 * 100


async def test_the_search_asks_for_all_names_within_its_limit() -> None:
    server = RedditServer()
    server.link(1, "Brand Number 3", NOW_EPOCH - 60)
    names = [f"Brand Number {number}" for number in range(60)]
    async with asking(server, brands=names, subreddits=(), search=True) as polled:
        assert posts(await polled.one()) == ["t3_1"]
    searches = [asked for asked in server.asked if "q" in asked]
    assert searches[0]["q"].startswith('"brand number 0" OR "brandnumber0" OR ')
    assert all(len(asked["q"]) <= 512 for asked in searches)
    assert {(asked["sort"], asked["type"]) for asked in searches} == {("new", "link")}


async def test_a_token_is_renewed_when_it_ends_or_is_taken_back() -> None:
    server = RedditServer()
    async with asking(server) as polled:
        source = polled.build()
        for _ in range(2):
            _ = [page async for page in source.pages({})]
        assert server.grants == [{"grant_type": "client_credentials"}]
        server.end_tokens()
        _ = [page async for page in source.pages({})]
        assert len(server.grants) == 2
        server.lasts = 0
        server.end_tokens()
        for _ in range(2):
            _ = [page async for page in source.pages({})]
        assert len(server.grants) == 4


async def test_a_user_is_read_as_by_their_refresh_token() -> None:
    server = RedditServer()
    async with asking(server, refresh_token="lasting") as polled:
        await polled.one()
    assert server.grants == [{"grant_type": "refresh_token", "refresh_token": "lasting"}]


async def test_a_wrong_secret_is_told_without_it() -> None:
    async with asking(RedditServer(), client_secret="wrong") as polled:
        with pytest.raises(SetupError, match="client_secret") as raised:
            await polled.one()
    assert "wrong" not in str(raised.value)


async def test_a_refused_grant_is_told() -> None:
    server = RedditServer()
    server.faults.append(Fault(text='{"error": "invalid_grant"}'))
    async with asking(server) as polled:
        with pytest.raises(SetupError, match="invalid_grant"):
            await polled.one()


async def test_a_private_subreddit_does_not_stop_the_others() -> None:
    server = RedditServer()
    server.link(1, "VMware", NOW_EPOCH - 60)
    server.refuses.add("secret")
    async with asking(server, subreddits=("secret", "vmware")) as polled:
        items = await polled.one()
        assert posts(items) == ["t3_1"]
        (told,) = [item for item in items if isinstance(item, Skipped)]
        assert (told.where, told.reason.endswith("answers 403")) == ("r/secret", True)
        server.refuses.add("vmware")
        with pytest.raises(SetupError, match="403"):
            await polled.one()


async def test_a_misspelt_subreddit_is_told() -> None:
    async with asking(RedditServer(), subreddits=("vmwear",)) as polled:
        with pytest.raises(SetupError, match="Reddit has no /r/vmwear/new"):
            await polled.one()


@pytest.mark.parametrize(
    "options", [{"subreddits": ("r/vmware",)}, {"subreddits": ("a b",)}, {"subreddits": ()}]
)
async def test_an_entry_that_asks_for_nothing_or_for_what_cannot_be(options: dict[str, Any]) -> None:
    async with asking(RedditServer(), **options) as polled:
        with pytest.raises(SetupError, match="subreddit"):
            await polled.one()


@pytest.mark.parametrize(
    "fault", [CUT, Fault(500), Fault(429, {"Retry-After": "30"}), Fault(text="<html>"), Fault(text="{}")]
)
async def test_an_outage_loses_nothing(fault: Fault) -> None:
    server = RedditServer()
    server.link(1, "VMware", NOW_EPOCH - 60)
    async with asking(server) as polled:
        source = polled.build()
        _ = [
            page async for page in source.pages({"r/vmware": {"until": NOW_EPOCH, "seen": {}, "whole": True}})
        ]
        server.faults.append(fault)
        with pytest.raises(SourceOutageError) as raised:
            _ = [page async for page in source.pages({})]
        assert raised.value.retry_after == (30 if fault.status == 429 else None)
        assert posts(await polled.one()) == ["t3_1"]


async def test_a_window_of_requests_that_is_used_up_is_waited_for() -> None:
    server = RedditServer()
    server.link(1, "VMware", NOW_EPOCH - 60)
    server.remaining, server.reset = "0.0", "0.01"
    async with asking(server, subreddits=("a_a", "b_b")) as polled:
        assert posts(await polled.one()) == ["t3_1", "t3_1"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "t5_subreddit"},
        {"name": None},
        {"created_utc": "soon"},
        {"created_utc": 1e30},
        {"title": ["VMware"]},
        {"title": " ", "selftext": ""},
        {"gallery_data": []},
    ],
)
async def test_a_malformed_thing_costs_only_itself(change: dict[str, Any]) -> None:
    server = RedditServer()
    server.link(1, "VMware", NOW_EPOCH - 60)
    broken = {**server.things["t3_1"], "name": "t3_2", **change}
    server.malformed = [
        {"kind": "t3", "data": broken},
        "VMware",
        None,
        {"kind": "t3"},
        {"kind": "more", "data": {}},
    ]
    async with asking(server) as polled:
        items = await polled.one()
    assert posts(items) == ["t3_1"]
    assert len([item for item in items if isinstance(item, Skipped)]) == 4
    assert polled.states["r/vmware"]["until"] == NOW_EPOCH - 60


@pytest.mark.parametrize(
    "change",
    [
        {"removed_by_category": "moderator", "selftext": "[removed]"},
        {"removed_by_category": "deleted", "author": "[deleted]", "selftext": "[deleted]"},
        {"selftext": "[removed]"},
        {"title": "[deleted]"},
    ],
)
async def test_what_is_deleted_or_removed_goes(change: dict[str, Any]) -> None:
    server, published = RedditServer(), Published()
    kept, taken = (server.link(number, "VMware", NOW_EPOCH - 4 * HOUR) for number in (1, 2))
    async with asking(server, published, recheck=12.0 * HOUR) as polled:
        server.link(9, "VMware, later", NOW_EPOCH - 60)
        published.note(await polled.one())
        assert set(published.posts) == {kept, taken, "t3_9"}
        server.things[taken] |= change
        polled.later(hours=11)
        assert await polled.one() == []
        polled.later(hours=2)
        assert await polled.one() == [Gone(id=taken, deleted_at=polled.now)]
    assert [asked["id"] for asked in server.asked if "id" in asked][-1] == f"{kept},{taken},t3_9"


async def test_a_comment_that_is_gone() -> None:
    server, published = RedditServer(), Published()
    comment = server.comment(5, "VMware", NOW_EPOCH - 60)
    async with asking(server, published, comments=True) as polled:
        published.note(await polled.one())
        server.things[comment] |= {"body": "[deleted]", "author": "[deleted]"}
        polled.later(minutes=5)
        assert await polled.one() == [Gone(id=comment, deleted_at=polled.now)]
        polled.later(minutes=5)
        assert await polled.one() == []


async def test_what_was_edited_is_published_again_and_loses_the_author_who_left() -> None:
    server, published = RedditServer(), Published()
    edited, left = (server.link(number, "VMware", NOW_EPOCH - 4 * HOUR) for number in (1, 2))
    server.link(9, "VMware, later", NOW_EPOCH - 60)
    async with asking(server, published) as polled:
        published.note(await polled.one())
        server.things[edited] |= {"selftext": "more", "edited": float(NOW_EPOCH + HOUR)}
        server.things[left] |= {"author": "[deleted]", "author_fullname": None}
        polled.later(days=1)
        items = await polled.one()
        assert [(item.id, item.author, item.edited) for item in items if isinstance(item, Post)] == [
            (edited, "ann", True),
            (left, None, True),
        ]
        published.note(items)
        polled.later(days=1)
        assert await polled.one() == []


async def test_what_reddit_does_not_answer_for_stays() -> None:
    server, published = RedditServer(), Published()
    link = server.link(1, "VMware", NOW_EPOCH - 60)
    async with asking(server, published) as polled:
        published.note(await polled.one())
        del server.things[link]
        polled.later(days=1)
        assert await polled.one() == []


async def test_all_that_was_published_is_looked_up_a_few_hundred_a_pass() -> None:
    server, published = RedditServer(), Published()
    for number in range(1, 1301):
        published.posts[f"t3_{number:04x}"] = Collected(id=f"t3_{number:04x}", published_at=NOW)
    published.posts["picture"] = Collected(id="picture", published_at=NOW)
    async with asking(server, published) as polled:
        rounds = []
        for _ in range(4):
            server.asked.clear()
            await polled.one()
            rounds.append(sum(asked["id"].count("t3_") for asked in server.asked if "id" in asked))
            polled.later(minutes=5)
    assert rounds == [499, 500, 301, 0]


async def test_a_clock_that_was_ahead_stops_nothing() -> None:
    server, published = RedditServer(), Published()
    ahead = NOW_EPOCH + 300 * 24 * HOUR
    async with asking(server, published) as polled:
        link = server.link(1, "VMware", NOW_EPOCH - 60)
        published.note(await polled.one())
        polled.states["r/vmware"]["until"] = polled.states["recheck"]["began"] = ahead
        new = server.link(2, "VMware again", NOW_EPOCH - 30)
        server.things[link] |= {"removed_by_category": "deleted"}
        told = await polled.one()
    assert posts(told) == [new]
    assert link in [item.id for item in told if isinstance(item, Gone)]


async def test_a_listing_that_goes_on_without_things_ends() -> None:
    server = RedditServer()
    server.endless = True
    async with asking(server) as polled:
        assert await polled.one() == []
    assert len([asked for asked in server.asked if "limit" in asked]) == 1
