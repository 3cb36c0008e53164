"""The command line as a process: help everywhere, at once; errors in one line with the right exit code."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from monitor import __version__
from monitor.cli import app
from monitor.errors import SetupError
from monitor.settings import Agents, Settings
from tests.typed import typed

PROGRAM = Path(sys.executable).with_name("brand-monitor")


def commands() -> list[list[str]]:
    """Every command and group, as typed."""
    found: list[list[str]] = [[]]
    root = typer.main.get_command(app)

    def walk(command: object, words: list[str]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            found.append([*words, name])
            walk(inner, [*words, name])

    walk(root, [])
    return found


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_promised_command_is_there() -> None:
    typed = {" ".join(words) for words in commands()}
    assert typed >= {
        "init",
        "demo",
        "up",
        "worker",
        "collect",
        "publishers add",
        "publishers list",
        "publishers revoke",
        "publish texts",
        "publish images",
        "topics create",
        "db upgrade",
        "status",
        "doctor",
        "dead-letters list",
        "dead-letters show",
        "dead-letters replay",
        "brands list",
        "brands check",
        "brands add",
        "brands try",
        "brands remove",
        "brands rebuild",
        "query",
        "prune",
        "report",
        "rescore",
        "score texts",
        "score images",
        "schemas",
    }


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words) or "brand-monitor")
def test_help_says_what_the_command_is_for(words: list[str]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"], prog_name="brand-monitor")
    assert result.exit_code == 0
    usage, _, rest = result.output.strip().partition("\n")
    assert " ".join(["brand-monitor", *words]) in " ".join(usage.split())
    assert len(rest.strip()) > 20


def test_the_version_is_that_of_the_package() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"brand-monitor {__version__}\n"


def test_help_answers_at_once_and_loads_no_model_runtime() -> None:
    script = (
        "import sys; from monitor.cli import app; app(['--help'], standalone_mode=False); "
        "print([name for name in ('onnxruntime', 'cv2', 'faust', 'sqlalchemy') if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
    # Seconds of processor time, which a busy machine does not lengthen; it takes about 0.4.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1.0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["score", "texts", "nowhere.jsonl"], 2, "cannot read nowhere.jsonl"),
        (["publish", "texts", "nowhere.jsonl"], 2, "cannot read nowhere.jsonl"),
        (["score", "images", "x.jpg", "--model", "nosuch"], 2, "no model 'nosuch'"),
        (["status"], 1, "Kafka at 127.0.0.1:1 does not answer"),
        (["topics", "create"], 1, "Kafka at 127.0.0.1:1 does not answer"),
        (["publish", "images", "x.jpg"], 1, "Kafka at 127.0.0.1:1 does not answer"),
        (["dead-letters", "list"], 1, "Kafka at 127.0.0.1:1 does not answer"),
        (["worker"], 1, "Kafka at 127.0.0.1:1 does not answer"),
        (["db", "upgrade"], 1, "database: "),
        (["report"], 1, "database: "),
    ],
)
def test_an_expected_failure_is_one_line_and_no_traceback(words: list[str], code: int, says: str) -> None:
    nowhere = {
        "MONITOR_KAFKA_URL": "kafka://127.0.0.1:1",
        "MONITOR_DATABASE_URL": "postgresql://127.0.0.1:1/x",
        "MONITOR_HEALTH_PORT": "0",
    }
    done = typed(*words, environment={**os.environ, **nowhere})
    assert done.returncode == code, done.stderr
    assert done.stdout == b""
    *before, last = done.stderr.decode().strip().splitlines()
    assert last.startswith("error: ")
    assert says in last
    assert not [line for line in before if "Traceback" in line or "Error" in line]


def test_a_database_url_that_cannot_be_read_is_told_without_its_password() -> None:
    done = run("db", "upgrade", MONITOR_DATABASE_URL="postgresql://me:secret@db:port/x")
    assert done.returncode == 2
    assert done.stderr.startswith("error: MONITOR_DATABASE_URL ")
    assert "secret" not in done.stderr


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("up", "--data-dir", str(tmp_path / "file" / "data"))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: cannot write {tmp_path}/file/data: ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["score", "texts", "x", "--device", "gpu"], "gpu"),
        (["report", "--since", "yesterday"], "yesterday"),
        (["report", "--since", "2026-03-02", "--until", "2026-03-01"], "--since"),
        (["report", "--zone", "Mars/Olympus"], "Mars/Olympus"),
        (["report", "-o", "report.doc"], "--format"),
        (["report", "-o", "."], "folder"),
        (["publish", "texts", "-", "--published-at", "2026-03-01T09:30:00"], "no zone"),
        (["dead-letters", "replay"], "positions"),
        (["dead-letters", "replay", "0:1", "--all"], "positions"),
        (["dead-letters", "show", "first"], "PARTITION:OFFSET"),
        (["worker", "--agents", "videos"], "videos"),
    ],
)
def test_wrong_use_is_exit_code_2_and_names_the_word(words: list[str], says: str) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert says in result.output


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("brands", "list", MONITOR_DEVICE="tpu")
    assert done.returncode == 2
    assert "MONITOR_DEVICE = 'tpu'" in done.stderr


def test_a_worker_takes_the_sentiment_model_named(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []

    def run_worker(settings: Settings, agents: Agents) -> int:
        taken.append(settings.sentiment_model)
        return 0

    monkeypatch.setattr("monitor.stream.worker.run_worker", run_worker)
    monkeypatch.setenv("MONITOR_SENTIMENT_MODEL", "sentiment-talk")
    for words in (["worker"], ["worker", "--model", "sentiment-large"]):
        assert CliRunner().invoke(app, words).exit_code == 0
    assert taken == ["sentiment-talk", "sentiment-large"]


@pytest.mark.parametrize("command", [["score", "texts", "-"], ["rescore", "--since", "1d"]])
def test_a_model_that_is_not_there_is_told_with_those_that_are(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--model", "nothing-like-it"], input="")
    assert isinstance(done.exception, SetupError)
    assert "no model 'nothing-like-it'" in str(done.exception)
    assert "sentiment-talk" in str(done.exception)
