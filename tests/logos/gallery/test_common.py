"""What photographs have in common is the logo; what somebody said is it stays."""

from pathlib import Path

import numpy as np
import pytest

from monitor.brands import Brand, Brands
from monitor.logos.dense import DenseDetector
from monitor.logos.detector import load_detector
from monitor.logos.gallery import Embedder, Reference, in_common, load_embedder, read_reference
from monitor.settings import packaged

SAMPLES = Path(__file__).parents[3] / "samples"
PHOTOGRAPHS = ("vmware-hall.jpg", "vmware-shirt.jpg", "vmware-sticker.webp")


@pytest.fixture(scope="module")
def models() -> tuple[DenseDetector, Embedder]:
    # No brand is known by name: a place is found for looking like a logo.
    detector = load_detector(packaged("onnx_models") / "logos", Brands([Brand(name="Acme")]))
    assert isinstance(detector, DenseDetector)
    return detector, load_embedder(packaged("onnx_models") / "logos-embedder")


def photographs() -> list[Reference]:
    return [read_reference(SAMPLES / "pictures" / name) for name in PHOTOGRAPHS]


def test_photographs_are_cut_down_to_the_logo_they_share(models: tuple[DenseDetector, Embedder]) -> None:
    given = photographs()
    known = load_detector(
        packaged("onnx_models") / "logos", Brands([Brand(name="VMware", logos=("vmware",))])
    )
    for reference, placed in zip(given, in_common(given, *models), strict=True):
        assert reference.photograph is not None
        assert placed.photograph is None
        assert (placed.name, placed.sha256) == (reference.name, reference.sha256)
        whole = (reference.box[2] - reference.box[0]) * (reference.box[3] - reference.box[1])
        assert (placed.box[2] - placed.box[0]) * (placed.box[3] - placed.box[1]) < 0.5 * whole
        (found,) = known.detect([np.ascontiguousarray(placed.pixels[..., :3])])
        assert "VMware" in {one.brand for one in found}


def test_a_drawing_shows_where_the_logo_is_in_one_photograph(models: tuple[DenseDetector, Embedder]) -> None:
    drawing = read_reference(SAMPLES / "material" / "vmware.svg")
    same, placed = in_common([drawing, photographs()[0]], *models)
    assert same is drawing
    assert placed.photograph is None


def test_one_alone_and_what_somebody_marked_stay_as_they_are(models: tuple[DenseDetector, Embedder]) -> None:
    alone = photographs()[:1]
    assert in_common(alone, *models) == alone
    marked = [read_reference(SAMPLES / "pictures" / name, (20, 20, 220, 120)) for name in PHOTOGRAPHS[:2]]
    assert [one.photograph for one in marked] == [None, None]
    assert in_common(marked, *models) == marked
    assert in_common([], *models) == []
