"""Keys by which copies of one text are found: two texts that share a key are copies.

A key is a 64-bit hash, so that a database finds copies by looking keys up and compares no texts. What a copy
changes is left out first: "RT @who:", links, addresses, handles, emoji, hashtags around the text, a label in
front ("BREAKING:") and the outlet's name behind a headline, and vowels of longer words, where most typos are.

A text has up to three kinds of keys:

* its opening: the first 16 words. Retweets that were cut, headlines and the news below them share it.
* for one of 16 words or more, bands of a MinHash over runs of five words: a sentence put in front, a word
  changed here and there. The text's numbers are part of them: the same form with other figures is news.
* for one of fewer than eight words, the author with the words. "Love my Nike!" said by two people is two
  stories; said by one and repeated by others as "RT @one:", it is one.

The brands named are part of every key: a story is about the same brands in all of its copies, so that the
first of them stands for the others in every brand's figures.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rensa import RMinHash

from monitor.texts.marks import Mark
from monitor.texts.reading import Reading, Word

MIN_WORDS: Final = 8.0
"""A text of fewer words is a copy of another only by or from the same author: people say the same by chance
(measured: docs/data-model.md)."""
OPENING_WORDS: Final = 16.0
_CHARACTER: Final = 0.4
"""Words that a character of a script without spaces counts for: 40 of them say what 16 words say."""

_RUN: Final = 5
_BANDS: Final = 6
_ROWS: Final = 6
"""Two texts share a band with 99, 84, 53, 25 or 9% if .9, .8, .7, .6 or .5 of all their runs are in both."""
_SEED: Final = 1

_OUTLET_WORDS: Final = 4.0
_HEADLINE_WORDS: Final = 5
_SEPARATORS: Final = frozenset("|-\u2013\u2014\u00b7\u2022")
_LABEL: Final = re.compile(
    r"(?:breaking(?: news)?|exclusive|just in|urgent|update(?: \d)?|rpt|brief|eilmeldung|exklusiv|exclusif)"
    r"\s*[:-]\s*"
)
_CUT: Final = re.compile(r"(?:…|\.\.\.)\W*(?:https?://\S+\W*)*$")
_VOWELS: Final = str.maketrans("", "", "aeiou")
_DOUBLED: Final = re.compile(r"(.)\1+")
_DIGIT: Final = re.compile(r"\d")


def story_keys(
    reading: Reading, brands: Collection[str] = (), source: str = "", author: str | None = None
) -> tuple[int, ...]:
    """The keys of a text that names these brands, signed 64-bit, ascending; none for a text that can be no
    copy. Linear in the text; the same in every process."""
    words, origin = _said(reading)
    tokens, weight = _tokens(words)
    about = sorted(set(brands))
    if not tokens:
        return ()
    if weight < MIN_WORDS:
        voice = origin or (author or "").casefold().lstrip("@").strip()
        return (_key("voice", about, (source, voice, *tokens)),) if voice else ()
    keys = {_key("opening", about, _opening(words, tokens))}
    if weight >= OPENING_WORDS:
        keys.update(_bands(about, tokens))
    elif _CUT.search(reading.text):
        keys.add(_key("opening", about, tokens[:-1]))  # the last word may be a part of one
    return tuple(sorted(keys))


def _said(reading: Reading) -> tuple[list[Word], str | None]:
    """The words that a copy keeps, and the handle it repeats, if it says so."""
    kept, origin = [word for word in reading.words if word.kind != "emoji"], None
    handles = [mark for mark in reading.marks if mark.kind == "handle"]
    if handles:
        start, origin = _repeated(reading.text, kept, handles)
        kept = [
            word
            for word, within in zip(kept[start:], _within(kept[start:], handles), strict=True)
            if not within
        ]
        if kept and kept[-1].text == "via" and handles[-1].start >= kept[-1].end:
            kept.pop()
    hashtags = [mark for mark in reading.marks if mark.kind == "hashtag"]
    if hashtags:
        plain = [n for n, within in enumerate(_within(kept, hashtags)) if not within]
        kept = kept[plain[0] : plain[-1] + 1] if plain else []
    return _headline(reading.text, _unlabelled(reading, kept)), origin


def _repeated(text: str, words: Sequence[Word], handles: Sequence[Mark]) -> tuple[int, str | None]:
    """How many words "RT @one: RT @two:" has, and the last of these handles."""
    start, origin = 0, None
    for mark in handles:
        if start >= len(words) or words[start].text != "rt" or text[words[start].end : mark.start].strip():
            break
        origin = text[mark.start + 1 : mark.end].casefold()
        start = next((n for n in range(start, len(words)) if words[n].start >= mark.end), len(words))
    return start, origin


def _unlabelled(reading: Reading, words: list[Word]) -> list[Word]:
    """Without "BREAKING:" or "UPDATE 1-" in front."""
    label = _LABEL.match(reading.folded)
    if label is None:
        return words
    end = reading.span(0, label.end())[1]
    return [word for word in words if word.start >= end]


def _headline(text: str, words: list[Word]) -> list[Word]:
    """Without " | The Outlet" or " - The Outlet" at the end: up to four words, none of them a figure."""
    weight = 0.0
    for n in range(len(words) - 1, _HEADLINE_WORDS - 1, -1):
        weight += _weight(words[n])
        if weight > _OUTLET_WORDS or words[n].text.isdigit():
            break
        between = text[words[n - 1].end : words[n].start].split()
        if between and between[-1] in _SEPARATORS and text[words[n].start - 1].isspace():
            return words[:n]
    return words


def _tokens(words: Sequence[Word]) -> tuple[list[str], float]:
    """The words as they are compared, and how many they count for."""
    tokens = [
        word.text if word.kind == "word" else word.text + following.text * (following.kind == "character")
        for word, following in pairwise((*words, Word("", 0, 0, "word")))
    ]
    return [_skeleton(token) for token in tokens], sum(map(_weight, words))


def _weight(word: Word) -> float:
    return _CHARACTER if word.kind == "character" else 1.0


@lru_cache(1 << 16)  # a language has few words that are common
def _skeleton(word: str) -> str:
    """A longer word without vowels and doubled letters: "recieved" and "received" are one."""
    if len(word) < 5 or not (word.isascii() and word.isalpha()):
        return word
    return _DOUBLED.sub(r"\1", word[0] + word[1:].translate(_VOWELS))


def _opening(words: Sequence[Word], tokens: Sequence[str]) -> Sequence[str]:
    weight = 0.0
    for count, word in enumerate(words, start=1):
        weight += _weight(word)
        if weight >= OPENING_WORDS:
            return tokens[:count]
    return tokens


def _bands(about: Sequence[str], tokens: Sequence[str]) -> list[int]:
    runs = {" ".join(tokens[n : n + _RUN]) for n in range(len(tokens) - _RUN + 1)}
    sketch = RMinHash(_BANDS * _ROWS, _SEED)
    sketch.update([run.encode("utf-8", "surrogatepass") for run in runs])
    rows = [str(row) for row in sketch.digest()]
    figures = sorted({token for token in tokens if _DIGIT.search(token)})
    return [_key(f"band {n}", about, (*rows[n * _ROWS : (n + 1) * _ROWS], *figures)) for n in range(_BANDS)]


def _within(words: Sequence[Word], marks: Sequence[Mark]) -> Iterator[bool]:
    """For each word whether it stands in one of the marks; both are in order."""
    place = 0
    for word in words:
        while place < len(marks) and marks[place].end <= word.start:
            place += 1
        yield place < len(marks) and marks[place].start <= word.start


def _key(kind: str, about: Sequence[str], parts: Sequence[str]) -> int:
    whole = "\x1e".join((kind, "\x1f".join(about), "\x1f".join(parts)))
    digest = hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)
