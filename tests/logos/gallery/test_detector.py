"""The shipped detector with a gallery behind it: an unknown brand is found, the others stay as they were."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from monitor.brands import load_brands
from monitor.logos import load_detector
from monitor.logos.boxes import iou
from monitor.logos.dense import DenseDetector
from monitor.logos.gallery import (
    Gallery,
    GalleryDetector,
    GalleryEntry,
    Target,
    alike,
    build_entry,
    load_embedder,
    named_already,
    read_reference,
)
from monitor.logos.windows import Pixels
from monitor.settings import Device, packaged
from tests.conftest import UnknownBrand

SAMPLES = Path(__file__).parents[3] / "samples"
LENIENT = Target(rate=0.1, proposals=10)
"""The small embedder of these tests knows colours only; a stricter threshold is for one that was trained."""


@pytest.fixture(scope="module")
def models(colour_embedder: Path) -> GalleryDetector:
    dense = load_detector(packaged("onnx_models") / "logos", load_brands(), Device.CPU, threads=1)
    assert isinstance(dense, DenseDetector)
    return GalleryDetector(dense, load_embedder(colour_embedder, Device.CPU, threads=1))


@pytest.fixture(scope="module")
def entry(models: GalleryDetector, acme: UnknownBrand) -> GalleryEntry:
    return build_entry("Acme", [read_reference(acme.logo)], models.embedder, LENIENT)


def load(path: Path) -> Pixels:
    return np.asarray(cv2.imread(str(path)), np.uint8)


def test_an_unknown_brand_is_found_where_it_is_and_nowhere_else(
    models: GalleryDetector, entry: GalleryEntry, acme: UnknownBrand
) -> None:
    detector = models.with_gallery(Gallery(version=3, entries=(entry,)))
    shown, not_shown = load(acme.shown), load(acme.not_shown)
    assert [found.brand for found in models.detect([shown])[0]] == []
    found, none = detector.detect([shown, not_shown])
    assert [one.brand for one in found] == ["Acme"]
    assert none == ()
    height, width = shown.shape[:2]
    box = found[0].box
    corners = np.array([box.x, box.y, box.x + box.width, box.y + box.height], np.float32)
    corners *= [width, height, width, height]
    # The colours under the eaves are as like the logo's as those of the whole; more this embedder cannot see.
    assert iou(corners[None], np.array([acme.box], np.float32))[0, 0] > 0.4
    assert acme.box[0] <= corners[0] < corners[2] <= acme.box[2], "on the sticker and nowhere else"
    assert found[0].score >= entry.threshold
    assert detector.identity == f"{models.dense.identity}+gallery-3"


def test_trained_brands_are_found_as_before(models: GalleryDetector, entry: GalleryEntry) -> None:
    detector = models.with_gallery(Gallery(version=3, entries=(entry,)))
    pictures = [load(SAMPLES / "pictures" / name) for name in ("vmware-slide.png", "nike-box.webp")]
    assert any(models.detect(pictures))
    for before, after in zip(models.detect(pictures), detector.detect(pictures), strict=True):
        assert [one for one in after if one.brand != "Acme"] == list(before)


def test_an_empty_gallery_is_the_detector_itself(
    models: GalleryDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nothing to compare with, so nothing is embedded")

    monkeypatch.setattr(models.embedder, "embed", refuse)
    picture = load(SAMPLES / "pictures" / "vmware-slide.png")
    assert models.detect([picture]) == models.dense.detect([picture])
    assert models.identity == models.dense.identity


def test_a_picture_is_matched_the_same_alone_and_in_a_batch(
    models: GalleryDetector, entry: GalleryEntry, acme: UnknownBrand
) -> None:
    detector = models.with_gallery(Gallery(version=1, entries=(entry,)))
    pictures = [load(acme.not_shown), load(acme.shown), np.zeros((16, 16, 3), np.uint8), load(acme.shown)]
    together = detector.detect(pictures)
    for picture, found in zip(pictures, together, strict=True):
        (alone,) = detector.detect([picture])
        assert [one.brand for one in alone] == [one.brand for one in found]
        for one, other in zip(alone, found, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert msgspec.structs.astuple(one.box) == pytest.approx(
                msgspec.structs.astuple(other.box), abs=1e-4
            )
    assert detector.detect([]) == []


def test_the_same_logo_under_two_names_is_noticed(
    models: GalleryDetector, entry: GalleryEntry, acme: UnknownBrand
) -> None:
    gallery = Gallery(version=1, entries=(entry,))
    twin = build_entry("Ajax", [read_reference(acme.logo)], models.embedder, LENIENT)
    (likeness,) = alike(twin, gallery)
    assert (likeness.brand, likeness.trained) == ("Acme", False)
    assert likeness.score == pytest.approx(1, abs=1e-4)
    assert alike(entry, gallery) == [], "a brand is no rival of itself"


def test_a_trained_brands_logo_is_noticed(models: GalleryDetector, acme: UnknownBrand) -> None:
    nike = named_already([read_reference(SAMPLES / "material" / "nike.svg")], models.dense)
    assert [one.brand for one in nike][:1] == ["Nike"]
    assert nike[0].score >= nike[0].threshold
    assert named_already([read_reference(acme.logo)], models.dense) == []


def test_an_entry_says_how_sure_it_is(entry: GalleryEntry, models: GalleryDetector) -> None:
    facts = entry.calibration
    assert facts.negatives == len(models.embedder.negatives)
    assert (facts.false_alarm_rate, facts.proposals) == (0.1, 10)
    above = (models.embedder.negatives @ entry.embeddings.T).max(1) >= entry.threshold
    assert above.mean() <= LENIENT.box_rate
    np.testing.assert_allclose(np.linalg.norm(entry.embeddings, axis=1), 1, atol=1e-5)
