"""`brand-monitor forget`: what it asks for, what it refuses, what it shows before it does anything."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner

from monitor.cli import app
from monitor.settings import load_settings
from monitor.storage.deletion import delete
from monitor.stream import deletions


@pytest.fixture(autouse=True)
def _nobody_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Kafka here; with one, tests/integration/test_forgetting.py goes on."""
    monkeypatch.setenv("MONITOR_PUBLISH_FINDINGS", "false")
    monkeypatch.setenv("MONITOR_PICTURE_STORE", str(tmp_path / "pictures"))


def forget(*words: str, answer: str | None = None):
    return CliRunner().invoke(app, ["forget", *words], input=answer)


def mentions(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM mention")).scalar_one()


def untold(engine: Engine) -> list[str | None]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT external_id FROM deleted_mention")).scalars())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "one of --author"),
        (("--author", "ann", "--before", "2026-01-01"), "one of --author"),
        (("--mention", "m1"), "add --source"),
        (("--author", "ann", "--reason", " "), "say why"),
        (("--author", "@Ann", "--reason", "ann wrote us"), "must not name"),
        (("--mention", "m1", "--source", "forum", "--reason", "letter about m1"), "must not name"),
        (("--before", "soon"), "neither a day"),
    ],
)
def test_what_cannot_be_meant_is_refused(engine: Engine, words: tuple[str, ...], says: str) -> None:
    done = forget(*words)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.replace("│", " ").split())
    assert mentions(engine) == 6


def test_a_name_within_a_word_of_the_reason_is_none(engine: Engine) -> None:
    assert forget("--author", "an", "--reason", "asked by an agent").exit_code == 2
    assert forget("--author", "a", "--source", "forum").exit_code == 1


def test_it_shows_what_would_go_and_asks(engine: Engine) -> None:
    done = forget("--author", "@ANN", answer="n\n")
    assert done.exit_code == 1
    assert done.stdout.split()[:5] == ["source", "kind", "mentions", "first", "last"]
    assert "forum" in done.stdout
    assert "2026-03-10 forum: Apple opened a shop" in done.stderr
    assert "\x1b" not in done.stderr.replace("\x1b[0m", "")
    assert mentions(engine) == 6


def test_answered_yes_it_is_done(engine: Engine) -> None:
    done = forget("--mention", "m0", "--mention", "m1", "--source", "forum", answer="y\n")
    assert done.exit_code == 0, done.output
    assert "forgotten: 2 mentions" in done.stderr
    assert "docs/deletion.md" in done.stderr
    assert (mentions(engine), untold(engine)) == (4, [None, None])
    done = forget("--before", "2026-03-08", "--yes")
    assert "forgotten: 3 mentions" in done.stderr
    assert mentions(engine) == 1


def test_nothing_that_fits_is_said(engine: Engine) -> None:
    done = forget("--author", "bob", "--yes")
    assert done.exit_code == 1
    assert "nothing is stored that fits" in done.stderr


def test_only_owners_may(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    monkeypatch.setenv("MONITOR_DATABASE_URL", f"{url}?options=-c%20role%3Dbrand_monitor_write")
    done = forget("--author", "ann", "--yes")
    assert done.exit_code != 0
    assert "brand_monitor_migrate" in str(done.exception)
    assert mentions(engine) == 6


def test_telling_ends_in_time_and_goes_on_later(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """`schedule` has other duties, and `forget` may be at work for hours."""
    monkeypatch.setattr(deletions, "_AT_ONCE", 1)
    with engine.begin() as connection:
        ids = connection.execute(text("SELECT id FROM mention ORDER BY id LIMIT 3")).scalars().all()
        delete(connection, ids, "asked")
    for left in (2, 1, 0, 0):
        asyncio.run(deletions.tell_untold(engine, load_settings(), seconds=0))
        assert len([id for id in untold(engine) if id is not None]) == left
