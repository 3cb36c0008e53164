"""The real reader on sample pictures and drawn words; nothing is fetched, whatever the picture."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import load_brands
from monitor.errors import SetupError
from monitor.logos import decode_picture
from monitor.logos.words import WordReader, load_reader, reader
from monitor.logos.words.names import NameReader, load_name_reader
from monitor.logos.words.reader import ReadingPlan
from monitor.settings import Device, load_settings

PICTURES = Path(__file__).parents[3] / "samples" / "pictures"


@pytest.fixture(scope="module")
def words() -> WordReader:
    return load_reader(Device.CPU, threads=1)


@pytest.fixture(scope="module")
def finder(words: WordReader) -> NameReader:
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
def test_sample_pictures_that_spell_a_brand(finder: NameReader, name: str, brand: str) -> None:
    found = finder.read(pixels_of(name)).names
    assert {one.brand for one in found} == {brand}
    assert all(0.5 <= one.score <= 1 for one in found)


@pytest.mark.parametrize("name", ["cat.webp", "chart.webp", "coffee.jpg", "rocket.jpg", "nike-box.webp"])
def test_sample_pictures_that_spell_none(finder: NameReader, name: str) -> None:
    assert finder.read(pixels_of(name)).names == ()


def test_the_box_is_where_the_word_was_drawn(finder: NameReader) -> None:
    (found,) = finder.read(drawn("VMware")).names
    (width, height), _ = cv2.getTextSize("VMware", cv2.FONT_HERSHEY_SIMPLEX, 2.5, 5)
    left, top = found.box.x * 640, found.box.y * 320
    assert (left, top) == (pytest.approx(30, abs=20), pytest.approx(160 - height, abs=20))
    assert found.box.width * 640 == pytest.approx(width, abs=40)
    assert found.box.height * 320 == pytest.approx(height, abs=30)


def test_a_large_picture_reads_like_a_small_one(words: WordReader) -> None:
    small = drawn("we use Hortonworks", 900)
    large = np.asarray(cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)
    (one,), (other,) = words.read(small), words.read(large)
    assert one.text == other.text == "we use Hortonworks"
    assert np.allclose(one.corners, other.corners, atol=0.02)


def test_the_same_picture_reads_the_same_every_time(words: WordReader) -> None:
    picture = pixels_of("cloudera-booth.jpg")
    assert words.read(picture) == words.read(picture)


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
    few = WordReader(words.engine, ReadingPlan(most_lines=5), words.identity, words.device)
    lines = few.read(page)
    assert 0 < len(lines) <= 5
    assert any("VMware" in line.text for line in lines), "the tallest come first"


def test_the_version_says_library_models_and_plan(words: WordReader) -> None:
    library, digest = words.identity.split("-")
    assert library.startswith("3.10.")
    assert len(digest) == 8
    assert reader._identity(ReadingPlan(most_lines=5)) != words.identity


def test_without_the_extra_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"not installed; pip install 'brand-monitor\[ocr\]'.*MONITOR_OCR"):
        load_name_reader(load_settings(ocr=True), load_brands())
    assert load_name_reader(load_settings(ocr=False), load_brands()) is None


def test_other_models_than_those_measured_are_refused_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: WordReader
) -> None:
    package = Path(str(reader.util.find_spec("rapidocr").origin)).parent  # type: ignore[union-attr]
    shutil.copytree(package / "models", tmp_path / "models")
    (tmp_path / "models" / "PP-OCRv6_rec_small.onnx").write_bytes(b"another")
    found: Any = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})
    monkeypatch.setattr(reader.util, "find_spec", lambda name: found)
    with pytest.raises(SetupError, match=r"rec_small\.onnx is missing or another one .*--force-reinstall"):
        load_reader(Device.CPU, threads=1)
