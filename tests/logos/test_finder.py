"""Look and letters of the shipped models as one: what each brings, what is vetoed, a reader that fails."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import load_brands
from monitor.logos.finder import LogoFinder, load_finder
from monitor.logos.words.lines import TextLine
from monitor.logos.words.names import NameReader
from monitor.settings import Device, load_settings

SAMPLES = Path(__file__).parents[2] / "samples" / "pictures"


class FixedReader:
    """Reads the lines it is given, or fails."""

    identity = "fixed"
    device = Device.CPU

    def __init__(self, *lines: TextLine, fault: str = "") -> None:
        self._lines, self._fault = lines, fault

    def read(self, pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
        if self._fault:
            raise RuntimeError(self._fault)
        return self._lines


@pytest.fixture(scope="module")
def finder() -> LogoFinder:
    return load_finder(load_settings(ocr=True, device=Device.CPU, inference_threads=1), load_brands())


@pytest.fixture(scope="module")
def slide() -> NDArray[np.uint8]:
    return np.asarray(cv2.imread(str(SAMPLES / "vmware-slide.png")), np.uint8)


def reading(finder: LogoFinder, reader: FixedReader) -> LogoFinder:
    return LogoFinder(finder.detector, NameReader(reader, load_brands()))


def test_both_witnesses_find_the_logo_of_a_slide(finder: LogoFinder, slide: NDArray[np.uint8]) -> None:
    (found,) = finder.find([slide])
    best = found.detections[0]
    assert (best.brand, best.evidence) == ("VMware", "both")
    assert best.look is not None
    assert best.letters is not None
    assert best.line is not None
    assert found.unread is None
    assert found.letters is not None
    assert found.looks == finder.detector.look([slide])[0]
    assert finder.find([]) == []


def test_letters_alone_find_a_name_that_is_only_written(finder: LogoFinder) -> None:
    canvas = np.full((300, 700, 3), 40, np.uint8)
    cv2.putText(canvas, "Hortonworks", (60, 170), cv2.FONT_HERSHEY_SIMPLEX, 2.6, (220, 220, 220), 6)
    (found,) = finder.find([canvas])
    assert [(one.brand, one.letters is not None) for one in found.detections] == [("Hortonworks", True)]
    assert LogoFinder(finder.detector).find([canvas])[0].detections == ()


def test_the_place_that_reads_another_word_is_vetoed(finder: LogoFinder) -> None:
    shirt = np.asarray(cv2.imread(str(SAMPLES / "vmware-shirt.jpg")), np.uint8)
    (alone,) = LogoFinder(finder.detector).find([shirt])
    box = alone.detections[0].box
    right, bottom = box.x + box.width, box.y + box.height
    corners = ((box.x, box.y), (right, box.y), (right, bottom), (box.x, bottom))
    (found,) = reading(finder, FixedReader(TextLine("KNAUS", 0.99, corners))).find([shirt])
    assert [veto.line.text for veto in found.vetoes if veto.look.brand == "VMware"][:1] == ["KNAUS"]
    assert box not in [one.box for one in found.detections]


def test_a_picture_that_cannot_be_read_keeps_its_look(finder: LogoFinder, slide: NDArray[np.uint8]) -> None:
    (found,) = reading(finder, FixedReader(fault="no memory")).find([slide])
    (alone,) = LogoFinder(finder.detector).find([slide])
    assert found.unread == "RuntimeError: no memory"
    assert found.detections == alone.detections
    assert {one.evidence for one in found.detections} == {"look"}
    assert (alone.unread, alone.letters) == (None, None)


def test_the_version_says_who_looked_and_who_read(finder: LogoFinder) -> None:
    alone, other = LogoFinder(finder.detector), reading(finder, FixedReader())
    assert alone.identity == alone.looking_alone == finder.looking_alone
    assert len({alone.identity, finder.identity, other.identity}) == 3
    assert all(one.identity.startswith(finder.detector.identity) for one in (alone, finder, other))
    assert alone.identity != finder.detector.identity, "whose scores are no probabilities"


def test_without_letters_nobody_reads() -> None:
    settings = load_settings(ocr=False, device=Device.CPU, inference_threads=1)
    finder = load_finder(settings, load_brands())
    assert finder.letters is None
    assert load_finder(settings, load_brands(), finder.detector).detector is finder.detector
    finder.warm_up()
    assert (finder.device, finder.manifest.task) == (Device.CPU, "logos")


def test_side_by_side_a_picture_shows_what_it_shows_alone(finder: LogoFinder) -> None:
    pictures = [np.asarray(cv2.imread(str(path)), np.uint8) for path in sorted(SAMPLES.glob("*.jpg"))[:5]]
    four = load_finder(load_settings(ocr=True, device=Device.CPU, inference_threads=4), load_brands())
    in_turn = LogoFinder(finder.detector, finder.letters)
    assert four.side_by_side is not None
    assert four.find(pictures) == [found for one in pictures for found in in_turn.find([one])]
    assert in_turn.find(pictures) == four.find(pictures)
    assert any(found.detections for found in four.find(pictures))
