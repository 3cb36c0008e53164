"""What libraries say is cut down to what a person needs."""

import logging
import subprocess
import sys

import pytest

from monitor.errors import SetupError
from monitor.settings import LogFormat
from monitor.stream.logs import CalmFilter, configure_logging


def said(name: str, message: str, *args: object, exc_info: object = None) -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "", 0, message, args, exc_info)  # type: ignore[arg-type]


def test_a_library_does_not_repeat_itself_within_a_minute() -> None:
    now = [0.0]
    calm = CalmFilter(clock=lambda: now[0])
    assert calm.filter(said("aiokafka", "Unable connect to node with id %s", 1))
    assert not calm.filter(said("aiokafka", "Unable connect to node with id %s", 2))
    now[0] = 61
    assert calm.filter(said("aiokafka", "Unable connect to node with id %s", 1))


def test_a_traceback_becomes_one_line() -> None:
    try:
        raise ConnectionError("refused")
    except ConnectionError:
        record = said("faust.app", "commit failed\nlong table", exc_info=sys.exc_info())
    assert CalmFilter().filter(record)
    assert record.getMessage() == "commit failed (ConnectionError: refused)"
    assert record.exc_info is None


def test_our_own_words_pass_unchanged() -> None:
    calm = CalmFilter()
    for _ in range(2):
        record = said("monitor.stream.pipeline", "batch\nof two lines")
        assert calm.filter(record)
        assert record.getMessage() == "batch\nof two lines"


def test_an_unknown_level_is_a_setup_error() -> None:
    with pytest.raises(SetupError, match="MONITOR_LOG_LEVEL is 'LOUD'"):
        configure_logging(LogFormat.JSON, "LOUD")


@pytest.mark.parametrize("format", [LogFormat.CONSOLE, LogFormat.JSON])
def test_no_traceback_shows_what_variables_hold(format: LogFormat) -> None:
    program = f"""
import structlog
from monitor.settings import LogFormat
from monitor.stream.logs import configure_logging
configure_logging(LogFormat.{format.name}, "INFO")
def ask(word):
    raise ValueError("refused")
try:
    ask("".join(["not for", " everybody"]))
except ValueError as error:
    structlog.get_logger("x").warning("failed", exc_info=error)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "ValueError: refused" in run.stderr
    assert "not for everybody" not in run.stderr
