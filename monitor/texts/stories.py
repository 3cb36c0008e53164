"""Keys by which copies of one text are found: two texts that share a key are copies.

A key is a 64-bit hash, so that a database finds copies by looking keys up and compares no texts. What a copy
changes is left out first: "RT @who:" and what stands before it, links, addresses, handles, emoji, hashtags
around the text, a label in front ("BREAKING:"), the place of a news agency, short comments before and behind,
the outlet's name behind a headline, and the vowels of longer words, where most typos are.

The keys of a text are:

* the whole of it, if it has 8 to 20 words.
* its opening, the first 16 words, if it is longer: news under one headline share it. Also if it was cut, as
  retweets are: it shares the opening of what it was cut from.
* for one of more than 20 words, bands of a MinHash over runs of five words: a sentence put in front, words
  changed here and there. The text's numbers are part of them: the same form with other figures is news.
* for one of fewer than 8 words, the author with the words. "Love my Nike!" said by two people is two stories;
  said by one and repeated by others as "RT @one:", it is one.

The brands named are part of every key: a story is about the same brands in all of its copies, so that the
first of them stands for the others in every brand's figures.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Final

from rensa import RMinHash

from monitor.texts.marks import Mark
from monitor.texts.reading import Reading, Word

MIN_WORDS: Final = 8.0
"""A text of fewer words is a copy of another only by or from the same author: people say the same by chance
(measured: docs/data-model.md)."""
OPENING_WORDS: Final = 16.0
SHORT_WORDS: Final = 20.0
"""A text of no more words is the same only as a whole: forms of that length differ in one name."""
_CHARACTER: Final = 0.4
"""Words that a character of a script without spaces counts for: 40 of them say what 16 words say."""

_RUN: Final = 5
_BANDS: Final = 8
_ROWS: Final = 5
"""Two texts share a band with 100, 96, 77, 48 or 22% if .9, .8, .7, .6 or .5 of their runs are in both."""
_SEED: Final = 1

_OUTLET_WORDS: Final = 4.0
_HEADLINE_WORDS: Final = 5
_DATELINE_WORDS: Final = 5
_DASHES: Final = (["-"], ["\u2013"], ["\u2014"])
_SEPARATORS: Final = frozenset("|-\u2013\u2014\u00b7\u2022")
_COMMENT_WORDS: Final = 4
_COMMENTED_WORDS: Final = 12
_SENTENCE: Final = re.compile(r"[.!?]\s")
_LABEL: Final = re.compile(
    "breaking(?: news)?|exclusive|just in|urgent|update(?: [0-9])?|rpt|brief|eilmeldung|exklusiv|exclusif"
)
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
    keys = []
    if weight < OPENING_WORDS or (weight <= SHORT_WORDS and not _is_cut(reading)):
        keys.append(_key("whole", about, tokens))
    else:
        keys.append(_key("opening", about, _opening(words, tokens)))
    if weight > SHORT_WORDS:
        keys += _bands(about, tokens)
    return tuple(sorted(keys))


def _is_cut(reading: Reading) -> bool:
    """Whether it ends in dots, links aside."""
    text, end = reading.text, len(reading.text)
    for mark in reversed(reading.marks):
        if mark.kind != "link" or text[mark.end : end].strip():
            break
        end = mark.start
    return text[:end].rstrip().endswith(("\u2026", "..."))


def _said(reading: Reading) -> tuple[list[Word], str | None]:
    """The words that a copy keeps, and the handle it repeats, if it says so."""
    kept, origin = [word for word in reading.words if word.kind != "emoji"], None
    handles = [mark for mark in reading.marks if mark.kind == "handle"]
    if handles:
        start, origin = _repeated(reading.text, kept, handles)
        inside = _within(kept[start:], handles)
        kept = [word for word, within in zip(kept[start:], inside, strict=True) if not within]
        if kept and kept[-1].text == "via" and handles[-1].start >= kept[-1].end:
            kept.pop()
    hashtags = [mark for mark in reading.marks if mark.kind == "hashtag"]
    if hashtags:
        plain = [n for n, within in enumerate(_within(kept, hashtags)) if not within]
        kept = kept[plain[0] : plain[-1] + 1] if plain else []
    kept = _headline(reading.text, _placeless(reading.text, _unlabelled(reading.text, kept)))
    return _uncommented(reading, kept), origin


def _repeated(text: str, words: Sequence[Word], handles: Sequence[Mark]) -> tuple[int, str | None]:
    """Of "RT @one: RT @two: …", with or without a comment in front, where the words of @two begin, and who
    that is."""
    start, origin = 0, None
    for mark in handles:
        at = bisect_left(words, mark.start, key=attrgetter("start"))
        if at and words[at - 1].text == "rt" and not text[words[at - 1].end : mark.start].strip():
            origin = text[mark.start + 1 : mark.end].casefold()
            start = bisect_left(words, mark.end, key=attrgetter("start"))
    return start, origin


def _placeless(text: str, words: list[Word]) -> list[Word]:
    """News without "ERFURT (dpa) - " in front: up to five words before a dash, where many follow."""
    for n in range(1, min(_DATELINE_WORDS, len(words) - int(SHORT_WORDS)) + 1):
        between = text[words[n - 1].end : words[n].start]
        if between[-1:].isspace() and between.split()[-1:] in _DASHES:
            return words[n:]
        if any(sign in between for sign in ".:!?"):
            break
    return words


def _unlabelled(text: str, words: list[Word]) -> list[Word]:
    """Without "BREAKING:" or "UPDATE 1-" in front."""
    for count in range(1, min(3, len(words))):
        label = " ".join(word.text for word in words[:count])
        between = text[words[count - 1].end : words[count].start]
        if _LABEL.fullmatch(label) and between.lstrip().startswith((":", "-")):
            return words[count:]
    return words


def _headline(text: str, words: list[Word]) -> list[Word]:
    """Without " | The Outlet" or " - The Outlet" at the end: up to four words, none of them a figure."""
    weight = 0.0
    for n in range(len(words) - 1, _HEADLINE_WORDS - 1, -1):
        weight += _weight(words[n])
        if weight > _OUTLET_WORDS:
            break
        between = text[words[n - 1].end : words[n].start].split()
        if between and between[-1] in _SEPARATORS and text[words[n].start - 1].isspace():
            return words if words[n].text.isdigit() else words[:n]
    return words


def _uncommented(reading: Reading, words: list[Word]) -> list[Word]:
    """Without "Wow!" in front or "Finally a good idea." behind: sentences of up to four words around a long
    one. What stands last in a text that was cut is no comment."""
    start, end = 0, len(words)
    if end <= _COMMENTED_WORDS or not _SENTENCE.search(reading.text):
        return words
    ends = [n for n in range(1, end) if _SENTENCE.search(reading.text, words[n - 1].end, words[n].start)]
    for n in ends:
        if n - start > _COMMENT_WORDS or end - n < _COMMENTED_WORDS:
            break
        start = n
    for n in () if _is_cut(reading) else reversed(ends):
        if end - n > _COMMENT_WORDS or n - start < _COMMENTED_WORDS:
            break
        end = n
    return words[start:end]


def _tokens(words: Sequence[Word]) -> tuple[list[str], float]:
    """The words as they are compared, and how many they count for."""
    if all(word.kind == "word" for word in words):
        return [_skeleton(word.text) for word in words], float(len(words))
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
