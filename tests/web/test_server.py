"""`brand-monitor web` as a process: says where it listens, refuses what is wrong, ends on SIGTERM."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

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


PASSWORD = "correct horse battery"
LogIn = Callable[..., int]


@pytest.fixture
def behind(settings: Settings) -> Iterator[Callable[..., LogIn]]:
    """Starts pages with a password; the status of a login through a socket, with an X-Forwarded-For."""
    processes: list[subprocess.Popen[str]] = []

    def start(**more: str) -> LogIn:
        process = started(settings, MONITOR_WEB_PASSWORD=PASSWORD, **more)
        processes.append(process)
        assert process.stderr
        address = urlsplit(process.stderr.readline().split()[1].rstrip(";"))

        def log_in(password: str, forwarded_for: str) -> int:
            connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
            form = urlencode({"name": "Ann", "password": password})
            headers = {
                "content-type": "application/x-www-form-urlencoded",
                "x-forwarded-for": forwarded_for,
                "x-real-ip": forwarded_for,
                "forwarded": f"for={forwarded_for}",
            }
            connection.request("POST", "/login", form, headers)
            status = connection.getresponse().status
            connection.close()
            return status

        return log_in

    yield start
    for process in processes:
        process.terminate()
        process.wait(15)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"MONITOR_WEB_TRUSTED_PROXIES": "192.0.2.1"},  # not the one that calls
        {"FORWARDED_ALLOW_IPS": "*"},  # uvicorn's own variable
    ],
)
def test_a_guesser_cannot_say_to_come_from_elsewhere(
    behind: Callable[..., LogIn], more: dict[str, str]
) -> None:
    log_in = behind(**more)
    statuses = [log_in(f"guess number {n}", f"203.0.113.{n}") for n in range(11)]
    assert statuses == [401] * 10 + [429]
    assert log_in(PASSWORD, "203.0.113.99") == 429


def test_a_trusted_proxy_says_who_calls(behind: Callable[..., LogIn]) -> None:
    log_in = behind(MONITOR_WEB_TRUSTED_PROXIES="127.0.0.1, 10.42.0.0/16")
    # What the caller claims stands first, what the proxies saw after it.
    statuses = [log_in(f"guess number {n}", f"198.51.100.{n}, 203.0.113.7, 10.42.3.4") for n in range(11)]
    assert statuses == [401] * 10 + [429]
    assert log_in(PASSWORD, "203.0.113.7") == 429
    assert log_in(PASSWORD, "203.0.113.8") == 303, "others are not held up"


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
