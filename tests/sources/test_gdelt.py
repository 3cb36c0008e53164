"""GDELT: every article within the windows, whatever its API writes instead of JSON."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from monitor.errors import SetupError
from monitor.sources.context import Context
from monitor.sources.gdelt import Gdelt, GdeltOptions
from monitor.sources.interface import Item, Post, Skipped, SourceOutageError
from tests.sources.polled_servers import CUT, NOW_EPOCH, Fault, GdeltServer
from tests.sources.polling import Passes, passes

QUARTER = 900


@asynccontextmanager
async def asking(server: GdeltServer, *names: str, **options: Any) -> AsyncIterator[Passes]:
    def build(at: str, context: Context) -> Gdelt:
        given = {"source": "gdelt", "url": f"http://{at}/api/v2/doc/doc", **options}
        return Gdelt("news", GdeltOptions(**given), context)

    async with passes(server, build, *names) as polled:
        yield polled


def posts(items: list[Item]) -> dict[str, Post]:
    return {item.id: item for item in items if isinstance(item, Post)}


async def test_an_article() -> None:
    server = GdeltServer()
    server.publish(
        7,
        " VMware compra una empresa ",
        NOW_EPOCH - QUARTER,
        language="Spanish",
        socialimage="https://news.example/og.jpg",
    )
    async with asking(server) as polled:
        (item,) = await polled.one()
    assert item == Post(
        id="https://news.example/7",
        text="VMware compra una empresa",
        published_at=datetime.fromtimestamp(NOW_EPOCH - QUARTER, UTC),
        url="https://news.example/7",
        lang="es",
        pictures=("https://news.example/og.jpg",),
    )


async def test_what_is_asked() -> None:
    server = GdeltServer()
    async with asking(
        server, "VMware", "Red Bull", "IonQ", "D-Wave", first=3600.0, narrow="sourcelang:eng"
    ) as polled:
        await polled.one()
    assert server.asked == [
        {
            "query": '(vmware OR "red bull" OR redbull OR ionq OR "d-wave" OR dwave) sourcelang:eng',
            "mode": "ArtList",
            "format": "json",
            "sort": "DateDesc",
            "maxrecords": "250",
            "startdatetime": "20261130110000",
            "enddatetime": "20261130120000",
        }
    ]


async def test_one_word_stands_without_parentheses_and_phrases_too_short_are_left_out() -> None:
    server = GdeltServer()
    async with asking(server, "Ford", "AT&T") as polled:
        await polled.one()
    assert server.asked[0]["query"] == "ford"


async def test_names_that_are_all_too_short_are_a_fault_of_the_entry() -> None:
    async with asking(GdeltServer(), "AT&T") as polled:
        with pytest.raises(SetupError, match="long enough"):
            await polled.one()


async def test_many_names_are_asked_for_in_queries_that_are_taken() -> None:
    server = GdeltServer()
    server.publish(1, "Brand Number 3 wins", NOW_EPOCH - 60)
    async with asking(server, *(f"Brand Number {number}" for number in range(80))) as polled:
        assert list(posts(await polled.one())) == ["https://news.example/1"]
    assert len(server.asked) > 5
    assert all(len(asked["query"]) <= 240 for asked in server.asked)


async def test_a_full_window_is_halved_down_to_an_update() -> None:
    server = GdeltServer()
    for number in range(1000):
        server.publish(number, "VMware", NOW_EPOCH - QUARTER * (1 + number % 8))
    async with asking(server, first=8.0 * QUARTER) as polled:
        assert len(posts(await polled.one())) == 1000


async def test_an_update_that_holds_more_is_told() -> None:
    server = GdeltServer()
    for number in range(300):
        server.publish(number, "VMware", NOW_EPOCH - QUARTER)
    async with asking(server) as polled:
        items = await polled.one()
    assert len(posts(items)) == 250
    assert any(isinstance(item, Skipped) and "more posts than are given out" in item.reason for item in items)


async def test_what_comes_late_into_the_search_comes_and_nothing_twice() -> None:
    server = GdeltServer()
    server.publish(1, "VMware", NOW_EPOCH - QUARTER)
    async with asking(server) as polled:
        assert len(await polled.one()) == 1
        server.publish(2, "VMware", NOW_EPOCH - 2 * QUARTER)
        polled.later(minutes=15)
        assert list(posts(await polled.one())) == ["https://news.example/2"]
        polled.later(minutes=15)
        assert await polled.one() == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"a \\ b", "a \\ b"),
        (r"5\' wall", r"5\' wall"),
        (r"C:\path \x \u12", r"C:\path \x \u12"),
        ("two\nlines\tand \x01 bells", "two lines and   bells"),
        (r"caf\u00e9 \"quoted\"", 'caf\u00e9 "quoted"'),
        (r"half \ud83d a pair, a whole \ud83d\ude00", "half \ufffd a pair, a whole \U0001f600"),
        ("half \ud800 a pair", "half \ufffd\ufffd\ufffd a pair"),
    ],
)
async def test_json_that_is_none_is_mended(written: str, read: str) -> None:
    server = GdeltServer()
    server.publish(1, "VMware BROKEN", NOW_EPOCH - 60)
    server.publish(2, "VMware whole", NOW_EPOCH - 60)
    server.broken = written
    async with asking(server) as polled:
        found = posts(await polled.one())
    assert found["https://news.example/1"].text == f"VMware {read}"
    assert found["https://news.example/2"].text == "VMware whole"


async def test_a_title_that_cannot_be_mended_costs_only_its_article() -> None:
    server = GdeltServer()
    server.publish(1, "VMware whole", NOW_EPOCH - 60)
    server.publish(2, "VMware BROKEN", NOW_EPOCH - 60)
    server.publish(3, "VMware whole, too", NOW_EPOCH - 60)
    server.broken = 'says "unescaped" things'
    async with asking(server) as polled:
        items = await polled.one()
    assert list(posts(items)) == ["https://news.example/1", "https://news.example/3"]
    assert len([item for item in items if isinstance(item, Skipped)]) == 1


@pytest.mark.parametrize(
    "article",
    [
        {"seendate": "20261130T115900"},
        {"title": None},
        {"title": "  "},
        {"url": ""},
        {"url": 5},
        {"socialimage": []},
    ],
)
async def test_a_malformed_article_costs_only_itself(article: dict[str, Any]) -> None:
    server = GdeltServer()
    server.publish(1, "VMware", NOW_EPOCH - 60)
    server.publish(2, "VMware", NOW_EPOCH - 60)
    server.articles[-1] |= article
    async with asking(server) as polled:
        items = await polled.one()
    assert [len(posts(items)), len(items)] == [1, 2]


@pytest.mark.parametrize(
    ("fault", "rest"),
    [
        (CUT, None),
        (Fault(500), None),
        (Fault(429, text="Please limit requests to one every 5 seconds or contact us."), None),
        (Fault(text="Please limit requests to one every 5 seconds or contact us."), 60.0),
        (Fault(text="<html>Bad gateway</html>"), None),
        (Fault(text='{"articles": [{"url": "https://news.exam'), None),
        (Fault(text=""), None),
    ],
)
async def test_an_outage_loses_nothing(fault: Fault, rest: float | None) -> None:
    server = GdeltServer()
    server.publish(1, "VMware", NOW_EPOCH - 60)
    async with asking(server) as polled:
        server.faults.append(fault)
        with pytest.raises(SourceOutageError) as raised:
            await polled.one()
        assert raised.value.retry_after == rest
        assert len(await polled.one()) == 1


async def test_what_it_says_of_a_query_is_told() -> None:
    server = GdeltServer()
    server.faults.append(Fault(text="Invalid/Unsupported Country.\n"))
    async with asking(server, narrow="sourcecountry:zz") as polled:
        with pytest.raises(SetupError, match="Invalid/Unsupported Country"):
            await polled.one()


async def test_it_looks_no_farther_back_than_the_search_does() -> None:
    server = GdeltServer()
    async with asking(server) as polled:
        polled.states[""] = {"until": NOW_EPOCH - 400 * 86_400, "seen": {}}
        await polled.one()
    assert server.asked[0]["startdatetime"] == "20260902120000"
    assert polled.states[""]["until"] == NOW_EPOCH


async def test_pictures_can_be_left_out() -> None:
    server = GdeltServer()
    server.publish(1, "VMware", NOW_EPOCH - 60, socialimage="https://news.example/og.jpg")
    async with asking(server, pictures=False) as polled:
        (item,) = await polled.one()
    assert isinstance(item, Post)
    assert item.pictures == ()


async def test_a_name_that_is_refused_does_not_stop_the_others() -> None:
    server = GdeltServer()
    server.common = "common"
    server.publish(1, "VMware is here", NOW_EPOCH - QUARTER)
    names = ["common" + "x" * 60, *(f"{'vmware' * 9}{number}" for number in range(4))]
    async with asking(server, *names) as polled:
        items = await polled.one()
        assert posts(items)
        assert any(isinstance(item, Skipped) and "too common" in item.reason for item in items)
        assert polled.states[""]["until"] == NOW_EPOCH
    async with asking(server, names[0]) as polled:
        with pytest.raises(SetupError, match="too common"):
            await polled.one()
