"""Mentions drawn from the made-up world, hour by hour, as the lines that COPY takes."""

import tomllib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import resources
from typing import Final

import numpy as np

from monitor.brands import Brands
from monitor.messages import Kind, mention_uuid
from monitor.seeding.pictures import SeedPicture
from monitor.seeding.world import SOURCES, Event, World
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
_TOPICS: Final[dict[Kind, str]] = {"text": "mentions.text", "image": "mentions.image"}


@dataclass
class Lines:
    """Rows in COPY's text format, one list a table."""

    mention: list[str] = field(default_factory=list)
    brand_mention: list[str] = field(default_factory=list)
    sentiment: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.mention)


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
        self._world, self._brands, self._ids = world, brands, ids
        self._pictures, self._chance = pictures, chance
        self._says: dict[str, list[str]] = tomllib.loads(
            resources.files("monitor.seeding").joinpath("sentences.toml").read_text("utf-8")
        )
        # A few post all the time, most once or twice: Zipf's law over as many names as the source has.
        self._names = [max(3, int(source.share * mentions * source.authors / 1000)) for source in SOURCES]
        self._offsets: dict[Kind, int] = {"text": 0, "image": 0}
        self._serial = 0

    @property
    def offsets(self) -> dict[Kind, int]:
        """Records written to each topic so far."""
        return dict(self._offsets)

    def hours(self, mentions: int, batch: int) -> Iterator[Lines]:
        """That many mentions from the first hour to the last, about `batch` at a time."""
        counts = self._chance.multinomial(mentions, self._world.hour_weights())
        lines, left = Lines(), mentions
        for hour, count in enumerate(counts):
            self._hour(hour, min(int(count), left), lines)
            if len(lines) >= batch:
                left -= len(lines)
                yield lines
                lines = Lines()
        left -= len(lines)
        while left > 0:  # a post of two counts as two: what that left over belongs to the last hour
            before = len(lines)
            self._hour(self._world.hours - 1, left, lines)
            left -= len(lines) - before
        yield lines

    def _hour(self, hour: int, count: int, lines: Lines) -> None:
        """Posts of one hour, until they are `count` mentions."""
        if count == 0:
            return
        draw, end = self._chance, len(lines) + count
        about = draw.choice(len(self._brands), count, p=self._world.fame_at(hour))
        where = draw.choice(len(SOURCES), count, p=[source.share for source in SOURCES])
        seconds = np.sort(draw.uniform(0, 3600, count))
        rolls = draw.random((count, 6))
        spread = draw.lognormal(0, 1.3, count)
        start = self._world.since + timedelta(hours=hour)
        for n in range(count):
            if len(lines) >= end:
                return
            moment = start + timedelta(seconds=float(seconds[n]))
            self._post(
                lines,
                hour,
                moment,
                int(about[n]),
                int(where[n]),
                rolls[n],
                float(spread[n]),
                end - len(lines),
            )

    def _post(
        self,
        lines: Lines,
        hour: int,
        moment: datetime,
        brand: int,
        place: int,
        rolls: "np.ndarray[tuple[int], np.dtype[np.float64]]",
        spread: float,
        room: int,
    ) -> None:
        source = SOURCES[place]
        self._serial += 1
        key = f"{self._serial:x}"
        # Zipf by inversion: ranks come out log-uniform.
        author = f"{source.name[:2]}{int(self._names[place] ** rolls[0]):x}"
        reach = int(source.reach * spread)
        pictured = bool(self._pictures) and rolls[1] < source.pictures
        if pictured:
            self._image(lines, key, source.name, moment, author, reach, brand, rolls)
        if not pictured or (rolls[2] < _WITH_TEXT and room > 1):
            self._text(lines, key, source.name, moment, author, reach, brand, hour, rolls)

    def _text(
        self,
        lines: Lines,
        key: str,
        source: str,
        moment: datetime,
        author: str,
        reach: int,
        brand: int,
        hour: int,
        rolls: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> None:
        event = self._world.event_of(brand, hour)
        label = self._label(brand, event, float(rolls[3]))
        mood = _LABELS[label]
        named: list[tuple[int, int, str]] = []
        if rolls[4] < _ABOUT_NOTHING:
            said, label = self._one("nothing", rolls[5]), 1
        elif rolls[4] < _ABOUT_NOTHING + _ABOUT_TWO and len(self._brands) > 1:
            other = (brand + 1 + int(rolls[5] * (len(self._brands) - 1))) % len(self._brands)
            said, named = self._written(self._one("together", rolls[3]), brand, other)
        else:
            kind = mood
            if event is not None and label != 1:
                kind = "launch" if event.good and label == 2 else "crisis" if label == 0 else mood
            said, named = self._written(self._one(kind, rolls[5]), brand, None)
        id = mention_uuid("text", source, key)
        self._mention(lines, id, "text", key, source, moment, said, author, reach, None)
        sure = 0.55 + 0.44 * float(rolls[5])
        low, mid, high = _probabilities(label, sure)
        lines.sentiment.append(f"{id}\t\\N\t{_LABELS[label]}\t{low:.4f}\t{mid:.4f}\t{high:.4f}\t{MODEL}\n")
        for each in {brand for brand, _, _ in named}:
            lines.sentiment.append(
                f"{id}\t{self._ids[each]}\t{_LABELS[label]}\t{low:.4f}\t{mid:.4f}\t{high:.4f}\t{MODEL}\n"
            )
        self._named(lines, id, named)

    def _image(
        self,
        lines: Lines,
        key: str,
        source: str,
        moment: datetime,
        author: str,
        reach: int,
        brand: int,
        rolls: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    ) -> None:
        # Some pictures are passed on again and again.
        picture = self._pictures[int(len(self._pictures) ** rolls[5]) - 1]
        caption: str | None = None
        named: list[tuple[int, int, str]] = []
        if rolls[4] < _CAPTIONED:
            shown = picture.brands[0] if picture.brands else brand
            caption, named = self._written(self._one("captions_named", rolls[3]), shown, None)
        elif rolls[4] < 2 * _CAPTIONED:
            caption = self._one("captions", rolls[3])
        id = mention_uuid("image", source, key)
        self._mention(lines, id, "image", key, source, moment, caption, author, reach, picture.sha256)
        self._named(lines, id, named)

    def _mention(
        self,
        lines: Lines,
        id: uuid.UUID,
        kind: Kind,
        key: str,
        source: str,
        moment: datetime,
        said: str | None,
        author: str,
        reach: int,
        sha256: str | None,
    ) -> None:
        offset = self._offsets[kind]
        self._offsets[kind] += 1
        recorded = moment + timedelta(seconds=2 + offset % 7)
        stored = recorded + timedelta(milliseconds=400 + offset % 900)
        lines.mention.append(
            f"{id}\t{post_id(source, key)}\t{kind}\t{source}\t{key}\t{moment.isoformat()}\t"
            f"{_or_null(said)}\t{author}\thttps://{source}.example/{key}\t"
            f"{'en' if kind == 'text' else _NULL}\t{reach}\t{_or_null(sha256)}\t{MODEL}\t{LOG_ID}\t"
            f"{_TOPICS[kind]}\t0\t{offset}\t{recorded.isoformat()}\t{stored.isoformat()}\t{stored.isoformat()}\n"
        )

    def _named(self, lines: Lines, id: uuid.UUID, named: Sequence[tuple[int, int, str]]) -> None:
        for brand, start, matched in named:
            lines.brand_mention.append(
                f"{id}\t{self._ids[brand]}\t{start}\t{start + len(matched)}\t{matched}\n"
            )

    def _label(self, brand: int, event: Event | None, roll: float) -> int:
        low, mid, _ = self._world.favour[brand]
        if event is not None:
            low, mid = (0.08, 0.22) if event.good else (0.72, 0.20)
        return 0 if roll < low else 1 if roll < low + mid else 2

    def _one(self, kind: str, roll: float) -> str:
        said = self._says[kind]
        return said[int(roll * len(said))]

    def _written(self, said: str, brand: int, other: int | None) -> tuple[str, list[tuple[int, int, str]]]:
        """The sentence with its brands, and where it names which."""
        name = self._brands[brand].name
        start = said.index("{brand}")
        if other is None:
            return said.replace("{brand}", name), [(brand, start, name)]
        second = self._brands[other].name
        full = said.replace("{brand}", name).replace("{other}", second)
        if said.index("{other}") < start:
            return full, [
                (brand, start + len(second) - len("{other}"), name),
                (other, full.index(second), second),
            ]
        return full, [
            (brand, start, name),
            (other, said.index("{other}") + len(name) - len("{brand}"), second),
        ]


def _probabilities(label: int, sure: float) -> tuple[float, float, float]:
    rest = (1 - sure) / 2
    low, mid, high = (sure if place == label else rest for place in range(3))
    return low, mid, high


_NULL: Final = "\\N"


def _or_null(value: str | None) -> str:
    return _NULL if value is None else value
