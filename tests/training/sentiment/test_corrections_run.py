"""`brand-train sentiment --corrections`: what people corrected is in the model and in its papers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.sentiment import load_scorer
from monitor.settings import Device
from training.cli import app

pytestmark = pytest.mark.training

# Words no other text of the run has: what the model says of them it can only have from the corrections.
SAID = {"gribbly": "negative", "vornish": "positive"}


def export(path: Path) -> Path:
    rows = [
        {"kind": "text", "source": "forum", "id": f"{word}-{n}", "text": f"{word} {n} {word}", "label": label}
        | {"corrected_by": "mia", "corrected_at": "2026-03-01T09:30:00Z"}
        for word, label in SAID.items()
        for n in range(300)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_corrections_are_learned_and_named(small_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentiment-large"
    command = [
        "sentiment",
        "--arch",
        "large",
        "--data",
        small_data,
        "--out",
        out,
        "--work",
        tmp_path / "work",
    ]
    command += ["--corrections", export(tmp_path / "corrections.jsonl"), "--set", "texts=100"]
    result = CliRunner().invoke(app, [str(one) for one in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    scorer = load_scorer(out, Device.CPU)
    assert {word: scorer.score([f"{word} 700 {word}"])[0].label for word in SAID} == SAID
    assert any(one.startswith("corrections.jsonl sha256:") for one in scorer.manifest.training.data)
    assert "- corrections: labels people corrected" in (out / "CARD.md").read_text()
