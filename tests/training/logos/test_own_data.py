"""Data of one's own: it gives a model that the service takes, or what is missing is said at the start."""

from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_fields

from monitor.brands import Brand, Brands
from monitor.errors import SetupError
from monitor.inference import load_manifest
from monitor.logos import load_detector
from monitor.settings import Device, packaged
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, Split
from training.export import write_model_folder
from training.logos.dense_recipe import make_dense_model
from training.logos.embedder_recipe import close_ups, make_embedder_model
from training.logos.talk_recipe import make_talk_model

SPLITS = (Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.TRAIN, Split.VAL, Split.VAL, Split.TEST, Split.TEST)


@pytest.fixture
def own(drawn: list[AnnotatedPicture], tmp_path: Path) -> Path:
    """Eight pictures with a logo each, and no others."""
    shown = [picture for picture in drawn if picture.boxes]
    write_coco(
        tmp_path / "annotations.json", [replace(p, split=s) for p, s in zip(shown, SPLITS, strict=True)]
    )
    return tmp_path


@pytest.mark.training
def test_a_folder_without_logo_free_pictures_gives_a_model_that_loads(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = own / "models" / "logos"
    make_dense_model(own, out, own / "run", ["steps=2", "batch=2", "export_bits=32"], "test")
    said = capsys.readouterr()
    for missing in ("no pictures without logos", "no folder with 20 boxes in test pictures"):
        assert missing in said.out
    assert "convolutions in " in said.out
    assert "0/2 [" in said.err, "progress from the first step"
    manifest = load_manifest(out)
    assert [metric.name for metric in manifest.metrics] == ["mAP50", "seconds per picture"]
    brands = Brands([Brand(name="Disc", logos=("disc",)), Brand(name="Bar", logos=("bar",))])
    assert load_detector(out, brands, Device.CPU).manifest.labels == ("bar", "disc")


@pytest.mark.training
def test_the_talks_model_needs_no_logo_free_pictures_either(own: Path) -> None:
    changes = [f"sets={own.name}", "brand=disc", "epochs=1", "positives=8", "negatives=8", "batch=4"]
    make_talk_model(own, own / "models" / "logos-talk", own / "run", changes, "test")
    names = [metric.name for metric in load_manifest(own / "models" / "logos-talk").metrics]
    assert "AP50 disc" in names
    assert "false alarm share" not in names
    with pytest.raises(SetupError, match="no val picture has a box of 'ring'"):
        make_talk_model(own, own / "none", own / "none", [f"sets={own.name}", "brand=ring"], "test")


def test_too_few_logo_free_pictures_are_named_before_the_training(own: Path) -> None:
    (own / "nothing").mkdir()
    write_coco(
        own / "nothing" / "annotations.json",
        [AnnotatedPicture(own / f"{n}.png", 240, 180, (), Split.TRAIN, "nothing") for n in range(30)],
    )
    with pytest.raises(SetupError, match=r"logo-free pictures set aside.*that takes 114,"):
        make_dense_model(own, own / "out", own / "run", [], "test")
    assert not (own / "run").exists()


@pytest.mark.parametrize("make", [make_dense_model, make_embedder_model])
def test_labels_alone_are_not_enough_to_learn_boxes(make: object, drawn: list[AnnotatedPicture]) -> None:
    data = drawn[0].path.parent
    whole = [replace(p, boxes=(), labels=("disc",), boxed=False) for p in drawn]
    write_coco(data / "annotations.json", whole)
    rest = (packaged("onnx_models") / "logos",) if make is make_embedder_model else ()
    with pytest.raises(SetupError, match="a box around a logo"):
        make(data, data / "out", data / "run", [], "test", *rest)  # type: ignore[operator]


def test_close_ups_are_learned_whole_and_packs_by_their_box(drawn: list[AnnotatedPicture]) -> None:
    badge = replace(drawn[0], boxes=(), labels=("disc",), boxed=False, folder="badges")
    pack = replace(drawn[0], labels=("disc",), boxed=False, folder="badges")
    two = replace(badge, labels=("bar", "disc"))
    shelf = replace(badge, folder="shelves")
    shown = close_ups([badge, pack, two, shelf], ["badges"])
    assert [box.corners for picture in shown for box in picture.boxes] == [
        (0, 0, 240, 180),
        drawn[0].boxes[0].corners,
    ]
    assert not any(picture.boxed for picture in shown), "beside the badge may be another: no background"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_manifest_holds_what_is_no_number(tmp_path: Path, value: float) -> None:
    manifest = load_manifest(packaged("onnx_models") / "logos")
    metrics = (replace_fields(manifest.metrics[0], value=value),)
    with pytest.raises(ValueError, match=r"manifest\.metrics\[0\]\.value is (nan|inf)"):
        write_model_folder(tmp_path, replace_fields(manifest, metrics=metrics), "# test")
    assert not list(tmp_path.iterdir())
