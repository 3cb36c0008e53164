"""Names that nobody would expect become labels that any library can draw."""

import unicodedata
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.reports.labels import cut, distinct, label, plain

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"


@pytest.mark.parametrize("name", ["constructor", "__proto__", "toString", "valueOf", "hasOwnProperty"])
def test_a_name_that_every_javascript_object_has_is_quoted(name: str) -> None:
    assert label(name) == f"\u201c{name}\u201d"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\ufffeb\uffff\U0001fffec", "abc"),
        ("a\x00\x01\x08\x7f\x9fb", "ab"),
        ("half an emoji \ud83d", "half an emoji"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ufeffA\u200bcme", "Acme"),
        ("two\u2028lines\r\nand\ta\x85third", "two lines and a third"),
        ("  ", "(no visible name)"),
        ("\u200d\ufe0f", "(no visible name)"),
        ("", "(no visible name)"),
        ("\u3164", "(no visible name)"),
        ("caf\u00e9 & <b>", "caf\u00e9 & <b>"),
        (FAMILY, FAMILY),
    ],
)
def test_a_label_is_one_line_that_can_be_drawn(text: str, shown: str) -> None:
    assert label(text) == shown


@pytest.mark.parametrize(
    ("text", "most", "shown"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde\u2026"),
        ("abcd efg", 6, "abcd\u2026"),
        (FAMILY * 3, 6, FAMILY * 3),
        (FAMILY * 4, 6, FAMILY * 2 + "\u2026"),
        ("\U0001f1e9\U0001f1ea" * 9, 5, "\U0001f1e9\U0001f1ea" * 2 + "\u2026"),
        ("e\u0301" * 9, 5, "e\u0301" * 4 + "\u2026"),
        ("日本語の名前", 7, "日本語\u2026"),
        ("x", 1, "x"),
        ("xy", 1, "\u2026"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_between_characters_as_people_see_them(text: str, most: int, shown: str) -> None:
    assert cut(text, most) == shown


def test_marks_piled_on_one_letter_are_dropped_beyond_what_a_language_needs() -> None:
    assert len(label("Z" + "\u0301" * 2_000)) == 16


def test_a_text_keeps_its_lines() -> None:
    assert plain("first\r\nsecond\u2029third\tcolumn") == "first\nsecond\nthird\tcolumn"


def test_names_that_look_alike_stay_apart() -> None:
    long = "x" * 50
    shown = distinct(["Acme", "Ac\u200bme", long + "1", long + "2", "Acme (2)", ""], most=20)
    assert shown == (
        "Acme",
        "Acme (2)",
        "x" * 19 + "\u2026",
        "x" * 15 + "\u2026 (2)",
        "Acme (2) (2)",
        "(no visible name)",
    )


@given(st.text(st.characters(), max_size=80))
@example("constructor")
@example("\ud83d\ude00")
def test_whatever_the_name_its_label_is_xml_and_says_something(text: str) -> None:
    shown = label(text, 20)
    assert shown.strip()
    assert ET.fromstring(f"<text>{escape(shown)}</text>").text == shown
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in shown)
    assert label(shown, 20) == shown or shown == f"\u201c{text}\u201d"
