"""What a source is: pages of items, each with the state to go on from once Kafka has acknowledged them.

A source keeps nothing that must outlive the process but its states: it may be killed anywhere, and is asked
again from the last state that was saved. Ids are the platform's own, so what comes twice is stored once.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from monitor.errors import OutageError
from monitor.publishing.records import Outgoing

State = dict[str, Any]
"""Where to go on, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something published: a text mention, and a picture mention for each picture that can be fetched.

    `text` may be blank where there are pictures. `author_id` is what the platform never changes, for
    `AuthorGone`. `edited` says that a version of it was published before: what that showed and this does not
    is deleted.
    """

    id: str
    text: str
    published_at: datetime
    author: str | None = None
    author_id: str | None = None
    url: str | None = None
    lang: str | None = None
    reach: int | None = None
    pictures: tuple[str, ...] = ()
    """Addresses, https or http; the first shares the post's id, the others are `ID#picture-2`, ...

    Fetched by the runner, from public addresses only."""
    edited: bool = False
    alias: str | None = None
    """Another name that `Gone` may call it by: each server of Mastodon has a number of its own for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A post was deleted there. Of one never collected nothing is said further."""

    id: str
    """Or an alias."""
    deleted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorGone:
    """An account was deleted there, with all its posts."""

    author_id: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An item that cannot be used: which, and why, without what it says."""

    where: str
    reason: str


Item = Post | Gone | AuthorGone | Skipped | Outgoing
"""`Outgoing`: a record ready to send, of files that have their own sources and pictures; it is sent as it is,
whatever it names, and not noted as collected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Items, and the state of `part` (a feed, a query, a file) that is saved once they are acknowledged.

    `state` None: nothing is saved with them; {}: what was saved of the part is forgotten.
    """

    items: tuple[Item, ...] = ()
    part: str = ""
    state: State | None = None


class SourceOutageError(OutageError):
    """The platform does not answer now; `retry_after` in seconds is what it asked for, None: nothing."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Source(Protocol):
    """One platform, as one entry of sources.toml asks for it."""

    name: str
    """The entry's, unique: its states are kept under it."""
    source: str
    """What `source` of its mentions says."""
    interval: float | None
    """Seconds from the end of one pass to the next; None: it streams and never ends by itself."""
    only_brands: bool
    """Publish only posts whose text names a brand (or whose id was published before)."""

    def pages(self, states: Mapping[str, State]) -> AsyncIterator[Page]:
        """One pass, or a stream, from the saved states by part.

        Raises `SourceOutageError` (the runner comes again, later each time) and `SetupError` (somebody has to
        mend the entry; the other sources go on).
        """
