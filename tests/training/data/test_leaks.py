"""A set whose shape tells its labels is refused, loudly; one whose words do is not."""

import io
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from rich.console import Console
from typer.testing import CliRunner

from training.cli import app
from training.data.leaks import Leaks, find_leaks, leak_table

WORDS = ["queue", "store", "Leeds", "phone", "today", "launch", "battery", "panel", "party", "map", "lunch"]
OPINIONS = {"neg": "awful", "neu": "open", "pos": "great"}


def rows(draw: random.Random, given: dict[str, float], count: int = 600) -> list[dict[str, Any]]:
    """Tweets, 60% neutral, that all name a brand; `given`: of each label, how often the target is told."""
    made = []
    for number in range(count):
        label = draw.choices(["neg", "neu", "pos"], [7, 60, 33])[0]
        words = [*draw.choices(WORDS, k=draw.randint(4, 14)), OPINIONS[label], f"no{number}"]
        place = draw.randrange(len(words))
        words[place:place] = [brand := draw.choice(["iPad", "Google", "Apple"])]
        target = brand if draw.random() < given[label] else ""
        made.append({"text": " ".join(words), "label": label, "target": target})
    return made


def save(folder: Path, name: str, made: list[dict[str, Any]]) -> Path:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    return path


def probed(folder: Path, made: list[dict[str, Any]], name: str = "mine") -> Leaks:
    found = find_leaks(save(folder, name, made), name)
    assert found is not None
    return found


OLD = {"neg": 0.9, "neu": 0.02, "pos": 0.9}
"""As the first release of the SXSW tweets had it."""
REPAIRED = {"neg": 1.0, "neu": 1.0, "pos": 1.0}


def test_targets_given_for_opinions_alone_leak(tmp_path: Path) -> None:
    found = probed(tmp_path, rows(random.Random(1), OLD))
    assert "target given" in found.leaking
    assert found.told["target given"].label == 1
    assert found.told["target given"].informedness > 0.8
    assert found.told["target given"].f1 > found.majority + 0.1


@pytest.mark.parametrize("given", [REPAIRED, {"neg": 0.5, "neu": 0.5, "pos": 0.5}])
def test_targets_given_for_all_alike_do_not(tmp_path: Path, given: dict[str, float]) -> None:
    found = probed(tmp_path, rows(random.Random(1), given))
    assert found.leaking == ()
    assert ("target given" in found.told) == (given != REPAIRED), "nothing to see where all have one"


def test_however_rare_opinions_are(tmp_path: Path) -> None:
    made = rows(random.Random(1), OLD, 3000)
    opinions = [row for row in made if row["label"] != "neu"][:120]
    found = probed(tmp_path, [row for row in made if row["label"] == "neu"] + opinions)
    assert "target given" in found.leaking


def test_two_verdicts_in_a_sentence_leak_nothing(tmp_path: Path) -> None:
    """As in MAMS: what is said tells the label, and only toward which words."""
    draw = random.Random(2)
    made = []
    for number in range(200):
        parts = draw.sample([("cook", "neg", "rude"), ("menu", "neu", "long"), ("soup", "pos", "fine")], k=3)
        text = " and ".join(f"the {noun} was {word}" for noun, _, word in parts) + f" no{number}"
        made += [{"text": text, "label": label, "target": noun} for noun, label, _ in parts]
    found = probed(tmp_path, made, "mams")
    assert found.told["target's words"].informedness == 1, "masked in training, so no leak"
    assert not found.leaking


@pytest.mark.parametrize(
    ("change", "probe"),
    [
        (lambda row: row | {"text": f"{row['text']} http://t.co/a"}, "links"),
        (lambda row: row | {"text": f"{row['text']}!!"}, "@ # ! ?"),
        (lambda row: row | {"text": f"{row['text']} {'and so on ' * 9}"}, "text's length"),
        (lambda row: row | {"source": "https://news.example/5"}, "source"),
    ],
)
def test_what_all_neutral_rows_have_leaks(tmp_path: Path, change: Any, probe: str) -> None:
    made = [
        change(row) if row["label"] == "neu" else row | {"source": f"https://shop.example/{number}"}
        for number, row in enumerate(rows(random.Random(3), REPAIRED))
    ]
    assert probe in probed(tmp_path, made).leaking


def test_a_table_without_sources_or_anything_to_see_is_judged_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    parquet.write_table(arrow.Table.from_pylist(rows(random.Random(5), OLD)), path)
    found = find_leaks(path, "mine")
    assert found is not None
    assert "target given" in found.leaking
    bare = [{"text": f"{number:04}", "label": ("neg", "pos")[number % 2]} for number in range(200)]
    blind = probed(tmp_path, bare, "bare")
    assert blind.told == {}
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(leak_table([blind]))
    assert "ok" in console.export_text()


def test_few_rows_or_one_label_tell_nothing(tmp_path: Path) -> None:
    made = rows(random.Random(4), OLD)
    assert find_leaks(save(tmp_path, "few", made[:30]), "few") is None
    alike = [row for row in made if row["label"] == "neu"]
    assert find_leaks(save(tmp_path, "alike", alike), "alike") is None
    assert find_leaks(save(tmp_path, "one", [made[0]] * 100), "one") is None


def test_the_command_ends_in_failure_for_a_leak_and_names_it(tmp_path: Path) -> None:
    sound, leaking = tmp_path / "sound", tmp_path / "leaking"
    for folder, given in ((sound, REPAIRED), (leaking, OLD)):
        folder.mkdir()
        save(folder, "brands", rows(random.Random(1), given))
    done = CliRunner().invoke(app, ["data", "check", "--data", str(sound)])
    assert done.exit_code == 0, done.output
    assert "LEAK" not in done.output
    done = CliRunner().invoke(app, ["data", "check", "--data", str(leaking)])
    assert done.exit_code == 1
    assert "LEAK in brands (target given" in done.output


def test_the_old_file_of_a_set_that_was_repaired_is_refused(tmp_path: Path) -> None:
    save(tmp_path, "sxsw", rows(random.Random(1), OLD))
    done = CliRunner().invoke(app, ["data", "check", "--data", str(tmp_path)])
    assert "no column `n_brands`" in str(done.exception)
