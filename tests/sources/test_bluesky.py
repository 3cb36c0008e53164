"""Bluesky: every message of Jetstream becomes what it says, and no connection that breaks loses one."""

import asyncio
import json
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sources import bluesky as room
from monitor.sources.bluesky import Bluesky, BlueskyOptions
from monitor.sources.context import Context
from monitor.sources.interface import AuthorGone, Gone, Item, Post, Skipped, SourceOutageError
from monitor.sources.jetstream import Event, Reading, item_of, read_event
from tests.sources.jetstream_server import ALICE, BEGINNING, BOB, POSTS, Jetstream, account, commit, event
from tests.sources.streams import NOW, context, last_states, serving, take, take_until_it_breaks

READING = Reading(pictures="https://cdn.example")
CID = "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaa"


def item(message: dict[str, Any] | str, reading: Reading = READING) -> Item | None:
    read = read_event(message if isinstance(message, str) else json.dumps(message))
    return read if isinstance(read, Skipped) else item_of(read, reading)


def post(**record: Any) -> Post:
    made = item(commit(1, "create", "3l3qo2vuowo2b", **record))
    assert isinstance(made, Post)
    return made


def image(cid: str = CID) -> dict[str, Any]:
    blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/jpeg", "size": 1000}
    return {"alt": "", "image": blob, "aspectRatio": {"width": 4, "height": 3}}


def test_a_post() -> None:
    assert post(text="Nike!", langs=["en", "de"]) == Post(
        id=f"at://{ALICE}/app.bsky.feed.post/3l3qo2vuowo2b",
        text="Nike!",
        published_at=datetime(2026, 11, 30, 8, 59, 59, 500_000, UTC),
        author=ALICE,
        author_id=ALICE,
        url=f"https://bsky.app/profile/{ALICE}/post/3l3qo2vuowo2b",
        lang="en",
    )


def test_a_changed_post_and_one_that_went() -> None:
    changed = item(commit(2, "update", "r"))
    assert isinstance(changed, Post)
    assert changed.edited
    assert item(commit(3, "delete", "r")) == Gone(
        id=f"at://{ALICE}/{POSTS}/r", deleted_at=datetime(2026, 11, 30, 9, 0, 3, tzinfo=UTC)
    )


@pytest.mark.parametrize("status", ["deleted", "takendown", "suspended"])
def test_an_account_that_went(status: str) -> None:
    gone = item(account(4, BOB, status=status))
    assert gone == AuthorGone(author_id=BOB, deleted_at=datetime(2026, 11, 30, 9, 0, 4, tzinfo=UTC))


def test_what_says_nothing_of_posts() -> None:
    assert item(account(1, active=True)) is None
    assert item(account(1, status="deactivated")) is None
    assert item(account(1, active=True, status="throttled")) is None
    assert item(event(1, kind="identity", identity={"did": ALICE, "handle": "alice.example"})) is None
    assert item({"kind": "heartbeat", "payload": ""}) is None
    assert item(event(1, kind="sync", sync={})) is None
    like = commit(1, "create", "r")
    like["commit"]["collection"] = "app.bsky.feed.like"
    assert item(like) is None


def test_pauses_and_answers_as_the_entry_says() -> None:
    strict = Reading(pictures="", replies=False, gone=frozenset({"deactivated"}))
    assert isinstance(item(account(1, status="deactivated"), strict), AuthorGone)
    reply = commit(1, "create", "r", reply={"root": {}, "parent": {}})
    assert item(reply, strict) is None
    assert isinstance(item(reply), Post)


