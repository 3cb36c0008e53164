"""Whole runs on a small data folder: train, cut off, go on, load as the service does, evaluate."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.sentiment import load_scorer
from monitor.settings import Device
from training.cli import app

pytestmark = pytest.mark.training

LARGE = ["texts=50", "tokens=512"]
TALK = ["dims=24", "hidden=24", "rate=0.003", "batch=1", "words=3000", "word2vec_epochs=60"]


def brand_train(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def overrides(settings: list[str]) -> list[str]:
    return [argument for setting in settings for argument in ("--set", setting)]


@pytest.fixture(scope="module")
def large(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A teacher, killed in the middle of its training and started again by the same command."""
    folder = tmp_path_factory.mktemp("large")
    out = folder / "sentiment-large"
    command = [sys.executable, "-c", "from training.cli import main; main()", "sentiment", "--arch", "large"]
    command += ["--data", str(small_data), "--work", str(folder / "work"), "--out", str(out), "--epochs", "2"]
    command += overrides(LARGE)
    checkpoint = folder / "work" / "sentiment-large" / "teacher.pt"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None and not checkpoint.exists():  # the first stands after the first epoch
            time.sleep(0.2)
        run.send_signal(signal.SIGKILL)
    assert not out.exists()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert f"resumed from {checkpoint}: epoch 2, step 0" in done.stdout
    return out


def test_the_teacher_is_loaded_and_documented(large: Path) -> None:
    scorer = load_scorer(large, Device.CPU)
    assert scorer.takes_targets
    assert {one.dataset for one in scorer.manifest.metrics} == {
        "imdb",
        "semeval2017",
        "airline",
        "semeval14_aspect",
    }
    assert scorer.manifest.parity.inputs > 50
    good, bad = scorer.probabilities(["I love it, it is wonderful.", "It is terrible, I hate it."])
    assert good[2] - good[0] > bad[2] - bad[0]
    one, other = scorer.probabilities(
        ["Acme opens at 9 am."] * 2 + ["Zentro opens at 9 am."], [(0, 4), None, (0, 6)]
    )[::2]
    assert one == pytest.approx(other, abs=0.05)  # activations of a run share their 8 bits
    assert "all-MiniLM-L6-v2" in (large / "CARD.md").read_text()


@pytest.fixture(scope="module")
def shipped(small_data: Path, large: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    out = folder / "sentiment"
    command = ["sentiment", "--quick", "--data", small_data, "--teacher", large, "--out", out]
    command += ["--work", folder / "work", "--set", "hidden=24", "--set", "answer=16"]
    brand_train(*command)
    again = folder / "again" / "sentiment"
    brand_train(*[again if argument is out else argument for argument in command])
    first, second = (load_scorer(one, Device.CPU).manifest for one in (out, again))
    assert (first.sha256, first.files, first.metrics) == (second.sha256, second.files, second.metrics)
    return out


def test_the_student_learns_from_labels_and_from_the_teacher(shipped: Path, large: Path) -> None:
    scorer = load_scorer(shipped, Device.CPU)
    assert scorer.manifest.parity.max_abs_diff < 1e-4
    texts = ["This is awesome, I love Acme.", "Acme is terrible and slow."]
    found = scorer.probabilities(texts, [(text.index("Acme"), text.index("Acme") + 4) for text in texts])
    assert found[0, 2] - found[0, 0] > found[1, 2] - found[1, 0]
    card = (shipped / "CARD.md").read_text()
    for name in ("airline (noncommercial)", "imdb_unsup (no labels)", "short_unlabelled (no labels)"):
        assert f"\n- {name}" in card
    (begun,) = shipped.parent.glob("work/*/run.json")
    assert load_scorer(large, Device.CPU).manifest.identity in json.loads(begun.read_text())["data"]


def test_evaluate_writes_json_and_markdown(small_data: Path, shipped: Path, tmp_path: Path) -> None:
    brand_train("evaluate", "sentiment", "--data", small_data, "--model", shipped, "--out", tmp_path)
    figures = json.loads((tmp_path / "evaluation.json").read_text())
    assert set(figures["test"]) == {"imdb", "semeval2017", "airline", "semeval14_aspect"}
    assert "| airline | macro_f1 |" in (tmp_path / "evaluation.md").read_text()


def test_a_file_of_one_s_own_is_enough(large: Path, tmp_path: Path) -> None:
    draw = random.Random(1)
    said = {
        "negative": ["broke", "leaks", "smells"],
        "neutral": ["arrived", "opened"],
        "positive": ["shines", "rocks"],
    }
    lines = ["text;label;target"]
    for n in range(400):
        label = draw.choice(list(said))
        lines.append(f"My Kettlo {draw.choice(said[label])} on day {n};{label};{'Kettlo' if n % 2 else ''}")
    (tmp_path / "mybrand.csv").write_text("\n".join(lines) + "\n")
    out = tmp_path / "mine"
    output = brand_train(
        *("sentiment", "--quick", "--data", tmp_path / "mybrand.csv", "--teacher", large, "--out", out),
        *("--work", tmp_path / "work", "--set", "hidden=24", "--epochs", "30"),
    )
    assert "mybrand" in output
    assert "with a target" in output
    scorer = load_scorer(out, Device.CPU)
    assert {one.dataset for one in scorer.manifest.metrics} == {"mybrand"}
    assert {one.name: one.value for one in scorer.manifest.metrics}["accuracy"] > 0.6
    assert "- mybrand (commercial): your own" in (out / "CARD.md").read_text()


def test_the_talk_s_model_from_scratch(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentiment-talk"
    options = ["--arch", "talk", "--work", tmp_path / "work", "--epochs", "40", *overrides(TALK)]
    brand_train("sentiment", "--data", small_data, "--out", out, *options)
    scorer = load_scorer(out, Device.CPU)
    assert scorer.manifest.labels == ("negative", "positive")
    (accuracy,) = [metric.value for metric in scorer.manifest.metrics if metric.name == "accuracy"]
    assert accuracy > 0.7
    assert "peephole" in (out / "CARD.md").read_text()


def test_another_recipe_in_the_same_work_folder_is_refused(small_data: Path, tmp_path: Path) -> None:
    from training.sentiment.recipe import TeacherHyper
    from training.sentiment.work import claim

    claim(tmp_path / "sentiment", TeacherHyper(), ("something else",))
    command = [
        "sentiment",
        "--arch",
        "large",
        "--data",
        small_data,
        "--out",
        tmp_path / "sentiment",
        "--work",
        tmp_path,
    ]
    result = CliRunner().invoke(app, [str(one) for one in command])
    assert "begun with another data" in str(result.exception)


def test_the_same_seed_gives_the_same_student_in_another_process(
    small_data: Path, large: Path, tmp_path: Path
) -> None:
    found = []
    for number in ("1", "2"):
        folder = tmp_path / number
        command = [sys.executable, "-c", "from training.cli import main; main()", "sentiment", "--quick"]
        command += ["--data", str(small_data), "--teacher", str(large), "--work", str(folder / "work")]
        command += ["--epochs", "1", "--set", "hidden=16", "--out", str(folder / "sentiment")]
        # Sets of strings are ordered otherwise in every process unless told; no result may hang on that.
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": number})
        found.append(load_scorer(folder / "sentiment", Device.CPU).manifest)
    first, second = found
    assert (first.sha256, first.files, first.metrics) == (second.sha256, second.files, second.metrics)
