"""The real reader on sample pictures and drawn words; nothing is fetched, whatever the picture."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import load_brands
from monitor.errors import SetupError
from monitor.logos import decode_picture
from monitor.logos.words import WordReader, load_reader, reader
from monitor.logos.words.names import NameReader
from monitor.logos.words.reader import ReadingPlan
from monitor.settings import Device, load_settings, packaged

PICTURES = Path(__file__).parents[3] / "samples" / "pictures"


@pytest.fixture(scope="module")
def words() -> WordReader:
    return load_reader(Device.CPU, threads=1)


@pytest.fixture(scope="module")
def names(words: WordReader) -> NameReader:
    return NameReader(words, load_brands())


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refused(*_: object) -> None:
        raise AssertionError("the reader asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    return


def pixels_of(name: str) -> NDArray[np.uint8]:
    return decode_picture((PICTURES / name).read_bytes(), max_bytes=2**24, max_pixels=10**7).pixels


def drawn(text: str, width: int = 640, height: int = 320, scale: float = 2.5) -> NDArray[np.uint8]:
    canvas = np.full((height, width, 3), 240, np.uint8)
    at = (30, height // 2)
    return np.asarray(
        cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (30, 30, 30), 5), np.uint8
    )


def planned(words: WordReader, **changes: Any) -> WordReader:
    plan = msgspec.structs.replace(words.plan, **changes)
    return WordReader(words.finder, words.reader, words.letters, plan, words.identity, words.device)


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        ("vmware-wall.jpg", "VMware"),
        ("vmware-plate-16bit.png", "VMware"),
        ("cloudera-booth.jpg", "Cloudera"),
        ("cloudera-stand-sideways.jpg", "Cloudera"),  # turned by EXIF
        ("cocacola-poster-cmyk.jpg", "Coca-Cola"),
        ("hortonworks-card.jpg", "Hortonworks"),
    ],
)
def test_sample_pictures_that_spell_a_brand(names: NameReader, name: str, brand: str) -> None:
    found = names.read(pixels_of(name)).names
    assert {one.brand for one in found} == {brand}
    assert all(0.5 <= one.score <= 1 for one in found)


@pytest.mark.parametrize("name", ["cat.webp", "chart.webp", "coffee.jpg", "rocket.jpg", "nike-box.webp"])
def test_sample_pictures_that_spell_none(names: NameReader, name: str) -> None:
    assert names.read(pixels_of(name)).names == ()


def test_the_box_is_where_the_word_was_drawn(words: WordReader) -> None:
    (found,) = words.read(drawn("VMware"))
    (width, height), _ = cv2.getTextSize("VMware", cv2.FONT_HERSHEY_SIMPLEX, 2.5, 5)
    box = found.box()
    left, top = box.x * 640, box.y * 320
    assert (left, top) == (pytest.approx(30, abs=20), pytest.approx(160 - height, abs=20))
    assert box.width * 640 == pytest.approx(width, abs=40)
    assert box.height * 320 == pytest.approx(height, abs=30)


def test_writing_from_top_to_bottom_is_read(words: WordReader) -> None:
    turned = cv2.rotate(drawn("Hortonworks", 900), cv2.ROTATE_90_CLOCKWISE)
    (found,) = words.read(np.asarray(turned, np.uint8))
    assert (found.text, found.upright) == ("Hortonworks", True)


def test_lines_come_row_by_row(words: WordReader) -> None:
    page = np.full((480, 900, 3), 255, np.uint8)
    for text, at in (
        ("delta", (520, 300)),
        ("bravo", (520, 108)),
        ("alpha", (40, 112)),
        ("charlie", (40, 296)),
    ):
        cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, 2.5, (0, 0, 0), 5)
    assert [line.text for line in words.read(page)] == ["alpha", "bravo", "charlie", "delta"]


def test_a_strip_that_its_writing_fills_is_read_in_place(words: WordReader) -> None:
    strip = np.full((60, 900, 3), 255, np.uint8)
    cv2.putText(strip, "we use Hortonworks daily", (200, 46), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)
    (found,) = words.read(strip)
    box = found.box()
    assert found.text == "we use Hortonworks daily"
    assert box.x == pytest.approx(200 / 900, abs=0.03)
    assert (box.y, box.height) == (pytest.approx(0.1, abs=0.15), pytest.approx(0.8, abs=0.2))


def test_a_line_longer_than_all_that_is_read_is_read_squeezed(words: WordReader) -> None:
    strip = np.full((60, 2600, 3), 255, np.uint8)
    cv2.putText(strip, "we use Hortonworks daily " * 5, (20, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0, 0, 0), 3)
    assert words.plan.most_width < 48 * 2600 / 60 + words.plan.behind
    assert any("Hortonworks" in line.text for line in words.read(strip))


def test_a_large_picture_reads_like_a_small_one(words: WordReader) -> None:
    small = drawn("we use Hortonworks", 900)
    large = np.asarray(cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)
    (one,), (other,) = words.read(small), words.read(large)
    assert one.text == other.text == "we use Hortonworks"
    assert np.allclose(one.corners, other.corners, atol=0.02)


def test_the_same_picture_reads_the_same_every_time(words: WordReader) -> None:
    picture = pixels_of("cloudera-booth.jpg")
    assert words.read(picture) == words.read(picture)


def test_a_line_reads_the_same_alone_as_among_others(words: WordReader) -> None:
    picture = pixels_of("cloudera-booth.jpg")
    together, alone = words.read(picture), planned(words, together=1).read(picture)
    assert len(together) > 2
    assert [(line.text, line.corners) for line in together] == [(line.text, line.corners) for line in alone]
    assert [line.score for line in together] == pytest.approx([line.score for line in alone], abs=1e-4)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (8, 8), (16, 16), (8, 6000), (6000, 8), (2, 50_000), (3000, 4000)]
)
def test_pictures_of_every_shape_are_borne(words: WordReader, height: int, width: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)
    assert isinstance(words.read(noise), tuple)


def test_a_page_of_print_is_read_up_to_a_bound(words: WordReader) -> None:
    page = np.full((1000, 800, 3), 255, np.uint8)
    for row in range(40):
        for column in range(3):
            cv2.putText(page, f"w{row}{column}", (20 + 260 * column, 20 + 25 * row), 0, 0.6, (0, 0, 0), 1)
    cv2.putText(page, "VMware", (560, 500), 0, 2.0, (0, 0, 0), 4)
    lines = planned(words, most_width=512).read(page)
    assert 0 < len(lines) < len(words.read(page))
    assert any("VMware" in line.text for line in lines), "the tallest come first"


def test_the_version_says_models_and_plan(words: WordReader) -> None:
    assert len(words.identity) == 8
    other = reader._identity(words.finder, words.reader, ReadingPlan(most_width=512))
    assert other != words.identity
    assert reader._identity(words.reader, words.finder, words.plan) != words.identity


def test_letters_are_read_unless_somebody_says_no() -> None:
    assert load_settings().ocr
    assert not load_settings(ocr=False).ocr


def test_other_models_than_those_measured_are_refused_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("reader-lines", "reader-letters"):
        shutil.copytree(packaged("onnx_models") / name, tmp_path / name)
    (tmp_path / "reader-letters" / "model.onnx").write_bytes(b"another")
    monkeypatch.setattr(reader, "packaged", lambda _: tmp_path)
    with pytest.raises(SetupError, match=r"reader-letters/model\.onnx has SHA-256 .* copy the model folder"):
        load_reader(Device.CPU, threads=1)


def test_every_number_stands_for_a_letter(words: WordReader) -> None:
    assert len(words.letters) == 18_710
    assert {"", " ", "V", "é", "の", "品"} <= set(words.letters)
