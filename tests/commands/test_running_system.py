"""`brand-monitor up`, and every command that talks to a running system, as a person would type them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from monitor.settings import RUNNING
from tests.typed import typed

ROOT: Final = Path(__file__).parents[2]
PROGRAM: Final = str(Path(sys.executable).with_name("brand-monitor"))
WAIT: Final = 90.0
"""Seconds for a system to come up, or a record to be processed, on a machine that is busy."""


@dataclass
class Running:
    """The process of `up`, the variables it printed, and what it said."""

    process: subprocess.Popen[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def run(self, *words: str, input: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment}
        done = typed(*words, environment=environment, input=input.encode())
        output, errors = done.stdout.decode(), done.stderr.decode()
        return subprocess.CompletedProcess(words, done.returncode, output, errors)

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def wait_for(self, records: int) -> dict[str, Any]:
        """Until so many records are rows or dead letters."""
        deadline = time.monotonic() + WAIT
        while True:
            status = self.status()
            books = status["audit"]
            if books["stored"] + books["replaced"] + books["rejected"] >= records:
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.5)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded system, kept up for this module, stopped as `kill` or a service manager would."""
    folder = tmp_path_factory.mktemp("up")
    process = subprocess.Popen(
        [PROGRAM, "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )
    assert process.stdout
    assert process.stderr
    running = Running(process, folder)
    errors = threading.Thread(target=lambda: running.said.extend(process.stderr or ()))
    errors.start()
    for line in process.stdout:
        export, _, assignment = line.strip().partition(" ")
        assert export == "export"
        name, _, value = assignment.partition("=")
        running.environment[name] = value.strip("'")
        if name == "MONITOR_SESSION_TIMEOUT":  # the last one
            break
    else:
        process.wait()
        errors.join()
        pytest.fail("".join(running.said))
    yield running
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT) == 0
    errors.join()
    assert any("stopping" in line for line in running.said)
    assert not (folder / RUNNING).exists()


def test_commands_in_its_folder_need_no_settings(system: Running) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")}
    done = typed("status", "--json", environment=plain, cwd=system.folder)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["partitions"]) == 8
    assert (system.folder / RUNNING).stat().st_mode & 0o077 == 0, "it holds the database's password"


def test_a_second_one_on_its_folder_is_refused_and_takes_nothing_away(system: Running) -> None:
    done = typed("up", environment=dict(os.environ), cwd=system.folder)
    assert done.returncode == 2
    assert b"runs on" in done.stderr
    assert b"already; end that one" in done.stderr
    assert (system.folder / RUNNING).exists()


def test_the_commands_of_a_day(system: Running, tmp_path: Path) -> None:
    published = system.run("publish", "texts", str(ROOT / "samples" / "texts.jsonl"))
    assert published.returncode == 0, published.stderr
    n_texts = int(published.stderr.split()[0])
    picture = ROOT / "samples" / "pictures" / "vmware-slide.png"
    assert system.run("publish", "images", str(picture)).returncode == 0
    bad = "not json\n" + json.dumps(
        {"id": "1", "source": "a", "text": "\u001b[2J", "published_at": "2026-03-01"}
    )
    assert system.run("publish", "texts", "--raw", "-", input=bad).returncode == 0
    status = system.wait_for(n_texts + 3)
    assert status["audit"]["mentions"] == n_texts + 1
    assert status["audit"]["dead_letters"] == 2
    assert sum(line["stored"] for line in status["partitions"]) == n_texts + 1
    assert sum(line["dead_letters"] for line in status["partitions"]) == 2

    audited = system.run("status", "--audit")
    assert audited.returncode == 0
    assert "audit: ok" in audited.stderr
    assert "mentions.text" in audited.stdout

    letters = json.loads(system.run("dead-letters", "list", "--json").stdout)
    assert sorted(letter["error_code"] for letter in letters) == ["field-invalid", "json-invalid"]
    only = json.loads(system.run("dead-letters", "list", "--json", "--code", "json-invalid").stdout)
    assert [letter["error_code"] for letter in only] == ["json-invalid"]
    listed = system.run("dead-letters", "list")
    table = listed.stdout
    assert listed.stderr == "", "the topic has every letter that the table dead_letter has"
    assert all(letter["position"] in table and letter["error_detail"] in table for letter in letters)
    escaped = next(letter["position"] for letter in letters if letter["error_code"] == "field-invalid")
    shown = system.run("dead-letters", "show", escaped).stdout
    assert "$.published_at" in shown
    assert "\x1b" not in shown
    raw = system.run("dead-letters", "show", escaped, "--raw").stdout
    assert raw == bad.splitlines()[1]

    replayed = system.run("dead-letters", "replay", escaped)
    assert replayed.stderr.startswith("1 dead letters published again")
    system.wait_for(n_texts + 4)
    again = json.loads(system.run("dead-letters", "list", "--json", "--limit", "1").stdout)
    assert again[0]["value"] == next(letter["value"] for letter in letters if letter["position"] == escaped)
    assert system.run("dead-letters", "replay", "0:999").returncode == 2

    for suffix, begins in (("html", "<!doctype html"), ("csv", "\ufeff"), ("json", "{")):
        path = tmp_path / f"report.{suffix}"
        done = system.run("report", "--since", "2026-01-01", "--zone", "Europe/Berlin", "-o", str(path))
        assert done.returncode == 0, done.stderr
        assert path.read_text("utf-8").lower().startswith(begins)
        assert "VMware" in path.read_text("utf-8")

    topics = system.run("topics", "create")
    assert topics.stdout.count("present") == 5
    assert system.run("db", "upgrade").returncode == 0


def test_doctor_finds_a_running_system_well(system: Running) -> None:
    done = system.run("doctor", "--json")
    found = {each["subject"]: each["verdict"] for each in json.loads(done.stdout)}
    wanted = {
        "sentiment model",
        "logos model",
        "broker",
        "topics",
        "database",
        "schema",
        "picture store",
        "settings",
    }
    assert {subject for subject in wanted if found.get(subject) != "ok"} == set(), done.stdout
    assert done.returncode == 0


def test_the_audit_notices_a_row_that_somebody_removed(system: Running) -> None:
    line = json.dumps({"id": "soon gone", "text": "hello", "published_at": "2026-03-01T09:30:00Z"})
    before = system.status()["audit"]
    books = before["stored"] + before["replaced"] + before["rejected"]
    assert system.run("publish", "texts", "-", input=line).returncode == 0
    system.wait_for(books + 1)
    with psycopg.connect(system.environment["MONITOR_DATABASE_URL"]) as connection:
        connection.execute("DELETE FROM mention WHERE external_id = 'soon gone'")
    done = system.run("status", "--audit")
    assert done.returncode == 1
    assert "fault: removed 1 mentions on" in done.stderr
    assert "without a reason" in done.stderr
