"""`brand-monitor query` and `brands check`: queries tried on what is stored, and applied to it."""

import json

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from monitor.backfill import Backfill
from monitor.cli import app
from tests.commands.conftest import FILE, SAID


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_a_query_is_tried_on_the_newest_mentions(engine):
    told = run("query", "apple -pie")
    assert told.startswith("apple AND NOT pie\n")
    assert "true of 3 of 6 mentions looked at, back to 2026-03-05 12:00 UTC" in told
    assert "2026-03-10 forum, ann: Apple opened a shop" in told
    assert "pie\n" not in told.partition("\n")[2]
    assert "true of 1 of 2 mentions" in run("query", "apple -pie", "--limit", "2")
    assert "true of 3 of 3 mentions" in run("query", "apple", "--since", "2026-03-08", "--examples", "1")
    assert "true of 0 of 0 mentions looked at\n" in run("query", "apple", "--since", "1d")
    assert "true of 1 of 6" in run("query", "喜欢")


def test_what_strangers_wrote_does_not_act_on_the_terminal(engine):
    told = run("query", "iphone")
    assert "\x1b" not in told
    assert "the new iPhone is out\\x1b[31m" in told


def test_with_a_brand_it_says_what_would_change(engine):
    told = json.loads(run("query", 'iphone OR (apple NOT "apple pie")', "--brand", "Apple", "--json"))
    assert told["preview"]["query"] == 'iphone OR apple AND NOT "apple pie"'
    assert told["preview"]["matches"] == 4
    effect = told["effect"]
    assert (effect["counted"], effect["would_count"], effect["gained"], effect["dropped"]) == (4, 4, 1, 1)
    assert [each["text"] for each in effect["gained_examples"]] == [SAID[3]]
    assert [each["text"] for each in effect["dropped_examples"]] == [SAID[1]]
    said = run("query", "iphone", "--brand", "Apple")
    assert "Apple: 4 of them count now, 2 would: 1 gained, 3 dropped" in said
    assert "dropped:\n  2026-03-10 forum, ann: Apple opened a shop" in said


def test_without_a_query_that_of_the_brand_is_tried(engine, brands_file):
    run("query", "--brand", "Apple", code=2)
    brands_file.write_text(FILE.format(query='query = "apple NOT pie"'), "utf-8")
    assert "4 of them count now, 3 would: 0 gained, 1 dropped" in run("query", "--brand", "Apple")


@pytest.mark.parametrize(
    "words",
    [
        ("query",),
        ("query", "apple", "--brand", "Nobody"),
        ("query", "apple", "--backfill"),
        ("query", "apple", "--dry-run"),
        ("query", "apple", "--until", "2026-03-01"),
        ("query", "apple", "--since", "yesterday"),
        ("query", "apple", "--since", "0d"),
        ("query", "apple", "--brand", "Apple", "--brand", "Nike"),
    ],
)
def test_what_makes_no_sense_is_refused(engine, words):
    run(*words, code=2)


def test_a_wrong_query_is_shown_with_its_place(engine):
    done = CliRunner().invoke(app, ["query", "apple AND (pie"])
    assert done.exit_code != 0
    assert "line 1, column 11" in str(done.exception)
    assert "apple AND (pie\n          ^" in str(done.exception)


def test_it_is_applied_to_what_is_stored(engine, brands_file):
    brands_file.write_text(FILE.format(query='query = "iphone OR (apple NOT pie)"'), "utf-8")
    told = run("query", "--backfill", "--dry-run")
    assert "6 mentions looked at, 2 would be changed, 0 would be read for the first time" in told
    assert json.loads(run("query", "--backfill", "--json")) == {
        "dry_run": False,
        "looked_at": 6,
        "changed": 2,
        "read": 0,
        "left_alone": 0,
        "brands": {"Apple": {"gained": 1, "dropped": 1}},
    }
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT DISTINCT m.external_id FROM brand_mention AS n"
                " JOIN mention AS m ON m.id = n.mention_id ORDER BY 1"
            )
        ).scalars()
        assert list(found) == ["m0", "m2", "m3", "m4"]
    assert "0 changed" in run("query", "--backfill", "--brand", "Apple", "--since", "2026-03-01")


def test_what_is_broken_off_says_how_to_go_on(engine, brands_file, monkeypatch):
    brands_file.write_text(FILE.format(query='query = "iphone"'), "utf-8")
    write, written = Backfill._write, []

    def interrupted(self, ids):
        if written:
            raise KeyboardInterrupt
        written.append(ids)
        return write(self, ids)

    with monkeypatch.context() as patch:
        patch.setattr("monitor.storage.walk.BATCH", 2)
        patch.setattr(Backfill, "_write", interrupted)
        done = CliRunner().invoke(app, ["query", "--backfill"])
    assert done.exit_code == 130
    assert "done back to 2026-03-09T12:00:00.000000Z" in done.output
    go_on = done.output.partition("go on with --until ")[2].split()[0]
    assert "5 mentions looked at, 2 changed" in run("query", "--backfill", "--until", go_on)


def test_the_check_tries_each_query_clause_by_clause(engine, brands_file):
    brands_file.write_text(FILE.format(query='query = "apple NOT pie NOT (juice NEAR/3 iphone)"'), "utf-8")
    told = run("brands", "check")
    assert "Apple: apple AND NOT pie AND NOT (juice NEAR/3 iphone)" in told
    assert "true of 2 of the last 4 stored mentions that hold a spelling" in told
    assert "4  apple\n" in told
    assert "3  NOT pie\n" in told
    assert "3  NOT (juice NEAR/3 iphone)\n" in told
    assert "dropped, for example:\n  2026-03-09 forum, ann: an apple pie\n" in told
    (tried,) = json.loads(run("brands", "check", "--last", "2", "--json"))["queries"]
    assert (tried["spelled"], tried["matches"], tried["joined_by"]) == (2, 1, "AND")
    assert [clause["matches"] for clause in tried["clauses"]] == [2, 1, 2]


def test_the_check_does_without_a_database(brands_file, monkeypatch):
    monkeypatch.setenv("MONITOR_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    brands_file.write_text(FILE.format(query='query = "apple NOT pie"'), "utf-8")
    told = run("brands", "check")
    assert "Apple: apple AND NOT pie" in told
    assert "queries are read, but not held against stored mentions" in told


def test_a_wrong_query_ends_the_check(brands_file):
    brands_file.write_text(FILE.format(query='query = "apple AND"'), "utf-8")
    done = CliRunner().invoke(app, ["brands", "check"])
    assert done.exit_code != 0
    for part in (str(brands_file), "'Apple'", "line 1, column"):
        assert part in str(done.exception)
