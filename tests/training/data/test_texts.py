"""Splits stay honest: what measures never trains, whatever set it stands in."""

import re
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import SetupError
from training.data.own_sentences import OWN, own_sentences
from training.data.texts import (
    LABELS,
    available,
    find_target,
    load_corpora,
    load_unlabelled,
    normalise,
)


def write_set(folder: Path, name: str, rows: list[tuple[str, str, str]], **columns: object) -> None:
    table = [
        {"text": text, "label": label, "split": split, "source": "made", **columns}
        for text, label, split in rows
    ]
    parquet.write_table(arrow.Table.from_pylist(table), folder / f"{name}.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_set(
        tmp_path, "sst", [("A gem.", "pos", "train"), ("Dull", "neg", "dev"), ("So so!", "neu", "test")]
    )
    many = [(f"number {index} is fine", "pos", "train") for index in range(400)]
    write_set(
        tmp_path,
        "cr",
        [*many, ("so, SO", "neg", "train"), ("dull!", "neg", "train"), ("a gem", "pos", "test")],
    )
    write_set(tmp_path, "imdb_unsup", [("never labelled", "none", "unsup")])
    return tmp_path


def texts(examples: list) -> set[str]:
    return {example.text for example in examples}


def test_a_test_text_of_any_set_trains_nothing(folder: Path) -> None:
    corpora = load_corpora(folder, ["sst", "cr"])
    assert "so, SO" not in texts(corpora.train["cr"] + corpora.dev["cr"])
    assert "sst" not in corpora.train, "its only training text is a test text of cr"


def test_a_dev_text_of_any_set_trains_nothing(folder: Path) -> None:
    assert "dull!" not in texts(load_corpora(folder, ["sst", "cr"]).train["cr"])


def test_sets_that_are_not_asked_for_count_for_the_exclusion(folder: Path) -> None:
    corpora = load_corpora(folder, ["cr"])
    assert set(corpora.test) == {"cr"}
    assert "so, SO" not in texts(corpora.train["cr"])


def test_a_set_without_dev_gives_up_about_a_tenth_the_same_each_time(folder: Path) -> None:
    first, second = load_corpora(folder, ["cr"]), load_corpora(folder, ["cr"])
    assert texts(first.dev["cr"]) == texts(second.dev["cr"])
    assert 20 <= len(first.dev["cr"]) <= 60
    assert not texts(first.dev["cr"]) & texts(first.train["cr"])


def test_word_vectors_see_no_dev_and_no_test_text(folder: Path) -> None:
    corpora = load_corpora(folder, ["sst", "cr"])
    seen = set(load_unlabelled(folder, corpora))
    assert "never labelled" in seen
    held_out = {one.text for part in (corpora.dev, corpora.test) for rows in part.values() for one in rows}
    assert not seen & held_out


def test_snippets_cut_from_other_test_sets_are_not_read(tmp_path: Path) -> None:
    write_set(
        tmp_path, "vader_groundtruth", [("Fine film", "pos", "train")], source="vader-movieReviewSnippets"
    )
    corpora = load_corpora(tmp_path, ["vader_groundtruth"])
    assert corpora.train == corpora.dev == corpora.test == {}


def test_a_missing_set_says_which(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"sst\.parquet.*--data"):
        load_corpora(tmp_path, ["sst"])
    with pytest.raises(SetupError, match="brand-train fetch"):
        available(tmp_path)


@pytest.mark.parametrize(
    ("text", "target", "expected"),
    [
        ("The wii is fun", "wii", "wii"),
        ("@AmericanAir is late", "American", "American"),
        ("an apple from Apple", "Apple", "apple"),
        ("pineapple, apple", "apple", "apple"),
        ("@VirginAmerica thanks", "Virgin America", "VirginAmerica"),
        ("what ?! ( really )", "( really )", "( really )"),
    ],
)
def test_targets_are_found(text: str, target: str, expected: str) -> None:
    span = find_target(text, target)
    assert span is not None
    assert text[span[0] : span[1]] == expected


def test_whole_words_come_first() -> None:
    assert find_target("pineapple, apple", "apple") == (11, 16)


@pytest.mark.parametrize("target", ["", "  ", "absent"])
def test_no_target_is_no_target(target: str) -> None:
    assert find_target("some text", target) is None


@given(st.text())
@example("\N{GREEK SMALL LETTER IOTA WITH PERISPOMENI}")  # folding takes its mark off
def test_equal_texts_stay_equal_under_case_and_punctuation(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
    assert normalise(f"  {text}!! ") == normalise(text)


def test_own_sentences_point_at_their_targets_and_have_all_labels() -> None:
    first = own_sentences(1)
    assert first == own_sentences(1) != own_sentences(2)
    train, dev = own_sentences(1, "train"), own_sentences(1, "dev")
    for name, whole in first.items():
        assert sorted(map(repr, train[name] + dev[name])) == sorted(map(repr, whole))
        assert {one.label for one in dev[name]} == {0, 1, 2}
    for examples in first.values():
        assert {one.label for one in examples} == set(LABELS.values())
        for one in examples:
            assert one.target is not None
            name = one.text[one.target[0] : one.target[1]]
            assert name
            assert not name.startswith(" ")
            assert "{" not in one.text


def test_what_raters_disagreed_on_teaches_less(tmp_path: Path) -> None:
    rows = [(f"flight number {index} was late", "neg", "train") for index in range(20)]
    write_set(tmp_path, "airline", rows, confidence=0.6)
    write_set(tmp_path, "sst", [("A gem.", "pos", "train"), ("Dull", "neg", "dev")])
    corpora = load_corpora(tmp_path, ["airline", "sst"])
    assert all(one.weight == pytest.approx(0.36) for one in corpora.train["airline"])
    assert [one.weight for one in corpora.train["sst"]] == [1.0], "a set that does not tell"


def test_a_word_that_stands_twice_in_a_frame_is_two_words() -> None:
    framed = (re.fullmatch(r"\S+ is (\S+) and (\S+)", one.text) for one in own_sentences(1)[OWN])
    pairs = [found.groups() for found in framed if found]
    assert len(pairs) > 5
    assert all(one != other for one, other in pairs)


def test_tweets_of_the_task_tell_their_year(tmp_path: Path) -> None:
    write_set(
        tmp_path,
        "semeval2017",
        [("old", "pos", "train"), ("new", "neg", "dev")],
        source="semeval-A-2013train",
    )
    write_set(tmp_path, "sst", [("A gem.", "pos", "train"), ("Dull", "neg", "dev")])
    corpora = load_corpora(tmp_path, ["semeval2017", "sst"])
    assert [one.year for one in corpora.train["semeval2017"]] == [2013]
    assert [one.year for one in corpora.train["sst"]] == [None]
