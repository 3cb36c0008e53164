"""Addresses of posts: which platform's they are, and their ids there.

Two vendors' exports, a platform's own archive and this service's collectors each have an id of their own for
a post; its address is what they share. So it is one mention, whoever hands it over; what came last stands.
"""

import re
from typing import Any, Final
from urllib.parse import urlsplit

from monitor.messages import LONGEST_ID

POST: Final = "id in the address"
"""A column that `named` adds: what the platform calls the post."""
PLATFORM: Final = "platform in the address"
"""Another: `x`, `reddit`, `bluesky` or `hackernews`, as the collectors say it."""

ADDRESS: Final = "address as id"
"""Another, of every address that may be an id: for where nothing better is."""

_X: Final = re.compile(r"/[^/]+(?:/web)?/status(?:es)?/(\d+)")
_REDDIT: Final = re.compile(
    r"(?:/(?:r|user)/[^/]+)?/comments/([0-9a-z]+)(?:/[^/]*(?:/([0-9a-z]+))?)?/?", re.I
)
_BLUESKY: Final = re.compile(r"/profile/(did:[a-z]+:[^/]+)/post/([^/]+)/?")
_HACKER_NEWS: Final = re.compile(r"id=(\d+)")
_ALIASES: Final = {"twitter": "x", "x (twitter)": "x", "x (formerly twitter)": "x"}
_PLATFORMS: Final = frozenset({"x", "reddit", "bluesky", "hackernews", "mastodon"})


def named(address: Any) -> dict[str, str]:
    """Cells `POST` and `PLATFORM` of a post's address, and `ADDRESS`; none of what is no address."""
    if not isinstance(address, str) or not (address := address.strip()):
        return {}
    found = _of(address)
    # A mention of a longer address gets an id from its text and moment.
    usable = len(address) <= LONGEST_ID and address.isprintable()
    return ({PLATFORM: found[0], POST: found[1]} if found else {}) | ({ADDRESS: address} if usable else {})


def platform(word: str) -> str:
    """What collectors call a platform, of a vendor's word for it: `x` for Twitter, `reddit` for Reddit."""
    word = word.strip().lower()
    return _ALIASES.get(word, word)


def spelt(word: str) -> str:
    """A word for a source as collectors say it where it is one of their platforms (`TWITTER` is `x`), else as
    it stands."""
    found = platform(word)
    return found if found in _PLATFORMS else word


def _of(address: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host in {"x.com", "twitter.com", "mobile.x.com", "mobile.twitter.com"}:
        return ("x", at[1]) if (at := _X.match(parts.path)) else None
    if host == "reddit.com" or host.endswith(".reddit.com"):
        at = _REDDIT.fullmatch(parts.path)
        return ("reddit", f"t1_{at[2].lower()}" if at[2] else f"t3_{at[1].lower()}") if at else None
    if host == "bsky.app":
        at = _BLUESKY.fullmatch(parts.path)
        return ("bluesky", f"at://{at[1]}/app.bsky.feed.post/{at[2]}") if at else None
    if host == "news.ycombinator.com" and parts.path == "/item":
        return ("hackernews", at[1]) if (at := _HACKER_NEWS.fullmatch(parts.query)) else None
    return None
