"""Letters in a place spell the brand, something like it, another word, or nothing that counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.logos.agreement import Said, is_like, line_in, plain, said_by, wrong_letters
from monitor.logos.evidence import Name
from monitor.logos.words.lines import TextLine
from monitor.messages import Box


def line(text: str, x: float, width: float, score: float = 0.99) -> TextLine:
    return TextLine(text, score, ((x, 0.4), (x + width, 0.4), (x + width, 0.5), (x, 0.5)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vmware", "VMware"),
        ("NAPAPURI", "Napapijri"),
        ("Groge", "Google"),
        ("Pepe Jeamo", "Pepe Jeans"),
        ("llesse", "Ellesse"),  # its first letter hidden by a fold
        ("CITROEN", "Citroën"),
        ("adidas SKATEBOARDING", "Adidas"),
        ("GAP", "Gap"),
        ("OxxfordClothes", "Oxxford"),
    ],
)
def test_letters_like_the_name(text: str, name: str) -> None:
    assert is_like(text, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vmworld", "VMware"),
        ("intelligent", "Intel"),
        ("VMUG", "VMware"),
        ("SUPERMICRO", "VMware"),
        ("KNAUS", "VMware"),
        ("shutterstock", "Cloudera"),
        ("Marlboro", "Timberland"),
        ("CAP", "Gap"),  # of three letters none may be wrong
        ("ENT", "Kenzo"),
        ("The new logo is here", "The North Face"),
        ("hp", "HP"),  # two letters are in too many names
        ("...", "VMware"),
    ],
)
def test_other_letters(text: str, name: str) -> None:
    assert not is_like(text, name)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_wrong_letters_are_counted_like_by_trying_everything(letters: str, name: str) -> None:
    assert wrong_letters(letters, name) == wrong_letters(name, letters) == distance(letters, name)
    parts = {name[start:end] for start in range(len(name) + 1) for end in range(start, len(name) + 1)}
    assert wrong_letters(letters, name, cut=True) == min(distance(letters, part) for part in parts)


def distance(one: str, other: str) -> int:
    if not one or not other:
        return len(one) + len(other)
    return (
        min(
            distance(one[1:], other) + 1,
            distance(one, other[1:]) + 1,
            distance(one[1:], other[1:]) + (one[0] != other[0]),
        )
        if one[0] != other[0]
        else distance(one[1:], other[1:])
    )


def test_the_line_that_fills_a_place() -> None:
    place = Box(0.2, 0.38, 0.4, 0.14)
    fills, beside, part = line("FILLS", 0.2, 0.4), line("beside", 0.65, 0.3), line("part", 0.2, 0.1)
    assert line_in(place, plain([beside, part, fills])) is fills
    assert line_in(place, plain([beside, part])) is None
    long = line("a whole sentence across the picture", 0.0, 1.0)
    assert line_in(place, plain([long])) is long
    assert line_in(Box(0.2, 0.38, 0.1, 0.14), plain([long])) is None, "most of the sentence is elsewhere"


def test_what_is_not_plainly_read() -> None:
    sure, doubtful, short = line("FILLS", 0.2, 0.4), line("doubtful", 0.2, 0.4, score=0.7), line("is", 0, 1)
    assert plain([doubtful, sure, short]) == [(sure, sure.box())]


@pytest.mark.parametrize(
    ("everyday", "whole", "errors", "said"),
    [
        (False, True, 0, Said.NAME),
        (False, True, 1, Said.ERRORS),
        (False, False, 0, Said.WITHIN),
        (True, True, 0, Said.EVERYDAY),
        (True, False, 0, Said.AMONG),
        (True, True, 1, Said.AMONG),
    ],
)
def test_what_a_name_says_by_itself(everyday: bool, whole: bool, errors: int, said: Said) -> None:
    name = Name("A", "A", "A", 0.9, Box(0, 0, 1, 1), errors, whole, everyday)
    assert said_by(name) is said
