"""Texts become bounded arrays; a target is kept in view and marked; n-grams are found again."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import SetupError
from monitor.sentiment.encoding import IN_TARGET, NO_TARGET, RELATIONS, Encoder, Recipe, collate
from monitor.sentiment.ngrams import FIRST_ROW, OTHER_ROW, NgramTable, ngram_hashes, subword_hashes
from monitor.sentiment.tokenizer import tokenize
from monitor.sentiment.vocabulary import EMPTY, NUMBER, SPECIAL, SYMBOL, UNKNOWN, USER, Vocabulary

VOCABULARY = Vocabulary([*SPECIAL, "good", "so", "not", "bad", ":)", "x"])
TABLE = NgramTable(ngram_hashes(tokenize("not good bad")))
ENCODER = Encoder(VOCABULARY, Recipe(head=3, tail=5, ngrams=True, targets=True), TABLE)


def row(word: str) -> int:
    return VOCABULARY.words.index(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("good", ["good"]),
        ("Good SOOOO", ["good", "so", "<long>", "<caps>"]),
        ("@somebody 12 ☃ zzyzx", [USER, NUMBER, SYMBOL, UNKNOWN]),
        (":-)", [":)"]),
        ("", [EMPTY]),
        (" \ud800\x00", [EMPTY]),
    ],
)
def test_rows_fall_back_to_the_kind_of_token(text: str, expected: list[str]) -> None:
    assert ENCODER.encode(text).rows.tolist() == [row(word) for word in expected]


@given(st.text(), st.integers(-5, 100), st.integers(-5, 100))
def test_every_text_and_target_gives_a_bounded_encoding(text: str, start: int, end: int) -> None:
    encoded = ENCODER.encode(text, (start, end))
    assert 1 <= len(encoded.rows) <= 8
    assert len(encoded.relation) == len(encoded.rows)
    assert encoded.rows.min() >= 1
    assert encoded.rows.max() < len(VOCABULARY)
    assert 0 <= encoded.relation.min() <= encoded.relation.max() < RELATIONS
    assert not len(encoded.ngrams) or encoded.ngrams.max() < len(TABLE)


@given(st.integers(0, 40), st.integers(1, 40))
def test_a_target_is_always_among_the_tokens_read(before: int, after: int) -> None:
    text = "x " * before + "good" + " x" * after
    start = 2 * before
    encoded = ENCODER.encode(text, (start, start + 4))
    marked = encoded.rows[encoded.relation == IN_TARGET]
    assert marked.tolist() == [row("good")]


def test_distance_to_the_target_grows_on_both_sides() -> None:
    encoder = Encoder(VOCABULARY, Recipe(head=50, tail=0, targets=True))
    text = "x " * 15 + "good" + " x" * 15
    relation = encoder.encode(text, (30, 34)).relation
    before, after = relation[:15], relation[16:]
    assert relation[15] == IN_TARGET
    assert sorted(before.tolist(), reverse=True) == before.tolist()
    assert sorted(after.tolist()) == after.tolist()
    assert len(set(before) | set(after)) == RELATIONS - 2


def test_without_targets_in_the_recipe_a_target_changes_nothing() -> None:
    encoder = Encoder(VOCABULARY, Recipe(head=50, tail=0))
    assert encoder.encode("good bad", (0, 4)).relation.tolist() == [NO_TARGET, NO_TARGET]


def test_head_and_tail_of_a_long_text_are_read() -> None:
    rows = ENCODER.encode("good good good " + "x " * 100 + "not bad bad bad bad").rows.tolist()
    assert rows == [row("good")] * 3 + [row("not")] + [row("bad")] * 4


def test_known_ngrams_get_their_own_rows_and_the_rest_are_other() -> None:
    rows = TABLE.rows_of(ngram_hashes(tokenize("not good unheard")))
    # "not", "good", "not good" are known; "unheard" and "good unheard" are not.
    assert sorted(rows.tolist())[:2] == [OTHER_ROW, OTHER_ROW]
    assert len(set(rows[rows >= FIRST_ROW])) == 3


@given(st.text())
def test_ngrams_are_distinct_and_in_order(text: str) -> None:
    hashes = ngram_hashes(tokenize(text))
    assert (np.diff(hashes) > 0).all()


def test_an_empty_table_knows_nothing() -> None:
    assert (
        NgramTable(np.zeros(0, np.int32)).rows_of(ngram_hashes(tokenize("good bad"))).tolist()
        == [OTHER_ROW] * 3
    )


def test_collated_texts_are_padded_with_zeros() -> None:
    feed = collate([ENCODER.encode("good"), ENCODER.encode("not bad at all", (4, 7))])
    assert feed["tokens"].shape == feed["relation"].shape == (2, 4)
    assert feed["tokens"][0].tolist() == [row("good"), 0, 0, 0]
    assert feed["lengths"].tolist() == [1, 4]


@pytest.mark.parametrize("wanted", ["ngrams", "subwords"])
def test_a_recipe_with_ngrams_wants_their_table(wanted: str) -> None:
    with pytest.raises(ValueError, match="table"):
        Encoder(VOCABULARY, Recipe(head=1, tail=1, **{wanted: True}))


def test_parts_of_words_recognise_a_word_that_is_spelt_otherwise() -> None:
    known, slip, other = (set(subword_hashes(tokenize(text))) for text in ("terrible", "terrrible", "lovely"))
    assert len(known & slip) > len(known) / 3
    assert not known & other


@given(st.text())
def test_parts_of_words_are_distinct_and_in_order(text: str) -> None:
    assert (np.diff(subword_hashes(tokenize(text))) > 0).all()


def test_a_megabyte_of_text_has_a_bounded_number_of_parts() -> None:
    long = " ".join(f"word{number}" for number in range(150_000))
    assert len(subword_hashes(tokenize(long))) < 20_000


def test_vocabulary_and_ngrams_survive_their_files(tmp_path: Path) -> None:
    VOCABULARY.save(tmp_path)
    TABLE.save(tmp_path / "ngrams.npy")
    assert Vocabulary.load(tmp_path).words == VOCABULARY.words
    assert (NgramTable.load(tmp_path / "ngrams.npy").hashes == TABLE.hashes).all()


@pytest.mark.parametrize(
    "content", [b"", b"good\nbad\n", "\n".join([*SPECIAL, "good", "good"]).encode(), b"\xff"]
)
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "words.txt").write_bytes(content)
    with pytest.raises(SetupError, match=r"words\.txt"):
        Vocabulary.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_no_ngram_table_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ngrams.npy"
    file.write_bytes(content)
    with pytest.raises(SetupError, match=r"ngrams\.npy"):
        NgramTable.load(file)
