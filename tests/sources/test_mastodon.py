"""Mastodon: what a server streams becomes posts, edits and deletions; what was missed is read back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sources import mastodon_checks, mastodon_streams
from monitor.sources.context import Context
from monitor.sources.interface import Gone, Item, Page, Post, Skipped, SourceOutageError
from monitor.sources.mastodon import Mastodon, MastodonOptions
from monitor.sources.mastodon_api import Server
from monitor.sources.mastodon_checks import Rechecks
from monitor.sources.mastodon_statuses import post_of
from monitor.storage.collectors import Collected
from tests.sources.mastodon_server import MastodonServer
from tests.sources.streams import NOW, context, last_states, serving, take, take_until_it_breaks

STATUS: dict[str, Any] = {
    "id": "108913983692647032",
    "created_at": "2022-08-30T21:38:22.000Z",
    "in_reply_to_id": None,
    "sensitive": False,
    "spoiler_text": "",
    "visibility": "public",
    "language": "en",
    "uri": "https://fosstodon.org/users/tobtobxx/statuses/108913983628474640",
    "url": "https://fosstodon.org/@tobtobxx/108913983628474640",
    "edited_at": None,
    "content": "<p>I can&#39;t wait for my <a href='https://fosstodon.org/tags/nike'>#<span>Nike</span></a>!</p>",
    "reblog": None,
    "account": {
        "id": "1081104",
        "acct": "tobtobxx@fosstodon.org",
        "display_name": "TobTobXX",
        "url": "https://fosstodon.org/@tobtobxx",
        "followers_count": 150,
    },
    "media_attachments": [],
}


def read(**fields: Any) -> Any:
    return post_of({**STATUS, **fields}, "mastodon.social")


def test_a_status() -> None:
    assert read() == Post(
        id="https://fosstodon.org/users/tobtobxx/statuses/108913983628474640",
        alias="mastodon.social/108913983692647032",
        text="I can't wait for my #Nike!",
        published_at=datetime(2022, 8, 30, 21, 38, 22, tzinfo=UTC),
        author="tobtobxx@fosstodon.org",
        author_id="https://fosstodon.org/@tobtobxx",
        url="https://fosstodon.org/@tobtobxx/108913983628474640",
        lang="en",
        reach=150,
    )


def test_two_servers_that_show_one_post_give_one_mention() -> None:
    here, there = read(), post_of({**STATUS, "id": "9"}, "other.example")
    assert isinstance(there, Post)
    assert here.id == there.id
    assert (here.alias, there.alias) == ("mastodon.social/108913983692647032", "other.example/9")


def test_what_a_warning_says_belongs_to_the_text() -> None:
    assert read(spoiler_text="Advertising").text == "Advertising\n\nI can't wait for my #Nike!"


def test_pictures_as_the_server_keeps_them() -> None:
    shown = [
        {"type": "image", "url": "https://files.mastodon.social/1.jpg", "remote_url": "https://x.example/1"},
        {"type": "gifv", "url": "https://files.mastodon.social/2.mp4"},
        {"type": "image", "url": None, "remote_url": "https://fosstodon.org/3.png"},
        {"type": "image", "url": "file:///etc/passwd"},
        {"type": "image", "url": 7},
        "x",
    ]
    expected = ("https://files.mastodon.social/1.jpg", "https://fosstodon.org/3.png")
    assert read(media_attachments=shown).pictures == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"visibility": "private"},
        {"visibility": "direct"},
        {"reblog": STATUS},
        {"account": {**STATUS["account"], "noindex": True}},
    ],
)
def test_what_is_not_for_everybody_is_left(fields: dict[str, Any]) -> None:
    assert read(**fields) is None


def test_authors_who_ask_not_to_be_indexed_where_the_entry_wants_them() -> None:
    status = {**STATUS, "account": {**STATUS["account"], "noindex": True}}
    assert isinstance(post_of(status, "s", noindex=True), Post)


@pytest.mark.parametrize(
    "fields",
    [
        {"uri": "x" * 600},
        {"uri": None},
        {"id": 7},
        {"created_at": "yesterday"},
        {"created_at": "2022-08-30T21:38:22"},
        {"account": None},
        {"content": 7},
    ],
)
def test_a_status_that_is_none(fields: dict[str, Any]) -> None:
    assert isinstance(read(**fields), Skipped)


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
)
def test_whatever_stands_in_a_status_it_is_read_or_skipped(anything: Any) -> None:
    for name in STATUS:
        assert read(**{name: anything}) is None or isinstance(read(**{name: anything}), Post | Skipped)
    assert isinstance(post_of(anything, "s"), Skipped)


def mastodon(at: Context, url: str, **options: Any) -> Mastodon:
    return Mastodon("m", MastodonOptions(source="mastodon", server=f"http://{url}", **options), at)


def names(items: list[Item]) -> list[str]:
    return [f"{str(one.url).rpartition('/')[2]} {one.text}" for one in items if isinstance(one, Post)]


@pytest.fixture(params=[101, 404], ids=["websocket", "events"])
async def told(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A server with ten posts, and what a source of it tells while `act` happens."""
    server = MastodonServer(token="let me in", sockets=request.param)
    for number in range(1, 11):
        server.publish(number, f"Nike {number}")
    async with serving(server.app) as url, context() as at:
        yield server, mastodon(at, url, token="let me in"), url


