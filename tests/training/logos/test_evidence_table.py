"""The weights are learned from pictures whose truth is known, and the table says what it rests on."""

from pathlib import Path

import numpy as np
import pytest

from monitor.logos.agreement import Said
from monitor.logos.evidence import Look, Name, by_look, decide
from monitor.logos.weights import load_weights, parse_weights
from monitor.logos.words.lines import TextLine
from monitor.messages import Box
from training.data.pictures import AnnotatedPicture, LogoBox, Split
from training.logos.evidence_fit import examples
from training.logos.evidence_table import (
    GRID,
    MOST_ALARMED,
    MOST_WRONG,
    every_brand,
    fitted,
    point,
    to_fit_on,
)
from training.logos.picture_figures import Way
from training.logos.witnesses import Seen

BRANDS = {"nike": "Nike", "puma": "Puma", "acme": "Acme"}
PLACE = Box(0.2, 0.2, 0.3, 0.3)
WORD = Box(0.25, 0.3, 0.2, 0.08)


def picture(
    number: int, *labels: str, folder: str = "drawn", boxed: bool = True, ignore: bool = False
) -> AnnotatedPicture:
    boxes = tuple(LogoBox(label, 20, 20, 30, 30, ignore) for label in labels) if boxed else ()
    return AnnotatedPicture(
        Path(f"{number}.png"), 100, 100, boxes, Split.VAL, folder, labels=() if boxed else labels, boxed=boxed
    )


def line(text: str) -> TextLine:
    right, bottom = PLACE.x + PLACE.width, PLACE.y + PLACE.height
    return TextLine(text, 0.99, ((PLACE.x, PLACE.y), (right, PLACE.y), (right, bottom), (PLACE.x, bottom)))


def name(brand: str, box: Box = WORD, *, whole: bool = True, everyday: bool = False) -> Name:
    return Name(brand, brand, brand, 0.99, box, 0, whole, everyday)


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    """A world in which looks are right as often as they say, letters nearly always, and other words never."""
    rng = np.random.default_rng(4)
    pictures = []
    for number in range(900):
        label = ("nike", "puma")[number % 2]
        source, shown = ("trained", "Nike" if label == "nike" else "Puma")
        if number % 3 == 0:
            source, label, shown = "gallery", "acme", "Acme"
        strength = float(rng.uniform(-0.8, 0.6))
        right = bool(rng.random() < 1 / (1 + np.exp(-8 * strength)))
        look = Look(shown, 0.5 + strength / 2, 0.5, PLACE, "gallery" if source == "gallery" else "trained")
        names: tuple[Name, ...] = ()
        lines: tuple[TextLine, ...] = ()
        chance = rng.random()
        if right and chance < 0.5:
            names = (name(shown, everyday=chance < 0.1),)
        elif right and chance < 0.6:
            names = (name(shown, Box(0.7, 0.8, 0.2, 0.05)),)
        elif not right and chance < 0.4:
            lines = (line("KNAUS"),)
        elif not right and chance < 0.6:
            names = (name("Puma" if shown == "Nike" else "Nike", Box(0.7, 0.8, 0.2, 0.05)),)
        elif not right and chance < 0.62:
            names = (name(shown, whole=False),)
        labels = [label] if right else []
        labels += [other.brand.lower() for other in names if other.brand != shown]
        pictures.append(Seen(picture(number, *labels), (look,), names, lines))
    empty = [Seen(picture(number, folder="quiet"), (), (), ()) for number in range(900, 1000)]
    return pictures + empty


def test_what_is_learned_is_what_the_pictures_say(seen: list[Seen]) -> None:
    table = fitted(seen, BRANDS, "model@1")
    letters = table.weights.letters
    assert letters[Said.OTHER] < 0 < letters[Said.NAME]
    assert letters[Said.RIVAL] < 0
    assert letters[Said.WITHIN] < letters[Said.NAME]
    assert letters[Said.AMONG] == pytest.approx(
        letters[Said.WITHIN] + letters[Said.EVERYDAY] - letters[Said.NAME]
    ), "no picture has one"
    for source in ("trained", "gallery"):
        assert 4 < table.weights.alone[source].slope < 12
        assert table.weights.look[source].slope > 0
    assert table.weights.look["gallery"].doubling == 0
    assert table.counted[Said.OTHER][1] == 0 < table.counted[Said.OTHER][0]
    places, right = table.counted[Said.NAME]
    assert places == right > 100


