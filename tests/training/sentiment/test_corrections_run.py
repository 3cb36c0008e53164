"""`brand-train sentiment --corrections`: what people corrected is in the model and in its papers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.sentiment import load_scorer
from monitor.sentiment.scorer import LABELS
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
        for n in range(100)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_corrections_are_learned_and_named(tmp_path: Path) -> None:
    out = tmp_path / "sentiment-large"
    other = [f"It opened at {n} o'clock.,neutral\nIt rocks at {n} o'clock!,positive\n" for n in range(60)]
    (tmp_path / "mybrand.csv").write_text("text,label\n" + "".join(other))
    command = ["sentiment", "--arch", "large", "--data", tmp_path / "mybrand.csv", "--out", out]
    command += ["--corrections", export(tmp_path / "corrections.jsonl"), "--work", tmp_path / "work"]
    command += ["--epochs", "3", "--set", "texts=200", "--set", "tokens=256"]
    result = CliRunner().invoke(app, [str(one) for one in command], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    scorer = load_scorer(out, Device.CPU)
    found = scorer.probabilities([f"{word} 700 {word}" for word in SAID])
    assert [LABELS[at] for at in found.argmax(1)] == list(SAID.values())
    assert any(one.startswith("corrections.jsonl sha256:") for one in scorer.manifest.training.data)
    assert "- corrections: labels people corrected" in (out / "CARD.md").read_text()
