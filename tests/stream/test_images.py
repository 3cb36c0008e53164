"""Pictures are scored once per content, kept before they are written down, and fail alone."""

import asyncio
import base64
import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.errors import ErrorCode
from monitor.logos.evidence import Look
from monitor.logos.finder import LogoFinder
from monitor.logos.words.lines import TextLine
from monitor.logos.words.names import NameReader
from monitor.messages import Box, Detection
from monitor.settings import Device, load_settings
from monitor.storage.pictures import PictureStore
from monitor.storage.records import ImageResult, Rejection
from monitor.stream.gallery import FixedFinder
from monitor.stream.images import ImageScoring
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "pictures"
LOGO = Box(0.1, 0.1, 0.4, 0.2)


class CountingDetector:
    """Sees one logo in everything but black pictures, which it cannot bear; counts what it is shown."""

    manifest: Any = SimpleNamespace(identity="counting@1")
    identity = "counting@1"
    device = Device.CPU

    def __init__(self) -> None:
        self.shown = 0

    def warm_up(self) -> None:
        """Works."""

    def look(self, pictures: Sequence[Any]) -> list[tuple[Look, ...]]:
        if any(not picture.any() for picture in pictures):
            raise RuntimeError("black")
        self.shown += len(pictures)
        return [(Look("VMware", 0.9, 0.5, LOGO),) for _ in pictures]

    def detect(self, pictures: Sequence[Any]) -> list[tuple[Detection, ...]]:
        raise AssertionError("the finder decides")


class Memory:
    """The database's memory of pictures."""

    def __init__(self) -> None:
        self.scans: dict[tuple[str, str], tuple[Detection, ...]] = {}

    async def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        known = {sha256: self.scans.get((sha256, model_version)) for sha256 in sha256s}
        return {sha256: scan for sha256, scan in known.items() if scan is not None}


class BrittleReader:
    """Reads one line where the logo is in everything but pictures of shade 90, on which it breaks."""

    identity = "brittle"
    device = Device.CPU

    def __init__(self) -> None:
        self.shown = 0

    def read(self, pixels: Any) -> tuple[TextLine, ...]:
        self.shown += 1
        if (pixels == 90).all():
            raise RuntimeError("out of memory")
        return (TextLine("vmware", 0.99, ((0.1, 0.1), (0.5, 0.1), (0.5, 0.3), (0.1, 0.3))),)


class Desk:
    def __init__(
        self,
        folder: Path,
        letters: bool = False,
        brands: Brands | None = None,
        kept_from: datetime | None = None,
    ) -> None:
        self.metrics = Metrics()
        self.reader = BrittleReader()
        self.detector = CountingDetector()
        self.memory = Memory()
        self.folder = folder
        brands = brands or load_brands()
        self.finder = LogoFinder(self.detector, NameReader(self.reader, brands) if letters else None)
        self.scoring = ImageScoring(
            FixedFinder(self.finder),
            BrandMatcher(brands),
            self.memory,
            PictureStore(str(folder)),
            OutageRetry(0),
            load_settings(),
            self.metrics,
            lambda: kept_from,
        )

    def score(self, *records: Any) -> list[Any]:
        return asyncio.run(self.scoring.score(records))


def shown(outcome: ImageResult) -> list[tuple[str, str]]:
    return [(found.brand, found.evidence) for found in outcome.detections]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "pictures")


@pytest.fixture
def reading(tmp_path: Path) -> Desk:
    """One that reads letters, too."""
    return Desk(tmp_path / "pictures", letters=True)


@pytest.fixture
def picture(records: Any) -> Any:
    """A record of the image topic: a plain picture of one shade."""

    def make(offset: int, shade: int, caption: str | None = "VMware!") -> Any:
        data = cv2.imencode(".png", np.full((48, 64, 3), shade, np.uint8))[1].tobytes()
        body = {
            "id": str(offset),
            "source": "s",
            "published_at": "2026-03-01T09:30:00Z",
            "caption": caption,
        }
        value = json.dumps({**body, "image": base64.b64encode(data).decode()}).encode()
        return records(offset, value=value)

    return make


def test_equal_bytes_are_shown_to_the_model_once(desk: Desk, picture: Any) -> None:
    outcomes = desk.score(picture(0, 200), picture(1, 200), picture(2, 90))
    assert desk.detector.shown == 2
    assert [shown(outcome) for outcome in outcomes] == [[("VMware", "look")]] * 3
    assert outcomes[0].picture == outcomes[1].picture
    assert (outcomes[0].picture.width, outcomes[0].picture.height) == (64, 48)
    assert [brand.brand for brand in outcomes[0].brands] == ["VMware"]


def test_captions_have_a_language_and_words(desk: Desk, picture: Any) -> None:
    german, none, name = desk.score(
        picture(0, 200, "Neuer Aufkleber auf dem Küchentisch"), picture(1, 200, None), picture(2, 200)
    )
    assert [one.language for one in (german, none, name)] == ["de", "und", "und"]
    assert (set(german.words), none.words) == ({"neuer", "aufkleber", "auf", "dem", "kuchentisch"}, ())


@pytest.mark.parametrize(("asked", "named"), [("VMware", ["VMware"]), ("Nike", [])])
def test_a_query_may_ask_what_the_picture_shows(
    tmp_path: Path, picture: Any, asked: str, named: list[str]
) -> None:
    brands = Brands((Brand(name="VMware", query=f"vmware image:{asked}"), Brand(name="Nike")))
    (outcome,) = Desk(tmp_path / "pictures", brands=brands).score(picture(0, 200))
    assert shown(outcome) == [("VMware", "look")]
    assert [one.brand for one in outcome.brands] == named


