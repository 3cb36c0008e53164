"""Splits stay honest: what measures never trains, whatever set it stands in."""

from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.errors import SetupError
from training.data.sets import FAMILIES, SETS, UNLABELLED_SETS, UNREAD
from training.data.texts import (
    Corpora,
    Example,
    LeftOut,
    equality_keys,
    find_target,
    held_out,
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


def texts(examples: list[Example]) -> set[str]:
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


def test_unlabelled_texts_stand_apart_from_what_measures(folder: Path) -> None:
    rows = [
        ("never labelled", "none", "unsup"),
        ("So so", "none", "unsup"),
        ("NEVER labelled!", "none", "unsup"),
    ]
    write_set(folder, "imdb_unsup", rows)
    assert load_unlabelled(folder, ["imdb_unsup"]) == ["never labelled", "So so"]
    tested = load_corpora(folder).test["sst"]
    assert load_unlabelled(folder, ["imdb_unsup"], tested) == ["never labelled"]


def test_snippets_cut_from_other_test_sets_are_not_read(tmp_path: Path) -> None:
    write_set(
        tmp_path, "vader_groundtruth", [("Fine film", "pos", "train")], source="vader-movieReviewSnippets"
    )
    corpora = load_corpora(tmp_path, ["vader_groundtruth"])
    assert corpora.train == corpora.dev == corpora.test == {}


def test_a_missing_set_says_which(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no sst\.parquet there.*--data"):
        load_corpora(tmp_path, ["sst"])
    with pytest.raises(SetupError, match="brand-train fetch"):
        load_corpora(tmp_path)


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


def toward(*rows: tuple[str, str, str, str], **columns: object) -> list[dict[str, object]]:
    return [
        {"text": text, "target": target, "label": label, "split": split, "source": "made", **columns}
        for text, target, label, split in rows
    ]


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    parquet.write_table(arrow.Table.from_pylist(rows), folder / f"{name}.parquet")


def test_a_set_made_for_targets_has_no_row_without_one(tmp_path: Path) -> None:
    rows = toward(
        ("acme is late", "Acme", "neg", "test"),
        ("nobody named", "", "neu", "test"),
        ("Initech fails", "Acme", "neg", "test"),
        ("somebody else", "", "neu", "test"),
    )
    write(tmp_path, "hcr", rows)
    corpora = load_corpora(tmp_path)
    assert corpora.test == {"hcr": [Example("hcr", "acme is late", 0, (0, 4))]}
    assert set(corpora.left_out) == {
        LeftOut("hcr", "no target", 2, 2),
        LeftOut("hcr", "the target is not in the text", 1, 3),
    }


def test_what_a_set_calls_otherwise_than_its_texts_is_found(tmp_path: Path) -> None:
    write(tmp_path, "airline", toward(("@JetBlue is late", "Delta", "neg", "test")))
    (example,) = load_corpora(tmp_path).test["airline"]
    assert example.target == (1, 8)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(17, 21, (17, 21)), (0, 4, (0, 4)), (5, 9, (0, 4)), (-1, -1, (0, 4)), (None, None, (0, 4))],
)
def test_where_a_target_stands_is_believed_only_where_it_stands_there(
    tmp_path: Path, start: int | None, end: int | None, expected: tuple[int, int]
) -> None:
    row = ("Acme is not your Acme", "Acme", "neg", "test")
    write(tmp_path, "mams", toward(row, target_start=start, target_end=end))
    (example,) = load_corpora(tmp_path).test["mams"]
    assert example.target == expected


@pytest.mark.parametrize(
    ("name", "column", "read", "unread"),
    [
        ("sxsw", "n_brands", 1, 2),
        ("newsmtsc", "pronoun", False, True),
        ("semeval16_absa", "lang", "en", "fr"),
    ],
)
def test_rows_that_leak_or_are_of_no_use_stay_unread(
    tmp_path: Path, name: str, column: str, read: object, unread: object
) -> None:
    rows = toward(("Acme it is", "Acme", "neg", "test"), **{column: read})
    write(tmp_path, name, rows + toward(("Acme once more", "Acme", "pos", "test"), **{column: unread}))
    corpora = load_corpora(tmp_path)
    assert texts(corpora.test[name]) == {"Acme it is"}
    assert corpora.left_out == (LeftOut(name, f"{column} is not {read}", 1, 2),)


