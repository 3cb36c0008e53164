"""Annotations come out of COCO JSON and imglab XML as they are; broken files are named."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.errors import SetupError
from training.data.coco import read_coco, write_coco
from training.data.imglab import read_imglab
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture, LogoBox, Split, hashed_split

NAME = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)


@st.composite
def logo_boxes(draw: st.DrawFn, numbers: st.SearchStrategy[float]) -> LogoBox:
    x, y, width, height = (draw(numbers) for _ in range(4))
    return LogoBox(draw(NAME), x, y, width, height, draw(st.booleans()))


def pictures_at(folder: Path, boxes: list[list[LogoBox]]) -> list[AnnotatedPicture]:
    return [
        AnnotatedPicture(
            folder / f"p{number} ü.jpg",
            640,
            480,
            tuple(own),
            hashed_split(f"p{number} ü.jpg"),
            folder.name,
            f"group{number // 2}",
            0.25 * number,
        )
        for number, own in enumerate(boxes)
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(boxes=st.lists(st.lists(logo_boxes(st.floats(0, 5000, width=32)), max_size=4), min_size=1, max_size=4))
def test_coco_keeps_everything(tmp_path: Path, boxes: list[list[LogoBox]]) -> None:
    pictures = pictures_at(tmp_path, boxes)
    write_coco(tmp_path / "annotations.json", pictures)
    assert read_coco(tmp_path / "annotations.json") == pictures


def test_imglab_as_the_tool_writes_it(tmp_path: Path) -> None:
    """Older imglab leaves out the picture's size; boxes may have no label."""
    cv2.imwrite(str(tmp_path / "booth.png"), np.zeros((30, 50, 3), np.uint8))
    (tmp_path / "marked.xml").write_text(
        """<?xml version='1.0' encoding='ISO-8859-1'?>
<?xml-stylesheet type='text/xsl' href='image_metadata_stylesheet.xsl'?>
<dataset><name>imglab dataset</name><comment>Created by imglab tool.</comment>
<images><image file='booth.png'>
  <box top='3' left='5' width='20' height='6'><label>vmware</label></box>
  <box top='10' left='1' width='8' height='8' ignore='1'/>
</image></images></dataset>"""
    )
    (picture,) = read_imglab(tmp_path / "marked.xml")
    assert (picture.width, picture.height) == (50, 30)
    assert picture.boxes == (LogoBox("vmware", 5, 3, 20, 6), LogoBox("logo", 1, 10, 8, 8, ignore=True))
    assert picture.targets == picture.boxes[:1]
    assert picture.load().shape == (30, 50, 3)


def written(tmp_path: Path, **fields: object) -> AnnotatedPicture:
    """One picture of 50 x 30 px with a box of "acme", and further fields of an image."""
    image = {"id": 1, "file_name": "a.jpg", "width": 50, "height": 30, **fields}
    mark = {"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]}
    document = {"images": [image], "annotations": [mark], "categories": [{"id": 7, "name": "acme"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(document))
    (picture,) = read_coco(tmp_path / "annotations.json")
    return picture


@pytest.mark.parametrize(
    ("fields", "shown", "boxed"),
    [
        ({}, {"acme"}, True),
        ({"labels": ["acme"]}, {"acme"}, True),
        ({"labels": ["other"]}, {"acme", "other"}, False),
        ({"labels": ["acme"], "boxes_annotated": False}, {"acme"}, False),
        ({"labels": ["other"], "boxes_annotated": True}, {"acme", "other"}, True),
        ({"boxes_annotated": False}, {"acme"}, False),
    ],
)
def test_labels_of_a_picture_need_no_box(
    tmp_path: Path, fields: dict[str, object], shown: set[str], boxed: bool
) -> None:
    picture = written(tmp_path, **fields)
    assert (set(picture.shown), picture.boxed, picture.logo_free) == (shown, boxed, False)


def test_a_picture_is_free_of_logos_only_where_nothing_says_otherwise(tmp_path: Path) -> None:
    plain = AnnotatedPicture(tmp_path / "a.jpg", 9, 9, (), Split.TRAIN, tmp_path.name)
    labelled = replace(plain, path=tmp_path / "b.jpg", labels=("acme", "other"), boxed=False)
    unknown = replace(plain, path=tmp_path / "c.jpg", boxed=False)
    write_coco(tmp_path / "annotations.json", [plain, labelled, unknown])
    read = read_coco(tmp_path / "annotations.json")
    assert read == [plain, labelled, unknown]
    assert [picture.logo_free for picture in read] == [True, False, False]


@pytest.mark.parametrize("labels", ["acme", [1], None])
def test_labels_that_are_no_names_are_refused(tmp_path: Path, labels: object) -> None:
    with pytest.raises(SetupError, match=r"labels of a\.jpg"):
        written(tmp_path, labels=labels)


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.xml").write_text(
        '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><dataset>&b;</dataset>'
    )
    with pytest.raises(SetupError, match=r"bomb\.xml"):
        read_imglab(tmp_path / "bomb.xml")


@pytest.mark.parametrize("text", ["", "<dataset>", "<dataset><images><image/></images></dataset>"])
def test_broken_imglab_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.xml").write_text(text)
    with pytest.raises(SetupError, match=r"bad\.xml"):
        read_imglab(tmp_path / "bad.xml")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"images": [], "categories": [], "annotations": [{"bbox": [1, 2, 3], "category_id": 1}]}),
        json.dumps(
            {"images": [], "categories": [], "annotations": [{"bbox": [1, 2, 3, 4], "category_id": 1}]}
        ),
    ],
)
def test_broken_coco_is_named(tmp_path: Path, document: str) -> None:
    (tmp_path / "annotations.json").write_text(document)
    with pytest.raises(SetupError, match=r"annotations\.json"):
        read_coco(tmp_path / "annotations.json")


def test_sets_are_found_in_both_forms_and_by_name(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "logos" / name).mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "logos" / "two" / "a.png"), np.zeros((20, 20, 3), np.uint8))
    write_coco(tmp_path / "logos" / "one" / "annotations.json", pictures_at(tmp_path / "logos" / "one", [[]]))
    (tmp_path / "logos" / "two" / "boxes.xml").write_text(
        "<dataset><images><image file='a.png'>"
        "<box top='2' left='1' width='3' height='4'/></image></images></dataset>"
    )
    assert [picture.folder for picture in read_logo_sets(tmp_path)] == ["one", "two"]
    assert [picture.folder for picture in read_logo_sets(tmp_path / "logos", ["two"])] == ["two"]
    with pytest.raises(SetupError, match="three"):
        read_logo_sets(tmp_path, ["three"])


def test_a_folder_without_annotations_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=str(tmp_path)):
        read_logo_sets(tmp_path)


def test_the_split_by_name_is_fixed_and_about_as_stated() -> None:
    splits = [hashed_split(f"{number}.jpg") for number in range(2000)]
    assert splits[:3] == [hashed_split(f"{number}.jpg") for number in range(3)]
    assert 0.6 < splits.count(Split.TRAIN) / 2000 < 0.8
    assert 0.1 < splits.count(Split.VAL) / 2000 < 0.2
