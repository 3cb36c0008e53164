"""Feeds: what an entry says and shows, what is asked of a server, and what comes again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sources.context import Context
from monitor.sources.feed_entries import Entry
from monitor.sources.feeds import parse_feed
from monitor.sources.interface import Item, Post, Skipped, SourceOutageError
from monitor.sources.rss import Rss, RssOptions
from tests.sources.polled_servers import CUT, Fault, Site, rss
from tests.sources.polling import Passes, passes
from tests.sources.streams import NOW, context, serving

URL = "https://news.example/feed.xml"


@asynccontextmanager
async def reading(site: Site, *paths: str, **options: Any) -> AsyncIterator[Passes]:
    def build(at: str, context: Context) -> Rss:
        feeds = tuple(f"http://{at}{path}" for path in paths or ("/feed",))
        return Rss("news", RssOptions(source="news", feeds=feeds, **options), context)

    async with passes(site, build) as polled:
        yield polled


def posts(document: str | bytes, url: str = URL) -> list[Post]:
    body = document.encode() if isinstance(document, str) else document
    entries = parse_feed(body, url, "application/rss+xml", NOW).entries
    return [entry.post for entry in entries if isinstance(entry, Entry)]


def one(item: str, channel: str = "") -> Post:
    (post,) = posts(rss(item, channel=channel))
    return post


def texts(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Post)]


def test_an_item_of_rss() -> None:
    post = one(
        """<title>AT&amp;amp;T buys &lt;b&gt;VMware&lt;/b&gt;</title><link>/p/1</link>
        <guid isPermaLink="false">tag:news.example,2026:1</guid><dc:creator>Ann</dc:creator>
        <pubDate>Mon, 30 Nov 2026 10:00:00 +0100</pubDate><description>Short.</description>
        <content:encoded><![CDATA[<p>Long,<br>with <a href="/x">a link</a>.</p>
        <img src="/i.jpg" width="640">]]></content:encoded>""",
        "<language>en-us</language>",
    )
    assert post == Post(
        id="tag:news.example,2026:1",
        text="AT&T buys VMware\n\nLong,\nwith a link.",
        published_at=datetime(2026, 11, 30, 9, tzinfo=UTC),
        author="Ann",
        url="https://news.example/p/1",
        lang="en-us",
        pictures=("https://news.example/i.jpg",),
    )


def test_an_entry_of_atom() -> None:
    (post,) = posts(
        """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/">
        <title>A</title><entry xml:lang="de"><id>urn:uuid:1</id><title type="html">Kein &amp;amp; Aber</title>
        <link rel="alternate" href="post/1"/><published>2026-11-29T09:00:00Z</published>
        <updated>2026-11-30T09:00:00Z</updated><author><name>Jörg</name></author>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Eins</p><p>Zwei</p></div></content>
        </entry></feed>"""
    )
    assert post == Post(
        id="urn:uuid:1",
        text="Kein & Aber\n\nEins\n\nZwei",
        published_at=datetime(2026, 11, 29, 9, tzinfo=UTC),
        author="Jörg",
        url="https://a.example/post/1",
        lang="de",
    )


def test_rss_1_of_2000() -> None:
    (post,) = posts(
        """<?xml version="1.0" encoding="iso-8859-1"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"
        xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">
        <channel rdf:about="https://a.example/"><title>A</title></channel>
        <item rdf:about="https://a.example/1"><title>Caf\u00e9</title><link>https://a.example/1</link>
        <dc:date>2026-11-30T09:00:00+01:00</dc:date></item></rdf:RDF>""".encode("iso-8859-1")
    )
    assert (post.id, post.text, post.published_at.hour) == ("https://a.example/1", "Caf\u00e9", 8)


@pytest.mark.parametrize(
    ("item", "id"),
    [
        ("<guid>https://a.example/1</guid><link>https://a.example/2</link>", "https://a.example/1"),
        ("<link>https://a.example/2</link>", "https://a.example/2"),
        ('<guid isPermaLink="false">17</guid>', f"{URL}#17"),
    ],
)
def test_ids_come_from_guid_else_link(item: str, id: str) -> None:
    assert one(f"<title>VMware</title>{item}").id == id


def test_an_item_without_guid_and_link_is_told_by_what_it_says() -> None:
    said, again, other = (one(f"<title>{title}</title>").id for title in ("VMware", "VMware", "Other"))
    assert said == again != other


def test_ids_fit_the_contract() -> None:
    assert len(one(f"<title>x</title><guid>https://a.example/{'x' * 600}</guid>").id) == 64


def test_a_title_that_repeats_the_text_is_left_out() -> None:
    assert one("<title>Nice weather in ...</title><description>Nice weather in Rome.</description>").text == (
        "Nice weather in Rome."
    )


def test_an_entry_without_a_date_is_of_the_moment_it_was_seen() -> None:
    assert one("<title>VMware</title><pubDate>yesterday</pubDate>").published_at == NOW
    in_years = "<title>VMware</title><pubDate>Mon, 30 Nov 2048 10:00:00 GMT</pubDate>"
    assert one(in_years).published_at == NOW


def test_pictures_are_those_attached_then_those_shown_else_the_one_that_stands_for_it() -> None:
    shown = "<description>&lt;img src='/shown.png'&gt;</description>"
    thumbnail = '<media:thumbnail url="https://a.example/t.png"/>'
    attached = (
        '<enclosure url="https://a.example/e.jpg" type="image/jpeg" length="1"/>'
        '<enclosure url="https://a.example/a.mp3" type="audio/mpeg" length="1"/>'
        '<media:group><media:content url="https://a.example/m.webp" medium="image"/>'
        '<media:content url="https://a.example/v.mp4" type="video/mp4"/></media:group>'
    )
    assert one(shown + thumbnail + attached).pictures == (
        "https://a.example/e.jpg",
        "https://a.example/m.webp",
        "https://news.example/shown.png",
    )
    assert one(thumbnail + "<title>x</title>").pictures == ("https://a.example/t.png",)


@pytest.mark.parametrize(
    "document", ["", "<html><body>Not found</body></html>", '{"version": "x"}', "GIF89a"]
)
def test_what_is_no_feed_is_refused(document: str) -> None:
    with pytest.raises(SetupError, match=r"feed\.xml: "):
        parse_feed(document.encode(), URL, "text/html", NOW)


@given(st.binary(max_size=200), st.integers(0, 400))
def test_no_document_ends_the_collector(noise: bytes, at: int) -> None:
    whole = rss(
        "<title>VMware</title><guid>1</guid><pubDate>Mon, 30 Nov 2026 10:00:00 GMT</pubDate>"
    ).encode()
    with suppress(SetupError):
        parse_feed(whole[:at] + noise + whole[at:], URL, "", NOW)


def test_entities_do_not_grow_without_end() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{levels}]>' + rss("<title>&l9;</title>").split("?>", 1)[1]
    for post in posts(bomb):
        assert len(post.text) < 1000


async def test_an_unchanged_feed_is_not_sent_again() -> None:
    site = Site()
    site.put("/feed", rss("<title>VMware</title><guid>1</guid>"))
    async with reading(site) as polled:
        assert texts(await polled.one()) == ["VMware"]
        assert await polled.one() == []
    assert "If-None-Match" not in site.headers[0]
    assert site.headers[1]["If-None-Match"] == '"1"'
    assert site.headers[1]["If-Modified-Since"] == "Mon, 30 Nov 2026 08:00:01 GMT"
    assert site.headers[1]["User-Agent"].startswith("brand-monitor/")


async def test_only_new_and_edited_entries_come() -> None:
    site = Site()
    first, second = "<title>VMware 1</title><guid>1</guid>", "<title>VMware 2</title><guid>2</guid>"
    site.put("/feed", rss(second, first))
    async with reading(site) as polled:
        assert texts(await polled.one()) == ["VMware 1", "VMware 2"]
        polled.later(hours=1)
        site.put(
            "/feed",
            rss("<title>VMware 3</title><guid>3</guid>", second.replace("2<", "2, edited<", 1), first),
        )
        edited, new = await polled.one()
    assert isinstance(edited, Post)
    assert isinstance(new, Post)
    assert (edited.text, edited.edited, edited.published_at) == ("VMware 2, edited", True, NOW)
    assert (new.text, new.edited) == ("VMware 3", False)


async def test_an_entry_with_a_date_of_change_changes_when_that_does() -> None:
    def document(views: int, updated: str) -> str:
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id>'
            f"<title>VMware, {views} views</title><updated>2026-11-30T{updated}Z</updated></entry></feed>"
        )

    site = Site()
    site.put("/feed", document(1, "09:00:00"))
    async with reading(site) as polled:
        await polled.one()
        site.put("/feed", document(2, "09:00:00"))
        assert await polled.one() == []
        site.put("/feed", document(3, "09:30:00"))
        assert texts(await polled.one()) == ["VMware, 3 views"]


async def test_a_document_cut_in_an_entry_is_made_good() -> None:
    site = Site()
    whole = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><id>urn:1</id>'
        "<updated>2026-11-30T09:00:00Z</updated><title>VMware</title>"
        "<summary>Not bad.</summary></entry></feed>"
    )
    site.put("/feed", whole[: whole.index(" bad")])
    async with reading(site) as polled:
        assert texts(await polled.one()) == ["VMware"]
        site.put("/feed", whole)
        (mended,) = await polled.one()
    assert isinstance(mended, Post)
    assert (mended.text, mended.edited) == ("VMware\n\nNot bad.", True)


@pytest.mark.parametrize(
    ("channel", "minutes"),
    [
        ("<ttl>60</ttl>", 60),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 30),
        ("<sy:updatePeriod>daily</sy:updatePeriod>", 24 * 60),
        ("<ttl>1000000</ttl>", 24 * 60),
        ("<ttl>5</ttl>", 0),
        ("<ttl>soon</ttl>", 0),
        ("<ttl>nan</ttl>", 0),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 0),
        ("", 0),
    ],
)
async def test_a_feed_is_left_alone_for_as_long_as_it_asks(channel: str, minutes: int) -> None:
    site = Site()
    site.put("/feed", rss("<title>VMware</title>", channel=channel))
    async with reading(site, every=600.0) as polled:
        await polled.one()
        polled.later(minutes=max(minutes - 1, 0))
        await polled.one()
        assert len(site.asked) == (1 if minutes else 2)
        polled.later(minutes=2)
        await polled.one()
        assert len(site.asked) == (2 if minutes else 3)


async def test_of_several_feeds_one_that_fails_is_left_alone_longer_each_time() -> None:
    site = Site()
    site.put("/good", rss("<title>VMware</title>"))
    async with reading(site, "/gone", "/good", every=600.0) as polled:
        skipped, post = sorted(await polled.one(), key=lambda item: isinstance(item, Post))
        assert isinstance(skipped, Skipped)
        assert skipped.reason.endswith("answers 404")
        assert isinstance(post, Post)
        for minutes, asked in ((10, 3), (11, 5), (20, 6), (21, 8)):
            polled.later(minutes=minutes)
            await polled.one()
            assert len(site.asked) == asked
        site.put("/gone", rss("<title>VMware, back</title>"))
        polled.later(hours=2)
        assert texts(await polled.one()) == ["VMware, back"]


@pytest.mark.parametrize("fault", [CUT, Fault(500), Fault(429, {"Retry-After": "120"})])
async def test_where_no_feed_answers_that_is_the_entrys_fault(fault: Fault) -> None:
    site = Site()
    for path in ("/a", "/b"):
        site.put(path, rss(f"<title>VMware {path}</title><link>{path}</link>"))
    async with reading(site, "/a", "/b") as polled:
        site.faults += [fault, fault]
        with pytest.raises(SourceOutageError) as raised:
            await polled.one()
        assert raised.value.retry_after == (120 if fault.status == 429 else None)
        assert polled.states == {}
        assert texts(await polled.one()) == ["VMware /a", "VMware /b"]


async def test_a_page_instead_of_a_feed_is_told() -> None:
    site = Site()
    site.put("/feed", "<html><body>Hello</body></html>", "text/html")
    async with reading(site) as polled:
        with pytest.raises(SetupError, match=r"no feed \(RSS, Atom, JSON Feed\)"):
            await polled.one()


async def test_robots_txt_counts() -> None:
    site = Site()
    site.put("/feed", rss("<title>VMware</title>"))
    site.robots = "User-agent: brand-monitor\nDisallow: /feed\n"
    async with reading(site) as polled:
        with pytest.raises(SetupError, match="robots"):
            await polled.one()
    assert site.asked == []


async def test_a_feed_that_is_asked_no_more_is_forgotten() -> None:
    site = Site()
    site.put("/feed", rss("<title>VMware</title>"))
    async with reading(site) as polled:
        polled.states["https://old.example/feed"] = {"etag": "x"}
        await polled.one()
        assert len(polled.states) == 1
        assert "https://old.example/feed" not in polled.states


async def test_an_address_that_is_none_is_a_fault_of_the_entry() -> None:
    async with context() as around:
        with pytest.raises(SetupError, match="is no address"):
            Rss("news", RssOptions(source="news", feeds=("news.example/feed",)), around)


async def test_a_clock_that_was_ahead_stops_no_feed() -> None:
    site = Site()
    site.put("/feed", rss("<title>One</title><guid>1</guid>", channel="<ttl>600</ttl>"))
    async with reading(site) as polled:
        polled.later(days=300)
        await polled.one()
        polled.later(days=-300)
        site.put("/feed", rss("<title>Two</title><guid>2</guid>"))
        assert texts(await polled.one()) == ["Two"]


async def test_ids_stay_where_a_redirect_leads_elsewhere_each_time() -> None:
    site = Site()
    site.put("/real", rss('<title>One</title><guid isPermaLink="false">1</guid>', "<title>Two</title>"))
    site.redirects["/feed"] = "/real?signature="
    async with reading(site) as polled:
        first = await polled.one()
        site.put("/real", rss('<title>One</title><guid isPermaLink="false">1</guid>', "<title>Two</title>"))
        assert await polled.one() == []
    assert texts(first) == ["Two", "One"]
    assert [item.id for item in first if isinstance(item, Post)][1].endswith("/feed#1")


async def test_a_feeds_secrets_stand_in_no_fault_and_no_id() -> None:
    site = Site()
    site.put("/feed", rss('<title>One</title><guid isPermaLink="false">1</guid>', "<guid>2</guid>"))
    site.put("/page", "<html>none</html>")
    async with context() as made:
        build = lambda at, path: f"http://ann:hush@{at}{path}?key=hush"  # noqa: E731
        async with serving(site.app) as at:
            feeds = tuple(build(at, path) for path in ("/feed", "/page", "/gone"))
            source = Rss("news", RssOptions(source="news", feeds=feeds), made)
            items = [item async for page in source.pages({}) for item in page.items]
            alone = Rss("news", RssOptions(source="news", feeds=feeds[1:2]), made)
            with pytest.raises(SetupError) as fault:
                _ = [page async for page in alone.pages({})]
    assert [type(item) for item in items] == [Skipped, Post, Skipped, Skipped]
    assert "hush" not in str([(item.where, item.reason) for item in items if isinstance(item, Skipped)])
    assert "hush" not in str(fault.value)
    assert "ann" not in str([item.id for item in items if isinstance(item, Post)])