@pytest.mark.parametrize(("name", "column"), [("airline", "target"), ("semeval16_topics", "topic")])
def test_dev_is_taken_by_whole_targets_or_topics(tmp_path: Path, name: str, column: str) -> None:
    rows = [
        row | {column: f"brand{brand}" if column == "target" else f"topic {brand}"}
        for brand in range(30)
        for row in toward(
            *((f"brand{brand} no {each}", f"brand{brand}", "neg", "train") for each in range(20))
        )
    ]
    write(tmp_path, name, rows)
    corpora = load_corpora(tmp_path)
    trained, measured = ({one.text.split()[0] for one in part[name]} for part in (corpora.train, corpora.dev))
    assert len(measured) == 3
    assert not trained & measured


def test_whole_text_labels_are_not_toward_a_target(tmp_path: Path) -> None:
    write(tmp_path, "sst", toward(("Acme it is", "Acme", "neg", "test")))
    assert load_corpora(tmp_path).test["sst"][0].target is None


def test_a_set_that_may_not_be_sold_is_left_to_those_who_do_not_sell(tmp_path: Path) -> None:
    write(tmp_path, "airline", toward(("United we wait", "United", "neg", "test")))
    write(
        tmp_path,
        "mams",
        toward(("the waiter waits", "waiter", "neg", "test"), ("United we wait!", "we", "neg", "train")),
    )
    assert set(load_corpora(tmp_path).test) == {"airline", "mams"}
    commercial = load_corpora(tmp_path, licence="commercial")
    assert set(commercial.test) == {"mams"}
    assert not commercial.train, "what tests elsewhere trains nothing, whatever its licence"


TWEET = "Acme opened a new store in Leeds today"


@pytest.mark.parametrize(
    "other",
    [
        f"{TWEET} https://t.co/Ab3 @acme",
        f"RT @somebody: {TWEET}",
        f"RT @ somebody : {TWEET} http : / / t . co / x9",
        f"@user {TWEET.upper()}!!! http",
        f"{TWEET} www.acme.example/news",
    ],
)
def test_a_tweet_of_a_set_left_out_is_left_out_of_the_others(other: str) -> None:
    left = {"airline": [Example("airline", TWEET, 1)]}
    kept = Example("cr", "something else altogether, by @acme", 1)
    others = {"semeval2017": [Example("semeval2017", other, 1)], "cr": [kept]}
    for corpora in (Corpora(others, others, left), Corpora({**left, **others}, others, {})):
        rest = corpora.without(["airline"])
        assert rest.train == rest.dev == {"cr": [kept]}
        assert not rest.test


def test_what_is_left_of_a_tweet_must_tell_it() -> None:
    thanks = Corpora(
        {"cr": [Example("cr", "@acme thanks!", 2)]}, {}, {"airline": [Example("airline", "@other thanks", 2)]}
    )
    assert thanks.without(["airline"]).train["cr"]


def test_texts_of_signs_alone_are_equal_to_themselves_alone() -> None:
    assert equality_keys("\N{FIRE}") != equality_keys("\N{SNOWMAN}") == equality_keys(" \N{SNOWMAN} ")


def test_rows_for_leave_one_out_are_always_the_same(folder: Path) -> None:
    corpora = load_corpora(folder)
    assert len(held_out(corpora, "cr")) == len(corpora.of("cr"))
    some = held_out(corpora, "cr", 50)
    assert len(some) == 50
    shuffled = Corpora({}, {}, {"cr": corpora.of("cr")[::-1]})
    assert held_out(shuffled, "cr", 50) == some


def test_every_set_says_who_may_use_it_and_stands_in_one_list() -> None:
    assert all(one.terms and one.note for one in SETS.values())
    assert not set(SETS) & {*UNLABELLED_SETS, *UNREAD}
    for family, names in FAMILIES.items():
        assert all(SETS[name].family == family and SETS[name].toward == "target" for name in names)
