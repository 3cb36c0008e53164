"""`brand-monitor rescore`: what it says, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import OutageError, SetupError
from monitor.rescore import Rescore
from monitor.sentiment import load_scorer
from monitor.settings import Device, packaged


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ("rescore", *words))
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def identity() -> str:
    return load_scorer(packaged("onnx_models") / "sentiment", Device.CPU, threads=1).manifest.identity


def due(engine: Engine) -> int:
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM mention WHERE model_version = 'sentiment@1'")
        return int(connection.execute(query).scalar_one())


def test_it_says_how_many_and_how_labels_move(engine):
    model = identity()
    told = run("--since", "2026-03-01", "--dry-run")
    assert f"6 texts would be scored by {model}; would be changed: " in told
    lines = [line.strip() for line in told.splitlines()]
    whole, toward = (at for at, line in enumerate(lines) if " now" in line)
    assert (lines[whole].split("  ")[0], lines[toward].split("  ")[0]) == ("the whole text", "toward a brand")
    (before,) = [line for line in lines[whole:toward] if line.startswith("neutral before")]
    assert sum(map(int, before.split()[2:])) == 6
    (before,) = [line for line in lines[toward:] if line.startswith("unscored before")]
    assert sum(map(int, before.split()[2:])) == 4
    assert due(engine) == 6
    did = run("--since", "2026-03-01", "--json")
    found = json.loads(did)
    assert {name: found[name] for name in ("dry_run", "model_version", "scored", "failed")} == {
        "dry_run": False,
        "model_version": model,
        "scored": 6,
        "failed": 0,
    }
    assert {move["before"] for move in found["whole"]} == {"neutral"}
    assert sum(move["verdicts"] for move in found["whole"]) == 6
    assert sum(move["verdicts"] for move in found["toward_brands"]) == 4
    assert due(engine) == 0
    assert run("--since", "2026-03-01").startswith("0 texts scored by")


def test_only_a_brand_only_a_period(engine):
    assert run("--since", "36500d", "--brand", "Apple", "--dry-run").count("4 texts would be scored") == 1
    assert "2 texts scored" in run("--since", "2026-03-09", "--until", "2026-03-10")
    assert "0 texts scored" in run("--since", "2026-03-09")
    assert "2 texts scored" in run("--since", "2026-03-09", "--again")
    assert due(engine) == 4


def test_what_is_broken_off_says_how_to_go_on(engine, monkeypatch):
    write, written = Rescore._write, []

    def interrupted(self: Rescore, found: Any) -> Any:
        if written:
            raise KeyboardInterrupt
        written.append(found)
        return write(self, found)

    with monkeypatch.context() as patch:
        patch.setattr("monitor.storage.walk.BATCH", 2)
        patch.setattr(Rescore, "_write", interrupted)
        told = run("--since", "2026-03-01", code=130)
    assert "done back to 2026-03-09T12:00:00.000000Z; go on with --until 2026-03-09T12:00:00.000001Z" in told
    assert "4 texts scored" in run("--since", "2026-03-01")


@pytest.mark.parametrize(
    "words", [(), ("--since", "yesterday"), ("--since", "0d"), ("--since", "1d", "--until", "soon")]
)
def test_what_makes_no_sense_is_refused(engine, words):
    run(*words, code=2)


def test_it_says_what_is_missing(engine, monkeypatch, tmp_path: Path):
    def fault(*words: str) -> BaseException | None:
        return CliRunner().invoke(app, ("rescore", "--since", "2026-03-01", *words)).exception

    unknown = fault("--brand", "Nobody")
    assert isinstance(unknown, SetupError)
    assert "Nobody: the database has no such brand; `brand-monitor brands list`" in str(unknown)
    with monkeypatch.context() as patch:
        patch.setenv("MONITOR_DATABASE_URL", "postgresql://127.0.0.1:1/none")
        assert isinstance(fault(), OutageError)
    monkeypatch.setenv("MONITOR_MODELS_DIR", str(tmp_path))
    missing = fault()
    assert isinstance(missing, SetupError)
    assert str(tmp_path) in str(missing)
