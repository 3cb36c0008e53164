"""Mentions drawn from the made-up world, hour by hour, as the lines that COPY takes.

Some ten million of them are wanted at a time: whatever can be drawn for an hour at once is, and what is done
for each mention is little more than writing its lines.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from monitor.brands import Brands
from monitor.messages import Kind, mention_uuid
from monitor.seeding.events import KINDS
from monitor.seeding.phrases import Phrases, Said
from monitor.seeding.pictures import SeedPicture
from monitor.seeding.world import SOURCES, World
from monitor.storage.rows import post_id

MODEL: Final = "synthetic@1"
"""Model version of everything made up: no model of ours said it."""

LOG_ID: Final = "synthetic"
"""Kafka cluster of everything made up: there is none."""

_LABELS: Final = ("negative", "neutral", "positive")
_ABOUT_NOTHING: Final = 0.06
_ABOUT_TWO: Final = 0.08
_WITH_TEXT: Final = 0.45  # of the pictures: their post has a text, too
_CAPTIONED: Final = 0.30
_ENDED: Final = 0.55
_SURE: Final = 0.54  # below it a verdict is unsure: every twelfth
_TOPICS: Final[dict[Kind, str]] = {"text": "mentions.text", "image": "mentions.image"}

_NULL: Final = "\\N"
_CLOCK: Final = tuple(f"{minute:02d}:{second:02d}" for minute in range(60) for second in range(60))
_FRACTION: Final = tuple(f".{n:03d}+00" for n in range(1000))


@dataclass
class Lines:
    """Rows in COPY's text format, one list a table."""

    mention: list[str] = field(default_factory=list)
    brand_mention: list[str] = field(default_factory=list)
    sentiment: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mention)


class _Post(NamedTuple):
    """One draw: what a text, a picture or both are written from."""

    key: str
    brand: int
    source: str
    at: int
    """Milliseconds of the hour."""
    author: str
    reach: int
    label: int
    label_name: str
    kind: str
    """Which sentences."""
    subject: float
    """0..1: about nothing, about two brands, or about one; captioned or not."""
    words: float
    other: float
    picture: float
    story: "_Story | None" = None
    """Of which it is a copy, or the first."""


class _Story(NamedTuple):
    """A text that is passed on word for word."""

    id: str
    key: int
    """What its copies share (`mention.story_keys`)."""
    first: _Post


class _Clock:
    """Moments of one hour and the next, as COPY takes them."""

    def __init__(self, start: datetime) -> None:
        self._hours = tuple(f"{start + timedelta(hours=n):%Y-%m-%d %H:}" for n in (0, 1))

    def at(self, milliseconds: int) -> str:
        """The moment so long after the hour began; less than two hours."""
        seconds, rest = divmod(milliseconds, 1000)
        hours, seconds = divmod(seconds, 3600)
        return self._hours[hours] + _CLOCK[seconds] + _FRACTION[rest]


