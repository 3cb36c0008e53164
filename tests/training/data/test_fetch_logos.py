"""Every converter on an archive in the set's own format, made here; fetched from a local server."""

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich.console import Console
from typer import Typer
from typer.testing import CliRunner

from monitor.errors import SetupError
from training.data.commands import register
from training.data.fetch_logos import choose, fetch_logos, match_files
from training.data.logo_sets import read_logo_sets
from training.data.pictures import AnnotatedPicture
from training.data.public.logo_registry import PUBLIC_PICTURES

Serve = Callable[[str, Mapping[str, bytes]], dict[str, int]]


def jpeg(width: int, height: int) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def tarred(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def voc(label: str, *corners: int) -> bytes:
    edges = "".join(
        f"<{edge}>{value}</{edge}>"
        for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return f"<annotation><object><name>{label}</name><bndbox>{edges}</bndbox></object></annotation>".encode()


@pytest.fixture
def serve(server: Any, tmp_path: Path) -> Serve:
    """Fetch a set of the registry from the local server: its names and converter, our bodies."""

    def fetch(name: str, files: Mapping[str, bytes]) -> dict[str, int]:
        one = choose([name])[0]
        here = tuple(
            replace(file, url=server.serve(file.name, files[file.name]), size=None, sha256=None)
            for file in one.files
        )
        return fetch_logos(tmp_path, [replace(one, files=here)], {}, console=Console(quiet=True))

    return fetch


def by_name(folder: Path) -> dict[str, AnnotatedPicture]:
    return {picture.path.name: picture for picture in read_logo_sets(folder)}


def test_flickr_logos_27_keeps_each_box_once_and_queries_without_a_brand(
    serve: Serve, tmp_path: Path
) -> None:
    root = "flickr_logos_27_dataset/flickr_logos_27_dataset"
    pictures = {f"{root}_images/{name}.jpg": jpeg(60, 40) for name in ("1", "2", "3", "4")}
    archive = tarred(
        {
            f"{root}_training_set_annotation.txt": b"1.jpg Coca-Cola 1 5 6 25 16 \n"
            b"1.jpg Coca-Cola 2 5 6 25 16\n2.jpg HP 1 10 10 10 30\n2.jpg HP 1 0 0 20 30\n",
            f"{root}_query_set_annotation.txt": b"3.jpg\tnone\n4.jpg\tHP\n",
            f"{root}_images.tar.gz": tarred(pictures),
        }
    )
    assert serve("fl27", {"flickr_logos_27_dataset.tar.gz": archive}) == {"fl27": 3}
    found = by_name(tmp_path)
    assert [(box.label, box.corners) for box in found["1.jpg"].boxes] == [("cocacola", (5, 6, 25, 16))]
    assert [box.corners for box in found["2.jpg"].boxes] == [(0, 0, 20, 30)], "a box without area is none"
    assert found["3.jpg"].boxes == ()
    assert "4.jpg" not in found, "it shows a logo that nobody marked"
    assert found["1.jpg"].width == 60
    assert "ntua" not in (tmp_path / "fl27" / "SOURCE.md").read_text(), "the address it really came from"


def test_pascal_voc_pictures_of_one_name_stay_apart(serve: Serve, tmp_path: Path) -> None:
    archive = tarred(
        {
            "LogoTL/Images/train/1.xml": voc("Cloudera", 1, 2, 30, 20),
            "LogoTL/Images/train/1.jpg": jpeg(50, 40),
            "LogoTL/Images/test/1.jpg": jpeg(80, 40),
            "LogoTL/Images/test/1.xml": voc("Hortonworks", 3, 2, 30, 20),
            "LogoTL/Images/test/2.jpg": jpeg(80, 40),
            "LogoTL/Images/test/3.xml": voc("Cloudera", 3, 2, 30, 20),
            "LogoTL/Images/test/3.jpg": b"not a picture",
        }
    )
    assert serve("it_brands", {"LogoTL.tar.gz": archive}) == {"it_brands": 2}
    found = by_name(tmp_path)
    assert {name: picture.boxes[0].label for name, picture in found.items()} == {
        "Images-train-1.jpg": "cloudera",
        "Images-test-1.jpg": "hortonworks",
    }


def test_pictures_without_logos_get_no_boxes_and_plain_names(serve: Serve, tmp_path: Path) -> None:
    archive = tarred({"../../BSR/images/8.jpg": jpeg(30, 20), "BSR/groundTruth/8.mat": b"x"})
    assert serve("bsds500", {"BSR_bsds500.tgz": archive}) == {"bsds500": 1}
    (picture,) = read_logo_sets(tmp_path)
    assert picture.boxes == ()
    assert picture.path == tmp_path / "bsds500" / "images" / "8.jpg"


def test_vector_packages_are_kept_as_they_are(serve: Serve, tmp_path: Path) -> None:
    files = {file.name: b"package" for file in choose(["vectors"])[0].files}
    assert serve("vectors", files) == {}
    assert {path.name for path in (tmp_path / "vectors").iterdir()} == set(files)


def test_a_download_that_broke_off_goes_on(server: Any, tmp_path: Path) -> None:
    one = choose(["bsds500"])[0]
    body = tarred({f"{number}.jpg": jpeg(300, 200) for number in range(40)})
    url = server.serve("BSR_bsds500.tgz", body, cuts=[len(body) // 2])
    here = replace(one, files=(replace(one.files[0], url=url),))
    assert fetch_logos(tmp_path, [here], {}, console=Console(quiet=True)) == {"bsds500": 40}
    assert server.requests[-1][1] == f"bytes={len(body) // 2}-"


def test_a_file_fetched_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "logos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("LogoDet-3K/Food/Heinz/1.jpg", jpeg(50, 50))
        archive.writestr("LogoDet-3K/Food/Heinz/1.xml", voc("heinz-1", 1, 1, 20, 20))
    sets = choose(["logodet3k"])
    given = match_files(sets, [path])
    assert fetch_logos(tmp_path / "out", sets, given, console=Console(quiet=True)) == {"logodet3k": 1}
    (picture,) = read_logo_sets(tmp_path / "out")
    assert picture.boxes[0].label == "heinz1"


def test_what_cannot_be_used_is_told(server: Any, tmp_path: Path) -> None:
    one = choose(["bsds500"])[0]
    here = replace(one, files=(replace(one.files[0], url=server.serve("a.tgz", b"<html>moved</html>")),))
    with pytest.raises(SetupError, match=r"BSR_bsds500\.tgz.*no tar or zip archive.*fetch it anew"):
        fetch_logos(tmp_path, [here], {}, console=Console(quiet=True))
    with pytest.raises(SetupError, match="no set nowhere; there are: fl27"):
        choose(["nowhere"])
    with pytest.raises(SetupError, match="no such file"):
        match_files(choose(["logodet3k"]), [tmp_path / "missing.zip"])


def test_the_list_shows_every_licence_and_fetches_nothing(tmp_path: Path) -> None:
    app = Typer()
    register(app)
    shown = CliRunner().invoke(app, ["logos", "--out", str(tmp_path / "out"), "--list"])
    assert shown.exit_code == 0
    for one in PUBLIC_PICTURES:
        assert one.licence in shown.output
        assert all(file.url in shown.output for file in one.files)
    assert not (tmp_path / "out").exists()
