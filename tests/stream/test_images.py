"""Pictures are scored once per content, kept before they are written down, and fail alone."""

import asyncio
import base64
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.brand_matcher import BrandMatcher
from monitor.brands import Brand, Brands, load_brands
from monitor.errors import ErrorCode
from monitor.messages import Box, Detection, WrittenBrand
from monitor.settings import Device, load_settings
from monitor.storage.pictures import PictureStore
from monitor.storage.records import ImageResult, Rejection
from monitor.stream.gallery import FixedDetector
from monitor.stream.images import ImageScoring
from monitor.stream.metrics import Metrics
from monitor.stream.outage import OutageRetry
from monitor.stream.words import WordReading

WRITTEN = (WrittenBrand(brand="VMware", matched="vmware", line="at vmware", score=0.9, box=Box(0, 0, 1, 1)),)
SAMPLES = Path(__file__).parent.parent.parent / "samples" / "pictures"
FOUND = (Detection(brand="VMware", score=0.9, box=Box(0.1, 0.1, 0.2, 0.2)),)


class CountingDetector:
    """Finds one logo in everything but black pictures, which it cannot bear; counts what it is shown."""

    manifest: Any = SimpleNamespace(identity="counting@1")
    identity = "counting@1"
    device = Device.CPU

    def __init__(self) -> None:
        self.shown = 0

    def warm_up(self) -> None:
        """Works."""

    def detect(self, pictures: Sequence[Any]) -> list[tuple[Detection, ...]]:
        if any(not picture.any() for picture in pictures):
            raise RuntimeError("black")
        self.shown += len(pictures)
        return [FOUND for _ in pictures]


class Memory:
    """The database's memory of pictures."""

    def __init__(self) -> None:
        self.scans: dict[str, tuple[Detection, ...]] = {}
        self.words: dict[str, tuple[WrittenBrand, ...]] = {}
        self.version = "counting@1"

    async def known_detections(
        self, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[Detection, ...]]:
        if model_version != self.version:
            return {}
        return {sha256: scan for sha256, scan in self.scans.items() if sha256 in sha256s}

    async def known_words(
        self, sha256s: Collection[str], model_version: str
    ) -> dict[str, tuple[WrittenBrand, ...]]:
        assert model_version == self.version
        return {sha256: words for sha256, words in self.words.items() if sha256 in sha256s}


class FailingFinder:
    """Finds one name in everything but pictures of shade 90, on which it breaks."""

    identity = "words-1"

    def __init__(self) -> None:
        self.shown = 0

    def find(self, pixels: Any) -> tuple[WrittenBrand, ...]:
        self.shown += 1
        if (pixels == 90).all():
            raise RuntimeError("out of memory")
        return WRITTEN


class Desk:
    def __init__(self, folder: Path, words: bool = False, brands: Brands | None = None) -> None:
        self.metrics = Metrics()
        self.finder = FailingFinder()
        self.detector = CountingDetector()
        self.memory = Memory()
        self.folder = folder
        self.scoring = ImageScoring(
            FixedDetector(self.detector),
            BrandMatcher(brands or load_brands()),
            self.memory,
            PictureStore(str(folder)),
            OutageRetry(0),
            load_settings(),
            WordReading(self.finder, self.metrics) if words else None,
        )

    def score(self, *records: Any) -> list[Any]:
        return asyncio.run(self.scoring.score(records))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "pictures")


@pytest.fixture
def reading(tmp_path: Path) -> Desk:
    """One that reads words, too."""
    return Desk(tmp_path / "pictures", words=True)


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
    assert [outcome.detections for outcome in outcomes] == [FOUND] * 3
    assert outcomes[0].picture == outcomes[1].picture
    assert (outcomes[0].picture.width, outcomes[0].picture.height) == (64, 48)
    assert [brand.brand for brand in outcomes[0].brands] == ["VMware"]


def test_captions_have_a_language_and_words(desk: Desk, picture: Any) -> None:
    german, none, name = desk.score(
        picture(0, 200, "Neuer Aufkleber auf dem Küchentisch"), picture(1, 200, None), picture(2, 200)
    )
    assert [one.language for one in (german, none, name)] == ["de", "und", "und"]
    assert (set(german.words), none.words) == ({"neuer", "aufkleber", "auf", "dem", "kuchentisch"}, ())


