"""Tokenizer and encoder with the shipped model's words: any text becomes rows that the model has."""

from collections.abc import Iterator

import numpy as np

from monitor.sentiment.encoding import RELATIONS, Encoder, Recipe, collate
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
_LONG = 20_000


def seeds() -> Iterator[bytes]:
    """Two bytes of a target, one of how often the text is repeated, the text."""
    for text in written_texts():
        yield b"\x03\x04\0" + text.encode("utf-8", "surrogatepass")
    for unit in ("a", "n't ", "#aA", "=", "www.", "don ", "d'", ":-", "<br ", "1.", "\u2019", "n' t"):
        yield b"\0\0\xff" + unit.encode()


def check(data: bytes) -> None:
    """Offsets index the text, rows index the tables, long texts take no longer than their length says."""
    text = text_of(data[3:])
    if data[2:3] == b"\xff" and text:
        text *= _LONG // len(text)
    start = 0
    for token in tokenize(text):
        assert token.text
        assert 0 <= token.start < token.end <= len(text)
        assert token.start >= start
        start = token.start
    first, length = (*data[:2], 0, 0)[:2]
    encoded = _ENCODER.encode(text, (first, first + length))
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
