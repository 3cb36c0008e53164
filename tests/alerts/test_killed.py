"""The service killed with SIGKILL, as a real process: every alert is raised once and nobody is told twice."""

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select, text

from monitor.storage.alert_tables import alert, alert_delivery
from tests.alerts.conftest import burst, weeks
from tests.forked import Started, launch

_PATIENCE = 60.0
"""Seconds that a busy machine may take to start the program and to send."""


class Hook:
    """A web hook that does not answer until it is told to."""

    def __init__(self) -> None:
        self.got = 0
        self.called, self.may_answer = threading.Event(), threading.Event()
        self.status = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                hook.got += 1
                hook.called.set()
                hook.may_answer.wait()
                try:
                    self.send_response(hook.status)
                    self.end_headers()
                except OSError:
                    """Whoever asked was killed."""

            def log_message(self, *_: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def start(database, hook, tmp_path):
    """Starts `brand-monitor schedule` as operators do; Kafka is away, which keeps nobody from hearing."""
    started = []

    def run(*options: str) -> Started:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MONITOR_")},
            "MONITOR_DATABASE_URL": database,
            "MONITOR_KAFKA_URL": "kafka://127.0.0.1:1",
            "MONITOR_ALERT_TO": hook.url,
        }
        process = launch(["brand-monitor", "schedule", *options], environment, tmp_path / "log")
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.fixture
async def bad_hours(write):
    now = datetime.now(UTC)
    await write([*weeks(now), *burst(now, 40)])


def seen(engine) -> tuple[int, list[tuple[str, int]]]:
    with engine.connect() as connection:
        raised = len(connection.execute(select(alert.c.id)).all())
        rows = connection.execute(select(alert_delivery.c.state, alert_delivery.c.attempts)).all()
    return raised, [tuple(row) for row in rows]


async def test_killed_while_a_message_leaves_it_is_not_sent_again(start, bad_hours, hook, engine):
    process = start()
    assert hook.called.wait(_PATIENCE)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    hook.may_answer.set()
    assert seen(engine) == (1, [("sending", 1)])
    start("--once").wait(_PATIENCE)
    assert seen(engine) == (1, [("sending", 1)])  # it may have arrived: doubt is shown, nobody is told twice
    assert hook.got == 1


async def test_killed_after_a_refusal_it_is_sent_once_by_the_next(start, bad_hours, hook, engine):
    hook.status = 503
    hook.may_answer.set()
    start("--once").wait(_PATIENCE)
    assert seen(engine) == (1, [("failed", 1)])
    process = start()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    hook.status = 200
    with engine.begin() as connection:
        connection.execute(text("UPDATE alert_delivery SET due_at = :ago"), {"ago": _ago(minutes=1)})
    for _ in range(2):
        start("--once").wait(_PATIENCE)
    assert seen(engine) == (1, [("sent", 2)])
    assert hook.got == 2


async def test_killed_before_it_noted_that_it_had_looked_it_raises_nothing_twice(
    start, bad_hours, hook, engine
):
    hook.may_answer.set()
    start("--once").wait(_PATIENCE)
    with engine.begin() as connection:
        # As a process killed between the alert and the note leaves it.
        connection.execute(text("UPDATE alert_rule SET looked_at = NULL"))
    start("--once").wait(_PATIENCE)
    assert seen(engine) == (1, [("sent", 1)])
    assert hook.got == 1


async def test_of_several_at_once_one_tells(start, bad_hours, hook, engine):
    hook.may_answer.set()
    for process in [start("--once") for _ in range(3)]:
        process.wait(_PATIENCE)
    assert seen(engine) == (1, [("sent", 1)])
    assert hook.got == 1


def _ago(**how: int) -> datetime:
    return datetime.now(UTC) - timedelta(**how)
