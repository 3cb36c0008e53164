"""What a feed says, whatever it is written in: entries as posts, and when to ask again."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from monitor.sources.answers import identifier
from monitor.sources.faults import shown
from monitor.sources.interface import Post, Skipped

MOST_PICTURES: Final = 10
"""Of an entry; galleries go on."""
NOTHING: Final = "has neither title, text nor picture"
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S")
_A_DAY: Final = timedelta(days=1)
"""Zones are written wrong, too."""
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


def entries_of(read: Iterable[Entry | str], url: str) -> tuple[Entry | Skipped, ...]:
    """Each entry once, the first of those with one id. What is none is its reason in `read`."""
    known: dict[str, Entry | Skipped] = {}
    for number, entry in enumerate(read, 1):
        if isinstance(entry, str):
            known[f"#{number}"] = Skipped(where=f"{shown(url)}, entry {number}", reason=entry)
        else:
            known.setdefault(entry.post.id, entry)
    return tuple(known.values())


def name_of(feed: str) -> str:
    """What a feed is called in ids: its address, without a password."""
    parts = urlsplit(feed)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def first_of(moments: Iterable[datetime | None], now: datetime) -> datetime | None:
    """The first that is there and not in the future: feeds announce events by their day, and clocks err."""
    return next((one for one in moments if one is not None and one - now <= _A_DAY), None)


def entry_id(own: str | None, link: str | None, feed: str, text: str) -> str:
    """The entry's own id; one that is unique within its feed only ("17") with the feed before it."""
    own = (own or "").strip() or link
    if own is None:
        return hashlib.sha256(f"{feed}\n{text}".encode("utf-8", "replace")).hexdigest()
    return identifier(own if _URI.match(own) else f"{feed}#{own}")


def titled(title: str, body: str) -> str:
    """Title and text; feeds of short posts repeat the beginning of the post as its title."""
    parts = (body,) if body.startswith(title.rstrip(_CUT)) else (title, body)
    return "\n\n".join(part for part in parts if part)
