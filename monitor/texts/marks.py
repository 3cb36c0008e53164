"""Links, mail addresses, handles and hashtags in a text."""

import re
from typing import Final, Literal, NamedTuple

from monitor.texts.characters import MARKS, UNSPACED
from monitor.texts.folding import Folded

MarkKind = Literal["link", "address", "handle", "hashtag"]


class Mark(NamedTuple):
    """Something that is no plain word, at text[start:end]."""

    kind: MarkKind
    start: int
    end: int


# Links end where a script without spaces begins: in Japanese the sentence goes on directly behind one.
_IN_LINK: Final = rf"(?:[!\#-;=?-\[\]_a-z~]|(?![{UNSPACED}])[^\W\x00-\x7f])"

_MARK: Final = re.compile(
    rf"""
    (?P<link>(?:(?:https?|ftp)://|(?<![\w.@/])www\.(?=[^\W_])){_IN_LINK}+)
  | (?P<address>(?<![a-z0-9_%+\-.])[a-z0-9_%+\-]{{1,64}}(?:\.[a-z0-9_%+\-]{{1,64}}){{0,8}}
        @[a-z0-9\-]{{1,63}}(?:\.[a-z0-9\-]{{1,63}}){{0,8}}\.[a-z]{{2,24}})
  | (?P<handle>@\w{{1,64}})
  | (?P<hashtag>\#[^\W\d][\w{MARKS}]*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS: Final = re.compile("[@#]|://|www[.]", re.IGNORECASE)
_TRAILING: Final = ".,;:!?'\"]}*"
"""What stands behind a link, not at its end."""


def find_marks(text: str, plain: Folded) -> tuple[Mark, ...]:
    """All of them in order, none overlapping; linear in the text's length."""
    if not _SIGNS.search(plain.text):
        return ()
    return tuple(_mark(match, text, plain) for match in _MARK.finditer(plain.text))


def _mark(match: re.Match[str], text: str, plain: Folded) -> Mark:
    kind: MarkKind = match.lastgroup  # type: ignore[assignment]
    start, end = match.span()
    if kind == "link":
        end = _end_of_link(match, text, plain)
    return Mark(kind, plain.starts[start], plain.ends[end - 1])


def _end_of_link(match: re.Match[str], text: str, plain: Folded) -> int:
    """Without what stands behind it: invisible characters, signs in full width, closing punctuation, all
    from a parenthesis on that it did not open."""
    start, end = match.span()
    if not isinstance(plain.starts, range):
        for index in range(start + 1, end):
            behind_a_gap = plain.starts[index] > plain.ends[index - 1]
            if behind_a_gap or (plain.text[index].isascii() and not text[plain.starts[index]].isascii()):
                end = index
                break
    link = plain.text[start:end]
    opened = 0
    for index, character in enumerate(link):  # wikipedia.org/wiki/Delta_(airline); [here](https://a.b)and on
        opened += (character == "(") - (character == ")")
        if opened < 0:
            link = link[:index]
            break
    return start + len(link.rstrip(_TRAILING))
