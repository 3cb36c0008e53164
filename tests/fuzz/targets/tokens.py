"""Tokenizer and encoder with the shipped model's words: any text becomes rows that the model has."""

from collections.abc import Iterator

import numpy as np

from monitor.sentiment.encoding import RELATIONS, Encoder, Recipe, Span, collate
from monitor.sentiment.ngrams import NGRAMS_FILE, SUBWORDS_FILE, NgramTable
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import Vocabulary
from tests.fuzz.material import ROOT, text_of, written_texts

LONGEST = 400
WORDS = (
    b"http://",
    b"www.",
    b"<br/>",
    b"&amp;",
    b"n't",
    b"#",
    b"@",
    b":-(",
    b"\xe2\x80\x99",
    b"\xed\xa0\x80",
)
_MODEL = ROOT / "onnx_models" / "sentiment"
_NGRAMS, _SUBWORDS = (NgramTable.load(_MODEL / name) for name in (NGRAMS_FILE, SUBWORDS_FILE))
_WORDS = Vocabulary.load(_MODEL)
_RECIPE = Recipe(head=10, tail=20, ngrams=True, subwords=True, targets=True)
_ENCODER = Encoder(_WORDS, _RECIPE, _NGRAMS, _SUBWORDS)


def seeds() -> Iterator[bytes]:
    """Two bytes of a target, first character and length, then the text."""
    for text in written_texts():
        yield b"\x03\x04" + text.encode("utf-8", "surrogatepass")


def check(data: bytes) -> None:
    """One text toward a target."""
    first, length = (*data[:2], 0, 0)[:2]
    check_text(text_of(data[2:]), (first, first + length))


def check_text(text: str, target: Span) -> None:
    """Offsets index the text, rows index the tables."""
    start = 0
    for token in tokenize(text):
        assert token.text
        assert start <= token.start < token.end <= len(text)
        start = token.start
    encoded = _ENCODER.encode(text, target)
    assert 1 <= len(encoded.rows) == len(encoded.relation) <= _RECIPE.head + _RECIPE.tail
    for rows, size in (
        (encoded.rows, len(_WORDS)),
        (encoded.relation, RELATIONS),
        (encoded.ngrams, len(_NGRAMS)),
        (encoded.subwords, len(_SUBWORDS)),
    ):
        assert rows.dtype == np.int32
        assert not len(rows) or 0 <= rows.min() <= rows.max() < size
    assert {len(array) for array in collate([encoded, encoded]).values()} == {2}
