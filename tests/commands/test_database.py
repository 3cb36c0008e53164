"""`brand-monitor db check` and `seed`: what an operator sees and what the exit code says."""

import json
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from monitor.cli import app
from monitor.local import EmbeddedDatabase
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine
from monitor.storage.rollups import TABLES


@pytest.fixture
def engine(
    database_server: EmbeddedDatabase, migrated: str, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> Iterator[Engine]:
    """A migrated database that the commands use, too."""
    name = f"commands_{uuid.uuid4().hex[:12]}"
    url = database_server.copy(migrated, name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONITOR_DATABASE_URL", url)
    monkeypatch.setenv("MONITOR_PICTURE_STORE", str(tmp_path / "pictures"))
    made = sync_engine(load_settings(database_url=url))
    yield made
    made.dispose()
    database_server.drop(name)


def run(*words: str):
    return CliRunner().invoke(app, words)


def test_seeded_figures_are_checked_and_a_difference_is_told_then_mended(engine, three_pictures):
    made_up = ("--mentions", "400", "--days", "5", "--until", "2026-05-31")
    done = run("seed", *made_up, "--samples", three_pictures)
    assert done.exit_code == 0, done.output
    assert "marked as synthetic" in done.output

    done = run("db", "check", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [each["table"] for each in told] == ["story_key", "mention.lead", *TABLES]
    assert all(each["wrong"] == each["missing"] == 0 for each in told)

    with engine.begin() as connection:
        connection.execute(text("UPDATE brand_day SET positive = positive + 1 WHERE brand_id = 1"))
        connection.execute(text("DELETE FROM pair_day"))
        connection.execute(
            text("UPDATE mention SET lead = false WHERE id = (SELECT id FROM mention LIMIT 1)")
        )
    done = run("db", "check")
    assert done.exit_code == 1
    assert "fault: mention.lead lacks" in done.output
    assert "fault: brand_day holds" in done.output
    assert "fault: pair_day lacks" in done.output

    done = run("db", "check", "--repair")
    assert done.exit_code == 0, done.output
    assert "repaired: brand_day" in done.output
    assert run("db", "check").exit_code == 0


def test_a_seeded_database_is_not_seeded_again(engine, three_pictures):
    few = ("--mentions", "50", "--days", "2", "--samples", three_pictures)
    assert run("seed", *few).exit_code == 0
    done = run("seed", *few)
    assert done.exit_code != 0
    assert "holds mentions already" in str(done.output) + str(done.exception)
