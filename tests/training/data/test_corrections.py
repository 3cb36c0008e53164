import csv
import json
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import SetupError
from training.data.corrections import CORRECTIONS, read_corrections, with_corrections
from training.data.texts import Corpora, Example

ROW = {
    "kind": "text",
    "source": "forum",
    "id": "1",
    "text": "Not bad at all",
    "label": "positive",
    "corrected_by": "mia",
    "corrected_at": "2026-03-01T09:30:00Z",
}
OTHER = ROW | {"id": "2", "text": 'Zoë said: "fine",\nand left 😊', "label": "neutral"}


def write(folder: Path, rows: list[dict[str, Any]], ending: str) -> Path:
    path = folder / f"corrections.{ending}"
    if ending == "csv":
        # Excel writes a byte order mark.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "ndjson"])
def test_rows_become_training_examples(tmp_path: Path, ending: str) -> None:
    found = read_corrections(write(tmp_path, [ROW, OTHER], ending))
    assert found.examples == [
        Example(CORRECTIONS, "Not bad at all", 2),
        Example(CORRECTIONS, 'Zoë said: "fine",\nand left 😊', 1),
    ]
    assert (found.superseded, found.pictures) == (0, 0)


def test_the_latest_correction_counts_whatever_the_order(tmp_path: Path) -> None:
    later = ROW | {"label": "neutral", "corrected_at": "2026-03-01T12:00:00+02:00"}  # 10:00 UTC
    for rows in ([ROW, later], [later, ROW]):
        found = read_corrections(write(tmp_path, rows, "csv"))
        assert [example.label for example in found.examples] == [1]
        assert found.superseded == 1


def test_a_brand_makes_the_correction_one_toward_it(tmp_path: Path) -> None:
    text = "Great @acme_hotels, awful Initech"
    rows = [
        ROW | {"text": text, "brand": "Initech", "label": "negative"},
        ROW | {"text": text, "brand": "", "label": "neutral"},
    ]
    toward, whole = read_corrections(write(tmp_path, rows, "csv")).examples
    assert toward.target is not None
    assert text[slice(*toward.target)] == "Initech"
    assert whole.target is None


def test_a_brand_the_text_calls_otherwise_cannot_be_placed(tmp_path: Path) -> None:
    rows = [ROW | {"brand": "Initech"}, ROW | {"brand": ""}]
    found = read_corrections(write(tmp_path, rows, "csv"))
    assert (len(found.examples), found.unplaced) == (1, 1)


def test_corrections_of_pictures_are_counted_not_read(tmp_path: Path) -> None:
    found = read_corrections(
        write(tmp_path, [ROW, ROW | {"kind": "image", "text": "", "label": "Acme"}], "csv")
    )
    assert (len(found.examples), found.pictures) == (1, 1)


def test_a_megabyte_of_text_is_read(tmp_path: Path) -> None:
    found = read_corrections(write(tmp_path, [ROW | {"text": "word " * 200_000}], "csv"))
    assert len(found.examples[0].text) == 1_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "good"}, r"line 3: `label` is 'good'; want negative, neutral or positive"),
        ({"label": ""}, r"line 3: `label` is ''"),
        ({"text": "  "}, r"`text` is '  '"),
        ({"id": ""}, r"`id` is ''"),
        ({"corrected_at": "yesterday"}, r"`corrected_at` is 'yesterday'; want RFC 3339"),
        ({"corrected_at": "2026-03-01T09:30:00"}, "without a zone"),
    ],
)
def test_says_which_value_of_which_line_is_wrong(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    rows = [ROW | {"brand": ""}, ROW | {"brand": "", "id": "2"} | change]
    with pytest.raises(SetupError, match=message):
        read_corrections(write(tmp_path, rows, "csv"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b"{}\n", r"a\.jsonl: no column `kind` \(it has none\)"),
        ("a.csv", b"text,label\nfine,neutral\n", r"no column `kind` \(it has text, label\)"),
    ],
)
def test_says_what_is_wrong_with_the_file(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SetupError, match=message):
        read_corrections(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"none\.csv"):
        read_corrections(tmp_path / "none.csv")


def test_what_measures_does_not_train(tmp_path: Path) -> None:
    test = {"sst": [Example("sst", "not BAD, at all!", 2)]}
    corpora = Corpora(train={"cr": [Example("cr", "fine", 2)]}, dev={}, test=test)
    found = with_corrections(corpora, read_corrections(write(tmp_path, [ROW, OTHER], "csv")))
    assert list(found.train) == ["cr", CORRECTIONS]
    assert [example.text for example in found.train[CORRECTIONS]] == [OTHER["text"]]
    only_known = with_corrections(corpora, read_corrections(write(tmp_path, [ROW], "csv")))
    assert list(only_known.train) == ["cr"]
