"""The shipped detector on ONNX Runtime: pictures of any size, alone or in a batch, for listed brands."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import Brand, Brands, load_brands
from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.inference.manifest import sha256_of
from monitor.logos import LogoDetector, load_detector
from monitor.messages import Detection
from monitor.settings import Device, packaged

MODEL = packaged("onnx_models") / "logos"
LABELS = load_manifest(MODEL).labels
WEAK = 0.01
"""Low enough that any picture has detections to compare."""


def every_label() -> Brands:
    return Brands(Brand(name=label, logos=(label,)) for label in LABELS)


@pytest.fixture(scope="module")
def detector() -> LogoDetector:
    return load_detector(MODEL, every_label(), Device.CPU, threads=1, threshold=WEAK)


def scene(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Coloured shapes and lettering: gives the network something to score."""
    rng = np.random.default_rng(seed)
    pixels = np.full((height, width, 3), rng.integers(60, 200, 3), np.uint8)
    size = max(min(width, height) // 4, 2)
    for word in ("PRADA", "Google", "vmware", "NBC"):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        cv2.circle(pixels, (x, y), size, colour, -1)
        cv2.putText(pixels, word, (x - size, y), cv2.FONT_HERSHEY_DUPLEX, size / 40 + 0.2, (255, 255, 255), 2)
    return pixels


def assert_alike(a: tuple[Detection, ...], b: tuple[Detection, ...]) -> None:
    assert [d.brand for d in a] == [d.brand for d in b]
    for one, other in zip(a, b, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert msgspec.structs.astuple(one.box) == pytest.approx(msgspec.structs.astuple(other.box), abs=1e-4)


def test_a_picture_scores_the_same_alone_and_in_a_batch(detector: LogoDetector) -> None:
    pictures = [scene(640, 480, 1), scene(480, 640, 2), scene(640, 480, 3), scene(200, 150, 4)]
    together = detector.detect(pictures)
    assert any(together)
    for picture, found in zip(pictures, together, strict=True):
        assert_alike(detector.detect([picture])[0], found)


@pytest.mark.parametrize(
    ("width", "height"),
    [(16, 16), (8, 8), (2000, 90), (90, 2000), (1, 300), (640, 480), (333, 777)],
    ids=lambda side: str(side),
)
def test_pictures_of_any_shape(detector: LogoDetector, width: int, height: int) -> None:
    for detection in detector.detect([scene(width, height)])[0]:
        box = detection.box
        assert 0 <= box.x < box.x + box.width <= 1
        assert 0 <= box.y < box.y + box.height <= 1
        assert WEAK <= detection.score <= 1


def test_forty_megapixels(detector: LogoDetector) -> None:
    """Scaled down to the working size: the same logos as on the small picture it was blown up from."""
    small = scene(1600, 1000, 5)
    large = cv2.resize(small, (8000, 5000), interpolation=cv2.INTER_NEAREST)
    found, again = detector.detect([small])[0], detector.detect([np.asarray(large, np.uint8)])[0]
    assert [d.brand for d in found[:1]] == [d.brand for d in again[:1]]


def test_best_first(detector: LogoDetector) -> None:
    scores = [detection.score for detection in detector.detect([scene(640, 480, 6)])[0]]
    assert len(scores) > 1
    assert scores == sorted(scores, reverse=True)


def test_no_pictures(detector: LogoDetector) -> None:
    assert detector.detect([]) == []


def test_labels_without_a_brand_are_not_reported(detector: LogoDetector) -> None:
    picture = scene(640, 480, 1)
    seen = {detection.brand for detection in detector.detect([picture])[0]}
    label = sorted(seen)[0]
    only = load_detector(
        MODEL, Brands([Brand(name="Just One", logos=(label,))]), Device.CPU, 1, threshold=WEAK
    )
    assert {detection.brand for detection in only.detect([picture])[0]} == {"Just One"}
    assert load_detector(MODEL, Brands(), Device.CPU, 1, threshold=WEAK).detect([picture]) == [()]


def test_the_shipped_thresholds_hold(detector: LogoDetector) -> None:
    shipped = load_detector(MODEL, every_label(), Device.CPU, 1)
    for picture in (scene(640, 480, seed) for seed in range(3)):
        for detection in shipped.detect([picture])[0]:
            assert detection.score >= shipped.manifest.thresholds[detection.brand]


def test_every_packaged_logo_label_is_known_to_a_model() -> None:
    listed = set(load_brands().by_logo())
    assert len(listed & set(LABELS)) >= 6
    assert "vmware" in listed & set(LABELS)


def test_warm_up_and_device(detector: LogoDetector) -> None:
    detector.warm_up()
    assert detector.device is Device.CPU
    assert detector.manifest.identity.startswith("logos@")


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "model.onnx").write_bytes((MODEL / "model.onnx").read_bytes())
    manifest = msgspec.structs.replace(load_manifest(MODEL), architecture="crystal-ball")
    assert manifest.sha256 == sha256_of(folder / "model.onnx")
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    with pytest.raises(SetupError, match=r"crystal-ball.*dense-pyramid"):
        load_detector(folder, every_label(), Device.CPU)


def test_dense_evaluation_equals_scoring_each_window_alone(detector: LogoDetector) -> None:
    """The network's answer at a window centre depends on its receptive field only.

    So a window as large as the field, cut out and scored alone, gets the numbers of the dense grid.
    """
    field = 1088  # px; 1,011 along the deepest path, and what two upsamplings may shift
    whole = cv2.resize(scene(400, 380, 7), (1376, 1280))
    model = detector._model  # type: ignore[attr-defined]
    dense = model.run(pixels=whole[None])
    for left, top in ((0, 0), (96, 64), (256, 192)):
        window = np.ascontiguousarray(whole[top : top + field, left : left + field])
        alone = model.run(pixels=window[None])
        row, column = field // 16, field // 16
        inside = row * (field // 8) + column
        outside = (row + top // 8) * (whole.shape[1] // 8) + column + left // 8
        for name, (one, many) in zip(("objectness", "brands"), zip(alone, dense, strict=True), strict=False):
            assert one[0, inside] == pytest.approx(many[0, outside], abs=1e-4), name
        boxes_alone = alone[2][0, inside] + np.array([left, top, left, top])
        assert boxes_alone == pytest.approx(dense[2][0, outside], abs=0.05)
