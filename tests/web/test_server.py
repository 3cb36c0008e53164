"""`brand-monitor web` as a process: says where it listens, refuses what is wrong, ends on SIGTERM."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from monitor.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("brand-monitor"))


def started(settings: Settings, *words: str, **more: str) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "MONITOR_DATABASE_URL": settings.database_url.get_secret_value(),
        "MONITOR_PICTURE_STORE": settings.picture_store,
        **more,
    }
    return subprocess.Popen(
        [PROGRAM, "web", "--port", "0", *words], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_it_serves_until_it_is_told_to_stop(settings: Settings) -> None:
    process = started(settings)
    assert process.stderr
    found = re.search(r"pages: (http://127\.0\.0\.1:\d+/)", process.stderr.readline())
    assert found
    with urllib.request.urlopen(found[1], timeout=30) as answer:
        assert b"VMware has" in answer.read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    assert process.stderr.read() == ""


def test_others_are_not_let_in_without_a_login(settings: Settings) -> None:
    process = started(settings, "--host", "0.0.0.0")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "lets other machines in" in said
    assert "add-user" in said


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MONITOR_WEB_ZONE", "Europe/Nowhere", "no time zone"),
        ("MONITOR_WEB_PASSWORD", "short", "at least 12"),
    ],
)
def test_wrong_settings_are_named(settings: Settings, variable: str, value: str, told: str) -> None:
    process = started(settings, **{variable: value})
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert variable in said
    assert told in said
