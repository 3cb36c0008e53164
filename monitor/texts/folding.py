"""Characters made plain and folded, with the way back: which part of the text each of them came from.

*Plain* keeps what a reader sees: HTML entities decoded, letters of other fonts and widths as plain ones
(NFKC), apostrophes alike, invisible characters gone. *Folded* also drops what does not tell two words apart:
case, the accents of Latin and Greek letters, the points of Hebrew and Arabic. Voiced kana, vowel signs of
Indic scripts and syllables of Hangul are letters and stay.
"""

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.texts.characters import INVISIBLE

_BLANK: Final = "\u2800"  # a braille cell without a dot, by its category a symbol
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_APOSTROPHES: Final = frozenset("\u2018\u2019\u201b\u02bb\u02bc\u055a\ua78c\uff07")
_ACCENTS_AS_APOSTROPHES: Final = frozenset("\u00b4\u2032\u02b9\u0060\uff40")
"""Apostrophes only between letters: "isn\u00b4t"."""
# Capitals in black circles and squares: a "font" like the others, to which Unicode gives no plain form.
_WHITE_ON_BLACK: Final = {chr(first + n): chr(65 + n) for first in (0x1F150, 0x1F170) for n in range(26)}
_HYPHENS: Final = frozenset("\u2010\u2011\u2012\u2043\ufe63\uff0d")

