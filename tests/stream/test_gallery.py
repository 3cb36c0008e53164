"""A worker's gallery follows the database: from the next batch on, through outages and damaged entries."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.brands import Brands
from monitor.errors import OutageError, SetupError
from monitor.logos import load_detector
from monitor.logos.dense import DenseDetector
from monitor.logos.finder import LogoFinder
from monitor.logos.gallery import (
    Calibration,
    Gallery,
    GalleryDetector,
    GalleryEntry,
    load_embedder,
    open_gallery_detector,
)
from monitor.settings import Device, load_settings, packaged
from monitor.stream.gallery import FixedFinder, GalleryFeed
from monitor.stream.metrics import Metrics


def entry(brand: str) -> GalleryEntry:
    calibration = Calibration(
        false_alarm_rate=0.001,
        confidence=0.9,
        proposals=10,
        negatives=1000,
        nearest_negative=0.5,
        method="order-statistic",
        margin=0.1,
    )
    row = np.zeros((1, 64), np.float32)
    row[0, 0] = 1
    return GalleryEntry(brand=brand, embeddings=row, threshold=0.8, calibration=calibration)


@dataclass
class Shelf:
    """A gallery source whose trouble the test decides."""

    gallery: Gallery = field(default_factory=Gallery)
    trouble: Exception | None = None
    reads: int = 0

    async def version(self) -> int:
        if isinstance(self.trouble, OutageError):
            raise self.trouble
        return self.gallery.version

    async def read(self, embedder: str) -> Gallery:
        self.reads += 1
        if self.trouble:
            raise self.trouble
        return self.gallery


@pytest.fixture(scope="module")
def detector(colour_embedder: Path) -> GalleryDetector:
    dense = load_detector(packaged("onnx_models") / "logos", Brands(), Device.CPU, threads=1)
    assert isinstance(dense, DenseDetector)
    return GalleryDetector(dense, load_embedder(colour_embedder, Device.CPU, threads=1))


def now(feed: GalleryFeed) -> Any:
    finder = asyncio.run(feed.now())
    assert finder.letters is None
    return finder.detector


def test_an_empty_gallery_is_the_plain_model(detector: GalleryDetector) -> None:
    shelf = Shelf()
    assert now(GalleryFeed(detector, None, shelf, Metrics())).identity == detector.dense.identity
    assert shelf.reads == 0


def test_a_change_counts_from_the_next_batch_on_and_is_read_once(detector: GalleryDetector) -> None:
    shelf, metrics = Shelf(), Metrics()
    feed = GalleryFeed(detector, None, shelf, metrics)
    before = now(feed)
    shelf.gallery = Gallery(version=7, entries=(entry("Acme"),))
    after = now(feed)
    assert before.identity == detector.dense.identity, "a batch under way keeps what it began with"
    assert after.identity == f"{detector.dense.identity}+gallery-7"
    assert now(feed) is after
    assert shelf.reads == 1
    assert metrics.registry.get_sample_value("brand_monitor_gallery_version") == 7
    assert metrics.registry.get_sample_value("brand_monitor_gallery_brands") == 1


def test_the_last_brand_taken_out_brings_the_plain_model_back(detector: GalleryDetector) -> None:
    shelf = Shelf(Gallery(version=1, entries=(entry("Acme"),)))
    feed = GalleryFeed(detector, None, shelf, Metrics())
    assert now(feed).identity.endswith("+gallery-1")
    shelf.gallery = Gallery(version=2)
    assert now(feed).identity == detector.dense.identity


@pytest.mark.parametrize("trouble", [OutageError("away"), SetupError("damaged")])
def test_the_last_gallery_stays_in_trouble_and_the_next_comes_after_it(
    detector: GalleryDetector, trouble: Exception
) -> None:
    shelf = Shelf(Gallery(version=1, entries=(entry("Acme"),)))
    feed = GalleryFeed(detector, None, shelf, Metrics())
    first = now(feed)
    shelf.gallery, shelf.trouble = Gallery(version=2, entries=(entry("Bolt"),)), trouble
    for _ in range(3):
        assert now(feed) is first
    assert shelf.reads <= 2, "a damaged gallery is not read for every batch"
    shelf.gallery, shelf.trouble = Gallery(version=3, entries=(entry("Bolt"),)), None
    assert now(feed).identity.endswith("+gallery-3")


def test_only_stale_entries_are_no_gallery(detector: GalleryDetector) -> None:
    """Made by another embedder: they cannot be compared, and the rows do not say they were."""
    feed = GalleryFeed(detector, None, Shelf(Gallery(version=4, stale=("Acme",))), Metrics())
    assert now(feed).identity == detector.dense.identity


def test_without_an_embedder_the_finder_is_what_it_is(detector: GalleryDetector) -> None:
    finder = LogoFinder(detector.dense)
    fixed = FixedFinder(finder)
    assert asyncio.run(fixed.now()) is finder
    assert fixed.device is Device.CPU


def test_the_setting_that_turns_it_off(detector: GalleryDetector, colour_embedder: Path) -> None:
    off = load_settings(logo_embedder="")
    assert open_gallery_detector(detector.dense, off) == (None, "MONITOR_LOGO_EMBEDDER is empty")
    missing, why = open_gallery_detector(detector.dense, load_settings(logo_embedder="nowhere"))
    assert missing is None
    assert "nowhere" in why
    there, _ = open_gallery_detector(
        detector.dense, load_settings(models_dir=colour_embedder.parent, logo_embedder=colour_embedder.name)
    )
    assert there is not None
    assert there.embedder.identity == "colours@1"