async def listen(
    server: MastodonServer,
    source: Mastodon,
    states: dict[str, Any],
    act: Callable[[], None],
    enough: Callable[[list[Item]], bool],
) -> tuple[list[Item], list[Page]]:
    server.listened.clear()
    taking = asyncio.create_task(take(source, states, enough))
    listened = asyncio.create_task(server.listened.wait())
    await asyncio.wait([taking, listened], return_when=asyncio.FIRST_COMPLETED)
    act()
    return await taking


async def test_posts_edits_and_deletions_arrive(told: Any) -> None:
    server, source, url = told

    def act() -> None:
        first = server.publish(11, "Nike eleven")
        server.edit(first, "Nike, edited")
        server.delete(first)

    items, pages = await listen(
        server, source, {}, act, lambda items: any(isinstance(one, Gone) for one in items)
    )
    # The newest page first, then what happens.
    assert names(items)[:10] == [f"{number} Nike {number}" for number in range(1, 11)]
    eleventh = [one for one in items if isinstance(one, Gone) or str(one.url).endswith("/11")]
    made, edited, gone = eleventh[-3:]
    assert (made.text, made.edited) == ("Nike eleven", False)
    assert (edited.text, edited.edited) == ("Nike, edited", True)
    assert gone == Gone(id=made.alias, deleted_at=NOW)
    assert made.alias.startswith(f"{url}/")
    assert last_states(pages, {})[""]["since"] == {"public": made.alias.rpartition("/")[2]}


async def test_what_was_missed_is_read_back_page_by_page(told: Any) -> None:
    server, source, _ = told
    _, pages = await listen(server, source, {}, lambda: None, lambda items: len(items) >= 10)
    states = last_states(pages, {})
    for number in range(11, 131):
        server.publish(number, f"Nike {number}", seconds=100 + number)
    server.asked.clear()
    items, pages = await listen(
        server,
        source,
        states,
        lambda: server.publish(131, "Nike 131", seconds=300),  # type: ignore[arg-type, return-value]
        lambda items: any(name.startswith("131 ") for name in names(items)),
    )
    assert {f"{number} Nike {number}" for number in range(11, 132)} <= set(names(items))
    # Each page can be saved as it comes: what is newest moves on.
    places = [int(page.state["since"]["public"]) for page in pages if page.state]
    assert places == sorted(places)
    assert len([asked for asked in server.asked if "min_id" in asked]) >= 4


async def test_nothing_is_lost_while_the_connection_is_made(told: Any) -> None:
    """Posts appear between the answer of the timeline and the stream."""
    server, source, _ = told
    numbers = iter(range(11, 15))

    def appear() -> None:
        number = next(numbers, None)
        if number is not None:
            server.publish(number, f"Nike {number}")

    server.before_answer = appear
    items, _ = await listen(
        server, source, {}, lambda: None, lambda items: any(name.startswith("14 ") for name in names(items))
    )
    assert {f"{number} Nike {number}" for number in range(1, 15)} == set(names(items))