class Author:
    """Draws mentions; `ids` are the brands' database ids in the order of `brands`."""

    def __init__(
        self,
        world: World,
        brands: Brands,
        ids: Sequence[int],
        pictures: Sequence[SeedPicture],
        mentions: int,
        chance: np.random.Generator,
    ) -> None:
        self._world, self._ids, self._pictures, self._chance = world, ids, pictures, chance
        self._phrases, self._brands = Phrases(brands), len(brands)
        # A few post all the time, most once or twice: Zipf's law over as many names as the source has.
        self._names = np.array([max(3, int(each.share * mentions * each.authors / 1000)) for each in SOURCES])
        self._fame = world.usual.sum(0).cumsum().tolist()
        self._stories: dict[int, _Story] = {}
        self._offsets: dict[Kind, int] = {"text": 0, "image": 0}
        self._serial = 0

    @property
    def offsets(self) -> dict[Kind, int]:
        """Records written to each topic so far."""
        return dict(self._offsets)

    def hours(self, mentions: int, batch: int) -> Iterator[Lines]:
        """That many mentions from the first hour to the last, about `batch` at a time."""
        counts = self._chance.multinomial(mentions, self._world.hour_weights())
        lines = Lines()
        for hour in np.flatnonzero(counts):
            self._hour(int(hour), int(counts[hour]), lines)
            if len(lines) >= batch:
                yield lines
                lines = Lines()
        if lines:
            yield lines

    def _hour(self, hour: int, count: int, lines: Lines) -> None:
        """Posts of one hour, until they are `count` mentions."""
        end = len(lines) + count
        clock = _Clock(self._world.since + timedelta(hours=hour))
        for post, pictured, told in self._posts(hour, count):
            if pictured:
                self._image(lines, post, clock)
            if len(lines) < end and (told or not pictured):
                self._text(lines, post, clock)
            if len(lines) >= end:
                return

    def _posts(self, hour: int, count: int) -> Iterator[tuple[_Post, bool, bool]]:
        """Draws of one hour in order of time, whether each has a picture, and whether that has a text too."""
        draw, talk = self._chance, self._world.talk_at(hour)
        row = draw.choice(len(talk.shares), count, p=talk.shares)
        rolls = draw.random((10, count))
        where = (rolls[8][:, None] >= talk.sources.cumsum(1)[row, :-1]).sum(1)
        # No two at once: whoever was first is known.
        at = np.sort(draw.integers(0, 3_600_000 - count, count)) + np.arange(count)
        # Zipf by inversion: ranks come out log-uniform.
        author = (self._names[where] ** rolls[0]).astype(np.int64)
        reach = (_REACH[where] * draw.lognormal(0, 1.3, count)).astype(np.int64)
        pictured = (rolls[1] < _PICTURED[where]) & (row < self._brands) & bool(self._pictures)
        label = (rolls[3][:, None] >= talk.favour.cumsum(1)[row, :2]).sum(1)
        columns = (
            row,
            where,
            at,
            author,
            reach,
            label,
            pictured,
            rolls[2] < _WITH_TEXT,
            rolls[9],
            *rolls[4:8],
        )
        drawn = zip(*(column.tolist() for column in columns), strict=True)
        for place, at_source, moment, rank, people, felt, shown, told, copy, *rest in drawn:
            self._serial += 1
            source, mood = SOURCES[at_source].name, _LABELS[felt]
            key, name = f"{self._serial:x}", f"{source[:2]}{rank:x}"
            post = _Post(key, int(talk.brands[place]), source, moment, name, people, felt, mood, mood, *rest)
            if place >= self._brands:
                post = self._about_event(post, talk.events[place - self._brands], copy)
            yield post, shown, told

    def _about_event(self, post: _Post, number: int, copy: float) -> _Post:
        """The post as one about an event; `copy` is a roll of 0..1."""
        event = self._world.events[number]
        kind = KINDS[event.kind]
        post = post._replace(
            key=f"{event.kind}-{number}-{post.key}",
            kind=post.label_name if event.kind == "murmur" else f"{event.kind}.{post.label_name}",
            subject=1.0,  # about one brand
        )
        if kind.authors:
            post = post._replace(author=f"{post.source[:2]}{event.kind}{number}{int(copy * kind.authors)}")
        if copy >= kind.copied:
            return post
        story = self._stories.get(number)
        if story is None:
            post = post._replace(picture=1.0)  # without an ending
            id = str(mention_uuid("text", "story", post.key))
            story = self._stories[number] = _Story(id, crc32(post.key.encode()), post)
        first = story.first
        return first._replace(
            key=post.key, source=post.source, at=post.at, author=post.author, reach=post.reach, story=story
        )

    def _text(self, lines: Lines, post: _Post, clock: _Clock) -> None:
        label, mood = post.label, post.label_name
        if post.subject < _ABOUT_NOTHING:
            said = self._phrases.plain("nothing", post.words)
            label, mood = 1, "neutral"
        elif post.subject < _ABOUT_NOTHING + _ABOUT_TWO and self._brands > 1:
            other = self._other(post)
            said = self._phrases.together(mood, post.brand, other, post.words)
        else:
            said = self._phrases.about(post.kind, post.brand, post.words)
        if post.picture < _ENDED:
            code = post.key.rpartition("-")[2]
            ending = self._phrases.ending(post.picture / _ENDED, post.other, code)
            said = Said(said.text + ending.text, said.named, said.words | ending.words)
        id = self._mention(lines, post, "text", clock, said, _NULL)
        # The surest are rare; no two equally sure.
        sure = 0.50 + 0.49 * post.other
        verdict = mood if sure >= _SURE else "unsure"
        rest = f"{(1 - sure) / 2:.4f}"
        chances = "\t".join(f"{sure:.4f}" if place == label else rest for place in range(3))
        felt = f"{verdict}\t{chances}\t{MODEL}\n"
        lines.sentiment.append(f"{id}\t\\N\t{felt}")
        for each in said.named:
            lines.sentiment.append(f"{id}\t{self._ids[each.brand]}\t{felt}")
        self._named(lines, id, said)

    def _other(self, post: _Post) -> int:
        """Another brand, the better known the likelier."""
        other = bisect(self._fame, post.other * self._fame[-1])
        return other if other != post.brand else (other + 1) % self._brands

    def _image(self, lines: Lines, post: _Post, clock: _Clock) -> None:
        # Some pictures are passed on again and again, most are not.
        picture = self._pictures[int(len(self._pictures) * post.picture**2)]
        said = Said(_NULL)
        if post.subject < _CAPTIONED:
            shown = picture.brands[0] if picture.brands else post.brand
            said = self._phrases.about("captions_named", shown, post.words)
        elif post.subject < 2 * _CAPTIONED:
            said = self._phrases.plain("captions", post.words)
        id = self._mention(lines, post, "image", clock, said, picture.sha256)
        self._named(lines, id, said)

    def _mention(self, lines: Lines, post: _Post, kind: Kind, clock: _Clock, said: Said, sha256: str) -> str:
        """Write the line of a mention; returns its id."""
        offset = self._offsets[kind]
        self._offsets[kind] += 1
        recorded = post.at + 2000 + 1000 * (offset % 7)
        stored = clock.at(recorded + 400 + offset % 900)
        id = str(mention_uuid(kind, post.source, post.key))
        story, lead, keys = id, "t", _NULL
        if post.story is not None:
            story, keys = post.story.id, f"{{{post.story.key}}}"
            lead = "t" if post.key == post.story.first.key else "f"
        lines.mention.append(
            f"{id}\t{post_id(post.source, post.key)}\t{kind}\t{post.source}\t{post.key}\t"
            f"{clock.at(post.at)}\t{said.text}\t{post.author}\thttps://{post.source}.example/{post.key}\t"
            f"{'en' if kind == 'text' else _NULL}\t{post.reach}\t{sha256}\t{MODEL}\t"
            f"{'und' if said.text == _NULL else 'en'}\t{' '.join(said.words)}\t{LOG_ID}\t"
            f"{_TOPICS[kind]}\t0\t{offset}\t{clock.at(recorded)}\t{story}\t{lead}\t{stored}\t{stored}\t{keys}\n"
        )
        return id

    def _named(self, lines: Lines, id: str, said: Said) -> None:
        for each in said.named:
            lines.brand_mention.append(
                f"{id}\t{self._ids[each.brand]}\t{each.start}\t{each.end}\t{each.matched}\n"
            )


_REACH: Final = np.array([source.reach for source in SOURCES])
_PICTURED: Final = np.array([source.pictures for source in SOURCES])
