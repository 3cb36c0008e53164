"""What becomes of a page of items: what is new is sent, what is gone is deleted, what is known stays.

1. Look up which of the posts were published, were deleted from the database, or are older than it keeps.
2. Go through the items in their order, as if each came alone.
3. Fetch pictures, make records, send them; Kafka acknowledges.
4. The caller saves what is returned: what is known now, and the page's state.

Killed anywhere before the last step, it is all done again: ids are the platform's own.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

import structlog

from monitor.brand_matcher import BrandMatcher
from monitor.errors import DataError
from monitor.messages import MOST_PICTURES, picture_id
from monitor.publishing.records import Outgoing, Refused
from monitor.sources.interface import AuthorGone, Gone, Item, Page, Post, Skipped
from monitor.sources.pictures import PictureError, Pictures
from monitor.sources.records import Records, in_utc, is_name, is_storable
from monitor.storage.collectors import Barred, Change, Collected, Held, Tally

_PICTURES_AT_ONCE: Final = 16
"""Of how many pictures the bytes are held before they are sent."""
_RECORDS_AT_ONCE: Final = 1_000

_log = structlog.get_logger(__name__)


class Sends(Protocol):
    """What puts records on the topics."""

    async def send(self, records: Sequence[Outgoing]) -> list[Refused]:
        """Returns once Kafka has acknowledged all; those it can never take are told."""


@dataclass(slots=True)
class _Known:
    """Posts that were published, as they are at this item of the page."""

    source: str
    posts: dict[str, Collected] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    def put(self, post: Collected) -> None:
        self.posts[post.id] = post
        self.changed.add(post.id)
        self.gone.discard(post.id)

    def take(self, post: Collected) -> None:
        del self.posts[post.id]
        self.changed.discard(post.id)
        self.gone.add(post.id)

    def named(self, name: str) -> list[Collected]:
        """By id or alias."""
        if name in self.posts:
            return [self.posts[name]]
        return [each for each in self.posts.values() if name in each.aliases]

    def by(self, author_id: str) -> list[Collected]:
        return [each for each in self.posts.values() if each.author_id == author_id]


@dataclass(frozen=True, slots=True)
class _Publish:
    """A post to send; `before`: as it was published earlier."""

    post: Post
    before: Collected | None


_Step = _Publish | Outgoing
"""In the page's order: a post, or a record that is ready."""


