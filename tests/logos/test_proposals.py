"""Proposals: where the dense detector sees logos of whatever brand, beside what it names."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from monitor.brands import Brand, Brands
from monitor.inference import load_manifest
from monitor.logos import load_detector
from monitor.logos.boxes import areas, iou
from monitor.logos.decoding import decode_picture
from monitor.logos.dense import DenseDetector
from monitor.logos.windows import Pixels
from monitor.settings import Device, packaged

MODEL = packaged("onnx_models") / "logos"

SAMPLES = Path(__file__).parents[2] / "samples" / "pictures"


@pytest.fixture(scope="module")
def detector() -> DenseDetector:
    brands = Brands(Brand(name=label, logos=(label,)) for label in load_manifest(MODEL).labels)
    loaded = load_detector(MODEL, brands, Device.CPU, threads=1)
    assert isinstance(loaded, DenseDetector)
    return loaded


def scene(width: int, height: int, seed: int) -> Pixels:
    """Coloured discs with words on them."""
    rng = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), rng.integers(60, 200, 3), np.uint8)
    size = max(min(width, height) // 4, 2)
    for word in ("PRADA", "Google", "Acme"):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.circle(pixels, (x, y), size, rng.integers(0, 255, 3).tolist(), -1)
        cv2.putText(pixels, word, (x - size, y), cv2.FONT_HERSHEY_DUPLEX, size / 40 + 0.2, (255, 255, 255), 2)
    return pixels


def slide() -> Pixels:
    data = (SAMPLES / "vmware-slide.png").read_bytes()
    return decode_picture(data, max_bytes=10**8, max_pixels=10**8).pixels


@pytest.fixture(scope="module")
def pictures() -> list[Pixels]:
    return [scene(640, 480, 1), scene(480, 640, 2), scene(200, 150, 4), np.zeros((300, 20, 3), np.uint8)]


def test_a_scan_names_what_a_look_names_and_detect_what_of_it_suffices(
    detector: DenseDetector, pictures: list[Pixels]
) -> None:
    pictures = [*pictures, slide()]
    looks = detector.look(pictures)
    assert [scan.looks for scan in detector.scan(pictures, 10, 0.01)] == looks
    enough = [[look for look in own if look.score >= look.threshold] for own in looks]
    assert sum(map(len, enough)) < sum(map(len, looks)), "weak ones, too"
    for found, own in zip(detector.detect(pictures), enough, strict=True):
        assert [(one.brand, one.score, one.box) for one in found] == [
            (look.brand, look.score, look.box) for look in own
        ]
    assert any(enough)


@pytest.mark.parametrize("most", [0, 1, 7, 50])
def test_proposals_are_the_best_and_lie_inside_the_picture(
    detector: DenseDetector, pictures: list[Pixels], most: int
) -> None:
    everything = detector.scan(pictures, 50, 0.01)
    assert any(len(scan.proposals.scores) > 7 for scan in everything)
    for picture, scan, all_of_it in zip(
        pictures, detector.scan(pictures, most, 0.01), everything, strict=True
    ):
        boxes, scores = scan.proposals.boxes, scan.proposals.scores
        assert len(boxes) == len(scores) <= most
        assert (np.diff(scores) <= 0).all()
        assert ((scores >= 0.01) & (scores <= 1.001)).all()
        height, width = picture.shape[:2]
        assert (boxes >= 0).all()
        assert (boxes[:, 2:] <= [width, height]).all()
        assert (areas(boxes) > 0).all()
        assert (iou(boxes, boxes) <= detector.geometry.most_overlap + np.eye(len(boxes))).all()
        np.testing.assert_array_equal(boxes, all_of_it.proposals.boxes[:most])


def test_a_logo_of_a_brand_nobody_lists_is_proposed_all_the_same(detector: DenseDetector) -> None:
    """Known by its look, not by its name: what the gallery builds on."""
    nobody = load_detector(MODEL, Brands(), Device.CPU, threads=1)
    assert isinstance(nobody, DenseDetector)
    picture = slide()
    named = detector.detect([picture])[0][0].box
    (scan,) = nobody.scan([picture], 10, 0.1)
    assert scan.looks == ()
    height, width = picture.shape[:2]
    box = np.array(
        [
            [
                named.x * width,
                named.y * height,
                (named.x + named.width) * width,
                (named.y + named.height) * height,
            ]
        ],
        np.float32,
    )
    assert iou(box, scan.proposals.boxes).max() > 0.9


def test_only_pictures_with_the_detail_for_it_are_looked_at_on_a_large_level(detector: DenseDetector) -> None:
    geometry = msgspec.structs.replace(detector.geometry, levels=(640, 320), large_levels=(1024,))
    closer = DenseDetector(detector._model, {}, dict.fromkeys(detector.manifest.labels, 0.5))
    closer.geometry = geometry
    sides = {
        longest: [max(level.pixels.shape) for level, _, _ in closer._levels(scene(longest, longest // 2, 1))]
        for longest in (300, 1023, 1024, 2000)
    }
    assert sides == {300: [672, 352], 1023: [672, 352], 1024: [1056, 672, 352], 2000: [1056, 672, 352]}
