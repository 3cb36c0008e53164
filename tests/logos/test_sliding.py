"""The talk's detector: windows of its five sizes cover the picture, and the shipped baseline answers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import Brand, Brands
from monitor.logos import load_detector
from monitor.logos.sliding import SlidingWindowDetector
from monitor.messages import Detection
from monitor.settings import Device, packaged

MODEL = packaged("onnx_models") / "logos-talk"


@pytest.fixture(scope="module")
def detector() -> SlidingWindowDetector:
    brands = Brands([Brand(name="Coca-Cola", logos=("cocacola",))])
    loaded = load_detector(MODEL, brands, Device.CPU, threads=1, threshold=0.05)
    assert isinstance(loaded, SlidingWindowDetector)
    return loaded


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Left to right darker to lighter, so that a window's pixels tell where it was cut."""
    columns = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.repeat(columns[None, :, None], height, 0), 3, 2)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (200, 300), (900, 100), (20, 16)])
def test_windows_cover_the_picture_at_every_size(
    detector: SlidingWindowDetector, width: int, height: int
) -> None:
    sizes = 0
    seen = np.zeros((height, width), bool)
    for pixels, boxes in detector.windows(picture(width, height)):
        sizes += 1
        assert pixels.shape == (
            len(boxes),
            detector.geometry.window_height,
            detector.geometry.window_width,
            3,
        )
        assert (boxes >= -0.01).all()
        assert (boxes[:, 2] <= width + 0.51).all()
        assert (boxes[:, 3] <= height + 0.51).all()
        for x1, y1, x2, y2 in np.rint(boxes).astype(int).tolist():
            seen[y1:y2, x1:x2] = True
    assert sizes % len(detector.geometry.shares) == 0
    assert seen.all()


def test_a_window_holds_the_pixels_of_its_box(detector: SlidingWindowDetector) -> None:
    image = picture(320, 240)
    for pixels, boxes in detector.windows(image):
        for window, (x1, _, x2, _) in zip(pixels, boxes, strict=True):
            expected = image[0, min(int((x1 + x2) / 2), 319), 0]
            assert abs(float(window.mean()) - float(expected)) < 4


@pytest.fixture(scope="module")
def everything() -> SlidingWindowDetector:
    brands = Brands([Brand(name="Coca-Cola", logos=("cocacola",))])
    loaded = load_detector(MODEL, brands, Device.CPU, threads=1, threshold=0.0)
    assert isinstance(loaded, SlidingWindowDetector)
    return loaded


@pytest.fixture(scope="module")
def found(everything: SlidingWindowDetector) -> tuple[Detection, ...]:
    """What is left of 459 windows, however low they score: seconds of work, done once."""
    (detections,) = everything.detect([picture(60, 60)])
    return detections


def test_detections_are_sorted_apart_and_inside(found: tuple[Detection, ...]) -> None:
    assert len(found) > 1
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    for detection in found:
        assert detection.brand == "Coca-Cola"
        assert 0 <= detection.box.x <= detection.box.x + detection.box.width <= 1
        assert 0 <= detection.box.y <= detection.box.y + detection.box.height <= 1


def test_an_unlisted_brand_costs_nothing() -> None:
    silent = load_detector(MODEL, Brands(), Device.CPU, threads=1)
    silent.warm_up()
    assert silent.detect([picture(320, 240)]) == [()]


def test_it_looks_as_it_detects(everything: SlidingWindowDetector, found: tuple[Detection, ...]) -> None:
    (looks,) = everything.look([picture(60, 60)])
    assert [(one.brand, one.score, one.box) for one in found] == [
        (look.brand, look.score, look.box) for look in looks
    ]
    assert {look.threshold for look in looks} == {0.0}