@pytest.mark.parametrize(("shown", "named"), [("VMware", ["VMware"]), ("Nike", [])])
def test_a_query_may_ask_what_the_picture_shows(
    tmp_path: Path, picture: Any, shown: str, named: list[str]
) -> None:
    brands = Brands((Brand(name="VMware", query=f"vmware image:{shown}"), Brand(name="Nike")))
    (outcome,) = Desk(tmp_path / "pictures", brands=brands).score(picture(0, 200))
    assert [found.brand for found in FOUND] == ["VMware"]
    assert [one.brand for one in outcome.brands] == named


def test_a_picture_the_database_knows_is_not_shown_at_all(desk: Desk, picture: Any) -> None:
    (first,) = desk.score(picture(0, 200))
    desk.memory.scans[first.picture.sha256] = ()
    (again,) = desk.score(picture(1, 200))
    assert desk.detector.shown == 1
    assert again.detections == ()


def test_the_file_is_in_the_store_before_the_result_is_handed_on(desk: Desk, picture: Any) -> None:
    (outcome,) = desk.score(picture(0, 200))
    assert isinstance(outcome, ImageResult)
    assert Path(outcome.picture.url.removeprefix("file://")).stat().st_size == outcome.picture.n_bytes


def test_a_picture_the_model_cannot_bear_fails_alone_and_is_not_kept(desk: Desk, picture: Any) -> None:
    good, bad, other = desk.score(picture(0, 200), picture(1, 0), picture(2, 90))
    assert isinstance(bad, Rejection)
    assert bad.letter.error_code == ErrorCode.SCORING_FAILED.value
    assert good.detections == other.detections == FOUND
    assert len([path for path in desk.folder.rglob("*") if path.is_file()]) == 2


def test_what_does_not_decode_is_rejected_in_its_place(desk: Desk, picture: Any, records: Any) -> None:
    outcomes = desk.score(picture(0, 200), records(1, value=b"{"), picture(2, 90))
    assert [type(outcome) for outcome in outcomes] == [ImageResult, Rejection, ImageResult]
    assert [outcome.position.offset for outcome in outcomes] == [0, 1, 2]


def test_without_a_reader_the_version_is_the_detectors(desk: Desk, picture: Any) -> None:
    (outcome,) = desk.score(picture(0, 200))
    assert (outcome.model_version, outcome.written) == ("counting@1", ())
    assert desk.finder.shown == 0


def test_words_are_read_and_the_version_says_so(reading: Desk, picture: Any) -> None:
    first, again = reading.score(picture(0, 200), picture(1, 200))
    assert first.model_version == "counting@1+words-1"
    assert first.written == again.written == WRITTEN
    assert first.detections == FOUND
    assert reading.finder.shown == 1


def test_words_the_database_knows_are_not_read_again(reading: Desk, picture: Any) -> None:
    (first,) = reading.score(picture(0, 200))
    sha256 = first.picture.sha256
    reading.memory.version = "counting@1+words-1"
    reading.memory.scans[sha256] = ()
    reading.memory.words[sha256] = WRITTEN
    (again,) = reading.score(picture(1, 200))
    assert (again.detections, again.written) == ((), WRITTEN)
    assert reading.finder.shown == reading.detector.shown == 1


def test_a_picture_that_cannot_be_read_keeps_its_logos_and_stays_due(reading: Desk, picture: Any) -> None:
    good, unread = reading.score(picture(0, 200), picture(1, 90))
    assert (unread.model_version, unread.detections, unread.written) == ("counting@1", FOUND, ())
    assert good.model_version == "counting@1+words-1"
    sample = reading.metrics.registry.get_sample_value
    assert sample("brand_monitor_pictures_unread_total") == 1
    assert sample("brand_monitor_words_seconds_count") == 1


def test_a_picture_the_model_cannot_bear_is_not_read(reading: Desk, picture: Any) -> None:
    bad, good = reading.score(picture(0, 0), picture(1, 200))
    assert isinstance(bad, Rejection)
    assert good.written == WRITTEN
    assert reading.finder.shown == 1


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
