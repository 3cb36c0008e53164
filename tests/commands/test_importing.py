"""`brand-monitor import` as a person meets it: what it shows, what it asks, what it leaves behind."""

import asyncio
import csv
import os
import pty
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from monitor.settings import Settings, load_settings
from monitor.stream.topics import create_topics
from tests.test_publishing import records_of
from tests.typed import typed

PROGRAM = Path(sys.executable).with_name("brand-monitor")
EXPORT = """\
Date;Author;Url;Source;Text;Followers;Likes
28.11.2026 14:05;Ann;https://x/1;forum;I love VMware;1.234;5
03.04.2026 09:00;Bob;https://x/2;forum;"He said "great" and left";1,2K;5
29.11.2026 10:00;Bob;https://x/3;forum;It is fine;lots;5
30.11.2026 10:00;Cem;https://x/4;forum;"Two
lines";;5
"""


def run(
    *words: str, settings: Settings | None = None, cwd: Path | None = None
) -> "subprocess.CompletedProcess[bytes]":
    environment = dict(os.environ)
    if settings is not None:
        environment |= {
            "MONITOR_KAFKA_URL": settings.kafka_url,
            "MONITOR_TOPIC_PREFIX": settings.topic_prefix,
        }
    return typed(*words, environment=environment, cwd=cwd)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "forum.csv"
    path.write_text(EXPORT)
    return path


def test_a_file_is_shown_as_it_is_understood_and_nothing_is_sent(export: Path, tmp_path: Path) -> None:
    refused = tmp_path / "refused.csv"
    done = run("import", str(export), "--zone", "Europe/Berlin", "--dry-run", "--refused", str(refused))
    told = done.stderr.decode()
    assert done.returncode == 1
    assert done.stdout == b""
    for said in (
        "CSV, utf-8, 7 columns, no known export",
        "published_at  Date (day first, Europe/Berlin where no zone is named)",
        "id            (made of source, text and date)",
        "not used      Likes",
        "line 2: 'I love VMware' author Ann",
        "published_at 2026-11-28T13:05:00Z, reach 1234",
        "2 mentions would be published, 2 refused: 2 field-invalid",
    ):
        assert said in told, told
    with refused.open(encoding="utf-8-sig", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["file", "where", "code", "reason", "row"]
    assert [(row[1], row[2]) for row in rows] == [("line 3", "field-invalid"), ("line 4", "field-invalid")]
    assert rows[0][4] == EXPORT.splitlines(keepends=True)[2]
    assert "'lots'" in rows[1][3]


def test_what_has_to_be_decided_is_asked_before_anything_is_sent(export: Path) -> None:
    done = run("import", str(export), "--yes")
    assert done.returncode == 2
    assert b"name no zone ('28.11.2026 14:05'); say which: --zone" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--map", "text=Words"), b"--map text=Words: there is no such column"),
        (("--map", "body=Text"), b"--map body=Text: write FIELD=COLUMN; FIELD is one of id, source, text"),
        (("--zone", "Europe/Atlantis"), b"'Europe/Atlantis' is no time zone"),
        (("--from", "nobody"), b"--from nobody: there is none of that name; take one of auto, generic"),
        (("--refused", "/nowhere/x.csv"), b"cannot write /nowhere/x.csv"),
    ],
)
def test_wrong_options_say_what_there_is(export: Path, words: tuple[str, ...], said: bytes) -> None:
    done = run("import", str(export), "--dry-run", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_nobody_to_ask_is_no_consent(export: Path) -> None:
    done = run("import", str(export), "--zone", "UTC")
    assert done.returncode == 2
    assert b"there is nobody to ask; say --yes" in done.stderr


def answered(answers: bytes, *words: str) -> tuple[int, str]:
    """The exit code, and what a person at a terminal is told who answers so."""
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [str(PROGRAM), "import", *words], stdin=theirs, stderr=subprocess.PIPE
        ) as asked:
            os.write(ours, answers)
            assert asked.stderr is not None
            told = asked.stderr.read().decode()
    finally:
        os.close(ours)
        os.close(theirs)
    return asked.returncode, told


def test_a_person_may_say_no(export: Path) -> None:
    code, told = answered(b"n\n", str(export), "--zone", "UTC")
    assert code == 0
    assert "import this? [y/N]" in told
    assert "left out" in told


