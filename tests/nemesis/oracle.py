"""What must have become of every record: worked out from the log alone, without any code of the stream or
storage rooms.

Texts and pictures are taken apart here; verdicts come from the same tiny models, loaded in this process.
"""

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import cv2
import msgspec
import numpy as np

from monitor.brand_matcher import BrandMatcher
from monitor.brands import load_brands
from monitor.logos import load_detector
from monitor.logos.finder import LogoFinder
from monitor.messages import BrandMention, Sentiment
from monitor.sentiment import Asked, load_scorer
from monitor.settings import Device
from monitor.texts import read
from tests.nemesis.archive import Entry, Place
from tests.nemesis.expectations import CODES, HEADER, PHASE_OF_UNREADABLE
from tests.nemesis.models import LOGOS, SENTIMENT

Kind = Literal["text", "image"]
Identity = tuple[Kind, str, str]
"""Kind, source and id."""

TARGETS: Final = 40
"""A text that names brands more often than this may be scored toward some of the places only."""


@dataclass(frozen=True, slots=True)
class Said:
    """A version of a mention: where it lies and what it says."""

    place: Place
    phase: int
    identity: Identity
    author: str
    text: str | None
    lang: str | None
    reach: int | None
    published_at: str
    picture: bytes | None
    gone: bool
    """No version but its end."""


@dataclass(frozen=True, slots=True)
class Mention:
    """What a row must hold."""

    said: Said
    language: str
    brands: frozenset[tuple[str, int, int]]
    sentiment: tuple[float, float, float] | None
    """None for a picture, and for a text in a language that the model does not speak."""
    toward: Mapping[str, tuple[float, float, float]]
    detections: Mapping[str, float]
    sha256: str | None
    older: frozenset[str]
    """Authors of the versions that lost."""
    excused: bool
    """The log dropped the version before anybody had read it: any version of it, or none, is right."""

    @property
    def many(self) -> bool:
        return len(self.brands) > TARGETS


@dataclass(frozen=True, slots=True)
class Gone:
    """A mention that must not be there: its last record is a deletion."""

    place: Place
    phase: int
    excused: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """What a dead letter must say."""

    place: Place
    phase: int
    codes: frozenset[str]
    excused: bool


@dataclass
class Expected:
    """Everything."""

    mentions: dict[Identity, Mention] = field(default_factory=dict)
    gone: dict[Identity, Gone] = field(default_factory=dict)
    letters: dict[Place, Letter] = field(default_factory=dict)
    records: int = 0
    by_phase: Counter[int] = field(default_factory=Counter)