class Publication:
    """Publishes the pages of one source."""

    def __init__(
        self,
        records: Records,
        pictures: Pictures,
        sender: Sends,
        only: BrandMatcher | None = None,
        shown: Callable[[str], str] = str,
    ) -> None:
        """`only`: posts are published whose text names one of its brands; None: all are. `shown`: the id that
        a post with this one is published by."""
        self._records = records
        self._pictures = pictures
        self._sender = sender
        self._only = only
        self._shown = shown

    async def publish(self, page: Page, held: Held, now: datetime) -> Change:
        """Send what the page says; returns once Kafka has acknowledged it.

        Raises `OutageError` and `SetupError`: nothing is saved, and the page comes again.
        """
        names, authors = _asked_for(page.items)
        shown = {name: self._shown(name) for name in names}
        known = _Known(self._records.source)
        for each in await held.known({*names, *shown.values()}, authors):
            known.posts[each.id] = each
        # What was published by the platform's own id keeps it.
        ids = {name: id for name, id in shown.items() if not known.named(name)}
        posts = {item.id for item in page.items if isinstance(item, Post)} & names
        barred = await held.barred(list({*posts, *(ids.get(post, post) for post in posts)}))
        barred = replace(barred, ids=barred.ids | {ids[id] for id in barred.ids & ids.keys()})
        items = [
            replace(item, id=ids.get(item.id, item.id)) if isinstance(item, Post | Gone) else item
            for item in page.items
        ]
        tally = Tally()
        steps = list(self._steps(items, known, barred, tally, now))
        for some in _portions(steps):
            records = await self._made(some, tally, now)
            for one in await self._sender.send(records):
                tally.skipped += 1
                _log.warning("refused", source=self._records.source, id=one.where, why=str(one.error))
        return Change(
            part=page.part,
            state=page.state,
            known=[known.posts[id] for id in known.changed],
            gone=known.gone,
            tally=tally,
        )

    def _steps(
        self, items: Iterable[Item], known: _Known, barred: Barred, tally: Tally, now: datetime
    ) -> Iterator[_Step]:
        for item in items:
            if isinstance(item, Post):
                step = self._weighed(item, known, barred, tally)
                if step is not None:
                    yield step
            elif isinstance(item, Gone):
                yield from self._deleted(known.named(item.id), _sane(item.deleted_at, now), known, tally)
            elif isinstance(item, AuthorGone):
                theirs = known.by(item.author_id)
                yield from self._deleted(theirs, _sane(item.deleted_at, now), known, tally)
            elif isinstance(item, Skipped):
                tally.skipped += 1
                _log.info("skipped", source=self._records.source, where=item.where, why=item.reason)
            else:
                tally.posts += item.topic == "text"
                tally.pictures += item.topic == "image"
                yield item

    def _weighed(self, post: Post, known: _Known, barred: Barred, tally: Tally) -> _Publish | None:
        """A post to send; None for one that is sent already, or never."""
        before = known.posts.get(post.id)
        if before is not None and not post.edited:
            if post.alias is not None and post.alias not in before.aliases and is_name(post.alias):
                known.put(replace(before, aliases=(*before.aliases, post.alias)))
            return None
        if before is None and self._only is not None and not self._only.find(post.text):
            return None
        try:
            self._records.check(post, was_published=before is not None)
        except DataError as error:
            tally.skipped += 1
            _log.info("skipped", source=self._records.source, where=post.id[:200], why=str(error))
            return None
        if barred.has(post.id, post.published_at):
            return None
        post = replace(post, published_at=in_utc(post.published_at), pictures=post.pictures[:MOST_PICTURES])
        known.put(_noted(post, before))
        tally.posts += 1
        return _Publish(post, before)

    def _deleted(
        self, posts: Iterable[Collected], at: datetime, known: _Known, tally: Tally
    ) -> Iterator[Outgoing]:
        for each in posts:
            known.take(each)
            tally.deletions += 1
            yield from self._records.deletions(each.id, each.n_pictures, at)

    async def _made(self, steps: Sequence[_Step], tally: Tally, now: datetime) -> list[Outgoing]:
        fetched = await self._fetched([step.post for step in steps if isinstance(step, _Publish)])
        made: list[Outgoing] = []
        for step in steps:
            if isinstance(step, Outgoing):
                made.append(step)
                continue
            made += self._post(step, fetched, tally, now)
        return made

    async def _fetched(self, posts: Sequence[Post]) -> Mapping[str, bytes | PictureError]:
        """Pictures by address."""
        addresses = list(dict.fromkeys(address for post in posts for address in post.pictures))
        return dict(zip(addresses, await asyncio.gather(*map(self._fetch, addresses)), strict=True))

    async def _fetch(self, address: str) -> bytes | PictureError:
        try:
            return await self._pictures.fetch(address)
        except PictureError as error:
            return error

    def _post(
        self, step: _Publish, fetched: Mapping[str, bytes | PictureError], tally: Tally, now: datetime
    ) -> Iterator[Outgoing]:
        post, shown_before = step.post, 0 if step.before is None else step.before.n_pictures
        text = self._records.text(post)
        if text is not None:
            yield text
        elif step.before is not None:
            yield self._records.deletion("text", post.id, now)
        for number, address in enumerate(post.pictures, 1):
            picture = fetched[address]
            try:
                if isinstance(picture, PictureError):
                    raise picture
                yield self._records.picture(post, number, picture)
                tally.pictures += 1
            except (PictureError, DataError) as error:
                tally.lost_pictures += 1
                _log.info("no picture", source=self._records.source, id=post.id[:200], why=str(error))
                if number <= shown_before and not (isinstance(error, PictureError) and not error.gone):
                    yield self._records.deletion("image", picture_id(post.id, number), now)
        for number in range(len(post.pictures) + 1, shown_before + 1):
            yield self._records.deletion("image", picture_id(post.id, number), now)


def _noted(post: Post, before: Collected | None) -> Collected:
    aliases = set() if before is None else set(before.aliases)
    if post.alias is not None and is_name(post.alias):
        aliases.add(post.alias)
    return Collected(
        id=post.id,
        published_at=post.published_at,
        n_pictures=len(post.pictures),
        author_id=post.author_id if post.author_id is not None and is_name(post.author_id) else None,
        aliases=tuple(sorted(aliases)),
    )


def _sane(moment: datetime, now: datetime) -> datetime:
    """When something was deleted; a platform that says it wrong has deleted it all the same."""
    return moment if moment.tzinfo is not None and 2 <= moment.year <= 9998 else now


def _asked_for(items: Iterable[Item]) -> tuple[set[str], set[str]]:
    """Names of posts and authors that the items speak of; what no database holds is asked for by nobody."""
    names: set[str] = set()
    authors: set[str] = set()
    for item in items:
        if isinstance(item, Post | Gone):
            names.add(item.id)
        elif isinstance(item, AuthorGone):
            authors.add(item.author_id)
    return set(filter(is_storable, names)), set(filter(is_storable, authors))


def _portions(steps: Iterable[_Step]) -> Iterator[list[_Step]]:
    """Steps in order, so many at a time that their pictures can be held."""
    some: list[_Step] = []
    pictures = 0
    for step in steps:
        more = len(step.post.pictures) if isinstance(step, _Publish) else int(step.topic == "image")
        if some and (pictures + more > _PICTURES_AT_ONCE or len(some) >= _RECORDS_AT_ONCE):
            yield some
            some, pictures = [], 0
        some.append(step)
        pictures += more
    if some:
        yield some
