"""Tokenizer and encoder with the shipped model's words: any text becomes rows that the model has."""

from collections.abc import Iterator

import numpy as np

from monitor.sentiment.encoding import Encoder, Recipe, Span, collate
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
_VOCABULARY = Vocabulary.load(ROOT / "onnx_models" / "sentiment")
_RECIPE = Recipe("words", head=10, tail=20, questions=True)
_ENCODER = Encoder(_VOCABULARY, _RECIPE)


def seeds() -> Iterator[bytes]:
    """Two bytes of a target, first character and length, then the text."""
    for text in written_texts():
        yield b"\x03\x04" + text.encode("utf-8", "surrogatepass")


def check(data: bytes) -> None:
    """One text toward a target."""
    first, length = (*data[:2], 0, 0)[:2]
    check_text(text_of(data[2:]), (first, first + length))


def check_text(text: str, target: Span) -> None:
    """Offsets index the text, rows index the vocabulary, the target has a window."""
    start = 0
    for token in tokenize(text):
        assert token.text
        assert start <= token.start < token.end <= len(text)
        start = token.start
    windows = _ENCODER.encode(text, (None, target))
    assert sorted(place.question for window in windows for place in window.asked) == [0, 1]
    for window in windows:
        assert 1 <= len(window.rows) <= _RECIPE.head + _RECIPE.tail
        assert 0 <= window.rows.min() <= window.rows.max() < len(_VOCABULARY)
        assert all(0 <= place.first <= place.last <= len(window.rows) for place in window.asked)
    feed = collate(windows)
    assert len(feed["tokens"]) == len(feed["lengths"]) == len(windows)
    assert {array.dtype for array in feed.values()} == {np.dtype(np.int32)}