class Oracle:
    """Loads the models once; `expect` may be asked again and again."""

    def __init__(self, models: Path) -> None:
        brands = load_brands(models / "brands.toml")
        self._matcher = BrandMatcher(brands)
        self._scorer = load_scorer(models / SENTIMENT, Device.CPU, threads=1)
        self._finder = LogoFinder(load_detector(models / LOGOS, brands, Device.CPU, threads=1))
        self._seen: dict[str, Mapping[str, float]] = {}

    def expect(
        self,
        texts: Iterable[Entry],
        images: Iterable[Entry],
        last: Mapping[str, Place],
        excused: Collection[Place] = (),
    ) -> Expected:
        """`last` names the version that must stay of mentions on several partitions, `excused` the records
        that the log dropped unread."""
        expected = Expected()
        versions: dict[Identity, list[Said]] = defaultdict(list)
        for kind, entries in (("text", texts), ("image", images)):
            for entry in entries:
                self._sort(kind, entry, expected, versions, excused)  # type: ignore[arg-type]
        self._judge(expected, versions, last, excused)
        return expected

    def _sort(
        self,
        kind: Kind,
        entry: Entry,
        expected: Expected,
        versions: dict[Identity, list[Said]],
        excused: Collection[Place],
    ) -> None:
        record = entry.record
        phase, _, wrong = (
            (str(PHASE_OF_UNREADABLE), "", "batch")
            if record is None
            else (record.header(HEADER) or b"0|").decode().partition("|")
        )
        expected.records += 1
        expected.by_phase[int(phase)] += 1
        if wrong:
            letter = Letter(entry.place, int(phase), CODES[wrong], entry.place in excused)
            expected.letters[entry.place] = letter
            return
        assert record is not None
        body = _body(record.value or b"")
        picture = body.get("image")
        said = Said(
            place=entry.place,
            phase=int(phase),
            identity=(kind, body["source"], body["id"]),
            author=body.get("author", ""),
            text=body.get("text") if kind == "text" else body.get("caption"),
            lang=body.get("lang"),
            reach=body.get("reach"),
            published_at=body.get("published_at", ""),
            picture=base64.b64decode(picture) if isinstance(picture, str) else picture,
            gone="deleted_at" in body,
        )
        versions[said.identity].append(said)

    def _judge(
        self,
        expected: Expected,
        versions: Mapping[Identity, Sequence[Said]],
        last: Mapping[str, Place],
        excused: Collection[Place],
    ) -> None:
        winners = {identity: _winner(of_one, last) for identity, of_one in versions.items()}
        unsure = {one for one, of_one in versions.items() if _unsure(of_one, excused)}
        for identity in [one for one, said in winners.items() if said.gone]:
            said = winners.pop(identity)
            expected.gone[identity] = Gone(said.place, said.phase, identity in unsure)
        named = {identity: self._matcher.find(said.text or "") for identity, said in winners.items()}
        languages = {
            identity: self._matcher.language(read(said.text or ""), said.lang)
            for identity, said in winners.items()
        }
        spoken = [one for one in winners if one[0] == "text" and self._scorer.speaks(languages[one])]
        asked = [self._asked(winners[identity].text or "", named[identity]) for identity in spoken]
        answers = dict(zip(spoken, self._scorer.answer(asked), strict=True))
        for identity, said in winners.items():
            found, toward = named[identity], defaultdict(list)
            whole, *places = [_numbers(one) for one in answers[identity]] if identity in answers else [None]
            for brand, opinion in zip(found, places, strict=False):
                toward[brand.brand].append(opinion)
            expected.mentions[identity] = Mention(
                said=said,
                language=languages[identity],
                brands=frozenset((brand.brand, brand.start, brand.end) for brand in found),
                sentiment=whole,
                toward={brand: tuple(np.mean(opinions, 0)) for brand, opinions in toward.items()},  # type: ignore[misc]
                detections=self._detections(said.picture) if said.picture else {},
                sha256=hashlib.sha256(said.picture).hexdigest() if said.picture else None,
                older=frozenset(one.author for one in versions[identity] if not one.gone) - {said.author},
                excused=identity in unsure,
            )

    def _asked(self, text: str, named: Sequence[BrandMention]) -> Asked:
        whole = (0, len(text))
        places = [(brand.start, brand.end) for brand in named]
        toward = [None if place == whole else place for place in places] if len(places) <= TARGETS else []
        return Asked(text, (None, *toward), [place for place in places if place != whole])

    def _detections(self, picture: bytes) -> Mapping[str, float]:
        sha256 = hashlib.sha256(picture).hexdigest()
        if sha256 not in self._seen:
            pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
            (found,) = self._finder.find([pixels])
            # The surest of a brand comes first and is to stay.
            self._seen[sha256] = {one.brand: one.score for one in reversed(found.detections)}
        return self._seen[sha256]


def _numbers(sentiment: Sentiment) -> tuple[float, float, float]:
    return sentiment.p_negative, sentiment.p_neutral, sentiment.p_positive


def _unsure(versions: Sequence[Said], excused: Collection[Place]) -> bool:
    """Whether any version, or none, is right: the log dropped one unread, or a deletion lies in another life
    than a version, where publishers' clocks decide."""
    lives = {one.place.life for one in versions}
    return any(one.place in excused for one in versions) or (
        len(lives) > 1 and any(one.gone for one in versions)
    )


def _winner(versions: Sequence[Said], last: Mapping[str, Place]) -> Said:
    """On one partition the last in the log; on several the one that was published last of all."""
    order = sorted(versions, key=lambda said: (said.place.life, said.place.offset))
    decided = last.get(order[0].identity[2])
    if decided is not None:
        return next((said for said in order if said.place == decided), order[-1])
    return order[-1]


def _body(value: bytes) -> dict[str, Any]:
    body = json.loads(value) if value[:1] == b"{" else msgspec.msgpack.decode(value)
    assert isinstance(body, dict)
    return body