# Feeds encode what was encoded already: AT&amp;amp;T. Without its semicolon "&copy=1" is part of an address.
_ENTITY: Final = re.compile(r"&(?:amp;){0,3}(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_ASCII: Final = re.compile(r"[\x00-\x7f]+")
_VOWELS: Final = "\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f"  # Cyrillic
_LONGEST_PLAIN: Final = 4
"""Signs that stand for a whole saying (U+FDFA: 18 letters) stay as they are."""
_LONGEST_CLUSTER: Final = 16
"""Characters; ordering the marks on one letter takes the square of their number."""


class Folded(NamedTuple):
    """`text`, and for each of its characters the first index it came from and the one after the last."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


def fold(text: str) -> tuple[Folded, Folded]:
    """`text` plain, and folded. Linear in its length; any string."""
    if text.isascii() and "&" not in text and "`" not in text:
        starts, ends = range(len(text)), range(1, len(text) + 1)
        return Folded(text, starts, ends), Folded(text.lower(), starts, ends)
    plain, folded = _Builder(), _Builder()
    for piece, start, end in _pieces(text):
        if end - start == len(piece) and piece.isascii():
            plain.add_run(piece, start)
            folded.add_run(piece.lower(), start)
        else:
            one = _cluster(piece)
            plain.add(one[0], start, end)
            folded.add(one[1], start, end)
    return plain.done(), folded.done()


class _Builder:
    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add_run(self, piece: str, start: int) -> None:
        """ASCII: a character for each."""
        self._pieces.append(piece)
        self._starts.extend(range(start, start + len(piece)))
        self._ends.extend(range(start + 1, start + len(piece) + 1))

    def add(self, piece: str, start: int, end: int) -> None:
        """All of `piece` stands for all of [start, end)."""
        self._pieces.append(piece)
        self._starts.extend([start] * len(piece))
        self._ends.extend([end] * len(piece))

    def done(self) -> Folded:
        return Folded("".join(self._pieces), self._starts, self._ends)


def _pieces(text: str) -> list[tuple[str, int, int]]:
    """Runs of ASCII, and the other characters each with the marks upon it; entities decoded, what is
    invisible left out, accents between letters as the apostrophes they stand for."""
    pieces: list[tuple[str, int, int]] = []
    for decoded, start, end in _decoded(text):
        if end - start != len(decoded):
            _add_clusters(pieces, decoded, start, end)
            continue
        at = 0
        for run in _ASCII.finditer(decoded):
            if run.start() > at:
                _add_clusters(pieces, decoded[at : run.start()], start + at)
            pieces.append((run.group(), start + run.start(), start + run.end()))
            at = run.end()
        if at < len(decoded):
            _add_clusters(pieces, decoded[at:], start + at)
    return _with_apostrophes(pieces)


def _decoded(text: str) -> list[tuple[str, int, int]]:
    """The text in pieces, each as it stands or a decoded entity."""
    if "&" not in text:
        return [(text, 0, len(text))]
    pieces = []
    at = 0
    for match in _ENTITY.finditer(text):
        entity = f"&{match.group(1)};"
        meant = html.unescape(entity)
        if meant == entity:
            continue  # no such entity
        if match.start() > at:
            pieces.append((text[at : match.start()], at, match.start()))
        pieces.append((meant, match.start(), match.end()))
        at = match.end()
    if at < len(text):
        pieces.append((text[at:], at, len(text)))
    return pieces


def _add_clusters(
    pieces: list[tuple[str, int, int]], run: str, start: int, whole_end: int | None = None
) -> None:
    """Append `run`, cut before every character that is no mark; `whole_end` where all of it is one entity."""
    for offset, character in enumerate(run):
        if _INVISIBLE.match(character):
            continue
        first = start if whole_end is not None else start + offset
        end = whole_end if whole_end is not None else first + 1
        if pieces and _continues(character):
            before, before_start, _ = pieces[-1]
            if before.isascii() and len(before) > 1:  # the mark belongs to the run's last letter
                last = pieces[-1][2] - 1
                pieces[-1] = (before[:-1], before_start, last)
                pieces.append((before[-1] + character, last, end))
                continue
            if len(before) < _LONGEST_CLUSTER:
                pieces[-1] = (before + character, before_start, end)
                continue
        pieces.append((character, first, end))


@lru_cache(maxsize=65_536)
def _continues(character: str) -> bool:
    """Whether it belongs to the character before it: a mark, a vowel or final consonant of Hangul, a voice
    mark. The vowels of keyboards stand alone: they are what people cry with, U+3160."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first)[0] == "M" or "\u1161" <= character <= "\u11ff"


def _with_apostrophes(pieces: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Accents that stand between two letters (U+00B4, U+0060 in "isn't") become apostrophes."""
    for index in range(1, len(pieces) - 1):
        piece, start, end = pieces[index]
        if (
            piece in _ACCENTS_AS_APOSTROPHES
            and pieces[index - 1][0][-1:].isalpha()
            and pieces[index + 1][0][:1].isalpha()
        ):
            pieces[index] = ("'", start, end)
    return [
        (_BACKTICK.sub("'", piece), start, end) if "`" in piece else (piece, start, end)
        for piece, start, end in pieces
    ]


_BACKTICK: Final = re.compile(r"(?<=[A-Za-z])`(?=[A-Za-z])")


@lru_cache(maxsize=65_536)
def _cluster(cluster: str) -> tuple[str, str]:
    """A character with its marks: plain, and folded."""
    plain = folded = _made_plain(cluster)
    for _ in range(4):  # until it stays: what folds to a capital, or to a letter of another width
        before, folded = folded, _without_marks(_made_plain(_casefold(folded)))
        if folded == before:
            break
    return plain, folded


def _made_plain(cluster: str) -> str:
    # One by one: a normal form of the whole would make "TM" of the signs that stand apart.
    return unicodedata.normalize("NFC", "".join(_plain(character) for character in cluster))


def _plain(character: str) -> str:
    if character in _APOSTROPHES:
        return "'"
    if character in _HYPHENS:
        return "-"
    if character == _BLANK or character.isspace():
        return " "
    if character in _WHITE_ON_BLACK:
        return _WHITE_ON_BLACK[character]
    if _stands_apart(character):
        return character
    if unicodedata.category(character) == "Cs":  # half a character, which no encoding has
        return "\ufffd"
    plain = unicodedata.normalize("NFKD", character).replace("\u02bc", "'")
    return plain if len(plain) <= _LONGEST_PLAIN else character


def _casefold(plain: str) -> str:
    return "".join(one if _stands_apart(one) else one.casefold() for one in plain)


@lru_cache(maxsize=4_096)
def _stands_apart(character: str) -> bool:
    """Signs that no word goes on with: ™, ², ½, ①, and accents that stand alone. As "TM" or "2" they
    would."""
    category = unicodedata.category(character)
    if category in ("No", "Sk"):
        return True
    return unicodedata.decomposition(character).startswith(("<super>", "<sub>")) and category[0] != "L"


def _without_marks(text: str) -> str:
    """Marks gone from letters that keep their word without them."""
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", text):
        if unicodedata.category(character)[0] != "M":
            base = character
            if character != "\u0640":  # tatweel: makes an Arabic word wider
                kept.append(character)
        elif _tells_apart(base, character):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _tells_apart(base: str, mark: str) -> bool:
    """Whether another word may be meant without the mark."""
    if not base.isalpha() or unicodedata.category(mark) == "Me":
        return False
    script = unicodedata.name(base, "").split(" ")[0]
    if script in ("LATIN", "GREEK", "HEBREW"):
        return False
    if script == "CYRILLIC":  # io is written as ie, short i never as i; an acute shows the stress
        return (base, mark) != ("\u0435", "\u0308") and not (mark == "\u0301" and base in _VOWELS)
    if script == "ARABIC":  # alef is written with and without its hamza; elsewhere that makes another letter
        return "\u0653" <= mark <= "\u0655" and base != "\u0627"
    return True
