"""The whole system on this machine: broker, database, migrations, topics, one worker and the pages, for `up`
and `demo`."""

import asyncio
import json
import signal
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import SecretStr

from monitor.errors import OutageError, SetupError
from monitor.local.broker import EmbeddedBroker
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.database import EmbeddedDatabase
from monitor.settings import Agents, Settings, load_settings

REBALANCE_TIMEOUT: Final = 4.0
"""Seconds; the embedded broker lets a group wait for about this long before it hands out partitions."""

SESSION_TIMEOUT: Final = 10.0
"""Seconds until the partitions of a killed worker move on; nobody waits half a minute for a demo."""

PARTITIONS: Final = 4
"""Partitions of each topic: enough for a few workers on one machine."""

_READY_TIMEOUT: Final = 60.0
"""Seconds for a worker to load its models and join the group, on a machine that does other things, too."""

_WORKER_STOP: Final = StopPlan(signal=signal.SIGTERM, grace=12.0)
"""A worker promises to stop within 10 s."""

_PAGES_STOP: Final = StopPlan(signal=signal.SIGTERM, grace=7.0)
"""Requests in flight get 5 s."""

_SCHEDULE_STOP: Final = StopPlan(signal=signal.SIGTERM, grace=70.0)
"""A message on its way gets the minute that a service may take."""


class LocalSystem:
    """Broker, database and worker as children of this process; a context manager.

    Database, pictures and logs live in `data_dir` and stay; the broker is in memory and starts empty, so
    mentions published but not yet stored are gone after a stop. `overrides` are settings by name. Start it
    from a thread that lives as long as the system should (the servers end with it).

    Entering blocks until the worker is ready, and raises `SetupError` saying which part failed, with its log.
    """

    def __init__(self, data_dir: Path, *, agents: Agents = Agents.ALL, **overrides: object) -> None:
        self.data_dir = data_dir.resolve()
        self.logs = self.data_dir / "logs"
        self._agents = agents
        self._overrides = overrides
        self._parts = ExitStack()
        self._settings: Settings | None = None
        self._broker: EmbeddedBroker | None = None
        self._database: EmbeddedDatabase | None = None
        self._worker: ChildProcess | None = None
        self._pages: ChildProcess | None = None
        self._schedule: ChildProcess | None = None

    @property
    def settings(self) -> Settings:
        """Settings that reach this system; valid while it runs."""
        if self._settings is None:
            raise RuntimeError("the local system is not running; use it as a context manager")
        return self._settings

    @property
    def health_url(self) -> str:
        """Where the worker answers `/health/live`, `/health/ready` and `/metrics`."""
        return f"http://{self.settings.health_host}:{self.settings.health_port}"

    @property
    def pages_url(self) -> str:
        """Where the pages are, once `start_pages` was called."""
        return f"http://127.0.0.1:{self.settings.web_port}/"

    @property
    def database(self) -> EmbeddedDatabase:
        """The database server."""
        if self._database is None:
            raise RuntimeError("the local system is not running; use it as a context manager")
        return self._database

    @property
    def worker(self) -> ChildProcess:
        """The worker process."""
        if self._worker is None:
            raise RuntimeError("the local system is not running; use it as a context manager")
        return self._worker

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._parts.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.close()

    def start_worker(self) -> ChildProcess:
        """Start the worker (again) and wait until it is ready. Raises `SetupError`."""
        self._worker = self.new_worker("worker", self.settings)
        self._parts.callback(self._worker.stop)
        self._worker.start(self._ready, _READY_TIMEOUT)
        return self._worker

    def new_worker(self, name: str, settings: Settings) -> ChildProcess:
        """A worker process with these settings, not started: the very command of docker-compose.yml."""
        return ChildProcess(
            name,
            [str(Path(sys.executable).with_name("brand-monitor")), "worker", "--agents", self._agents.value],
            log=self.logs / f"{name}.log",
            plan=_WORKER_STOP,
            env=environment(settings),
        )

    def start_pages(self) -> None:
        """Serve the pages on this machine and wait until they answer. Raises `SetupError`."""
        self._pages = ChildProcess(
            "pages",
            [str(Path(sys.executable).with_name("brand-monitor")), "web", "--host", "127.0.0.1"],
            log=self.logs / "pages.log",
            plan=_PAGES_STOP,
            env=environment(self.settings),
        )
        self._parts.callback(self._pages.stop)
        self._pages.start(lambda: _answers(f"{self.pages_url}health"), _READY_TIMEOUT)

    def start_schedule(self) -> None:
        """Send what is due and watch for alerts; a wrong setting ends it, which `check` reports."""
        self._schedule = ChildProcess(
            "schedule",
            [str(Path(sys.executable).with_name("brand-monitor")), "schedule"],
            log=self.logs / "schedule.log",
            plan=_SCHEDULE_STOP,
            env=environment(self.settings),
        )
        self._parts.callback(self._schedule.stop)
        self._schedule.start(lambda: True, _READY_TIMEOUT)

    def check(self) -> None:
        """Raise `OutageError` if a part has ended by itself, with where to look."""
        parts = (
            ("worker", self._worker),
            ("broker", self._broker),
            ("database", self._database),
            ("web server", self._pages),
            ("schedule of reports", self._schedule),
        )
        for name, child in parts:
            if child is not None and child.pid is None:
                raise OutageError(f"the local {name} has ended; its log: {child.log}")

    def _start(self) -> None:
        from monitor.storage.schema import upgrade
        from monitor.stream.topics import create_topics

        try:
            self.logs.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"cannot write {self.data_dir}: {error.strerror}; choose another folder with --data-dir"
            ) from error
        self._broker = self._parts.enter_context(EmbeddedBroker(self.logs / "broker.log"))
        self._database = self._parts.enter_context(EmbeddedDatabase(self.data_dir))
        defaults: dict[str, object] = {
            "picture_store": str(self.data_dir / "pictures"),
            "topic_partitions": PARTITIONS,
            "rebalance_timeout": REBALANCE_TIMEOUT,
            "session_timeout": SESSION_TIMEOUT,
            "health_port": free_port(),
            "web_port": free_port(load_settings().web_port),
        }
        addresses = {"kafka_url": self._broker.url, "database_url": self._database.url}
        self._settings = load_settings(**{**defaults, **self._overrides, **addresses})
        upgrade(self._settings)
        asyncio.run(create_topics(self._settings))
        self.start_worker()

    def _ready(self) -> bool:
        return ready(self.health_url)


def environment(settings: Settings) -> dict[str, str]:
    """`settings` as MONITOR_* variables, for a child process."""
    plain = settings.model_dump(mode="json", exclude_none=True)
    secret = {name: value.get_secret_value() for name, value in settings if isinstance(value, SecretStr)}
    return {
        f"MONITOR_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in {**plain, **secret}.items()
    }


def ready(health_url: str) -> bool:
    """Whether the worker there passes every readiness check; blocks for at most 2 s."""
    return _answers(f"{health_url}/health/ready")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - http to us
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
