"""What Jetstream says of Bluesky, as items: posts made and changed, posts and accounts that went.

Written after github.com/bluesky-social/jetstream (README.md) and the lexicons `app.bsky.feed.post` and
`app.bsky.embed.*`. What an author's program wrote into a post is anybody's word: moments, offsets and
identifiers are checked here, and one that cannot be used costs itself only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from monitor.sources.interface import AuthorGone, Gone, Item, Post, Skipped

COLLECTION: Final = "app.bsky.feed.post"

GONE: Final = frozenset({"deleted", "takendown", "suspended"})
"""States of an account in which what it wrote is not to be shown; `deactivated` is its owner's pause."""

# https://atproto.com/specs/did, /specs/record-key, /specs/blob: they become parts of addresses here.
_DID: Final = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,240}")
_RKEY: Final = re.compile(r"[A-Za-z0-9._:~-]{1,240}")
_CID: Final = re.compile(r"[A-Za-z0-9]{1,120}")
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_US: Final = 253_000_000_000_000_000
"""The year 9987; Python's datetime ends soon after."""
_LONGEST_LINK: Final = 2_000
"""Characters; a text with longer ones keeps them as its author's program shortened them."""


class Commit(msgspec.Struct, frozen=True):
    """A record made, changed or deleted; `record` stays JSON until somebody wants it."""

    operation: str
    collection: str
    rkey: str
    record: msgspec.Raw = msgspec.Raw(b"")


class Account(msgspec.Struct, frozen=True):
    """What became of an account."""

    active: bool
    status: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One message. Kinds that are not known here are passed over: more may come."""

    kind: str
    did: str = ""
    time_us: int = 0
    """When Jetstream saw it: microseconds since 1970, and the cursor."""
    commit: Commit | None = None
    account: Account | None = None


class _Record(msgspec.Struct, frozen=True):
    text: str
    createdAt: Any = None  # noqa: N815 - the lexicon's word
    langs: Any = None
    facets: Any = None
    embed: Any = None
    reply: Any = None


_events = msgspec.json.Decoder(Event)
_records = msgspec.json.Decoder(_Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How events become items."""

    pictures: str
    """Address of the server that has pictures in every size."""
    replies: bool = True
    gone: frozenset[str] = GONE


def read_event(message: str | bytes) -> Event | Skipped:
    """One message of the socket."""
    try:
        event = _events.decode(message)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Skipped(where="a message", reason=f"not an event of Jetstream: {error}")
    if event.kind != "heartbeat" and not 0 < event.time_us < _LATEST_US:
        return Skipped(where=f"an event of {event.did[:80]}", reason="`time_us` is no moment")
    return event


def item_of(event: Event, reading: Reading) -> Item | None:
    """What the event says of posts; None: nothing."""
    commit, account = event.commit, event.account
    if event.kind == "account" and account is not None:
        if account.active or account.status not in reading.gone:
            return None
        return AuthorGone(author_id=event.did, deleted_at=_moment(event.time_us))
    if event.kind != "commit" or commit is None or commit.collection != COLLECTION:
        return None
    if not (_DID.fullmatch(event.did) and _RKEY.fullmatch(commit.rkey)):
        return Skipped(where=f"a post of {event.did[:80]}", reason="an identifier is none of the protocol's")
    uri = f"at://{event.did}/{COLLECTION}/{commit.rkey}"
    if commit.operation == "delete":
        return Gone(id=uri, deleted_at=_moment(event.time_us))
    if commit.operation not in {"create", "update"}:
        return None
    try:
        record = _records.decode(commit.record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Skipped(where=uri, reason=f"not a post: {error}")
    if record.reply is not None and not reading.replies:
        return None
    return Post(
        id=uri,
        text=_whole_links(record.text, record.facets),
        published_at=_published(record.createdAt, _moment(event.time_us)),
        author=event.did,
        author_id=event.did,
        url=f"https://bsky.app/profile/{event.did}/post/{commit.rkey}",
        lang=_language(record.langs),
        pictures=tuple(
            f"{reading.pictures}/img/feed_fullsize/plain/{event.did}/{cid}@jpeg"
            for cid in _pictures(record.embed)
        ),
        edited=commit.operation == "update",
    )


def _moment(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us / 1_000_000, UTC)


def _published(claimed: Any, seen: datetime) -> datetime:
    """The author's own moment; the one of the event where that is none, or none before it."""
    if not isinstance(claimed, str):
        return seen
    try:
        moment = datetime.fromisoformat(claimed)
        usable = moment.tzinfo is not None and _EARLIEST <= moment <= seen
    except (ValueError, OverflowError):
        return seen
    return moment if usable else seen


def _language(langs: Any) -> str | None:
    """The first of those that the author's program named."""
    first = langs[0] if isinstance(langs, list) and langs else None
    return first if isinstance(first, str) and first else None


def _pictures(embed: Any) -> Iterator[str]:
    """CIDs of the pictures of `app.bsky.embed.images`, `.gallery`, or of one of them beside a quoted post."""
    if isinstance(embed, dict) and isinstance(embed.get("media"), dict):  # app.bsky.embed.recordWithMedia
        embed = embed["media"]
    fields = [embed.get(name) for name in ("images", "media")] if isinstance(embed, dict) else []
    for shown in next((field for field in fields if isinstance(field, list)), ()):
        blob = shown.get("image") if isinstance(shown, dict) else None
        if not isinstance(blob, dict):
            continue
        link = blob.get("ref")
        cid = link.get("$link") if isinstance(link, dict) else blob.get("cid")  # a blob's first form
        if isinstance(cid, str) and _CID.fullmatch(cid):
            yield cid


def _whole_links(text: str, facets: Any) -> str:
    """The text with the links whole that the author's program shortened (`example.com/a-long...`).

    A facet's offsets count UTF-8 bytes; facets that do not fit the text are passed over.
    """
    written = text.encode()
    parts, end = [], 0
    for start, stop, uri in sorted(_links(facets)):
        if not (end <= start < stop <= len(written)):
            continue
        if written[start:stop].endswith((b"...", "…".encode())):
            parts += [written[end:start], uri.encode()]
            end = stop
    try:
        return b"".join([*parts, written[end:]]).decode()
    except UnicodeDecodeError:  # an offset in the middle of a character
        return text


def _links(facets: Any) -> Iterator[tuple[int, int, str]]:
    for facet in facets if isinstance(facets, list) else ():
        index = facet.get("index") if isinstance(facet, dict) else None
        features = facet.get("features") if isinstance(facet, dict) else None
        if not isinstance(index, dict) or not isinstance(features, list):
            continue
        start, stop = index.get("byteStart"), index.get("byteEnd")
        for feature in features:
            uri = feature.get("uri") if isinstance(feature, dict) else None
            if type(start) is int and type(stop) is int and isinstance(uri, str) and len(uri) < _LONGEST_LINK:
                yield start, stop, uri
