"""`brand-monitor collect`: what it shows, what it says of a wrong file, how it ends."""

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from monitor.cli import app
from monitor.local.system import environment
from monitor.storage.engine import sync_engine
from tests.sources.conftest import collecting  # noqa: F401 - a fixture

STREAM = '[[source]]\nkind = "bluesky"\nname = "sky"\n'
FOLDER = '[[source]]\nkind = "folder"\nname = "inbox"\nsource = "surveys"\npath = "."\n'


def collect(there, *words: str):
    return CliRunner().invoke(app, ["collect", *words], env=environment(there.settings))


def test_the_list_tells_what_was_never_collected_and_why_something_fails(collecting):  # noqa: F811
    collecting.write(STREAM + FOLDER)
    assert [line.split()[:5] for line in collect(collecting, "--list").stdout.splitlines()[3:5]] == [
        ["sky", "bluesky", "bluesky", "no", "-"],
        ["inbox", "folder", "surveys", "no", "-"],
    ]
    engine = sync_engine(collecting.settings)
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO collector (name, kind, source, began_at, failed_at, fault, posts, skipped)
                VALUES ('sky', 'bluesky', 'bluesky', now(), '2026-11-30T12:00Z', 'answers 503', 1234, 56)
            """)
        )
    engine.dispose()
    shown = collect(collecting, "--list", "--only", "sky").stdout
    assert "1,234" in shown
    assert "56" in shown
    assert "2026-11-30T12:00:00+00:00: answers 503" in shown
    assert "inbox" not in shown


@pytest.mark.parametrize(
    ("sources", "words", "told"),
    [
        (None, (), "MONITOR_SOURCES_FILE"),
        ("", (), "each under [[source]]"),
        ("source = []", (), "names no source"),
        (FOLDER, ("--only", "outbox"), "no source is named 'outbox'; there are inbox"),
    ],
)
def test_what_cannot_be_collected_is_told_at_start(collecting, sources, words, told):  # noqa: F811
    if sources is not None:
        collecting.write(sources)
    assert told in str(collect(collecting, *words).exception)


def test_one_pass_ends_by_itself_and_leaves_streams_out(collecting):  # noqa: F811
    (collecting.folder / "texts.csv").write_text("text,published_at\nVMware is fine,2026-11-30T12:00:00Z\n")
    collecting.write(STREAM + FOLDER.replace('path = "."', f'path = "{collecting.folder}"\nsettle = "1 s"'))
    done = collecting.once()
    assert done.returncode == 0, done.stderr
    assert b"it streams" in done.stderr
    assert b"set MONITOR_COLLECT_CONTACT" in done.stderr
    assert collecting.rows("SELECT name, fault FROM collector") == [("inbox", None)]


def test_who_asks_nobody_need_not_say_who_they_are(collecting):  # noqa: F811
    collecting.write(FOLDER.replace('path = "."', f'path = "{collecting.folder}"'))
    done = collecting.once()
    assert done.returncode == 0, done.stderr
    assert b"MONITOR_COLLECT_CONTACT" not in done.stderr
