"""Posts of a period and of the time before, with the themes in them: what pages, alerts and causes ask."""

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from monitor.queries import Query
from monitor.queries.tree import Near, Node, Says, any_of
from monitor.texts import Term
from monitor.themes.mining import BETWEEN, Found, Mine, Pair, Said
from monitor.themes.posts import Post, Sample
from monitor.themes.theme import Theme
from monitor.themes.words import stems, tokens, words_of

_ID_BYTES: Final = 6
_SHORT: Final = 6
"""Content words of a short post."""


class _Story(NamedTuple):
    """Posts of one story, those of now and those before."""

    now: list[Post]
    before: list[Post]

    @property
    def first(self) -> Post:
        return (self.now or self.before)[0]


class Collection:
    """What was said about a brand now and before, one text a story, looked through for themes."""

    def __init__(self, connection: Connection, brand: str, now: Sample, before: Sample, most: int) -> None:
        self.now, self.before = now, before
        stories: dict[UUID, _Story] = defaultdict(lambda: _Story([], []))
        for post in now.posts:
            stories[post.story_id].now.append(post)
        for post in before.posts:
            stories[post.story_id].before.append(post)
        self._stories: Sequence[_Story] = list(stories.values())
        said = [
            Said(each.first.language, tokens(each.first.text), now=bool(each.now)) for each in self._stories
        ]
        names = words_of(_names(connection, brand))
        self._mine = Mine(said, stems(connection, names), names)
        self.found: Sequence[Found] = self._mine.themes(most)

    def posts_now(self, found: Found) -> list[Post]:
        """The posts of now that a theme has among those read."""
        return [post for index in found.texts for post in self._stories[index].now]

    def posts_before(self, found: Found) -> list[Post]:
        """Those of the time before."""
        return [post for index in found.texts for post in self._stories[index].before]

    def share_of(self, found: Found) -> float:
        """The share of the posts of now that say a theme, one of another collection perhaps. 0..1."""
        if not self.now.posts:
            return 0.0
        texts = set().union(*(self._mine.saying(pair) for pair in found.pairs))
        return sum(len(self._stories[index].now) for index in texts) / len(self.now.posts)

    def theme(self, found: Found) -> Theme:
        """What there is to tell of a theme. It has posts of now."""
        now, step = self.posts_now(found), self.now.step
        phrases = tuple(dict.fromkeys(self._mine.phrase(pair) for pair in found.pairs))
        negative = [post for post in now if post.label == "negative"]
        before = len(self.posts_before(found)) * self.before.step if self.before.posts else None
        return Theme(
            id=id_of(found.pairs[0]),
            name=phrases[0],
            phrases=phrases,
            query=str(Query(any_of(map(self._asked, found.pairs)))),
            posts=len(now) * step,
            stories=sum(bool(self._stories[index].now) for index in found.texts) * step,
            positive=sum(post.label == "positive" for post in now) * step,
            negative=len(negative) * step,
            share=len(now) / len(self.now.posts),
            posts_before=before,
            centre=self._centre(found),
            widest=max(now, key=lambda post: (post.reach or 0, post.id)).id,
            # A person's word has no probability: it is as sure as can be.
            most_negative=max(negative, key=_sureness).id if negative else None,
            estimated=step > 1 or self.before.step > 1,
        )

    def _asked(self, pair: Pair) -> Node:
        sides = [any_of(Says(Term(word)) for word in self._mine.spelled(stem)) for stem in pair]
        return sides[0] if len(sides) == 1 else Near(sides[0], sides[1], BETWEEN)

    def _centre(self, found: Found) -> UUID:
        """The post whose words most of the others have, too: the cosine with the sum of them all, but that a
        post of a word or two does not say what the others do."""
        indexes = [index for index in found.texts if self._stories[index].now]
        stems = {index: self._mine.stems_of(index) for index in indexes}
        common = Counter(stem for each in stems.values() for stem in each)

        def likeness(index: int) -> tuple[float, int]:
            return sum(common[stem] for stem in stems[index]) / math.sqrt(len(stems[index]) + _SHORT), -index

        return self._stories[max(indexes, key=likeness)].now[0].id


def id_of(pair: Pair) -> str:
    """The id of a theme, by its first pair of stems."""
    return hashlib.blake2b(" ".join(pair).encode(), digest_size=_ID_BYTES).hexdigest()


def _sureness(post: Post) -> tuple[float, UUID]:
    return (1.0 if post.certainty is None else post.certainty), post.id


def _names(connection: Connection, brand: str) -> Iterable[str]:
    """How brands are called, and how this one is written in texts: no theme of what is said about it."""
    query = text("""
        (SELECT name FROM brand)
        UNION
        (SELECT matched
         FROM (SELECT n.matched FROM brand_mention AS n JOIN brand AS b ON b.id = n.brand_id
               WHERE b.name = :brand LIMIT 2000) AS written
         GROUP BY 1 ORDER BY count(*) DESC LIMIT 50)
    """)
    return connection.execute(query, {"brand": brand}).scalars()
