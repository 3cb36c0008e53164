"""JSON Feed: what an item says and shows, and what is no item."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sources.feed_entries import Entry, Feed
from monitor.sources.feeds import parse_feed
from monitor.sources.interface import Post, Skipped
from monitor.sources.rss import Rss, RssOptions
from tests.sources.polled_servers import Site
from tests.sources.polling import passes
from tests.sources.streams import NOW

URL = "https://news.example/feed.json"


def document(*items: Any, **said: Any) -> bytes:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": items, **said}
    return json.dumps(feed).encode()


def read(*items: Any, **said: Any) -> Feed:
    return parse_feed(document(*items, **said), URL, "application/feed+json", NOW)


def one(item: dict[str, Any], **said: Any) -> Post:
    (entry,) = read(item, **said).entries
    assert isinstance(entry, Entry)
    return entry.post


def test_an_item() -> None:
    item = {
        "id": "https://news.example/1",
        "url": "/1",
        "external_url": "https://elsewhere.example/",
        "title": "VMware & friends",
        "content_html": "<p>Long,<br>with <a href='/x'>a link</a>.</p><img src='/i.jpg' width=640>",
        "content_text": "Not this.",
        "summary": "Nor this.",
        "image": "https://news.example/main.jpg",
        "date_published": "2026-11-30T10:00:00+01:00",
        "date_modified": "2026-11-30T11:00:00+01:00",
        "authors": [{"url": "https://ann.example/"}, {"name": "Ann"}],
        "attachments": [
            {"url": "a.png", "mime_type": "image/png"},
            {"url": "https://news.example/a.mp3", "mime_type": "audio/mpeg"},
        ],
        "_views": {"about": "of their own"},
    }
    (entry,) = read(item, language="en").entries
    assert entry == Entry(
        Post(
            id="https://news.example/1",
            text="VMware & friends\n\nLong,\nwith a link.",
            published_at=datetime(2026, 11, 30, 9, tzinfo=UTC),
            author="Ann",
            url="https://news.example/1",
            lang="en",
            pictures=("https://news.example/a.png", "https://news.example/i.jpg"),
        ),
        mark="2026-11-30T11:00:00+01:00",
        is_dated=True,
    )


def test_an_item_of_1_0_with_little() -> None:
    item = {"id": 17, "content_text": "VMware\n<b>", "author": {"name": "Ann"}, "image": "/i.png"}
    post = one(item, version="https://jsonfeed.org/version/1")
    assert post == Post(
        id=f"{URL}#17",
        text="VMware\n<b>",
        published_at=NOW,
        author="Ann",
        pictures=("https://news.example/i.png",),
    )


def test_authors_and_language_are_the_feeds_where_the_item_names_none() -> None:
    posts = [
        one({"id": "1", "summary": "VMware", **said}, authors=[{"name": "House"}], language="de")
        for said in ({}, {"authors": [], "language": ""}, {"author": {"name": "Ann"}, "language": "fr"})
    ]
    assert [(post.author, post.lang) for post in posts] == [("House", "de"), ("House", "de"), ("Ann", "fr")]


@pytest.mark.parametrize(
    ("dates", "moment", "is_dated"),
    [
        ({"date_published": "2026-11-30t09:00:00z"}, datetime(2026, 11, 30, 9, tzinfo=UTC), True),
        ({"date_published": "2026-11-30T09:00:00"}, datetime(2026, 11, 30, 9, tzinfo=UTC), True),
        ({"date_modified": "2026-11-30T09:00:00Z"}, datetime(2026, 11, 30, 9, tzinfo=UTC), True),
        ({"date_published": "yesterday"}, NOW, False),
        ({"date_published": "0001-01-01T00:00:00+14:00"}, NOW, False),
        ({"date_published": 1764493200}, NOW, False),
        ({"date_published": "9998-01-01T00:00:00Z"}, NOW, False),
        (
            {"date_published": "2031-01-01T00:00:00Z", "date_modified": "2026-11-30T09:00:00Z"},
            datetime(2026, 11, 30, 9, tzinfo=UTC),
            True,
        ),
    ],
)
def test_dates(dates: dict[str, Any], moment: datetime, is_dated: bool) -> None:
    (entry,) = read({"id": "1", "title": "VMware", **dates}).entries
    assert isinstance(entry, Entry)
    assert (entry.post.published_at, entry.is_dated) == (moment, is_dated)


def test_an_item_that_is_none_costs_only_itself() -> None:
    entries = read("x", None, {"id": "1"}, {"id": "2", "title": 5}, {"id": "3", "title": "VMware"}).entries
    assert [isinstance(entry, Skipped) for entry in entries] == [True] * 4 + [False]


def test_half_of_a_surrogate_pair_costs_no_feed() -> None:
    body = document({"id": "1", "title": "half"}).replace(b"half", rb"VMware \ud83d")
    (entry,) = parse_feed(body, URL, "", NOW).entries
    assert isinstance(entry, Entry)
    assert entry.post.text == "VMware \ufffd"


@pytest.mark.parametrize("content_type", ["application/feed+json", "application/json", "text/xml", ""])
def test_a_feed_is_known_by_what_it_holds(content_type: str) -> None:
    body = b"\xef\xbb\xbf \n" + document({"id": "1", "title": "VMware"})
    assert len(parse_feed(body, URL, content_type, NOW).entries) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"version": "https://jsonfeed.org/version/1.1"}',
        b'{"version": 1, "items": []}',
        b'{"items": []}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": [',
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_feed_is_refused(body: bytes) -> None:
    with pytest.raises(SetupError, match=r"feed\.json: "):
        parse_feed(body, URL, "application/json", NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
_NAMES = (
    *(
        "id",
        "url",
        "external_url",
        "title",
        "content_html",
        "content_text",
        "summary",
        "image",
        "attachments",
    ),
    *("banner_image", "date_published", "date_modified", "authors", "author", "language"),
)


@given(st.lists(_JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(_NAMES, _JSON)), max_size=4), _JSON)
def test_no_document_ends_the_collector(items: list[Any], language: Any) -> None:
    with suppress(SetupError):
        assert len(read(*items, language=language).entries) <= len(items)


async def test_only_new_and_changed_items_come_and_one_that_left_is_not_deleted() -> None:
    def item(id: str, text: str, **said: Any) -> dict[str, Any]:
        return {"id": id, "content_text": text, "date_published": "2026-11-30T08:00:00Z", **said}

    site = Site()
    site.put("/feed", document(item("urn:1", "VMware"), item("urn:2", "Nike")), "application/feed+json")
    async with passes(
        site,
        lambda at, context: Rss("news", RssOptions(source="news", feeds=(f"http://{at}/feed",)), context),
    ) as polled:
        first = await polled.one()
        assert [each.text for each in first if isinstance(each, Post)] == ["Nike", "VMware"]
        site.put("/feed", document(item("urn:2", "Nike!"), item("urn:3", "Puma")), "application/json")
        second = await polled.one()
    assert [(each.text, each.edited) for each in second if isinstance(each, Post)] == [
        ("Puma", False),
        ("Nike!", True),
    ]
    assert len(second) == 2


def test_a_feed_that_has_ended_is_asked_once_a_day() -> None:
    assert read(expired=True).rest == 24 * 3600
    assert read().rest is None