@pytest.mark.parametrize(
    "embed",
    [
        {"$type": "app.bsky.embed.images", "images": [image(), image("bafkreib")]},
        {"$type": "app.bsky.embed.gallery", "media": [image(), image("bafkreib")]},
        {
            "$type": "app.bsky.embed.recordWithMedia",
            "record": {"$type": "app.bsky.embed.record"},
            "media": {"$type": "app.bsky.embed.images", "images": [image(), image("bafkreib")]},
        },
        {
            "images": [
                {"image": {"cid": CID, "mimeType": "image/jpeg"}},
                image("bafkreib"),
                image("../x"),
                3,
                None,
            ]
        },
    ],
)
def test_pictures(embed: Any) -> None:
    assert post(embed=embed).pictures == tuple(
        f"https://cdn.example/img/feed_fullsize/plain/{ALICE}/{cid}@jpeg" for cid in (CID, "bafkreib")
    )


def test_other_embeds_show_no_picture() -> None:
    for embed in (
        {"external": {"uri": "https://example.com", "thumb": image()["image"]}},
        {"video": {}},
        [],
        "x",
    ):
        assert post(embed=embed).pictures == ()


def test_shortened_links_are_whole_again() -> None:
    text = "Schöne Schuhe: example.com/a-lon... und @bob"
    start = text.encode().index(b"example")
    link = {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com/a-long-way"}
    facet = {
        "index": {"byteStart": start, "byteEnd": start + len("example.com/a-lon...")},
        "features": [link],
    }
    mention = {"index": {"byteStart": 0, "byteEnd": 7}, "features": [{"did": BOB}]}
    whole = "Schöne Schuhe: https://example.com/a-long-way und @bob"
    assert post(text=text, facets=[mention, facet]).text == whole
    outside = {"index": {"byteStart": start, "byteEnd": 9_999}, "features": [link]}
    inside = {"index": {"byteStart": 4, "byteEnd": start + len("example.com/a-lon...")}, "features": [link]}
    for facets in ([outside], [inside], [None, 3, {"index": 7}], {"index": 0}, [{**facet, "features": 1}]):
        assert post(text=text, facets=facets).text == text
    assert post(text=text, facets=[facet, facet]).text == whole


@pytest.mark.parametrize(
    ("claimed", "published"),
    [
        ("2015-03-01T09:30:00+02:00", datetime(2015, 3, 1, 7, 30, tzinfo=UTC)),
        ("2099-01-01T00:00:00Z", datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        ("2026-11-30T08:00:00", datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        (None, datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
        (17, datetime(2026, 11, 30, 9, 0, 1, tzinfo=UTC)),
    ],
)
def test_the_authors_moment_where_it_can_be(claimed: Any, published: datetime) -> None:
    assert post(createdAt=claimed).published_at == published


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        '{"kind": 7}',
        json.dumps(commit(1, "create", "a/b")),
        json.dumps(commit(1, "create", "r", did="did:plc:a b")),
        json.dumps(commit(1, "create", "r", text=None)),
        json.dumps({**commit(1, "create", "r"), "time_us": -1}),
        json.dumps({**commit(1, "create", "r"), "time_us": 10**30}),
        '{"kind":"commit","did":"did:plc:x","time_us":1,"commit":{"operation":"create","collection":'
        '"app.bsky.feed.post","rkey":"r","record":{"text":"\\ud800"}}}',
        json.dumps({**commit(1, "create", "r"), "x": None}).replace("null", "[" * 5000 + "]" * 5000),
    ],
)
def test_a_message_that_is_none_costs_itself_only(message: str) -> None:
    assert isinstance(item(message), Skipped)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["images", "media", "image", "ref", "$link", "cid", "index", "byteStart", "byteEnd"]
            )
            | st.sampled_from(["features", "uri"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_a_program_writes_into_a_post_it_is_one(
    facets: Any, embed: Any, langs: Any, made: Any
) -> None:
    assert post(facets=facets, embed=embed, langs=langs, createdAt=made, reply=made).text.startswith("Nike")


def bluesky(at: Context, *urls: str, **options: Any) -> Bluesky:
    servers = tuple(f"ws://{url}" for url in urls)
    return Bluesky("bluesky", BlueskyOptions(source="bluesky", servers=servers, **options), at)


async def test_what_happens_is_told_in_order_with_the_cursor_of_the_last() -> None:
    server = Jetstream()
    happened = [
        commit(10, "create", "a"),
        event(11, kind="identity", identity={"did": ALICE}),
        commit(12, "update", "a"),
        "not json",
        commit(13, "create", "b", BOB),
        commit(14, "delete", "a"),
        account(15, BOB, status="deleted"),
    ]
    await server.say(*happened)
    async with serving(server.app) as url, context() as at:
        start = {"": {"cursor": BEGINNING + 10_000_000}}
        items, pages = await take(bluesky(at, url), start, lambda items: len(items) == 6)
    assert [type(one) for one in items] == [Post, Post, Skipped, Post, Gone, AuthorGone]
    assert last_states(pages, start) == {"": {"cursor": BEGINNING + 15_000_000}}
    assert server.asked == [
        {
            "wantedCollections": POSTS,
            "maxMessageSizeBytes": "500000",
            "cursor": str(BEGINNING + 5_000_000),
        }
    ]
    assert server.headers[0]["User-Agent"].startswith("brand-monitor/")
    assert "permessage-deflate" in server.headers[0]["Sec-WebSocket-Extensions"]


async def test_without_a_cursor_it_begins_now() -> None:
    server = Jetstream()
    await server.say(commit(1, "create", "old"))
    async with serving(server.app) as url, context() as at:
        taking = asyncio.create_task(take(bluesky(at, url), {}, bool))
        await server.connected.wait()
        await server.say(commit(3 * 3600 + 1, "create", "new"))
        items, pages = await taking
    assert [one.id.rpartition("/")[2] for one in items if isinstance(one, Post)] == ["new"]
    # The place is saved before the first event: a kill until then loses nothing.
    now = int(NOW.timestamp()) * 1_000_000
    assert (pages[0].items, pages[0].state) == ((), {"cursor": now})
    assert server.asked[0]["cursor"] == str(now - 5_000_000)


async def test_connections_that_break_in_the_middle_of_a_message_lose_and_change_nothing() -> None:
    server = Jetstream()
    await server.say(*(commit(number, "create", f"p{number}") for number in range(1, 41)))
    await server.say(*(commit(40 + number, "delete", f"p{number}") for number in range(1, 11)))
    server.cut_after = [7, 0, 19, 12]
    states: dict[str, Any] = {"": {"cursor": BEGINNING}}
    told: list[Item] = []
    async with serving(server.app) as url, context() as at:
        source = bluesky(at, url)

        def all_told() -> bool:
            return any(isinstance(one, Gone) and one.id.endswith("/p10") for one in told)

        while not all_told():
            with suppress(SourceOutageError):
                async with aclosing(source.pages(states)) as pages:
                    async for page in pages:
                        told += page.items
                        states = last_states([page], states)
                        if all_told():
                            break
    left: dict[str, str] = {}
    for one in told:
        if isinstance(one, Post):
            left[one.id] = one.text
        else:
            assert isinstance(one, Gone)
            left.pop(one.id, None)
    assert sorted(left.values()) == sorted(f"Nike p{number}" for number in range(11, 41))
    assert len(server.asked) == 5


async def test_a_server_that_answers_no_ping_is_gone() -> None:
    """It took the connection, and hangs."""
    hanging = asyncio.Event()

    async def hang(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await hanging.wait()
        return socket

    app = web.Application()
    app.router.add_get("/subscribe", hang)
    async with serving(app) as url, context() as at:
        async with asyncio.timeout(30), at.http.websocket(f"ws://{url}/subscribe", heartbeat=0.2) as socket:
            with pytest.raises(SourceOutageError, match=url):
                await anext(aiter(socket))
        hanging.set()


async def test_after_a_failure_the_next_server_is_asked() -> None:
    first, second = Jetstream(), Jetstream()
    first.answers = [(429, {"Retry-After": "7"}), (503, {})]
    await second.say(commit(1, "create", "a"))
    start = {"": {"cursor": BEGINNING}}
    async with serving(first.app) as one, serving(second.app) as two, context() as at:
        source = bluesky(at, one, two)
        with pytest.raises(SourceOutageError) as caught:
            await take(source, start, bool)
        assert caught.value.retry_after == 7
        second.answers = [(404, {})]
        with pytest.raises(SetupError):
            await take(source, start, bool)
        with pytest.raises(SourceOutageError):
            await take(source, start, bool)
        assert (await take(source, start, bool))[0]
    assert (len(first.asked), len(second.asked)) == (2, 2)


async def test_a_server_that_refuses_is_for_somebody_to_mend() -> None:
    server = Jetstream()
    server.answers = [(400, {})]
    async with serving(server.app) as url, context() as at:
        with pytest.raises(SetupError, match="400"):
            await take(bluesky(at, url), {}, bool)
        with pytest.raises(SetupError, match="wss://HOST"):
            Bluesky("b", BlueskyOptions(source="b", servers=("jetstream.example",)), at)


async def test_what_the_server_no_longer_had_is_told_once() -> None:
    server = Jetstream()
    await server.say(*(commit(number * 7200, "create", f"p{number}") for number in range(1, 4)))
    server.floor = 1
    start = {"": {"cursor": BEGINNING}}
    async with serving(server.app) as url, context() as at:
        items, _ = await take(bluesky(at, url), start, lambda items: len(items) == 3)
    lost, *rest = items
    assert isinstance(lost, Skipped)
    assert lost.where == "posts from 2026-11-30T09:00:00+00:00 to 2026-11-30T13:00:00+00:00"
    assert [type(one) for one in rest] == [Post, Post]


async def test_an_event_of_the_future_does_not_become_the_cursor() -> None:
    server = Jetstream()
    ahead = int(NOW.timestamp()) * 1_000_000 + 10**13
    await server.say({**commit(1, "create", "a"), "time_us": ahead})
    async with serving(server.app) as url, context() as at:
        _, pages = await take(bluesky(at, url), {"": {"cursor": BEGINNING}}, bool)
    assert pages[-1].state == {"cursor": int(NOW.timestamp()) * 1_000_000}


def test_events_of_every_kind_have_a_moment() -> None:
    read = read_event(json.dumps(event(1, kind="identity")))
    assert isinstance(read, Event)
    assert read.time_us == BEGINNING + 1_000_000


async def test_a_cursor_of_a_clock_that_was_ahead_is_taken_back() -> None:
    server = Jetstream()
    now = int(NOW.timestamp()) * 1_000_000
    await server.say(commit(3 * 3600, "create", "a"))
    async with serving(server.app) as url, context() as at:
        _, pages = await take(bluesky(at, url), {"": {"cursor": now + 10**13}}, bool)
    assert server.asked[0]["cursor"] == str(now - 5_000_000)
    assert pages[-1].state == {"cursor": now}


async def test_an_event_that_no_connection_holds_is_left_out() -> None:
    server = Jetstream()
    large = commit(1, "create", "large")
    large["commit"]["record"]["more"] = "x" * 2**20
    await server.say(large, commit(2, "create", "small"))
    async with serving(server.app) as url, context() as at:
        items, _ = await take(bluesky(at, url), {"": {"cursor": BEGINNING}}, bool)
    assert [one.id.rpartition("/")[2] for one in items if isinstance(one, Post)] == ["small"]


async def test_a_server_that_has_nothing_to_say_is_left_for_the_next(monkeypatch: Any) -> None:
    silent, other = Jetstream(), Jetstream()
    await other.say(commit(1, "create", "a"))
    start = {"": {"cursor": BEGINNING}}
    async with serving(silent.app) as one, serving(other.app) as two, context() as at:
        source = bluesky(at, one, two)
        with monkeypatch.context() as patch:
            patch.setattr(room, "_SILENCE", 0.05)
            _, error = await take_until_it_breaks(source, start)
        assert "no event" in str(error)
        assert (await take(source, start, bool))[0]
