"""JSON Feed (jsonfeed.org, 1.0 and 1.1) as posts."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from monitor.errors import SetupError
from monitor.sources.answers import json_of
from monitor.sources.faults import shown
from monitor.sources.feed_entries import (
    MOST_PICTURES,
    NOTHING,
    Entry,
    Feed,
    entries_of,
    entry_id,
    first_of,
    titled,
)
from monitor.sources.html import address, pictures_of, text_of
from monitor.sources.interface import Post

_VERSION: Final = "jsonfeed.org/version/"
_NO_MORE: Final = 24 * 3600.0
"""Seconds: what says that it has ended is asked once a day, since some say so by mistake."""


def is_json(document: bytes) -> bool:
    """Whether it is a JSON object, of whatever kind and whatever its server calls it."""
    return document.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def parse_json_feed(document: bytes, url: str, name: str, now: datetime) -> Feed:
    """What a document of `url` says; `name` stands before ids that are unique in their feed only.

    Raises `SetupError` for what is no JSON Feed.
    """
    try:
        said = json_of(document.decode("utf-8-sig", "replace"))
    except ValueError as error:
        raise SetupError(f"{shown(url)}: cannot be read as a feed: {error}") from error
    items = said.get("items") if isinstance(said, dict) and _VERSION in _word(said, "version") else None
    if not isinstance(items, list):
        raise SetupError(f"{shown(url)}: is JSON, but no JSON Feed; write the feed's address")
    read = (_entry(item, said, url, name, now) for item in items)
    return Feed(entries_of(read, url), _NO_MORE if said.get("expired") is True else None)


def _entry(item: Any, feed: dict[str, Any], url: str, name: str, now: datetime) -> Entry | str:
    """An item, or why it is none."""
    if not isinstance(item, dict):
        return "is no JSON object"
    html = _word(item, "content_html")
    text = titled(
        _word(item, "title"), text_of(html) or _word(item, "content_text") or _word(item, "summary")
    )
    pictures = tuple(dict.fromkeys(_pictures(item, html, url)))[:MOST_PICTURES]
    if not text and not pictures:
        return NOTHING
    link = address(_word(item, "url"), url) or address(_word(item, "external_url"), url)
    modified, published = _moment(item, "date_modified"), _moment(item, "date_published")
    moment = first_of((published, modified), now)
    post = Post(
        id=entry_id(_id(item), link, name, text),
        text=text,
        published_at=moment or now,
        author=_author(item) or _author(feed),
        url=link,
        lang=_word(item, "language") or _word(feed, "language") or None,
        pictures=pictures,
    )
    return Entry(
        post, None if modified is None else _word(item, "date_modified"), is_dated=moment is not None
    )


def _id(item: dict[str, Any]) -> str | None:
    """Numbers count as what is written, as the specification wants it."""
    id = item.get("id")
    return str(id) if isinstance(id, str | int | float) and not isinstance(id, bool) else None


def _word(said: dict[str, Any], name: str) -> str:
    value = said.get(name)
    return value.strip() if isinstance(value, str) else ""


def _author(said: dict[str, Any]) -> str | None:
    """The first of `authors` (1.1), else `author` (1.0)."""
    authors = said.get("authors")
    for one in (*(authors if isinstance(authors, list) else ()), said.get("author")):
        if isinstance(one, dict) and (name := _word(one, "name")):
            return name
    return None


def _pictures(item: dict[str, Any], html: str, url: str) -> Iterator[str]:
    """Addresses: what is attached and what the text shows, else the picture that stands for it."""
    attachments = item.get("attachments")
    found = [
        address(_word(one, "url"), url)
        for one in (attachments if isinstance(attachments, list) else ())
        if isinstance(one, dict) and _word(one, "mime_type").startswith("image/")
    ]
    found += pictures_of(html, url)
    if not any(found):
        found = [address(_word(item, "image"), url) or address(_word(item, "banner_image"), url)]
    return (one for one in found if one is not None)


def _moment(item: dict[str, Any], name: str) -> datetime | None:
    """RFC 3339; where a zone is missing it is UTC, as of RSS."""
    try:
        moment = datetime.fromisoformat(_word(item, name).upper())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
