"""Text -> tokens that keep what carries sentiment: n't, !, ?, emoji, hashtags, capitals, lengthened words.

Training and service share this module, so a token means the same on both sides; its rules are part of the
model. English contractions are cut as in the Penn Treebank ("don't" -> "do", "n't"), which is how GloVe and
SST were cut.
"""

import re
from collections.abc import Callable
from typing import Final, NamedTuple


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

_EMOJI: Final = (
    "\U0001f1e6-\U0001f1ff\U0001f300-\U0001f3fa\U0001f400-\U0001faff"
    "\u2600-\u27bf\u2b00-\u2bff\u203c\u2049\u2190-\u21ff"
)
# Controls, zero-width and direction marks, variation selectors, lone surrogates, skin tones.
_SILENT: Final = (
    r"\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2060-\u206f\ufe00-\ufe0f\ud800-\udfff\U0001f3fb-\U0001f3ff"
)
_APOSTROPHE: Final = "['\u2019\u02bc\u0060]"
# Auxiliaries that people negate without an apostrophe; "wont" and "cant" are far more often typos than words.
_AUXILIARY: Final = "do|does|did|is|are|was|were|has|have|had|would|could|should|ca|wo|ai|must|need"

_PATTERN: Final = re.compile(
    rf"""
    (?P<url>https?://\S+|www\.\S+|\{{link\}})
  | (?P<markup><br\s*/?>|&(?:amp|lt|gt|quot|nbsp);)
  | (?P<handle>@\w{{1,64}})
  | (?P<hashtag>\#[^\W\d]\w*)
  | (?P<emoticon>[:;=]['\u2019]?[-o^]?[)(\[\]DPp/\\|*3]+(?!\w)|<3+(?!\w)|</3|\^_+\^|-_+-|[xX]D+\b|\([:;=])
  | (?P<emoji>[{_EMOJI}])
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
_ENTITY: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"'}
_QUOTES: Final = dict.fromkeys(("\u201c", "\u201d", "\u00ab", "\u00bb", "\u201e"), '"') | dict.fromkeys(
    ("\u2018", "\u2019", "\u0060"), "'"
)
_RUN: Final = re.compile(r"(.)\1{2,}")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W\d_]+")
# Longer "words" are noise (base64, keyboard mashing); the cut keeps a megabyte of it from becoming one token.
_WORD_CHARS: Final = 64


def tokenize(text: str) -> list[Token]:
    """Cut `text` (any characters, any length) into tokens; linear in its length, never raises.

    White space, control characters, unpaired surrogates and HTML line breaks leave no token.
    """
    tokens: list[Token] = []
    shouting_throughout = not any(character.islower() for character in text)
    for match in _PATTERN.finditer(text):
        kind = match.lastgroup
        if kind == "word":
            _add_word(tokens, match.group(), match.start(), match.end(), mark=not shouting_throughout)
        elif kind not in (None, "ignored"):
            _RULES[str(kind)](tokens, match)
    return tokens


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


def _add_markup(tokens: list[Token], match: re.Match[str]) -> None:
    meant = _ENTITY.get(match.group().lower())
    if meant is not None:
        tokens.append(Token(meant, match.start(), match.end()))


def _add_lowered(tokens: list[Token], match: re.Match[str]) -> None:
    tokens.append(Token(match.group().lower(), match.start(), match.end()))


def _add_hashtag(tokens: list[Token], match: re.Match[str]) -> None:
    """#EpicFail -> HASHTAG, "epic", "fail"; #epicfail stays one word."""
    tokens.append(Token(HASHTAG, match.start(), match.end()))
    offset = match.start() + 1
    for part in _CAMEL.finditer(match.group()[1:]):
        _add_word(tokens, part.group(), offset + part.start(), offset + part.end(), mark=False)


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
        return ":'(" if "'" in face or "\u2019" in face else ":("
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
    "markup": _add_markup,
    "handle": _add_lowered,
    "hashtag": _add_hashtag,
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