def test_a_person_is_asked_what_only_a_person_knows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("when,what was said\n03/04/2026 10:00,I love VMware\n")
    mapped = ("--map", "published_at=when")
    code, told = answered(b"what was said\nfirst\nmdy\nEurope/Berlin\n", str(path), "--dry-run", *mapped)
    assert code == 0, told
    assert "which column holds the text?" in told
    assert told.count("which comes first? (dmy, mdy or ymd)") == 2, "an answer that is none was taken"
    assert "'I love VMware'" in told
    assert "published_at 2026-03-04T09:00:00Z" in told
    assert "1 mention would be published" in told
    code, told = answered(b"nothing\n", str(path), "--dry-run", *mapped)
    assert code == 2
    assert "there is no such column; there are `when`, `what was said`" in told


def test_mentions_are_imported_and_twice_is_once(broker: object, export: Path) -> None:
    settings = load_settings(
        kafka_url=broker.url,  # type: ignore[attr-defined]
        topic_prefix=f"t{uuid.uuid4().hex[:8]}",
        topic_partitions=2,
    )
    asyncio.run(create_topics(settings))
    for _ in range(2):
        done = run("import", str(export), "--zone", "UTC", "--yes", settings=settings)
        assert done.returncode == 1, done.stderr
        assert b"2 mentions published, 2 refused: 2 field-invalid" in done.stderr
    found = asyncio.run(records_of(settings, "text"))
    assert len(found) == 4
    assert len({key for key, _ in found}) == 2


def test_help_lists_every_option() -> None:
    told = run("import", "--help").stdout.decode()
    for option in (
        "--from",
        "--map",
        "--date-order",
        "--zone",
        "--source",
        "--yes",
        "--dry-run",
        "--refused",
    ):
        assert option in told


@pytest.mark.parametrize("form", ["csv", "tsv", "xlsx", "json", "jsonl.gz"])
def test_texts_of_every_form_are_scored(tmp_path: Path, form: str) -> None:
    import gzip
    import json

    from tests.files.books import book, sheet_of

    path = tmp_path / f"texts.{form}"
    texts = ["I love it, it is wonderful", "I hate it, it is terrible"]
    rows = [["ID", "Text"], ["a", texts[0]], ["b", texts[1]]]
    match form:
        case "xlsx":
            path.write_bytes(book(S=sheet_of(rows)))
        case "csv" | "tsv":
            delimiter = "," if form == "csv" else "\t"
            with path.open("w", newline="", encoding="utf-16") as file:
                csv.writer(file, delimiter=delimiter).writerows(rows)
        case "json":
            path.write_text(json.dumps([{"id": row[0], "text": row[1]} for row in rows[1:]]))
        case _:
            lines = "".join(json.dumps({"id": row[0], "text": row[1]}) + "\n" for row in rows[1:])
            path.write_bytes(gzip.compress(lines.encode()))
    done = run("score", "texts", str(path), "--threads", "1")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["id"], one["label"]) for one in answers] == [("a", "positive"), ("b", "negative")], (
        done.stderr
    )


def test_what_a_row_or_a_column_lost_is_shown(tmp_path: Path) -> None:
    table = tmp_path / "posts.csv"
    table.write_text("Tweet ID,text,date\n1.8493E+18,a,2026-03-01T09:30:00Z\n1.8493E+18,b,\n")
    told = run("import", str(table), "--dry-run").stderr.decode()
    assert "note: `Tweet ID` holds ids that a spreadsheet rounded" in told
    assert "2 mentions would be published, 0 refused" in told
    assert "1 row names no date" in told


def test_a_file_that_cannot_be_read_does_not_keep_the_others(export: Path, tmp_path: Path) -> None:
    empty, good = tmp_path / "empty.csv", tmp_path / "good.csv"
    empty.write_text("")
    good.write_text("text,date\na,2026-03-01T09:30:00Z\n")
    done = run("import", str(empty), str(good), str(export), "--dry-run")
    told = done.stderr.decode()
    assert done.returncode == 2
    assert f"error: {empty} is empty" in told
    assert "1 mention would be published, 0 refused" in told
    assert f"2 of 3 files not imported: {empty}, {export}" in told


@pytest.mark.parametrize("word", ["forum.csv", "./forum.csv", "linked.csv"])
def test_refused_rows_do_not_overwrite_what_is_imported(export: Path, word: str) -> None:
    (export.parent / "linked.csv").symlink_to(export)
    done = run("import", "forum.csv", "--dry-run", "--refused", word, cwd=export.parent)
    assert (done.returncode, export.read_text()) == (2, EXPORT)
    assert b"is one of the files to import; name another" in done.stderr