def test_a_picture_the_database_knows_is_not_shown_at_all(desk: Desk, picture: Any) -> None:
    (first,) = desk.score(picture(0, 200))
    desk.memory.scans[first.picture.sha256, desk.finder.identity] = ()
    (again,) = desk.score(picture(1, 200))
    assert desk.detector.shown == 1
    assert again.detections == ()


def test_the_file_is_in_the_store_before_the_result_is_handed_on(desk: Desk, picture: Any) -> None:
    (outcome,) = desk.score(picture(0, 200))
    assert isinstance(outcome, ImageResult)
    assert Path(outcome.picture.url.removeprefix("file://")).stat().st_size == outcome.picture.n_bytes


def test_a_file_that_was_removed_meanwhile_is_put_again(desk: Desk, picture: Any) -> None:
    (outcome,) = desk.score(picture(0, 200))
    file = Path(outcome.picture.url.removeprefix("file://"))
    before = file.read_bytes()
    file.unlink()
    asyncio.run(desk.scoring.restore([outcome]))
    assert file.read_bytes() == before


def test_a_picture_the_model_cannot_bear_fails_alone_and_is_not_kept(desk: Desk, picture: Any) -> None:
    good, bad, other = desk.score(picture(0, 200), picture(1, 0), picture(2, 90))
    assert isinstance(bad, Rejection)
    assert bad.letter.error_code == ErrorCode.SCORING_FAILED.value
    assert shown(good) == shown(other) == [("VMware", "look")]
    assert len([path for path in desk.folder.rglob("*") if path.is_file()]) == 2


def test_what_does_not_decode_is_rejected_in_its_place(desk: Desk, picture: Any, records: Any) -> None:
    outcomes = desk.score(picture(0, 200), records(1, value=b"{"), picture(2, 90))
    assert [type(outcome) for outcome in outcomes] == [ImageResult, Rejection, ImageResult]
    assert [outcome.position.offset for outcome in outcomes] == [0, 1, 2]


def test_without_a_reader_the_version_says_so(desk: Desk, picture: Any) -> None:
    (outcome,) = desk.score(picture(0, 200))
    assert outcome.model_version == desk.finder.looking_alone
    assert desk.reader.shown == 0


def test_letters_are_evidence_and_the_version_says_that_they_were_read(reading: Desk, picture: Any) -> None:
    first, again = reading.score(picture(0, 200), picture(1, 200))
    assert first.model_version == reading.finder.identity != reading.finder.looking_alone
    assert shown(first) == shown(again) == [("VMware", "both")]
    assert (first.detections[0].look, first.detections[0].line) == (0.9, "vmware")
    assert reading.reader.shown == 1


def test_a_picture_the_database_knows_is_not_read_again(reading: Desk, picture: Any) -> None:
    (first,) = reading.score(picture(0, 200))
    reading.memory.scans[first.picture.sha256, reading.finder.identity] = first.detections
    (again,) = reading.score(picture(1, 200))
    assert (again.detections, again.model_version) == (first.detections, first.model_version)
    assert reading.reader.shown == reading.detector.shown == 1


def test_a_picture_that_cannot_be_read_keeps_its_look_and_stays_due(reading: Desk, picture: Any) -> None:
    good, unread = reading.score(picture(0, 200), picture(1, 90))
    assert (unread.model_version, shown(unread)) == (reading.finder.looking_alone, [("VMware", "look")])
    assert good.model_version == reading.finder.identity
    assert reading.metrics.registry.get_sample_value("brand_monitor_pictures_unread_total") == 1
    reading.memory.scans[unread.picture.sha256, unread.model_version] = unread.detections
    reading.score(picture(2, 90))
    assert reading.reader.shown == 3


def test_a_picture_the_model_cannot_bear_is_not_read(reading: Desk, picture: Any) -> None:
    bad, good = reading.score(picture(0, 0), picture(1, 200))
    assert isinstance(bad, Rejection)
    assert shown(good) == [("VMware", "both")]
    assert reading.reader.shown == 1


def test_pictures_have_a_perceptual_hash_and_copies_of_one_share_a_key(desk: Desk, records: Any) -> None:
    detailed = cv2.imread(str(SAMPLES / "coffee.jpg"))
    small = cv2.resize(detailed, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    plain = np.full((48, 64, 3), 200, np.uint8)
    body = {"source": "s", "published_at": "2026-03-01T09:30:00Z"}
    given = []
    for offset, pixels in enumerate((detailed, small, plain)):
        data = base64.b64encode(cv2.imencode(".png", pixels)[1].tobytes()).decode()
        value = json.dumps({**body, "id": str(offset), "image": data}).encode()
        given.append(records(offset, value=value))
    one, copy, other = desk.score(*given)
    assert (one.picture.phash ^ copy.picture.phash).bit_count() <= 4
    assert set(one.story_keys) & set(copy.story_keys)
    assert other.picture.phash is not None
    assert other.story_keys == ()


def test_what_is_older_than_what_is_kept_is_not_looked_at_and_leaves_no_file(
    tmp_path: Path, picture: Any
) -> None:
    desk = Desk(tmp_path / "pictures", kept_from=datetime(2026, 3, 2, tzinfo=UTC))
    (old,) = desk.score(picture(0, 200))
    assert old.letter.error_code == "too-old"
    assert desk.detector.shown == 0
    assert not list(tmp_path.rglob("*.png"))
