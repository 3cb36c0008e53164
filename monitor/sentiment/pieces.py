"""Word pieces, as BERT cuts them (Wu et al. 2016, arXiv 1609.08144), on top of our own tokens.

The tokens are those of `monitor.sentiment.tokenizer`, so that links, handles, emoji and negations mean the
same to both kinds of model; what BERT's vocabulary has no piece for is said in its words.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from monitor.errors import SetupError
from monitor.sentiment.tokenizer import CAPITALS, HASHTAG, LENGTHENED, URL, Token, tokenize
from monitor.texts import Reading

PIECES_FILE: Final = "pieces.txt"

UNKNOWN: Final = "[UNK]"
START: Final = "[CLS]"
END: Final = "[SEP]"
MASK: Final = "[MASK]"
"""Stands for a name: what the network learned to read as a word it does not see."""

_SIGN: Final = "#"
_SAID: Final = {URL: "http", CAPITALS: "", LENGTHENED: "", "n't": "not", "ca": "can", "wo": "will"}
_REMEMBERED: Final = 50_000
_PIECES_PER_WORD: Final = 16
"""Of a longer "word" (base64, a key held down) the beginning is enough."""


class Pieces:
    """Cuts texts into word pieces and numbers them; immutable but for its memory."""

    name: Final = MASK

    def __init__(self, pieces: Sequence[str]) -> None:
        """`pieces` in the order of the model's rows. Raises `ValueError` where the special ones are not
        among them."""
        self.pieces = tuple(pieces)
        self._row = {piece: row for row, piece in enumerate(self.pieces)}
        missing = [name for name in (UNKNOWN, START, END, MASK, _SIGN) if name not in self._row]
        if missing:
            raise ValueError(f"word pieces without {', '.join(missing)}")
        self.before: Final = (self._row[START],)
        self.after: Final = (self._row[END],)
        self._pieces_of = lru_cache(_REMEMBERED)(self._cut_word)

    def __len__(self) -> int:
        return len(self.pieces)

    def cut(self, reading: Reading) -> list[Token]:
        """See `Tokens.cut`."""
        return [
            Token(piece, token.start, token.end)
            for token in tokenize(reading)
            for piece in ((token.text,) if token.text == HASHTAG else self._pieces_of(token.text))
        ]

    def rows(self, tokens: Sequence[str]) -> list[int]:
        """See `Tokens.rows`; of no token none: the start and the end of the text say so."""
        return [self._row[_SIGN if token == HASHTAG else token] for token in tokens]

    def _cut_word(self, token: str) -> tuple[str, ...]:
        """The longest known piece from the left, again and again; a part that is unknown is one `UNKNOWN`."""
        pieces: list[str] = []
        for word in _plain_words(token):
            start = 0
            while start < len(word) and len(pieces) < _PIECES_PER_WORD:
                prefix = "##" if start else ""
                end = next(
                    (end for end in range(len(word), start, -1) if prefix + word[start:end] in self._row), 0
                )
                if not end:
                    pieces.append(UNKNOWN)
                    break
                pieces.append(prefix + word[start:end])
                start = end
        return tuple(pieces)

    def save(self, folder: Path) -> None:
        """Write `pieces.txt`: UTF-8, one piece a line."""
        (folder / PIECES_FILE).write_bytes("".join(f"{piece}\n" for piece in self.pieces).encode())

    @classmethod
    def load(cls, folder: Path) -> "Pieces":
        """Read `pieces.txt`. Raises `SetupError` where it is not one."""
        path = folder / PIECES_FILE
        try:
            return cls(path.read_bytes().decode().removesuffix("\n").split("\n"))
        except (OSError, ValueError) as error:
            raise SetupError(f"{path}: {error}; copy the model folder again or retrain it") from error


def _plain_words(token: str) -> list[str]:
    """The words and signs BERT would see: no accents, every sign apart, an emoji by its name."""
    if token.startswith("@"):
        return ["@", "user"]
    said = _SAID.get(token, token)
    if len(said) == 1 and unicodedata.category(said) == "So":
        said = unicodedata.name(said, "").lower()
    spaced = "".join(
        character if character.isalnum() else f" {character} "
        for character in unicodedata.normalize("NFD", said)
        if not unicodedata.combining(character)
    )
    return spaced.split()
