"""Which posts were published already, of those that a platform will answer again.

Platforms are asked for the last hours again and again, because posts come late into their search and are
edited; only what is new or has changed is published.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from monitor.sources.answers import moment_of
from monitor.sources.interface import Gone, Item, Post

_MARK_BYTES = 6
"""Of a hash: one edit in 2⁴⁸ would be missed."""
_GONE = "gone"
"""The mark of what is there no more."""


class Seen:
    """Posts by id: when they were published, in seconds since 1970, and a mark of what they said."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        """`saved`: what `since` or `latest` gave."""
        self._posts: dict[str, tuple[int, str]] = {id: (at, mark) for id, (at, mark) in (saved or {}).items()}

    def news(self, items: Iterable[Item]) -> Iterator[Item]:
        """What is to be told: new posts, changed ones as edited, what is gone once, and all other items."""
        for item in items:
            if isinstance(item, Post):
                if (post := self.take(item)) is not None:
                    yield post
            elif not isinstance(item, Gone) or self._goes(item):
                yield item

    def take(self, post: Post, mark: str | None = None) -> Post | None:
        """The post, `edited` where it was seen with another mark; None where it has not changed.

        `mark` says what changes when it does; by default all that is shown of it.
        """
        mark = mark or _mark(post)
        known = self._posts.pop(post.id, None)
        self._posts[post.id] = (int(post.published_at.timestamp()), mark)
        if known is None:
            return post
        return None if known[1] == mark else replace(post, edited=True)

    def _goes(self, gone: Gone) -> bool:
        """Whether this is news."""
        known = self._posts.get(gone.id)
        if known is not None and known[1] == _GONE:
            return False
        self._posts[gone.id] = (int(gone.deleted_at.timestamp()), _GONE)
        return True

    def published_at(self, id: str) -> datetime | None:
        """When a post was published, as far as it is known."""
        known = self._posts.get(id)
        return None if known is None else moment_of(known[0])

    def since(self, moment: int) -> dict[str, tuple[int, str]]:
        """Those published then or later, as JSON."""
        return {id: known for id, known in self._posts.items() if known[0] >= moment}

    def latest(self, most: int) -> dict[str, tuple[int, str]]:
        """Those taken last, as JSON."""
        return dict(islice(self._posts.items(), max(0, len(self._posts) - most), None))


def _mark(post: Post) -> str:
    shown = repr((post.text, post.author, post.url, post.pictures))
    return hashlib.blake2b(shown.encode("utf-8", "replace"), digest_size=_MARK_BYTES).hexdigest()
