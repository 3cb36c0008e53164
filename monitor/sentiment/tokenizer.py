"""Text -> tokens that keep what carries sentiment: n't, !, ?, emoji, hashtags, capitals, lengthened words.

Training and service share this module and the `Reading` it cuts, so a token means the same on both sides; its
rules are part of the model. English contractions are cut as in the Penn Treebank ("don't" -> "do", "n't"),
which is how GloVe and SST were cut.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.texts import Reading, read
from monitor.texts.characters import EMOJI


class Token(NamedTuple):
    """A lower-cased token and the characters of the original text it stands for (`start` <= i < `end`)."""

    text: str
    start: int
    end: int


URL: Final = "<url>"
HASHTAG: Final = "<hash>"
"""Comes before the words of a hashtag."""
CAPITALS: Final = "<caps>"
"""Comes after a word SHOUTED in a text that is not shouted throughout."""
LENGTHENED: Final = "<long>"
"""Comes after a word written with a letter three times or more: "sooo" -> "soo", LENGTHENED."""

# Controls, unpaired surrogates as they are read, skin tones.
_SILENT: Final = r"\s\x00-\x1f\x7f-\x9f\ufffd\U0001f3fb-\U0001f3ff"
_APOSTROPHE: Final = "['`]"
# Auxiliaries that people negate without an apostrophe; "wont" and "cant" are far more often typos than words.
_AUXILIARY: Final = "do|does|did|is|are|was|were|has|have|had|would|could|should|ca|wo|ai|must|need"

_PATTERN: Final = re.compile(
    rf"""
    (?P<url>\{{link\}})
  | (?P<markup><br\s*/?>)
  | (?P<emoticon>[:;=]'?[-o^]?[)(\[\]DPp/\\|*3]+(?!\w)|<3+(?!\w)|</3|\^_+\^|-_+-|[xX]D+\b|\([:;=])
  | (?P<emoji>[{EMOJI}])
  | (?P<negated>[^\W\d_]*?n[ ]?{_APOSTROPHE}t\b|\b(?:{_AUXILIARY})nt\b)
  | (?P<clitic>{_APOSTROPHE}(?:s|re|ve|ll|d|m)\b)
  | (?P<number>\d+(?:[.,:/]\d+)*)
  | (?P<word>[^\W\d_]+\d*)
  | (?P<shout>[!?]+)
  | (?P<dots>\.{{2,}}|\u2026)
  | (?P<ignored>[{_SILENT}]+)
  | (?P<other>(?P<mark>.)(?P=mark)*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTES: Final = dict.fromkeys(("\u201c", "\u201d", "\u00ab", "\u00bb", "\u201e"), '"') | {"`": "'"}
_RUN: Final = re.compile(r"(.)\1{2,}")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W\d_]+")
# Longer "words" are noise (base64, keyboard mashing); the cut keeps a megabyte of it from becoming one token.
_WORD_CHARS: Final = 64
_new: Final = tuple.__new__
"""A Token in a third of the time that calling it takes."""
_CHUNK: Final = re.compile(r"\S+")
_ACROSS: Final = re.compile("[ ]['`]|<")
"""Where tokens may reach over white space: "isn 't", "<br />"."""
_REMEMBERED: Final = 1 << 15
"""Chunks between white space whose tokens are kept, some 15 MB of them; most of a text are common ones."""


def tokenize(text: str | Reading) -> list[Token]:
    """Cut a text (any characters, any length) into tokens; linear in its length, never raises.

    White space, control characters and HTML line breaks leave no token.
    """
    reading = read(text) if isinstance(text, str) else text
    tokens: list[Token] = []
    shouting = any(character.islower() for character in reading.plain)
    at = 0
    for mark in reading.marks:
        start, end = reading.plain_at(mark.start), reading.plain_at(mark.end)
        _cut(tokens, reading.plain, at, start, shouting=shouting)
        written = reading.plain[start:end]
        if mark.kind == "hashtag":
            _add_hashtag(tokens, written, start)
        else:
            tokens.append(Token(written.lower() if mark.kind == "handle" else URL, start, end))
        at = end
    _cut(tokens, reading.plain, at, len(reading.plain), shouting=shouting)
    if reading.is_plain:
        return tokens
    span = reading.plain_span
    return [_new(Token, (text, *span(start, end))) for text, start, end in tokens]


def _cut(tokens: list[Token], plain: str, start: int, end: int, *, shouting: bool) -> None:
    """Append the tokens of plain[start:end], with their places in `plain`. A word in capitals is marked where
    `shouting` means something: not in a text of capitals throughout."""
    if _ACROSS.search(plain, start, end):
        _cut_apart(tokens, plain, start, end, shouting=shouting)
        return
    alone = not start or plain[start - 1].isspace()
    for match in _CHUNK.finditer(plain, start, end):
        at, after = match.span()
        if after - at <= _WORD_CHARS and (alone or at > start):
            for text, first, last in _of_chunk(match.group(), shouting):
                tokens.append(_new(Token, (text, at + first, at + last)))
        else:
            _cut_apart(tokens, plain, at, after, shouting=shouting)


@lru_cache(_REMEMBERED)
def _of_chunk(chunk: str, shouting: bool) -> tuple[Token, ...]:
    tokens: list[Token] = []
    _cut_apart(tokens, chunk, 0, len(chunk), shouting=shouting)
    return tuple(tokens)


def _cut_apart(tokens: list[Token], plain: str, start: int, end: int, *, shouting: bool) -> None:
    for match in _PATTERN.finditer(plain, start, end):
        kind = match.lastgroup
        if kind == "word":
            _add_word(tokens, match.group(), match.start(), match.end(), mark=shouting)
        elif kind not in (None, "ignored", "markup"):
            _RULES[str(kind)](tokens, match)


def _add_word(tokens: list[Token], word: str, start: int, end: int, *, mark: bool) -> None:
    surface = word[:_WORD_CHARS]
    lowered = surface.lower()
    shortened = _RUN.sub(r"\1\1", lowered)
    tokens.append(Token(shortened, start, end))
    if shortened != lowered:
        tokens.append(Token(LENGTHENED, start, end))
    if mark and len(surface) >= 3 and surface.isupper():
        tokens.append(Token(CAPITALS, start, end))


def _add_constant(name: str) -> Callable[[list[Token], re.Match[str]], None]:
    def add(tokens: list[Token], match: re.Match[str]) -> None:
        tokens.append(Token(name, match.start(), match.end()))

    return add


def _add_lowered(tokens: list[Token], match: re.Match[str]) -> None:
    tokens.append(Token(match.group().lower(), match.start(), match.end()))


def _add_hashtag(tokens: list[Token], hashtag: str, start: int) -> None:
    """#EpicFail -> HASHTAG, "epic", "fail"; #epicfail stays one word."""
    tokens.append(Token(HASHTAG, start, start + len(hashtag)))
    for part in _CAMEL.finditer(hashtag[1:]):
        _add_word(tokens, part.group(), start + 1 + part.start(), start + 1 + part.end(), mark=False)


def _add_emoticon(tokens: list[Token], match: re.Match[str]) -> None:
    tokens.append(Token(_emoticon(match.group()), match.start(), match.end()))


def _emoticon(face: str) -> str:
    """One spelling for each mood: ":-)))" and "=)" are both ":)"."""
    if face.startswith("<"):
        return "</3" if "/" in face else "<3"
    if face[0] == "(" or face.startswith("^"):
        return ":)"
    if face.startswith("-"):
        return "-_-"
    mouth = face[-1].lower()
    if face[0] in "xX" or mouth == "d":
        return ":d"
    if mouth in ")]*3":
        return ";)" if face[0] == ";" else ":)"
    if mouth in "([":
        return ":'(" if "'" in face else ":("
    return ":p" if mouth == "p" else ":/"


def _add_negated(tokens: list[Token], match: re.Match[str]) -> None:
    """ "isn't", "isn 't", "isnt" -> "is", "n't"; both keep their own characters."""
    text = match.group().lower()
    cut = text.rindex("n")
    if cut:
        tokens.append(Token(text[:cut], match.start(), match.start() + cut))
    tokens.append(Token("n't", match.start() + cut, match.end()))


def _add_clitic(tokens: list[Token], match: re.Match[str]) -> None:
    tokens.append(Token("'" + match.group()[1:].lower(), match.start(), match.end()))


def _add_shout(tokens: list[Token], match: re.Match[str]) -> None:
    """ "!" and "!!" (two or more), "?" and "??", and "?!" for any mixture."""
    marks = set(match.group())
    mark = marks.pop() if len(marks) == 1 else "?!"
    repeated = len(match.group()) > 1 and mark != "?!"
    tokens.append(Token(mark * 2 if repeated else mark, match.start(), match.end()))


def _add_other(tokens: list[Token], match: re.Match[str]) -> None:
    mark = match.group("mark")
    if mark != "_":
        # `` and '' are how tokenised corpora write quotation marks.
        text = '"' if match.group() in ("``", "''") else _QUOTES.get(mark, mark)
        tokens.append(Token(text, match.start(), match.end()))


_RULES: Final[dict[str, Callable[[list[Token], re.Match[str]], None]]] = {
    "url": _add_constant(URL),
    "emoticon": _add_emoticon,
    "emoji": _add_lowered,
    "negated": _add_negated,
    "clitic": _add_clitic,
    "number": _add_lowered,
    "shout": _add_shout,
    "dots": _add_constant("..."),
    "mark": _add_other,
    "other": _add_other,
}
