"""Word pieces are cut as BERT cuts them, on top of our own tokens, and keep their places in the text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sentiment.pieces import END, MASK, START, UNKNOWN, Pieces
from monitor.sentiment.tokenizer import HASHTAG, tokenize
from monitor.texts import read
from tests.sentiment.conftest import PIECES

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF, categories=None), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good", ["good"]),
        ("gooding", ["good", "##ing"]),
        ("goods", ["good", "##s"]),
        ("can't", ["can", "not"]),
        ("\u00e9a", ["e", "##a"]),
        ("#Good", [HASHTAG, "good"]),
        ("@somebody", ["@", "user"]),
        ("https://example.com/good", ["http"]),
        ("GOOD so", ["good", "s", "##o"]),
        ("\u4e2d", [UNKNOWN]),
        ("a\u4e2d", ["a", UNKNOWN]),
        ("good!!", ["good", "!", "!"]),
        ("", []),
        ("\ud800 \x00", []),
        ("\U0001f44d", ["t", "##h", "##u", "##m", "##b", "##s", "u", "##p", "s", "##i", "##g", "##n"]),
    ],
)
def test_texts_are_cut(text: str, expected: list[str]) -> None:
    assert [token.text for token in PIECES.cut(read(text))] == expected


@given(ANY_TEXT)
def test_pieces_stand_where_their_words_stand(text: str) -> None:
    spans = {(token.start, token.end) for token in tokenize(text)}
    pieces = PIECES.cut(read(text))
    assert {(piece.start, piece.end) for piece in pieces} <= spans
    assert [piece.start for piece in pieces] == sorted(piece.start for piece in pieces)
    rows = PIECES.rows([piece.text for piece in pieces])
    assert len(rows) == len(pieces)
    assert all(0 <= row < len(PIECES) for row in rows)


def test_a_long_word_has_few_pieces() -> None:
    assert len(PIECES.cut(read("q" * 1_000_000))) <= 16


def test_pieces_survive_their_file(tmp_path: Path) -> None:
    PIECES.save(tmp_path)
    assert Pieces.load(tmp_path).pieces == PIECES.pieces


@pytest.mark.parametrize(
    "content", [None, b"", b"good\n", f"{UNKNOWN}\n{START}\n{END}\n#\n".encode(), b"\xff"]
)
def test_a_file_without_the_special_pieces_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "pieces.txt").write_bytes(content)
    with pytest.raises(SetupError, match=r"pieces\.txt"):
        Pieces.load(tmp_path)


def test_a_masked_name_is_the_piece_the_network_knows_it_by() -> None:
    assert PIECES.name == MASK
    assert PIECES.rows([MASK, HASHTAG]) == [PIECES.pieces.index(MASK), PIECES.pieces.index("#")]
