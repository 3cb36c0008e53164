"""Which language a text is in: the publisher's word for it where there is one, else what its letters say.

Detection must not call English foreign: such a text would lose its verdict. So a language is named only
where it is ahead of English by enough, the more so the less there is to read; otherwise the answer is `und`.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

import langcodes

from monitor.texts.characters import MARKS
from monitor.texts.reading import Reading
from monitor.texts.terms import MOST_HITS

if TYPE_CHECKING:
    from monitor.texts.detection import Detector

UNDETERMINED: Final = "und"
"""ISO 639's code for a language that nobody knows."""

Spans = Collection[tuple[int, int]]

# The detector's 139 would cost more short posts of these than they would gain of others: twice as many posts
# of at most 20 characters came out wrong with all of them. Text in another language is taken for a relative
# (Catalan for Spanish, Malay for Indonesian) or is `und`.
DETECTED: Final = re.findall(
    r"\w+",
    """am ar bg bn cs da de el en es fa fi fr gu he hi hr hu hy id it ja ka km kn ko lo ml mr my nl no pa pl
    pt ro ru si sk sr sv sw ta te th tr uk ur vi zh""",
)
"""Languages that are told apart."""
_NOTHING: Final = "zxx"
"""The detector's word for what is no language at all."""
_CODE: Final = re.compile("[a-z]{2,3}")
"""Not x-klingon and other private words, which langcodes gives back whole."""
_NO_LANGUAGE: Final = re.compile("und|mul|mis|zxx|art|nan|q[a-t].")
"""What says nothing: several, none, made up, for local use, and NaN of a table (who means Min Nan Chinese
writes zh)."""
_NORWEGIAN: Final = {"nb": "no", "nn": "no"}
_LONGEST_TAG: Final = 35
"""Characters; BCP 47 reckons with no more."""
_ENOUGH: Final = 4.0
"""Lead over English (difference of probabilities; of English, its own probability) times bytes of the letters
read. See docs/languages.md."""
_READ_CHARS: Final = 400
"""Characters looked at: several times what is enough (60 are), at 0.5 us each."""

_LETTERS: Final = re.compile(rf"(?:[^\W\d_]|[{MARKS}])+")
_NO_ASCII_LETTERS: Final = bytes(byte for byte in range(0x80) if not chr(byte).isalpha())
_HELD: Final = re.compile(r"(\w)\1{2,}")
"""A key held down: "soooo"."""


def language_of(reading: Reading, given: str | None, names: Callable[[], Spans] = tuple) -> str:
    """Primary subtag of the text's language, in lower case ("en"), or `und`.

    A publisher's tag wins if it names a language. `names` are the spans of brands' names in the original
    text, asked for only where the text looks foreign. Never raises, bounded for texts of any length.
    """
    if given is not None and (tagged := primary_subtag(given)) is not None:
        return tagged
    found = _detect("".join(_written(reading, ())))
    if found in (UNDETERMINED, "en"):
        return found
    spans = names()
    return _detect("".join(_written(reading, spans))) if spans else found


def primary_subtag(tag: str) -> str | None:
    """The language of a BCP 47 tag, an ISO 639 code or a POSIX locale: "en" for en-GB, EN, eng, en_US.UTF-8.

    None for what names no language (`und`, "n/a", codes nobody gave out). Retired codes become the present
    ones (iw is he), Norwegian is one language, and so is Chinese (zh, cmn).
    """
    tag = tag.strip().partition(".")[0]
    return _subtag(tag) if len(tag) <= _LONGEST_TAG else None


@lru_cache(maxsize=1024)
def _subtag(tag: str) -> str | None:
    try:
        code = langcodes.Language.get(langcodes.standardize_tag(tag, macro=True))
    except (ValueError, LookupError):
        return None
    language = code.language
    if language is None or _NO_LANGUAGE.fullmatch(language) or not _CODE.fullmatch(language):
        return None
    if not langcodes.Language.get(language).is_valid():
        return None
    return _NORWEGIAN.get(language, language)


def tag_of(asked: str) -> str:
    """What rows hold of a language asked for: "en" for en-GB or eng; what names none, as it is."""
    return primary_subtag(asked) or asked.strip().lower()


def _written(reading: Reading, names: Spans) -> Iterator[str]:
    """The beginning of the plain text without links, addresses, handles, hashtags and names."""
    plain = reading.plain
    if len(names) >= MOST_HITS:  # further ones stand behind the last of them, and are not known
        plain = plain[: reading.plain_at(max(end for _, end in names))]
    room, at = _READ_CHARS, 0
    marks = ((mark.start, mark.end) for mark in reading.marks)
    for start, end in sorted((*marks, *names)):
        part = plain[at : min(reading.plain_at(start), at + room)].strip()
        yield part
        yield " "
        room -= len(part)
        if room <= 0:
            return
        at = max(at, reading.plain_at(end))
    yield plain[at : at + room]


def _detect(written: str) -> str:
    written = _HELD.sub(r"\1\1", written)
    if written.isascii():
        size = len(written.encode().translate(None, _NO_ASCII_LETTERS))
    else:
        size = len("".join(_LETTERS.findall(written)).encode("utf-8", "replace"))
    if size < _ENOUGH:
        return UNDETERMINED
    detector = _detector()
    probabilities = detector.probabilities(written)
    best = int(probabilities.argmax())
    first, probability = detector.languages[best], float(probabilities[best])
    if first == _NOTHING or probability * size < _ENOUGH:
        return UNDETERMINED
    if first == "en":
        return first
    lead = probability - float(probabilities[detector.languages.index("en")])
    return first if lead * size >= _ENOUGH else UNDETERMINED


def load_detector() -> None:
    """Load the model now, which takes a second, and not with the first text."""
    _detector()


@cache
def _detector() -> "Detector":
    # Whoever only reads a language's code (queries, pages, the command line) does without the model.
    from monitor.texts.detection import Detector

    return Detector([*DETECTED, _NOTHING])
