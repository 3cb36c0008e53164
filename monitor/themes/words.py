"""The words of a text that a theme can be made of: content words by their stems, and where they stand.

Stems and the words that build sentences are PostgreSQL's: Snowball's for the languages it has them for. Of
English, those that are no theme either (praise, times, what anybody does) stand in general_words.txt.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from monitor.texts import read

_LONGEST: Final = 40
"""Characters; longer "words" are keys held down and base64."""

_BREAKS: Final = frozenset('.!?;:,()[]"|\u2026\u201c\u201d\n')
"""Signs that end a phrase."""

_DICTIONARIES: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "id": "indonesian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
"""By language code: those that PostgreSQL has since version 14. Of other languages a word is its own stem."""

_LINK: Final = re.compile(r"(?:https?|ftp)://[!#-;=?-\[\]_a-z~]+")
_NAMED: Final = re.compile(r"[a-z0-9_%+.-]@|@\w*_")
"""What may be a mail address, or a handle of several words."""
_PLAIN: Final = re.compile(r"@?[a-z0-9]+|[.!?;:,()\[\]\"|\n]")

Key = tuple[str, str]
"""Language and word."""

Stems = Callable[[Iterable[Key]], Mapping[Key, str]]
"""Stems of the words that a theme may be made of; others are missing."""


class Token(NamedTuple):
    """A word of a text; its index is its ordinal, which NEAR of a query counts by."""

    word: str
    """In small letters, with its accents; empty for what is no word of a theme: handles, numbers, emoji."""
    breaks: bool
    """A phrase ends before it."""


def tokens(said: str) -> tuple[Token, ...]:
    """The words of a text, in order, without those of links and addresses. Linear in its length."""
    if said.isascii():
        plain = said.lower()
        if "://" in plain:
            plain = _LINK.sub("|", plain)
        apart = "&" in plain or "www." in plain or "://" in plain or ("@" in plain and _NAMED.search(plain))
        if not apart:
            return _plain_tokens(plain)
    return _read_tokens(said)


def _plain_tokens(plain: str) -> tuple[Token, ...]:
    """What `_read_tokens` gives of a text without anything to be decoded, folded or told apart, in a fraction
    of the time: most of what is said in English."""
    found, breaks = [], False
    for part in _PLAIN.findall(plain):
        if part in _BREAKS:
            breaks = True
        else:
            counts = 1 < len(part) <= _LONGEST and part[0] != "@" and not part.isdigit()
            found.append(Token(part if counts else "", breaks))
            breaks = False
    return tuple(found)


def _read_tokens(said: str) -> tuple[Token, ...]:
    reading = read(said)
    handles = [(mark.start, mark.end) for mark in reading.marks if mark.kind == "handle"]
    found, end = [], 0
    for each in reading.words:
        word = said[each.start : each.end].lower()
        of_handle = any(start <= each.start < stop for start, stop in handles)
        counts = each.kind == "word" and not of_handle and 1 < len(word) <= _LONGEST and not word.isdigit()
        found.append(Token(word if counts else "", not _BREAKS.isdisjoint(said[end : each.start])))
        end = each.end
    return tuple(found)


def words_of(names: Iterable[str]) -> frozenset[str]:
    """The words that names are made of, for `stems` to pass over."""
    return frozenset(token.word for name in names for token in tokens(name) if token.word)


def stems(connection: Connection, passed: Iterable[str] = ()) -> Stems:
    """`Stems` by the dictionaries of the database. Of general words there is none, nor of those `passed` over
    and of what stems to the same as one of these in its language."""
    given = frozenset(passed)

    def found(keys: Iterable[Key]) -> dict[Key, str]:
        by_language: dict[str, set[str]] = defaultdict(set)
        for language, word in keys:
            by_language[language].add(word)
        result: dict[Key, str] = {}
        for language, words in by_language.items():
            stem = _lexized(connection, language, words | given)
            silent = {stem[word] for word in given if word in stem}
            passed_over = given | (general_words() if language == "en" else frozenset())
            result |= {
                (language, word): stem[word]
                for word in words - passed_over
                if word in stem and stem[word] not in silent
            }
        return result

    return found


@cache
def general_words() -> frozenset[str]:
    """English words that are no theme."""
    lines = resources.files("monitor.themes").joinpath("general_words.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _lexized(connection: Connection, language: str, words: Iterable[str]) -> dict[str, str]:
    """Words by their stems, without those that build sentences."""
    dictionary = _DICTIONARIES.get(language)
    if dictionary is None:
        return {word: word for word in words}
    query = text("""
        SELECT word, (ts_lexize(CAST(:dictionary AS regdictionary), word))[1] AS stem
        FROM unnest(CAST(:words AS text[])) AS word
    """)
    given = {"dictionary": f"pg_catalog.{dictionary}_stem", "words": sorted(words)}
    return {row.word: row.stem for row in connection.execute(query, given) if row.stem}
