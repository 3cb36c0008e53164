"""Feeds as posts: RSS and Atom documents of every age, also broken ones, and JSON Feed."""

import io
from calendar import timegm
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import unescape
from itertools import chain
from typing import Any, Final

from monitor.errors import SetupError
from monitor.sources.answers import moment_of
from monitor.sources.faults import shown
from monitor.sources.feed_entries import (
    MOST_PICTURES,
    NOTHING,
    Entry,
    Feed,
    entries_of,
    entry_id,
    first_of,
    name_of,
    titled,
)
from monitor.sources.html import address, pictures_of, text_of
from monitor.sources.interface import Post
from monitor.sources.json_feeds import is_json, parse_json_feed

_PERIODS: Final = {"hourly": 3600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 30 * 86_400}


def parse_feed(document: bytes, url: str, content_type: str, now: datetime, feed: str | None = None) -> Feed:
    """What a document of `url` says; an entry without any date is of `now`. `feed`: what was asked for, where
    that is another address, since redirects may lead elsewhere each time.

    Raises `SetupError` for what is no feed. Takes some milliseconds an entry.
    """
    name = name_of(feed or url)
    if is_json(document):
        return parse_json_feed(document, url, name, now)
    import feedparser  # half a second that only collectors need

    headers = {"content-location": url, "content-type": content_type}
    try:
        # Not sanitized: what comes out is text, never a page. Bytes in a stream: a string could name a file.
        parsed = feedparser.parse(io.BytesIO(document), response_headers=headers, sanitize_html=False)
    except Exception as error:  # meets documents that its two parsers did not foresee
        raise SetupError(
            f"{shown(url)}: cannot be read as a feed: {type(error).__name__}: {error}"
        ) from error
    if not parsed.get("version"):
        raise SetupError(
            f"{shown(url)}: is no feed (RSS, Atom, JSON Feed); write the feed's address, not the page's"
        )
    # Cut somewhere, the last entry may be half of one: then its text is what tells a change.
    is_whole = not parsed.bozo
    language = parsed.feed.get("language")
    read = (_entry(raw, url, name, language, now, is_whole=is_whole) for raw in parsed.entries)
    return Feed(entries_of(read, url), _rest(parsed.feed))


def _entry(
    raw: dict[str, Any], url: str, feed: str, language: str | None, now: datetime, *, is_whole: bool
) -> Entry | str:
    """An entry, or why it is none."""
    title = _text(raw.get("title_detail"))
    contents = [*raw.get("content", ()), *filter(None, [raw.get("summary_detail")])]
    bodies = filter(None, map(_text, contents))
    body = next(bodies, "")
    text = titled(title, body)
    pictures = tuple(dict.fromkeys(_pictures(raw, contents)))[:MOST_PICTURES]
    if not text and not pictures:
        return NOTHING
    link = address(raw.get("link"), url)
    updated, published = _moment(raw, "updated_parsed"), _moment(raw, "published_parsed")
    moment = first_of((published, _moment(raw, "created_parsed"), updated), now)
    post = Post(
        id=entry_id(raw.get("id"), link, feed, text),
        text=text,
        published_at=moment or now,
        author=(raw.get("author_detail") or {}).get("name") or raw.get("author") or None,
        url=link,
        lang=next((one["language"] for one in contents if one.get("language")), language) or None,
        pictures=pictures,
    )
    said = dict.get(raw, "updated") if updated is not None and is_whole else None
    return Entry(post, said, is_dated=moment is not None)


def _text(detail: Mapping[str, Any] | None) -> str:
    if detail is None:
        return ""
    value = detail.get("value") or ""
    return unescape(value).strip() if detail.get("type") == "text/plain" else text_of(value)


def _pictures(raw: dict[str, Any], contents: list[Mapping[str, Any]]) -> Iterator[str]:
    """Addresses: what is attached, else what the text shows, else the picture that stands for it."""
    attached = [
        (one.get("href") or one.get("url"), one)
        for one in chain(raw.get("enclosures", ()), raw.get("media_content", ()))
        if one.get("medium") == "image" or (one.get("type") or "").startswith("image/")
    ]
    found = [address(where, one.get("base")) for where, one in attached]
    for one in contents:
        found += pictures_of(one.get("value") or "", one.get("base"))
    if not any(found):
        found = [address(one.get("url")) for one in raw.get("media_thumbnail", ())]
    return (one for one in found if one is not None)


def _moment(raw: dict[str, Any], name: str) -> datetime | None:
    # dict.get: feedparser's own answers "updated" with "published".
    parsed = dict.get(raw, name)
    try:
        return None if parsed is None else moment_of(timegm(parsed))
    except (ValueError, OverflowError, TypeError):
        return None


def _rest(feed: Mapping[str, Any]) -> float | None:
    """By `ttl`, in minutes, or by the syndication module: so often in a period."""
    try:
        minutes = float(feed.get("ttl") or 0)
        often = float(feed.get("sy_updatefrequency") or 1)
    except ValueError:
        return None
    period = _PERIODS.get((feed.get("sy_updateperiod") or "").strip().lower(), 0)
    seconds = max(minutes * 60, period / often if often > 0 else 0)
    return seconds if 0 < seconds < float("inf") else None
