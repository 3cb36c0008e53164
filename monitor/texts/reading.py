"""A text read once: what the matcher, queries, the tokenizer, language detection and near-duplicates look at.

None of them folds, cuts or decodes for itself, so "AT&amp;T" and "AT&T", in letters of any width, are one
name everywhere.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from monitor.texts.characters import APART, EMOJI, INVISIBLE, MARKS, UNSPACED
from monitor.texts.folding import fold
from monitor.texts.marks import Mark, find_marks

WordKind = Literal["word", "character", "emoji"]

LEXEME_CHARS: Final = 64
"""Characters of a word that the search index keeps; longer "words" are base64 and keys held down."""

_VISIBLE: Final = re.compile(f"[^\\s\u2800{INVISIBLE}]")
_WORD: Final = re.compile(
    rf"(?P<character>[{UNSPACED}][{MARKS}]*)|(?P<emoji>[{EMOJI}])|(?P<word>(?:[^\W_{UNSPACED}{APART}]|[{MARKS}])+)"
)
_new: Final = tuple.__new__
"""A Word in a third of the time that calling it takes."""
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")


class Word(NamedTuple):
    """A folded word and where it stands: `start` and `end` index the original text.

    A word of a script with spaces is whole (`word`); of other scripts each character is one, as is each
    emoji.
    """

    text: str
    start: int
    end: int
    kind: WordKind


class Reading:
    """One text, read. Immutable; parts are made when first asked for."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self._plain, self._folded = fold(text)

    @property
    def plain(self) -> str:
        """The text as its reader sees it: entities decoded, letters of any font plain, case and accents
        kept."""
        return self._plain.text

    @property
    def folded(self) -> str:
        """`plain` without what does not tell words apart: case, accents of Latin and Greek letters."""
        return self._folded.text

    @property
    def is_plain(self) -> bool:
        """Whether `plain` is the text itself, so that both have the same offsets."""
        return isinstance(self._plain.starts, range)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """Links, addresses, handles and hashtags; offsets index the original text."""
        return find_marks(self.text, self._plain)

    @cached_property
    def prose(self) -> str:
        """`plain` with spaces for links, addresses, handles and hashtags: what is said in words."""
        said = list(self.plain)
        for mark in self.marks:
            start, end = self.plain_at(mark.start), self.plain_at(mark.end)
            said[start:end] = " " * (end - start)
        return "".join(said)

    @cached_property
    def addresses(self) -> tuple[tuple[int, int], ...]:
        """Spans of links and mail addresses: they name a company without speaking of it."""
        return tuple((mark.start, mark.end) for mark in self.marks if mark.kind in ("link", "address"))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """The words outside of links and addresses; a word's index is its ordinal, which NEAR counts by."""
        words = self._words()
        return tuple(word for word in words if not self.in_address(word.start)) if self.addresses else words

    def _words(self) -> tuple[Word, ...]:
        """Those in links and addresses, too."""
        folded, starts, ends = self._folded
        if folded.isascii():
            found = _ASCII_WORD.finditer(folded)
            if isinstance(starts, range):  # most texts: offsets are those of the text
                return tuple([_new(Word, (match.group(), *match.span(), "word")) for match in found])
        else:
            found = _WORD.finditer(folded)
        return tuple(
            [
                _new(
                    Word,
                    (match.group(), starts[match.start()], ends[match.end() - 1], match.lastgroup or "word"),
                )
                for match in found
            ]
        )

    @cached_property
    def _word_starts(self) -> list[int]:
        return [word.start for word in self.words]

    def word_at(self, offset: int) -> int:
        """Ordinal of the word that covers an offset of the original text, or of the next one behind it."""
        before = bisect_right(self._word_starts, offset)
        covered = before and self.words[before - 1].end > offset
        return before - 1 if covered else before

    def lexemes(self) -> frozenset[str]:
        """What the search index holds: the words, and pairs of adjacent characters of scripts without
        spaces."""
        pairs = (
            one.text + two.text
            for one, two in pairwise(self.words)
            if one.kind == two.kind == "character" and self._touch(one, two)
        )
        return frozenset(text[:LEXEME_CHARS] for text in (*(word.text for word in self.words), *pairs))

    def _touch(self, one: Word, two: Word) -> bool:
        """Whether nothing that anybody sees stands between two words."""
        between = self.text[one.end : two.start]
        return not between or (not between.isspace() and not read(between).folded)

    def in_address(self, offset: int) -> bool:
        """Whether an offset of the original text lies in a link or a mail address."""
        spans = self.addresses
        if not spans:
            return False
        before = bisect_right(spans, (offset, len(self.text)))
        return bool(before) and offset < spans[before - 1][1]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original text that folded[start:end] stands for; `start` < `end`."""
        return self._folded.starts[start], self._folded.ends[end - 1]

    def plain_span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original text that plain[start:end] stands for; `start` < `end`."""
        return self._plain.starts[start], self._plain.ends[end - 1]

    def plain_at(self, offset: int) -> int:
        """Where in `plain` an offset of the original text has come to stand."""
        starts: Sequence[int] = self._plain.starts
        if isinstance(starts, range):
            return min(max(offset, 0), len(starts))
        return bisect_left(starts, offset)

    def __repr__(self) -> str:
        return f"Reading({self.text!r})"


def read(text: str) -> Reading:
    """Read any string, of any length; linear in it, never raises."""
    return Reading(text)


def is_blank(text: str) -> bool:
    """Whether nobody sees anything of it: spaces, and characters that are invisible."""
    return _VISIBLE.search(text) is None
