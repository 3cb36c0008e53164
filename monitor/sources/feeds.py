"""RSS and Atom documents of every age, also broken ones, as posts."""

import hashlib
import io
import re
from calendar import timegm
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from itertools import chain
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from monitor.errors import SetupError
from monitor.sources.answers import identifier, moment_of
from monitor.sources.faults import shown
from monitor.sources.html import address, pictures_of, text_of
from monitor.sources.interface import Post, Skipped

MOST_PICTURES: Final = 10
"""Of an entry; galleries go on."""
_PERIODS: Final = {"hourly": 3600, "daily": 86_400, "weekly": 7 * 86_400, "monthly": 30 * 86_400}
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S")
_CUT: Final = "\u2026. "
"""What shortened titles end in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A post, and what changes when its author changes it (None: nothing says so). `is_dated`: the feed says
    when it was published."""

    post: Post
    mark: str | None
    is_dated: bool


@dataclass(frozen=True, slots=True)
class Feed:
    """A document. `rest`: seconds for which it asks not to be asked again; None where it does not say."""

    entries: tuple[Entry | Skipped, ...]
    rest: float | None


def parse_feed(document: bytes, url: str, content_type: str, now: datetime, feed: str | None = None) -> Feed:
    """What a document of `url` says; an entry without any date is of `now`. `feed`: what was asked for, where
    that is another address, since redirects may lead elsewhere each time.

    Raises `SetupError` for what is no feed. Takes some milliseconds an entry.
    """
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
        raise SetupError(f"{shown(url)}: is no RSS or Atom feed; write the feed's address, not the page's")
    # Cut somewhere, the last entry may be half of one: then its text is what tells a change.
    is_whole = not parsed.bozo
    language = parsed.feed.get("language")
    name = _name(feed or url)
    read = (_entry(raw, url, name, language, now, is_whole=is_whole) for raw in parsed.entries)
    known: dict[str, Entry | Skipped] = {}
    for number, entry in enumerate(read, 1):
        if isinstance(entry, str):
            known[f"#{number}"] = Skipped(where=f"{shown(url)}, entry {number}", reason=entry)
        else:
            known.setdefault(entry.post.id, entry)
    return Feed(tuple(known.values()), _rest(parsed.feed))


def _name(feed: str) -> str:
    """What a feed is called in ids: its address, without a password."""
    parts = urlsplit(feed)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _entry(
    raw: dict[str, Any], url: str, feed: str, language: str | None, now: datetime, *, is_whole: bool
) -> Entry | str:
    """An entry, or why it is none."""
    title = _text(raw.get("title_detail"))
    contents = [*raw.get("content", ()), *filter(None, [raw.get("summary_detail")])]
    bodies = filter(None, map(_text, contents))
    body = next(bodies, "")
    # Feeds of short posts repeat the beginning of the post as its title.
    parts = (body,) if body.startswith(title.rstrip(_CUT)) else (title, body)
    text = "\n\n".join(part for part in parts if part)
    pictures = tuple(dict.fromkeys(_pictures(raw, contents)))[:MOST_PICTURES]
    if not text and not pictures:
        return "has neither title, text nor picture"
    link = address(raw.get("link"), url)
    updated, published = _moment(raw, "updated_parsed"), _moment(raw, "published_parsed")
    moment = published or _moment(raw, "created_parsed") or updated
    post = Post(
        id=_id(raw, link, feed, text),
        text=text,
        published_at=moment or now,
        author=(raw.get("author_detail") or {}).get("name") or raw.get("author") or None,
        url=link,
        lang=next((one["language"] for one in contents if one.get("language")), language) or None,
        pictures=pictures,
    )
    said = dict.get(raw, "updated") if updated is not None and is_whole else None
    return Entry(post, said, is_dated=moment is not None)


def _id(raw: dict[str, Any], link: str | None, feed: str, text: str) -> str:
    """The entry's own id; one that is unique within its feed only ("17") with the feed before it."""
    own = (raw.get("id") or "").strip() or link
    if own is None:
        return hashlib.sha256(f"{feed}\n{text}".encode("utf-8", "replace")).hexdigest()
    return identifier(own if _URI.match(own) else f"{feed}#{own}")


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
