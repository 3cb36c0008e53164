"""A logo's letters as workers would read them: its own name, another brand's, something else, or none."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from monitor.brands import Brand, Brands
from monitor.logos.gallery import read_letters, read_reference
from monitor.logos.words.lines import TextLine
from monitor.logos.words.names import NameReader
from monitor.logos.words.reader import PictureReader, load_reader
from monitor.settings import Device
from tests.conftest import UnknownBrand

SAMPLES = Path(__file__).parents[3] / "samples"
WORDMARK = SAMPLES / "material" / "cloudera.svg"
CARD = SAMPLES / "pictures" / "hortonworks-card.jpg"


@pytest.fixture(scope="module")
def reader() -> PictureReader:
    return load_reader(Device.CPU, threads=1)


def watching(reader: PictureReader, *names: str) -> NameReader:
    return NameReader(reader, Brands(Brand(name) for name in names))


def test_its_own_name_is_read_on_whatever_ground(reader: PictureReader) -> None:
    letters = read_letters("Cloudera", [read_reference(WORDMARK)], watching(reader, "Cloudera", "Nike"))
    assert [line.casefold() for line in letters.lines] == ["cloudera"]
    assert letters.own
    assert letters.others == ()
    assert letters.unread is None


def test_what_is_no_spelling_is_told_and_whose_else_it_is(reader: PictureReader) -> None:
    references = [read_reference(WORDMARK), read_reference(CARD)]
    letters = read_letters("Acme", references, watching(reader, "Acme", "Hortonworks"))
    assert [line.casefold() for line in letters.lines][:2] == ["cloudera", "hortonworks"]
    assert not letters.own
    assert [(brand, matched.casefold()) for brand, matched in letters.others] == [
        ("Hortonworks", "hortonworks")
    ]


@pytest.mark.parametrize("symbol", ["nike.svg", "adidas.svg"])
def test_a_symbol_has_no_letters(reader: PictureReader, symbol: str) -> None:
    """Stripes may be read as an I; that is no word."""
    letters = read_letters("Acme", [read_reference(SAMPLES / "material" / symbol)], watching(reader, "Acme"))
    assert letters.lines == ()
    assert not letters.own


def test_a_logo_that_cannot_be_read_says_why(acme: UnknownBrand) -> None:
    class Broken:
        identity = "broken"
        device = Device.CPU

        def read(self, pixels: NDArray[np.uint8]) -> tuple[TextLine, ...]:
            raise RuntimeError("out of memory")

    letters = read_letters("Acme", [read_reference(acme.logo)], watching(Broken(), "Acme"))
    assert letters.unread == "acme.svg: RuntimeError: out of memory"
    assert not letters.own
