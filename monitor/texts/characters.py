"""What kind of character one is: the ranges that `monitor.texts` cuts and compares words by.

Ranges of scripts are those of Unicode's Blocks.txt, invisible characters those of
Default_Ignorable_Code_Point in DerivedCoreProperties.txt, emoji the blocks that hold most of them.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, groupby
from typing import Final

JOINERS: Final = "\\s_\\-\u2013\u30fb"
"""What parts of a name may be joined by, as the inside of a regular expression's class."""

UNSPACED: Final = (
    "\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Jamo, Khmer
    "\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3105-\u318e\u31f0-\u31ff"  # Kana, Bopomofo, Jamo
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"  # Han, Hangul
)
"""Scripts that write no spaces between words, or hang particles on names (Korean)."""

_KATAKANA: Final = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff]")
PROLONGED: Final = "\u30fc"

EMOJI: Final = (
    "\U0001f1e6-\U0001f1ff\U0001f300-\U0001f3fa\U0001f400-\U0001faff"
    "\u2600-\u27bf\u2b00-\u2bff\u203c\u2049\u2190-\u21ff"
)

INVISIBLE: Final = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


def _ranges(codes: Iterable[int]) -> str:
    """The inside of a class: runs of code points as a-b."""
    runs = []
    for _, group in groupby(enumerate(codes), lambda pair: pair[1] - pair[0]):
        run = [re.escape(chr(code)) for _, code in group]
        runs.append(f"{run[0]}-{run[-1]}" if len(run) > 1 else run[0])
    return "".join(runs)


# Python's \w knows letters and digits, not the vowel signs that Devanagari, Bengali or Thai are written with.
MARKS: Final = _ranges(
    code
    for code in chain(range(0x300, 0x1F000), range(0xE0100, 0xE01F0))
    if unicodedata.category(chr(code)) in ("Mn", "Mc")
)
"""Combining marks, as the inside of a class."""

APART: Final = _ranges(code for code in range(0x80, 0x1F200) if unicodedata.category(chr(code)) == "No")
"""Digits set high or low, fractions, circled numbers: Python's \\w knows them, no word goes on with them."""

_BEYOND_WORDS: Final = re.compile(f"[{UNSPACED}]")

NOTHING: Final = 0
SPACED: Final = 1
UNSPACED_LETTER: Final = 2
KATAKANA: Final = 3
SIGN: Final = 4


@lru_cache(maxsize=65_536)
def kind_of(character: str) -> int:
    """NOTHING for what is in no word; SPACED for letters, marks and digits of scripts with spaces; for the
    others KATAKANA, SIGN (a mark that belongs to the letter before it) or UNSPACED_LETTER."""
    category = unicodedata.category(character)
    if category == "No" or category[0] not in "LNM":
        return NOTHING
    if not _BEYOND_WORDS.match(character):
        return SPACED
    if category[0] == "M":
        return SIGN
    return KATAKANA if _KATAKANA.match(character) else UNSPACED_LETTER


@lru_cache(maxsize=65_536)
def is_mark(character: str) -> bool:
    """Whether it belongs to the letter before it."""
    return unicodedata.category(character)[0] == "M"


def is_sought(character: str) -> bool:
    """Whether people look for it: letters, digits, emoji, signs of currencies; no punctuation."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category in ("So", "Sc")