def test_the_point_is_the_first_that_is_seldom_enough_wrong(seen: list[Seen]) -> None:
    table = fitted(seen, BRANDS, "model@1")
    look, letters, *both = table.points
    assert len(both) == len(GRID)
    assert [one.found for one in both] == sorted((one.found for one in both), reverse=True)
    sound = [
        level
        for level, one in zip(GRID, both, strict=True)
        if one.wrong <= MOST_WRONG and one.alarmed <= MOST_ALARMED
    ]
    assert table.weights.report_from == sound[0]
    chosen = both[GRID.index(sound[0])]
    assert chosen.found > max(look.found, letters.found)
    assert chosen.wrong < look.wrong
    assert f"| both, from {sound[0]} | {chosen.found:.3f} |" in table.markdown()


def test_the_table_comes_back_from_its_file(seen: list[Seen]) -> None:
    table = fitted(seen, BRANDS, "model@1")
    read = parse_weights(table.toml())
    assert read.report_from == table.weights.report_from
    for said in Said:
        assert read.letters[said] == pytest.approx(table.weights.letters[said], abs=1e-3)
    for source in ("trained", "gallery"):
        assert read.look[source].slope == pytest.approx(table.weights.look[source].slope, abs=1e-3)
    assert 'by = "model@1"' in table.toml()


def test_which_claims_are_right() -> None:
    weights = load_weights()
    look, word = Look("Nike", 0.8, 0.5, PLACE), name("Nike", Box(0.7, 0.8, 0.2, 0.05))

    def told(one: AnnotatedPicture, *names: Name) -> list[tuple[Said, bool]]:
        found = examples([Seen(one, (look,), names, ())], BRANDS, weights)
        return [(example.claim.said, example.right) for example in found]

    assert told(picture(1, "nike")) == [(Said.NOTHING, True)]
    assert told(picture(1, "puma")) == [(Said.NOTHING, False)]
    assert told(picture(1, "nike", ignore=True)) == []
    assert told(picture(1, "nike", boxed=False)) == [(Said.NOTHING, True)]
    assert told(picture(1, "nike"), word) == [(Said.ELSEWHERE, True), (Said.NAME, True)]
    elsewhere = AnnotatedPicture(Path("x"), 100, 100, (LogoBox("nike", 70, 80, 20, 5),), Split.VAL, "drawn")
    assert told(elsewhere, word) == [(Said.ELSEWHERE, False), (Said.NAME, True)]
    # A label of the whole picture does not say what else stands in it.
    assert told(picture(1, "puma", boxed=False), word) == []


def test_a_point_counts_brands_of_pictures_and_pictures() -> None:
    weights = load_weights()
    look = Look("Nike", 0.95, 0.5, PLACE)
    right, wrong = Seen(picture(1, "nike"), (look,), (), ()), Seen(picture(2, "puma"), (look,), (), ())
    doubtful = Seen(picture(3, "nike", ignore=True), (look,), (), ())
    free = Seen(picture(4, folder="quiet"), (look,), (), ())
    assert decide((look,), (), ()).detections
    assert by_look((look,)).detections
    for way in (Way.BOTH, Way.LOOK):
        one = point("x", [right, wrong, doubtful, free], BRANDS, weights, way)
        assert (one.found, one.wrong, one.alarmed) == pytest.approx((0.5, 1 / 3, 1.0))
    letters = point("x", [right, wrong, doubtful, free], BRANDS, weights, Way.LETTERS)
    assert (letters.found, letters.wrong, letters.alarmed) == (0, 0, 0)


def test_which_pictures_are_fitted_on() -> None:
    def at(split: Split, folder: str, *labels: str, boxed: bool = True) -> AnnotatedPicture:
        return AnnotatedPicture(Path("x"), 9, 9, (), split, folder, labels=labels, boxed=boxed)

    val, train = at(Split.VAL, "a"), at(Split.TRAIN, "a")
    unread, labelled = at(Split.TRAIN, "a", boxed=False), at(Split.TRAIN, "a", "nike", boxed=False)
    test, undivided = at(Split.TEST, "a"), at(Split.TRAIN, "b")
    assert to_fit_on([val, train, unread, labelled, test, undivided]) == [val, unread, undivided]


def test_every_label_is_watched_by_some_name() -> None:
    brands = every_brand(["vmware", "the_north_face"])
    assert brands.by_logo()["vmware"].name == "VMware"
    assert brands.by_logo()["the_north_face"].name == "The North Face"
