"""Names and texts that publishers wrote, made fit to be drawn, printed and laid out: the one place for it.

Drawing libraries take a name at its word: one called "constructor" is looked up in a JavaScript object and
found, one with U+FFFE is no XML, one cut inside an emoji is no text at all. What comes out of here holds only
characters that XML 1.0 allows, none that reorder the text around them, and ends between two characters as
people see them (grapheme clusters of Unicode's Annex 29, by the `regex` library).
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import regex

from monitor.texts.characters import INVISIBLE, MARKS

_ELLIPSIS: Final = "\N{HORIZONTAL ELLIPSIS}"

_BREAKS: Final = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

# Controls but the tabulator and the line feed, halves of surrogate pairs, non-characters; marks that turn the
# direction of a text; spaces without width, which make two names look like one.
_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]"
)

_UNSEEN: Final = re.compile(f"[\\s{INVISIBLE}{MARKS}]*")

_GRAPHEME: Final = regex.compile(r"\X")

_ZERO_WIDTH_SPACE: Final = "\u200b"

_AS_EMOJI: Final = "\ufe0f"

_LONGEST_GRAPHEME: Final = 16
"""Code points: more than the longest emoji has; marks piled up beyond that are dropped."""

# What every JavaScript object has: charts group by name with plain objects.
_PROTOTYPE: Final = frozenset(
    (
        *("__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"),
        *("constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable"),
        *("toLocaleString", "toString", "valueOf"),
    )
)


def plain(text: str) -> str:
    """The text without characters that cannot be drawn or that reorder others; lines stay lines."""
    return _UNFIT.sub("", _BREAKS.sub("\n", text))


def cut(text: str, most: int) -> str:
    """At most `most` columns of the plain text, an ellipsis among them; no character is cut in the middle.

    A column is a Latin letter's width; an emoji or a Chinese character takes two.
    """
    kept: list[str] = []
    columns, fitting = 0, 0
    for found in _GRAPHEME.finditer(plain(text)):
        grapheme = found.group()[:_LONGEST_GRAPHEME]
        columns += _columns(grapheme)
        if columns > most:
            return "".join(kept[:fitting]).rstrip() + _ELLIPSIS
        kept.append(grapheme)
        if columns < most:
            fitting = len(kept)
    return "".join(kept)


def breakable(text: str, every: int = 24) -> str:
    """The plain text with an invisible place to break at after so many characters without a space."""
    run = rf"(?:(?!\s)\X){{{every}}}"
    broken: str = regex.sub(run, lambda found: found.group() + _ZERO_WIDTH_SPACE, plain(text))
    return broken


def label(text: str, most: int = 40) -> str:
    """A name for an axis, a legend or a table: one line of at most `most` columns, never empty.

    Names of JavaScript's object prototype come in quotation marks.
    """
    name = cut(" ".join(plain(text).split()), most)
    if _UNSEEN.fullmatch(name):
        return "(no visible name)"
    if name in _PROTOTYPE:
        return f"\N{LEFT DOUBLE QUOTATION MARK}{name}\N{RIGHT DOUBLE QUOTATION MARK}"
    return name


def distinct(texts: Iterable[str], most: int = 40) -> tuple[str, ...]:
    """Labels in the order of the texts, no two the same: what would be drawn as one name gets a number."""
    labels: dict[str, None] = {}
    for text in texts:
        name, number = label(text, most), 2
        while name in labels:
            ending = f" ({number})"
            name, number = label(text, most - len(ending)) + ending, number + 1
        labels[name] = None
    return tuple(labels)


def _columns(grapheme: str) -> int:
    return 2 if any(map(_is_wide, grapheme)) else 1


def _is_wide(character: str) -> bool:
    return character > "\uffff" or character == _AS_EMOJI or unicodedata.east_asian_width(character) in "WF"
