"""Whole runs on a small data folder: train, cut off, resume, export, load as the service does, evaluate."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.sentiment import load_scorer
from monitor.settings import Device
from training.cli import app

pytestmark = pytest.mark.training

SMALL = [
    "words=3000",
    "word_dims=16",
    "hidden=16",
    "head_dims=16",
    "rate=0.01",
    "word_rate=0.01",
    "warm_up=0.1",
]
TALK_SMALL = ["dims=24", "hidden=24", "rate=0.003", "batch=8", "words=3000", "word2vec_epochs=60"]


def brand_train(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def overrides(settings: list[str]) -> list[str]:
    return [argument for setting in settings for argument in ("--set", setting)]


def test_the_shipped_model_from_scratch_and_again(small_data: Path, tmp_path: Path) -> None:
    out, work = tmp_path / "models" / "sentiment", tmp_path / "work"
    command = ["sentiment", "--data", small_data, "--work", work, "--epochs", "6", *overrides(SMALL)]
    brand_train(*command, "--out", out)
    scorer = load_scorer(out, Device.CPU)
    good, bad, plain = scorer.score(["Acme rocks!", "Acme is terrible.", "Where can I download Acme?"])
    assert (good.label, bad.label, plain.label) == ("positive", "negative", "neutral")
    manifest = scorer.manifest
    assert manifest.parity.max_abs_diff < 1e-4
    assert {metric.dataset for metric in manifest.metrics} >= {"imdb", "airline", "semeval2017"}
    card = (out / "CARD.md").read_text()
    assert "The talk's four sentences" in card
    assert {path.name for path in out.iterdir()} >= {
        "calibration.png",
        "learning.png",
        "words.txt",
        "ngrams.npy",
        "subwords.npy",
    }

    brand_train(*command, "--out", tmp_path / "again" / "sentiment")
    again = load_scorer(tmp_path / "again" / "sentiment", Device.CPU).manifest
    assert again.metrics == manifest.metrics, "a finished run exported again is the same model"
    assert again.sha256 == manifest.sha256


def test_the_talks_model_from_scratch(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentiment-talk"
    options = ["--arch", "talk", "--work", tmp_path / "work", "--epochs", "30", *overrides(TALK_SMALL)]
    brand_train("sentiment", "--data", small_data, "--out", out, *options)
    scorer = load_scorer(out, Device.CPU)
    assert scorer.manifest.labels == ("negative", "positive")
    (accuracy,) = [metric.value for metric in scorer.manifest.metrics if metric.name == "accuracy"]
    assert accuracy > 0.7
    assert "peephole" in (out / "CARD.md").read_text()


def test_another_recipe_in_the_same_work_folder_is_refused(small_data: Path, tmp_path: Path) -> None:
    from training.sentiment.recipe import Hyper
    from training.sentiment.work import claim

    claim(tmp_path / "sentiment", Hyper(), ("something else",))
    command = [
        "sentiment",
        "--data",
        str(small_data),
        "--out",
        str(tmp_path / "sentiment"),
        "--work",
        str(tmp_path),
    ]
    result = CliRunner().invoke(app, command)
    assert "begun with another data" in str(result.exception)


def test_evaluate_writes_json_and_markdown(small_data: Path, tmp_path: Path) -> None:
    brand_train("evaluate", "sentiment", "--data", small_data, "--out", tmp_path)
    figures = json.loads((tmp_path / "evaluation.json").read_text())
    assert set(figures["test"]) == {"imdb", "semeval2017", "airline", "semeval14_aspect"}
    assert len(figures["talk"]) == 4
    assert "| airline | macro_f1 |" in (tmp_path / "evaluation.md").read_text()


def test_the_same_seed_gives_the_same_model_in_another_process(small_data: Path, tmp_path: Path) -> None:
    found = []
    for number in ("1", "2"):
        folder = tmp_path / number
        command = [sys.executable, "-c", "from training.cli import main; main()", "sentiment"]
        command += [
            "--data",
            str(small_data),
            "--work",
            str(folder / "work"),
            "--epochs",
            "1",
            *overrides(SMALL),
        ]
        # Sets of strings are ordered otherwise in every process unless told; no result may hang on that.
        environment = os.environ | {"PYTHONHASHSEED": number}
        subprocess.run([*command, "--out", str(folder / "sentiment")], check=True, env=environment)
        found.append(load_scorer(folder / "sentiment", Device.CPU).manifest)
    first, second = found
    assert (first.sha256, first.files, first.metrics) == (second.sha256, second.files, second.metrics)