async def test_a_stream_that_breaks_goes_on_where_it_was(told: Any) -> None:
    server, source, _ = told
    states: dict[str, Any] = {}
    items: list[Item] = []
    for start in (11, 21, 31):

        def act(start: int = start) -> None:
            for number in range(start, start + 5):
                server.publish(number, f"Nike {number}")
            server.hang_up()
            # While nobody listens.
            for number in range(start + 5, start + 10):
                server.publish(number, f"Nike {number}")

        server.listened.clear()
        acting = asyncio.create_task(act_once(server, act))
        pages, _ = await take_until_it_breaks(source, states)
        await acting
        items += (one for page in pages for one in page.items)
        states = last_states(pages, states)
    rest, _ = await listen(server, source, states, lambda: None, lambda items: bool(items))
    assert {f"{number} Nike {number}" for number in range(1, 41)} == set(names(items + rest))


async def act_once(server: MastodonServer, act: Callable[[], None]) -> None:
    await server.listened.wait()
    act()


async def test_posts_of_other_servers_that_arrive_late_are_read_back(told: Any) -> None:
    server, source, _ = told
    _, pages = await listen(server, source, {}, lambda: None, bool)
    server.publish(99, "Nike late", acct="bob@far.example", seconds=-20)
    server.publish(100, "Nike new", seconds=20)
    items, _ = await listen(
        server, source, last_states(pages, {}), lambda: None, lambda items: "100 Nike new" in names(items)
    )
    assert "99 Nike late" in names(items)


@pytest.mark.parametrize("sockets", [101, 404])
async def test_hashtags_each_with_a_place_of_its_own(sockets: int) -> None:
    server = MastodonServer(sockets=sockets)
    server.publish(1, "#Nike one")
    server.publish(2, "nothing")
    async with serving(server.app) as url, context() as at:
        source = mastodon(at, url, hashtags=("#Nike", "Schuhe"))
        listening = asyncio.create_task(
            take(source, {}, lambda items: {"3 #Schuhe three", "4 #nike four"} <= set(names(items)))
        )
        while len(server.listening) < 2:
            server.listened.clear()
            await server.listened.wait()
        server.publish(3, "#Schuhe three")
        server.publish(4, "#nike four")
        server.publish(5, "nothing")
        items, pages = await listening
    assert set(names(items)) == {"1 #Nike one", "3 #Schuhe three", "4 #nike four"}
    assert set(last_states(pages, {})[""]["since"]) == {"#nike", "#schuhe"}


async def test_messages_that_are_none_cost_themselves_only() -> None:
    server = MastodonServer()
    server.publish(1, "Nike 1")

    def act() -> None:
        server.say("{")
        server.say('{"stream":["public"],"event":"update","payload":"{"}')
        server.say('{"stream":["public"],"event":"update","payload":"[]"}')
        server.say('{"stream":["user"],"event":"filters_changed"}')
        server.say('{"stream":["public"],"event":"notification","payload":"{}"}')
        server.publish(2, "Nike 2")

    async with serving(server.app) as url, context() as at:
        items, _ = await listen(server, mastodon(at, url), {}, act, lambda items: len(skipped(items)) == 3)
        assert "2 Nike 2" in names(items)


def skipped(items: list[Item]) -> list[Skipped]:
    return [one for one in items if isinstance(one, Skipped)]


@pytest.mark.parametrize("sockets", [101, 404])
async def test_a_server_that_streams_to_accounts_only_says_what_to_do(sockets: int) -> None:
    server = MastodonServer(token="let me in", sockets=sockets)
    async with serving(server.app) as url, context() as at:
        with pytest.raises(SetupError, match="read:statuses"):
            await take(mastodon(at, url), {}, bool)


async def test_a_socket_that_refuses_a_stream() -> None:
    server = MastodonServer()
    said = ['{"error":"Missing access token","status":401}', '{"error":"Too many requests","status":429}']
    async with serving(server.app) as url, context() as at:
        for raw, fault in zip(said, (SetupError, SourceOutageError), strict=True):
            with pytest.raises(fault):
                await listen(
                    server,
                    mastodon(at, url),
                    {},
                    lambda raw=raw: server.say(raw),
                    bool,  # type: ignore[misc]
                )


async def test_it_stops_before_the_server_has_to_refuse() -> None:
    server = MastodonServer()
    for number in range(1, 200):
        server.publish(number, f"Nike {number}")
    server.remaining = 3
    states = {"": {"since": {"public": min(server.statuses)}}}
    async with serving(server.app) as url, context() as at:
        source = mastodon(at, url)
        pages, error = await take_until_it_breaks(source, states)
        asked = len(server.asked)
        with pytest.raises(SourceOutageError):
            await take(source, states, bool)
    assert error.retry_after == 180
    assert asked == len(server.asked) == 3
    assert sum(len(page.items) for page in pages) == 80


