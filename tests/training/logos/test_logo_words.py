"""`brand-train evaluate logo-words` on a small set of its own: every figure is there and adds up."""

from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from monitor.brands import load_brands
from monitor.settings import packaged
from training.data.coco import write_coco
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.logo_words import SYMBOLS, WORDMARKS, Kind, WordFigures, kind_of, measure_words


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three signs marked as VMware that spell it, one that spells nothing, one marked as Apple that spells
    Intel, and two pictures without logos."""
    signs = [
        ("vmware", "vmware"),
        ("VMware", "vmware"),
        ("VMWARE", "vmware"),
        ("", "vmware"),
        ("intel", "apple"),
    ]
    for folder, pictures in (("signs", signs), ("nothing", [("hello", ""), ("", "")])):
        (tmp_path / folder / "images").mkdir(parents=True)
        made = []
        for number, (word, label) in enumerate(pictures):
            pixels = np.full((240, 400, 3), 230, np.uint8)
            cv2.putText(pixels, word, (40, 140), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (40, 40, 40), 5)
            path = tmp_path / folder / "images" / f"{number}.png"
            cv2.imwrite(str(path), pixels)
            boxes = (LogoBox(label, 40, 80, 300, 80),) if label else ()
            made.append(AnnotatedPicture(path, 400, 240, boxes, Split.TEST, folder, str(number)))
        write_coco(tmp_path / folder / "annotations.json", made)
    return tmp_path


def test_words_are_counted_beside_the_logos_and_a_run_goes_on(data: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    figures = measure_words(packaged("onnx_models") / "logos", data, 20, work)
    wordmarks = figures.kinds[Kind.WORDMARK.value]
    assert (wordmarks.pairs, wordmarks.words) == (4, 3)
    assert wordmarks.logos <= wordmarks.either <= wordmarks.pairs
    assert wordmarks.either >= wordmarks.words
    assert wordmarks.gain is not None
    assert wordmarks.gain.value == (wordmarks.either - wordmarks.logos) / 4
    assert figures.folders["signs"].pairs == 4
    assert figures.brands["VMware"].words == 3
    symbols = figures.kinds[Kind.SYMBOL.value]
    assert (symbols.pairs, symbols.words) == (1, 0)
    assert figures.kinds[Kind.NAME_BESIDE_SYMBOL.value].pairs == 0
    assert (figures.negatives.pictures, figures.negatives.words) == (2, 0)
    assert figures.others.words == 1
    assert figures.unmarked == (("signs/4.png", "Intel", "intel"),)
    assert 0 < figures.cost.reader[0] <= figures.cost.reader[1]
    figures.write(tmp_path / "out")
    (kept,) = work.iterdir()
    looked = kept.read_bytes()
    assert looked.count(b"\n") == 7
    kept.write_bytes(looked[: len(looked) // 2])  # cut off within a line
    again = measure_words(packaged("onnx_models") / "logos", data, 20, work)
    assert msgspec.structs.replace(again, cost=figures.cost) == figures
    assert kept.read_bytes() == looked
    written = (tmp_path / "out" / "words.json").read_bytes()
    assert msgspec.json.decode(written, type=WordFigures) == figures
    assert "| VMware | 4 |" in (tmp_path / "out" / "words.md").read_text()


def test_every_brand_named_in_a_rule_is_watched() -> None:
    watched = {brand.name for brand in load_brands()}
    assert watched >= WORDMARKS | SYMBOLS
    assert not WORDMARKS & SYMBOLS
    assert kind_of("Puma") is Kind.NAME_BESIDE_SYMBOL
