"""Data of one's own: any table with text and label, split by itself; what it left out, and what is wrong."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from rich.console import Console

from monitor.errors import SetupError
from training.data.reading import read, summary
from training.data.sets import LicenceClass
from training.data.texts import Example, LeftOut, load_corpora

ROWS: list[dict[str, Any]] = [
    {"text": f'{word} number {each}, says "{name}"', "label": label, "target": name}
    for each, (name, (word, label)) in enumerate(
        (name, said)
        for name in (f"Brand{n}" for n in range(100))
        for said in (("Nice", "Positive"), ("Bad", "NEG"), ("Store", "neu"))
    )
]


def save(rows: list[dict[str, Any]], path: Path) -> Path:
    if path.suffix == ".parquet":
        parquet.write_table(arrow.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:  # as spreadsheets do
            writer = csv.DictWriter(file, rows[0], delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "ndjson"])
def test_a_file_of_any_kind_is_split_in_three_by_its_texts(tmp_path: Path, ending: str) -> None:
    corpora = load_corpora(save(ROWS, tmp_path / f"mine.{ending}"))
    assert [example.label for example in corpora.of("mine")].count(1) == 100
    assert not corpora.left_out
    for part, least, most in ((corpora.test, 15, 45), (corpora.dev, 15, 45), (corpora.train, 220, 270)):
        assert least <= len(part["mine"]) <= most
        for example in part["mine"]:
            assert example.target is not None
            assert example.text[slice(*example.target)].startswith("Brand")
    assert load_corpora(tmp_path / f"mine.{ending}") == corpora


def test_the_same_text_is_on_one_side_whatever_its_links(tmp_path: Path) -> None:
    rows = [row | {"text": f"{row['text']}{end}"} for row in ROWS for end in ("", " https://t.co/x", " @you")]
    corpora = load_corpora(save(rows, tmp_path / "mine.csv"))
    assert not corpora.left_out, "no copy had to be taken out of train"
    assert len(corpora.of("mine")) == 3 * len(ROWS)


def test_splits_that_are_given_are_kept(tmp_path: Path) -> None:
    given = [row | {"split": split} for row, split in zip(ROWS, ["train", "dev", "test"] * 100, strict=True)]
    corpora = load_corpora(save(given, tmp_path / "mine.csv"))
    assert [len(part["mine"]) for part in (corpora.train, corpora.dev, corpora.test)] == [100, 100, 100]


def test_one_s_own_stands_beside_what_is_published(tmp_path: Path) -> None:
    save(ROWS, tmp_path / "mine.csv")
    published = [{"text": "Acme is late", "label": "neg", "target": "", "split": "test", "source": "x"}]
    save(published, tmp_path / "airline.parquet")
    save([{"text": "film", "label": "pos", "split": "test"}], tmp_path / "imdb.parquet")
    save([{"text": "film", "label": "pos", "split": "test"}], tmp_path / "mr.parquet")
    (tmp_path / "README.md").write_text("not a set")
    corpora = load_corpora(tmp_path)
    assert set(corpora.test) == {"imdb", "mine"}
    assert LeftOut("airline", "no target", 1, 1) in corpora.left_out
    assert ("mr", None) in {(one.corpus, one.rows) for one in corpora.left_out}
    commercial = load_corpora(tmp_path, licence=LicenceClass.COMMERCIAL)
    assert set(commercial.test) == {"mine"}
    assert any(one.corpus == "airline" and "CC BY-NC-SA" in one.reason for one in commercial.left_out)


def test_a_set_without_neutral_rows_has_two_classes(tmp_path: Path) -> None:
    opinions = load_corpora(save([row for row in ROWS if row["label"] != "neu"], tmp_path / "mine.csv"))
    assert opinions.classes("mine") == 2
    assert load_corpora(save(ROWS, tmp_path / "all.jsonl")).classes("all") == 3


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "Acme and Acme"}, None),
        ({"text": "Acme and Acme", "target": ""}, None),
        ({"text": "Acme and Acme", "target": "acme"}, (0, 4)),
        ({"text": "Acme and Acme", "target_start": 9, "target_end": 13}, (9, 13)),
        ({"text": "Acme and Acme", "target": "Acme", "target_start": "9", "target_end": "13"}, (9, 13)),
        ({"text": "Acme and Acme", "target_start": -1, "target_end": -1}, None),
        ({"text": "Acme and Acme", "target_start": float("nan"), "target_end": None}, None),
    ],
)
def test_a_label_is_toward_the_target_where_there_is_one(
    tmp_path: Path, row: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    corpora = load_corpora(save([row | {"label": "neg", "split": "test"}], tmp_path / "mine.jsonl"))
    assert corpora.test == {"mine": [Example("mine", row["text"], 0, expected)]}


def test_what_cannot_be_used_is_counted_with_its_first_line(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "fine", "label": "pos", "target": "", "split": "test"},
        {"text": "  ", "label": "pos", "target": "", "split": "test"},
        {"text": "nobody said", "label": "", "target": "", "split": "train"},
        {"text": "nor here", "label": None, "target": "", "split": "train"},
        {"text": "somebody else", "label": "neg", "target": "Acme", "split": "train"},
        {"text": "FINE!", "label": "neg", "target": "", "split": "train"},
    ]
    for ending, first in (("parquet", 1), ("csv", 2)):  # a CSV has its head in line 1
        corpora = load_corpora(save(rows, tmp_path / f"mine.{ending}"))
        assert set(corpora.left_out) == {
            LeftOut("mine", "no text", 1, first + 1),
            LeftOut("mine", "no label", 2, first + 2),
            LeftOut("mine", "the target is not in the text", 1, first + 4),
            LeftOut("mine", "equals a text that measures", 1, first + 5),
        }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": 1}, "`label` is 1; want negative, neutral or positive: write these words for the numbers"),
        ({"label": "4.5"}, "`label` is '4.5'.*these words for the numbers"),
        ({"label": True}, "`label` is True; want negative, neutral or positive"),
        ({"label": "mixed"}, "`label` is 'mixed'; want negative, neutral or positive$"),
        ({"text": 7}, "`text` is 7; want a text"),
        ({"target": ["a"]}, r"`target` is \['a'\]; want words of the text"),
        ({"target_start": 3, "target_end": 99}, "target_start 3 and target_end 99 are no part of the text"),
        ({"target_start": "three"}, "`target_start` is 'three'; want a count"),
        ({"split": "validation"}, "`split` is 'validation'; want train, dev, test, or no such column"),
        ({"corrected_at": "2026-03-01T09:30:00Z"}, "these are .*; give the file to --corrections"),
    ],
)
def test_a_value_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = save([ROWS[0], {"text": "fine", "label": "pos"} | change], tmp_path / "mine.jsonl")
    with pytest.raises(SetupError, match=rf"mine\.jsonl, line 2: {message}"):
        load_corpora(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("mine.csv", b"text;score\nfine;1\n", r"no column `label` \(it has text, score\); rename"),
        ("mine.csv", b"", r"no column `text` \(it has none\)"),
        ("mine.csv", b"text,label\nfine, I say,pos\n", "line 2: more fields.*between quotation marks"),
        ("mine.csv", b"text,label\n\xff,pos\n", "'utf-8' codec.*save it as UTF-8"),
        ("mine.jsonl", b'{"text": "fine"}\n', r"no column `label` \(it has text\)"),
        ("mine.jsonl", b'{"text": \n', "line 1: .*one JSON object a line"),
        ("mine.jsonl", b"[1]\n", "line 1: want a JSON object, found list"),
        ("mine.parquet", b"PAR1", r"mine\.parquet: .*write the file again"),
        (
            "mine.xlsx",
            b"",
            r"no texts; want a \.parquet, \.csv, \.jsonl, \.ndjson with the columns text and label",
        ),
    ],
)
def test_a_file_that_is_wrong_says_what_to_do(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    for data in (path, tmp_path) if name != "mine.xlsx" else (tmp_path,):
        with pytest.raises(SetupError, match=message):
            load_corpora(data)


def test_a_table_of_something_else_is_left_beside_the_others(tmp_path: Path) -> None:
    save(ROWS, tmp_path / "mine.csv")
    save([{"brand": "Acme", "share": 3}], tmp_path / "shares.csv")
    corpora = load_corpora(tmp_path)
    assert {one.corpus for one in corpora.examples()} == {"mine"}
    (left,) = corpora.left_out
    assert (left.corpus, left.rows) == ("shares", None)
    assert "no column `text` (it has brand, share)" in left.reason
    with pytest.raises(SetupError, match="no column `text`"):
        load_corpora(tmp_path, ["shares"])


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    for ending in ("csv", "parquet"):
        save(ROWS, tmp_path / f"mine.{ending}")
    with pytest.raises(SetupError, match=r"mine\.csv and mine\.parquet have one name; rename"):
        load_corpora(tmp_path)


def test_the_table_names_every_set_and_every_reason(tmp_path: Path) -> None:
    rows = [{"text": "Acme is late", "label": "neg", "target": "[Acme]", "split": "test"}, *ROWS]
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(summary(load_corpora(save(rows, tmp_path / "mine [1].jsonl"))))
    printed = console.export_text()
    assert "mine [1]" in printed
    assert "the target is not in the text" in printed
    assert " 300 " in printed


def test_a_split_that_stays_empty_is_told_before_anything_begins(tmp_path: Path) -> None:
    few = save([{"text": "fine", "label": "pos", "split": "train"}], tmp_path / "mine.jsonl")
    console = Console(quiet=True)
    assert read(few, None, console, needs=["train"]).train
    with pytest.raises(SetupError, match=r"mine\.jsonl: no text for test is left; give more texts"):
        read(few, None, console, needs=["test"])


def test_a_wrong_file_is_told_without_anything_heavy(tmp_path: Path) -> None:
    path = save([{"text": "fine", "label": 5}], tmp_path / "mine.csv")
    program = (
        "import sys; from pathlib import Path; from monitor.errors import SetupError\n"
        "from training.data.reading import load_corpora\n"
        f"try: load_corpora(Path({str(path)!r}))\n"
        "except SetupError: print(*{'torch', 'pandas', 'pyarrow', 'sklearn', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_the_process_keeps_its_own_limit_for_csv(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    path = tmp_path / "mine.csv"
    path.write_text("text,label\n" + "\n".join(f"fine text {n},positive" for n in range(40)), "utf-8")
    load_corpora(path)
    assert csv.field_size_limit() == before