async def test_streams_of_another_host_than_the_servers() -> None:
    server, streaming = MastodonServer(), MastodonServer()
    server.publish(1, "Nike 1")
    async with serving(server.app) as url, serving(streaming.app) as other, context() as at:
        server.instance = {"domain": "x", "configuration": {"urls": {"streaming": f"ws://{other}"}}}
        items, _ = await listen(
            streaming,
            mastodon(at, url),
            {},
            lambda: streaming.publish(2, "Nike 2"),  # type: ignore[arg-type, return-value]
            lambda items: "2 Nike 2" in names(items),
        )
    assert "websocket" in streaming.asked
    assert "websocket" not in server.asked
    assert {one.alias.partition("/")[0] for one in items if isinstance(one, Post) and one.alias} == {url}


def without_name(uri: str) -> str:
    return uri.replace("/users/", "/users/not-")


@pytest.mark.parametrize(("many", "shown"), [(True, str), (False, str), (True, without_name)])
async def test_what_was_edited_or_deleted_unheard_is_found_again(
    many: bool, shown: Callable[[str], str]
) -> None:
    server = MastodonServer()
    server.looks_up_many = many
    async with serving(server.app) as url, context() as at:
        server.url = f"http://{url}"
        ours = [server.publish(number, f"Nike {number}") for number in range(1, 48)]
        theirs = server.publish(48, "Nike 48", acct="bob@far.example")
        posts = {id: server.statuses[id]["uri"] for id in (*ours, theirs)}

        async def collected(_: str, after: str, most: int) -> list[Collected]:
            known = sorted(shown(uri) for uri in posts.values() if shown(uri) > after)[:most]
            return [Collected(id=id, published_at=NOW) for id in known]

        for id in (ours[3], ours[30], theirs):
            server.delete(id)
        server.edit(ours[7], "Nike, edited")
        api = Server(at.http, f"http://{url}", "", at.now)
        checks = Rechecks(api, "mastodon", 3600, collected, at.now, shown)
        async with aclosing(checks.pages({}, pause=0)) as pages:
            page = await anext(pages)
    found = {one.id: one for one in page.items if isinstance(one, Post | Gone)}
    assert set(found) == {shown(posts[ours[3]]), shown(posts[ours[30]]), posts[ours[7]]}
    edited = found[posts[ours[7]]]
    assert isinstance(edited, Post)
    assert (edited.text, edited.edited) == ("Nike, edited", True)
    assert (page.part, page.state) == ("recheck", {"last": "", "began": NOW.timestamp(), "before": 0.0})


async def test_a_look_up_that_fails_is_made_again_and_deletes_nothing(monkeypatch: Any) -> None:
    server = MastodonServer()
    monkeypatch.setattr(mastodon_checks, "_AFTER_FAULT", 0.0)
    async with serving(server.app) as url, context() as at:
        server.url = f"http://{url}"
        id = server.publish(1, "Nike 1")

        async def collected(*_: Any) -> list[Collected]:
            return [Collected(id=server.statuses[id]["uri"], published_at=NOW)]

        server.faults = [500, 401, 502]
        checks = Rechecks(Server(at.http, f"http://{url}", "", at.now), "m", 3600, collected, at.now)
        async with aclosing(checks.pages({}, pause=0)) as pages:
            assert (await anext(pages)).items == ()
    assert len(server.asked) == 4


async def test_a_server_whose_uris_are_no_numbers_is_looked_up_by_what_it_calls_its_posts() -> None:
    server = MastodonServer()
    async with serving(server.app) as url, context() as at:
        kept, gone, never = (server.publish(number, "Nike") for number in (1, 2, 3))
        server.delete(gone)
        server.delete(never)
        numbers = {f"http://{url}/objects/{number}-uuid": number for number in (gone, kept)}

        async def collected(*_: Any) -> list[Collected]:
            known = [
                Collected(id=id, published_at=NOW, aliases=(f"other.example/7{number}", f"{url}/{number}"))
                for id, number in numbers.items()
            ]
            return [*known, Collected(id=f"http://{url}/objects/{never}", published_at=NOW)]

        checks = Rechecks(Server(at.http, f"http://{url}", "", at.now), "m", 3600, collected, at.now)
        async with aclosing(checks.pages({}, pause=0)) as pages:
            page = await anext(pages)
    assert [(type(one), one.id) for one in page.items if not isinstance(one, Skipped)] == [
        (Gone, f"http://{url}/objects/{gone}-uuid")
    ]


