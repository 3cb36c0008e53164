"""`brand-monitor prune` and the schedule's retention: what an operator sees, and what is left."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from monitor.cli import app
from monitor.local import EmbeddedDatabase
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine


@pytest.fixture(scope="module")
def seeded(
    database_server: EmbeddedDatabase,
    migrated: str,
    three_pictures: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Path]]:
    """A database of made-up mentions of the last five days by name, and where its pictures are; to copy."""
    name = f"prune_{uuid.uuid4().hex[:12]}"
    folder = tmp_path_factory.mktemp("seeded")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MONITOR_DATABASE_URL", database_server.copy(migrated, name))
        patch.setenv("MONITOR_PICTURE_STORE", str(folder / "pictures"))
        done = run("seed", "--mentions", "300", "--days", "5", "--samples", three_pictures)
    assert done.exit_code == 0, done.output
    yield name, folder / "pictures"
    database_server.drop(name)


@pytest.fixture
def engine(
    database_server: EmbeddedDatabase,
    seeded: tuple[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Engine]:
    """A copy of it, which the commands use."""
    name = f"commands_{uuid.uuid4().hex[:12]}"
    original, originals = seeded
    url = database_server.copy(original, name)
    pictures = tmp_path / "pictures"
    shutil.copytree(originals, pictures)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", url)
    monkeypatch.setenv("MONITOR_PICTURE_STORE", str(pictures))
    made = sync_engine(load_settings(database_url=url))
    with made.begin() as connection:
        moved = text("UPDATE picture SET url = replace(url, :there, :here)")
        connection.execute(moved, {"there": str(originals), "here": str(pictures)})
    yield made
    made.dispose()
    database_server.drop(name)


def run(*words: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(app, words, input=answer)


def days(engine: Engine, query: str) -> list[object]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)).scalars())


MENTIONS = "SELECT count(*) FROM mention"
COUNTED = "SELECT sum(mentions)::int FROM mention_hour"


def test_it_says_what_would_go_and_asks(engine):
    began = datetime.now(UTC)
    done = run("prune", "--older-than", "2d", answer="n\n")
    assert done.exit_code == 1
    days_before = {(now - timedelta(days=2)).date() for now in (began, datetime.now(UTC))}
    assert any(f"of 300 mentions were published before {day}" in done.output for day in days_before)
    assert "Prune for good?" in done.output
    assert days(engine, "SELECT count(*) FROM pruning") == [0]
    assert days(engine, MENTIONS) == [300]


def test_old_mentions_go_and_their_figures_stay(engine):
    done = run("prune", "--older-than", "2d", "--yes")
    assert done.exit_code == 0, done.output
    (left,) = days(engine, MENTIONS)
    assert 0 < left < 300
    assert f"pruned {300 - left} mentions" in done.output
    assert days(engine, COUNTED) == [300]
    assert run("db", "check").exit_code == 0
    files = {str(path) for path in Path("pictures").resolve().rglob("*") if path.is_file()}
    assert files == {str(url).removeprefix("file://") for url in days(engine, "SELECT url FROM picture")}
    again = run("prune", "--older-than", "2d", "--yes")
    assert again.exit_code == 0
    assert "pruned 0 mentions" in again.output
    # Made-up mentions would take the place of the figures that are kept.
    done = run("seed", "--mentions", "10", "--force")
    assert "were pruned" in str(done.exception)
    assert days(engine, COUNTED) == [300]


def test_how_old_has_to_be_said_and_makes_sense(engine, monkeypatch):
    missing = run("prune", "--yes")
    assert missing.exit_code == 2
    assert "MONITOR_RETENTION" in missing.output
    wrong = run("prune", "--older-than", "1y", "--yes")
    assert wrong.exit_code == 2
    assert "write days: 400d" in wrong.output
    monkeypatch.setenv("MONITOR_RETENTION", "2d")
    assert run("prune", "--yes").exit_code == 0
    assert days(engine, MENTIONS) < [300]


def test_the_schedule_obeys_the_retention(engine, monkeypatch):
    run("schedule", "--once")
    assert days(engine, MENTIONS) == [300]
    monkeypatch.setenv("MONITOR_RETENTION", "3d")
    done = run("schedule", "--once")
    assert done.exit_code == 0, done.output
    assert "pruned daily where they are older than 3d" in done.output
    assert days(engine, MENTIONS) < [300]
    assert days(engine, COUNTED) == [300]
