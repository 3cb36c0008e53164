"""Topics, a database and workers of one measurement, as a person runs them."""

import math
import signal
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.streaming import brokers, measuring
from benchmarks.streaming.load import Load
from benchmarks.streaming.measuring import Mark
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.database import EmbeddedDatabase
from monitor.local.system import environment, ready
from monitor.settings import Agents, Settings, load_settings
from monitor.storage.schema import upgrade

COMMAND: Final = str(Path(sys.executable).with_name("brand-monitor"))

_POLL: Final = 0.5
"""Seconds between looks at a worker's metrics, each some milliseconds of it."""

NEARLY: Final = 0.95
"""Share of the records after which the clock stops: the last batches are not full, and a look comes late."""

_READY: Final = 180.0
"""Seconds until a worker has loaded its models and has its partitions."""

_TEMPLATE: Final = "template"

_STOP: Final = StopPlan(signal=signal.SIGTERM, grace=12.0)


@dataclass(frozen=True)
class Taken:
    """What workers did between their first batch and their last: records, seconds, CPU seconds of theirs and
    of the database's processes, and the CPU share (0..1) of each of their threads that was at work."""

    records: int
    seconds: float
    cpu: float
    database_cpu: float
    threads: list[float]

    @property
    def per_second(self) -> float:
        """Records a second; 0 where none were."""
        return self.records / self.seconds if self.seconds else 0.0

    @property
    def per_cpu_second(self) -> float:
        """Records a CPU second of the workers; 0 where it was too short to tell."""
        return self.records / self.cpu if self.cpu else 0.0


@dataclass(frozen=True)
class _Look:
    """What was seen at one moment."""

    done: int
    workers: Mark
    database: Mark
    threads: dict[int, float]


@dataclass
class Worker:
    """One process and where it tells of itself."""

    process: ChildProcess
    health: str

    @property
    def pid(self) -> int:
        assert self.process.pid is not None, f"a worker has ended: {self.process.log}"
        return self.process.pid

    def metric(self, name: str) -> float:
        """A metric's sum over its labels."""
        with urllib.request.urlopen(f"{self.health}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        named = (line for line in lines if line.startswith((f"{name}{{", f"{name} ")))
        return sum(float(line.rpartition(" ")[2]) for line in named)


@dataclass
class Site:
    """One measurement's topics and database."""

    settings: Settings
    server: EmbeddedDatabase
    folder: Path
    parts: ExitStack
    workers: list[Worker] = field(default_factory=list)

    def start(self, count: int, agents: Agents) -> None:
        """Start so many workers beside those that run, all of them ready with their partitions."""
        new = [self._worker(agents) for _ in range(count)]
        for one in new:
            one.process.start(lambda: True, _READY)
        deadline = time.monotonic() + _READY
        while not all(ready(one.health) for one in self.workers):
            if time.monotonic() > deadline:
                raise SystemExit(f"a worker is not ready; the workers say:\n{self._said()}")
            time.sleep(_POLL)

    def _worker(self, agents: Agents) -> Worker:
        name = f"worker-{len(self.workers)}"
        own = self.settings.model_copy(update={"health_port": free_port()})
        command = [COMMAND, "worker", "--agents", agents.value]
        log = self.folder / "logs" / f"{name}.log"
        process = ChildProcess(name, command, log=log, plan=_STOP, env=environment(own))
        self.parts.callback(process.stop)
        made = Worker(process, f"http://{own.health_host}:{own.health_port}")
        self.workers.append(made)
        return made

    def publish(self, load: Load) -> None:
        """Everything at once."""
        if load.texts:
            brokers.publish(self.settings, "text", load.texts)
        if load.pictures:
            brokers.publish(self.settings, "image", load.pictures)

    def done(self) -> int:
        """Records that the workers have stored or dead-lettered."""
        return round(sum(one.metric("brand_monitor_records_total") for one in self.workers))

    def take(self, total: int, timeout: float, share: float = NEARLY) -> Taken:
        """Watch the workers from their first batch on until that share of `total` is done, then wait for the
        rest."""
        deadline = time.monotonic() + timeout
        first = self._look(1, deadline)
        last = self._look(math.ceil(total * share), deadline)
        self._look(total, deadline)
        spent = last.workers - first.workers
        shares = [(now - first.threads.get(one, 0.0)) / spent.at for one, now in last.threads.items()]
        return Taken(
            *(last.done - first.done, spent.at, spent.cpu, (last.database - first.database).cpu),
            sorted((share for share in shares if share > 0.01), reverse=True),
        )

    def _look(self, count: int, deadline: float) -> _Look:
        """Once so many are done."""
        pids = [one.pid for one in self.workers]
        while True:
            done = self.done()
            if done >= count:
                return _Look(done, measuring.of(pids), measuring.of(self._database()), self._threads())
            if time.monotonic() > deadline:
                raise SystemExit(f"{done} of {count} records are done; the workers say:\n{self._said()}")
            time.sleep(_POLL)

    def _said(self) -> str:
        return "\n".join(one.process.log.read_text()[-1000:] for one in self.workers)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database answers."""
        with psycopg.connect(self.settings.database_url.get_secret_value()) as connection:
            return connection.execute(query.encode()).fetchall()

    def _database(self) -> list[int]:
        assert self.server.pid is not None
        return measuring.tree(self.server.pid)

    def _threads(self) -> dict[int, float]:
        each = [measuring.threads(worker.pid) for worker in self.workers]
        return {one: cpu for found in each for one, (_, cpu) in found.items()}


@contextmanager
def database() -> Iterator[EmbeddedDatabase]:
    """A server with its durable defaults, that remembers when transactions were committed."""
    with (
        tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder,
        EmbeddedDatabase(Path(folder), {"track_commit_timestamp": "on"}) as server,
    ):
        upgrade(load_settings(database_url=server.create(_TEMPLATE)))
        yield server


@contextmanager
def site(url: str, server: EmbeddedDatabase, partitions: int, **overrides: object) -> Iterator[Site]:
    """Topics on the broker, a database on the server, no worker yet."""
    name = f"b{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder, ExitStack() as parts:
        own = {"database_url": server.copy(_TEMPLATE, name), "picture_store": f"{folder}/pictures"}
        settings = brokers.topics(url, partitions, **own, **overrides)
        yield Site(settings, server, Path(folder), parts)
    server.drop(name)