@pytest.mark.parametrize("form", ["timeline", "event"])
async def test_half_a_character_costs_itself_only(form: str) -> None:
    """JSON escapes of half a surrogate pair: some languages write them."""
    server = MastodonServer()
    if form == "timeline":
        server.publish(1, "Nike \ud83d!")
    async with serving(server.app) as url, context() as at:
        items, _ = await listen(
            server,
            mastodon(at, url),
            {},
            lambda: server.publish(2, "Nike \ud83d!"),  # type: ignore[arg-type, return-value]
            lambda items: any(isinstance(one, Post) for one in items),
        )
    texts = [one.text for one in items if isinstance(one, Post)]
    assert texts[0] == "Nike \ufffd!"


async def test_a_number_that_is_none_is_no_place_to_go_on() -> None:
    server = MastodonServer()
    id = server.publish(1, "Nike 1")
    server.statuses["9"] = {**server.statuses[id], "id": "9" * 4_000}
    async with serving(server.app) as url, context() as at:
        _, pages = await take(mastodon(at, url), {}, bool)
    assert pages[0].state == {"since": {"public": id}}


async def test_a_server_whose_clock_is_wrong_is_asked_again_within_an_hour() -> None:
    server = MastodonServer()
    server.remaining = 1
    server.reset = datetime(9999, 12, 31, tzinfo=UTC)
    async with serving(server.app) as url, context() as at:
        api = Server(at.http, f"http://{url}", "", at.now)
        await api.read("/api/v1/timelines/public")
        with pytest.raises(SourceOutageError) as fault:
            await api.read("/api/v1/timelines/public")
    assert fault.value.retry_after == 3600


@pytest.mark.parametrize(
    "options",
    [
        {"server": "mastodon.social/@alice"},
        {"server": "https://[mastodon.social"},
        {"server": "https://alice:secret@mastodon.social"},
        {"server": "ftp://mastodon.social"},
        {"server": "https://"},
        {"server": "mastodon.social", "hashtags": ("two words",)},
        {"server": "mastodon.social", "hashtags": ("",)},
        {"server": "mastodon.social", "hashtags": ("nike",), "posts": "remote"},
    ],
)
async def test_an_entry_that_cannot_be(options: Any) -> None:
    async with context() as at:
        with pytest.raises(SetupError, match="source m"):
            Mastodon("m", MastodonOptions(source="mastodon", **options), at)


async def test_an_event_without_end_is_an_outage_and_no_memory() -> None:
    async def lines() -> AsyncIterator[bytes]:
        while True:
            yield b"data: " + b"x" * 1000

    server = MastodonServer()
    async with context() as at:
        told = mastodon_streams._parsed(
            lines(), Server(at.http, server.url, "", at.now), mastodon_streams.timeline(None, "all")
        )
        with pytest.raises(SourceOutageError, match="more than"):
            await anext(told)


async def test_a_post_that_the_server_cannot_show_does_not_keep_the_others(monkeypatch: Any) -> None:
    server = MastodonServer()
    monkeypatch.setattr(mastodon_checks, "_AFTER_FAULT", 0.0)
    server.faults = [500] * 5
    async with serving(server.app) as url, context() as at:
        server.url = f"http://{url}"
        id = server.publish(1, "Nike 1")
        uri = server.statuses[id]["uri"]

        async def collected(_: str, after: str, most: int) -> list[Collected]:
            known = [uri, *(f"zzz {number:05}" for number in range(600))]
            return [Collected(id=one, published_at=NOW) for one in known if one > after][:most]

        checks = Rechecks(Server(at.http, f"http://{url}", "", at.now), "m", 3600, collected, at.now)
        async with aclosing(checks.pages({}, pause=0)) as pages:
            first, second = await anext(pages), await anext(pages)
    assert [type(one) for one in first.items] == [Skipped]
    places = [page.state["last"] for page in (first, second) if page.state]
    assert places == ["zzz 00498", ""]
