"""The words a model has vectors for, in the order of its embedding rows; one per line in `words.txt`."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from monitor.errors import SetupError
from monitor.sentiment.spelling import Spelling
from monitor.sentiment.tokenizer import CAPITALS, HASHTAG, LENGTHENED, URL, Token, tokenize
from monitor.texts import Reading

WORDS_FILE: Final = "words.txt"

PAD: Final = "<pad>"
UNKNOWN: Final = "<unk>"
EMPTY: Final = "<empty>"
"""Stands for a text that leaves no token, so that no sequence has length 0."""
USER: Final = "<user>"
NUMBER: Final = "<num>"
SYMBOL: Final = "<symbol>"
NAME: Final = "<name>"
"""Stands for a name that a question is toward, or that another one is; only models that take questions have
it."""
SPECIAL: Final = (PAD, UNKNOWN, EMPTY, USER, NUMBER, SYMBOL, URL, HASHTAG, CAPITALS, LENGTHENED)
"""The first rows of every vocabulary. The tokenizer makes no text of this form from what people write."""

_REPEATED: Final = re.compile(r"(.)\1+")
_REMEMBERED: Final = 50_000
"""Unknown words whose row is kept: names come again and again."""


class Vocabulary:
    """Maps token texts to embedding rows, falling back from the exact token to its kind."""

    name: Final = NAME
    before: Final[tuple[int, ...]] = ()
    after: Final[tuple[int, ...]] = ()

    def __init__(self, words: Sequence[str]) -> None:
        """`words` begin with `SPECIAL`. Raises `ValueError` where they do not or one stands twice."""
        self.words = tuple(words)
        self._row = {word: row for row, word in enumerate(self.words)}
        if self.words[: len(SPECIAL)] != SPECIAL or len(self._row) != len(self.words):
            raise ValueError(f"a vocabulary begins with {SPECIAL} and has no word twice")
        self._spelling = Spelling(self.words[len(SPECIAL) :])
        self._misspelt = lru_cache(_REMEMBERED)(self._row_of_misspelt)

    def __len__(self) -> int:
        return len(self.words)

    def cut(self, reading: Reading) -> list[Token]:
        """See `Tokens.cut`."""
        return tokenize(reading)

    def rows(self, tokens: Sequence[str]) -> list[int]:
        """The row of every token, of none that of `EMPTY`; never raises, unknown words get a row for their
        kind."""
        known = self._row.get
        return [known(token) or self._fallback(token) for token in tokens or (EMPTY,)]

    def _fallback(self, token: str) -> int:
        first = token[:1]
        if first == "@":
            return self._row[USER]
        if any(character.isdigit() for character in token):
            return self._row[NUMBER]
        if not first.isalnum():
            return self._row[SYMBOL]
        # "soo" is known as itself where people write it often, otherwise as "so".
        short = self._row.get(_REPEATED.sub(r"\1", token))
        return short if short is not None else self._misspelt(token)

    def _row_of_misspelt(self, token: str) -> int:
        return self._row[self._spelling.meant(token) or UNKNOWN]

    def save(self, folder: Path) -> None:
        """Write `words.txt`: UTF-8, one word a line."""
        (folder / WORDS_FILE).write_bytes("".join(f"{word}\n" for word in self.words).encode())

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """Read `words.txt`. Raises `SetupError` where it is not one."""
        path = folder / WORDS_FILE
        try:
            return cls(path.read_bytes().decode().removesuffix("\n").split("\n"))
        except (OSError, ValueError) as error:
            raise SetupError(f"{path}: {error}; copy the model folder again or retrain it") from error
