"""What was seen and read comes back from the file, by whom it was seen, and after a run that was cut off."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.brands import Brand, Brands, load_brands
from monitor.errors import SetupError
from monitor.logos.finder import LogoFinder, load_finder
from monitor.logos.words.names import NameReader
from monitor.logos.words.reader import load_reader
from monitor.settings import Device, load_settings
from training.data.pictures import AnnotatedPicture, Split
from training.logos.witnesses import witnesses

SAMPLES = Path(__file__).parents[3] / "samples" / "pictures"


@pytest.fixture(scope="module")
def finder() -> LogoFinder:
    return load_finder(load_settings(ocr=True, device=Device.CPU, inference_threads=1), load_brands())


@pytest.fixture
def pictures(tmp_path: Path) -> list[AnnotatedPicture]:
    chosen = []
    for name, word in (("one.png", "NIKE"), ("two.png", "VMware"), ("three.png", "")):
        canvas = np.full((240, 480, 3), 230, np.uint8)
        cv2.putText(canvas, word, (60, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.5, (20, 20, 20), 8)
        cv2.imwrite(str(tmp_path / name), canvas)
        chosen.append(AnnotatedPicture(tmp_path / name, 480, 240, (), Split.VAL, "drawn"))
    return chosen


def test_what_was_seen_once_is_taken_from_the_file(
    finder: LogoFinder, pictures: list[AnnotatedPicture], tmp_path: Path
) -> None:
    kept = tmp_path / "work" / "witnesses.jsonl"
    first = witnesses(pictures, finder, kept)
    assert [one.picture for one in first] == pictures
    assert [[name.brand for name in one.names] for one in first] == [["Nike"], ["VMware"], []]
    assert first[0].looks == finder.detector.look([pictures[0].load()])[0]
    written = kept.read_bytes()
    for picture in pictures:
        picture.path.unlink()
    assert witnesses(pictures[::-1], finder, kept) == first[::-1]
    assert kept.read_bytes() == written


def test_a_run_that_was_cut_off_goes_on(
    finder: LogoFinder, pictures: list[AnnotatedPicture], tmp_path: Path
) -> None:
    kept = tmp_path / "witnesses.jsonl"
    first = witnesses(pictures, finder, kept)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-7])
    assert witnesses(pictures, finder, kept) == first
    assert witnesses(pictures, finder, kept) == first
    assert kept.read_bytes() == whole


def test_what_another_reader_read_is_not_taken(
    finder: LogoFinder, pictures: list[AnnotatedPicture], tmp_path: Path
) -> None:
    kept = tmp_path / "witnesses.jsonl"
    witnesses(pictures, finder, kept)
    other = NameReader(load_reader(Device.CPU, 1), Brands([Brand(name="Nobody")]))
    seen = witnesses(pictures, replace(finder, letters=other), kept)
    assert [one.names for one in seen] == [(), (), ()]
    assert [bool(one.lines) for one in seen] == [True, True, False]
    with pytest.raises(SetupError, match="nobody reads"):
        witnesses(pictures, replace(finder, letters=None), kept)
