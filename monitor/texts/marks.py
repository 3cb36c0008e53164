"""Links, addresses, handles and hashtags in a text, as it was written."""

import re
from typing import Final, Literal, NamedTuple

from monitor.texts.characters import MARKS, UNSPACED

MarkKind = Literal["link", "address", "handle", "hashtag"]


class Mark(NamedTuple):
    """Something that is no plain word, at text[start:end]."""

    kind: MarkKind
    start: int
    end: int


# Links end where a script without spaces begins: in Japanese the sentence goes on directly behind one.
# Entities that quote a link in HTML are not part of it.
_IN_LINK: Final = (
    r"(?:(?!&(?:quot|lt|gt|apos|nbsp|\#0?3[49]|\#x2[27]);)"
    rf"(?:[!\#-;=?-\[\]_a-z~]|(?![{UNSPACED}])[^\W\x00-\x7f]))"
)

_MARK: Final = re.compile(
    rf"""
    (?P<link>(?:(?:https?|ftp)://|(?<![\w.@/])www\.(?=[^\W_])){_IN_LINK}+)
  | (?P<address>(?<![a-z0-9_%+\-.])[a-z0-9_%+\-]{{1,64}}(?:\.[a-z0-9_%+\-]{{1,64}}){{0,8}}
        @[a-z0-9\-]{{1,63}}(?:\.[a-z0-9\-]{{1,63}}){{0,8}}\.[a-z]{{2,24}})
  | (?P<handle>[@\uff20]\w{{1,64}})
  | (?P<hashtag>[\#\uff03][^\W\d][\w{MARKS}]*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS: Final = re.compile("[@#\uff20\uff03]|://|www[.]", re.IGNORECASE)
_TRAILING: Final = ".,;:!?'\")]}*"
"""What stands behind a link, not at its end."""


def find_marks(text: str) -> tuple[Mark, ...]:
    """All of them in order, none overlapping; linear in the text's length."""
    if not _SIGNS.search(text):
        return ()
    return tuple(_mark(match) for match in _MARK.finditer(text))


def _mark(match: re.Match[str]) -> Mark:
    kind: MarkKind = match.lastgroup  # type: ignore[assignment]
    end = match.end()
    if kind == "link":
        written = match.group().rstrip(_TRAILING)
        end = match.start() + max(len(written), 1)
        if ")" in match.group() and written.count("(") > written.count(")"):
            end = min(match.end(), end + 1)  # wikipedia.org/wiki/Delta_(airline)
    return Mark(kind, match.start(), end)
