"""A deployment for each test: topics, consumer group, database and picture store of its own on shared
servers.

Workers are processes, forked or started by the very command of docker-compose.yml; a deployment stops those
it started.
"""

import asyncio
import json
import signal
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.system import environment, ready
from monitor.settings import Settings, load_settings
from monitor.storage.audit import AuditReport, audit
from monitor.storage.engine import sync_engine
from monitor.storage.logs import find_logs
from monitor.stream.identity import read_log
from monitor.stream.positions import read_positions
from monitor.stream.topics import create_topics
from tests.forked import Forked

REBALANCE_TIMEOUT = {EmbeddedBroker: 1.5}
"""Seconds; what the embedded broker takes for a join does not depend on it, how long a worker drains does."""

SESSION_TIMEOUT = 6.0
"""Seconds; the least Apache Kafka allows. A killed worker's partitions move on after this."""


KAFKA_AMONG_FAULTS = pytest.mark.parametrize(
    "broker", ["embedded", pytest.param("kafka", marks=pytest.mark.fault)], indirect=True
)
"""For tests in which the broker plays no part of its own: on Apache Kafka in `make test-faults`."""


class Broker(Protocol):
    url: str


Message = tuple[str, bytes | None, bytes | None, str | None]
"""Topic (`text` or `image`), value, key and content type of a record to publish."""


@dataclass
class Deployment:
    """Settings with everything set up for workers, and what a test wants to know of the outcome."""

    settings: Settings
    folder: Path
    workers: ExitStack = field(default_factory=ExitStack)
    started: list["Worker"] = field(default_factory=list)
    connections: dict[str, psycopg.Connection[Any]] = field(default_factory=dict)

    def worker(
        self, agents: str = "all", wait: bool = True, forked: bool = True, **overrides: Any
    ) -> "Worker":
        """Start a worker; with `wait`, return when it is ready. `forked` as `tests.forked` says, otherwise by
        the very command of docker-compose.yml."""
        settings = self.settings.model_copy(update={"health_port": free_port(), **overrides})
        worker = Worker(settings, agents, self.folder / f"worker-{uuid.uuid4().hex[:6]}.log", forked)
        self.workers.callback(worker.process.stop)
        self.started.append(worker)
        worker.start(wait)
        return worker

    def post(self, topic: str, mentions: Sequence[dict[str, Any]]) -> None:
        """Publish mentions as JSON."""
        self.publish((topic, json.dumps(one).encode(), one["id"].encode(), None) for one in mentions)

    def post_raw(
        self, topic: str, value: bytes | None, key: bytes | None = None, content_type: str | None = None
    ) -> None:
        self.publish([(topic, value, key, content_type)])

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish records as they are, in this order."""
        asyncio.run(self._publish(messages))

    async def _publish(self, messages: Iterable[Message]) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.bootstrap_servers, max_request_size=32 * 2**20, linger_ms=5
        )
        await producer.start()
        try:
            for name, value, key, content_type in messages:
                headers = [("content-type", content_type.encode())] if content_type else []
                await producer.send(self.settings.topic(name), value=value, key=key, headers=headers)
        finally:
            await producer.stop()

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._connected() as connection:
            return connection.execute(query, parameters).fetchall()

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection[Any]]:
        """To the database as it is set now; kept until it fails: to log in costs more than most questions."""
        url = self.settings.database_url.get_secret_value()
        kept = self.connections.get(url)
        if kept is None or kept.closed:
            kept = self.connections[url] = psycopg.connect(url, autocommit=True)
            self.workers.callback(kept.close)
        try:
            yield kept
        except psycopg.OperationalError:
            kept.close()
            raise

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    @property
    def finished(self) -> int:
        """Mentions stored and records dead-lettered."""
        return self.count("mention") + self.count("dead_letter")

    def lag(self) -> int:
        return sum(position.lag for position in asyncio.run(read_positions(self.settings)))

    def wait(self, done: Callable[[], bool], seconds: float = 60, what: str = "", every: float = 0.1) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, (
                f"not within {seconds} s: {what}; lag {self.lag()}, mentions {self.count('mention')}, "
                f"dead letters {self.count('dead_letter')}\n{self.log_tail()}"
            )
            time.sleep(every)

    def wait_for_all(self, seconds: float = 60) -> None:
        """Until the workers have committed everything."""
        self.wait(lambda: self.lag() == 0, seconds, "all committed", every=0.3)

    def audit(self) -> AuditReport:
        positions = asyncio.run(read_positions(self.settings))
        identity = asyncio.run(read_log(self.settings))
        engine = sync_engine(self.settings)
        try:
            with engine.connect() as connection:
                logs = find_logs(connection, identity.cluster_id, identity.topic_ids)
            return audit(engine, positions, logs)
        finally:
            engine.dispose()

    def read(self, topic: str, count: int, seconds: float = 20) -> list[Any]:
        """The first `count` records of an output topic."""
        return asyncio.run(self._read(self.settings.topic(topic), count, seconds))

    async def _read(self, topic: str, count: int, seconds: float) -> list[Any]:
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=self.settings.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            async with asyncio.timeout(seconds):
                return [await consumer.getone() for _ in range(count)]
        finally:
            await consumer.stop()

    def said(self, words: str) -> bool:
        """Whether a worker's log holds these words."""
        return any(words in log.read_text() for log in self.folder.glob("worker-*.log"))

    def log_tail(self) -> str:
        """What the workers said last, batches left out."""
        said = []
        for log in sorted(self.folder.glob("worker-*.log"), key=lambda path: path.stat().st_mtime):
            lines = [line for line in log.read_text().splitlines() if '"event": "batch"' not in line]
            said += [f"--- {log.name}", *(line[:500] for line in lines[-10:])]
        return "\n".join(said)


class Worker:
    """One `brand-monitor worker` process."""

    def __init__(self, settings: Settings, agents: str, log: Path, forked: bool) -> None:
        self.settings = settings
        self.url = f"http://127.0.0.1:{settings.health_port}"
        make = Forked if forked else ChildProcess
        self.process = make(
            "worker",
            [str(Path(sys.executable).with_name("brand-monitor")), "worker", "--agents", agents],
            log=log,
            plan=StopPlan(signal=signal.SIGTERM, grace=15),
            env=environment(settings),
        )

    def start(self, wait: bool) -> None:
        self.process.start((lambda: ready(self.url)) if wait else (lambda: True), timeout=60)

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; exit code and seconds taken."""
        started = time.monotonic()
        code = self.process.stop()
        assert code is not None
        return code, time.monotonic() - started

    def answers(self, path: str) -> bool:
        try:
            return self.get(path)[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def deploy(broker: Broker, database_url: str, folder: Path, **overrides: Any) -> Deployment:
    unique = uuid.uuid4().hex[:8]
    settings = load_settings(
        kafka_url=broker.url,
        database_url=database_url,
        topic_prefix=f"t{unique}",
        consumer_group=f"g{unique}",
        picture_store=str(folder / "pictures"),
        rebalance_timeout=REBALANCE_TIMEOUT.get(type(broker), 6.0),
        session_timeout=SESSION_TIMEOUT,
        log_format="json",
        **{"topic_partitions": 4, **overrides},
    )
    asyncio.run(create_topics(settings))
    return Deployment(settings, folder)


@pytest.fixture
def deploy_on(
    database_server: EmbeddedDatabase, migrated: str, tmp_path: Path
) -> Iterator[Callable[..., Deployment]]:
    """Makes a deployment without workers on a broker; those the test starts are stopped after it. Its
    database is a copy of the one named, or an empty one."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    with ExitStack() as workers:

        def make(broker: Broker, template: str = migrated) -> Deployment:
            made = deploy(broker, database_server.copy(template, name), tmp_path)
            workers.enter_context(made.workers)
            return made

        yield make
    database_server.drop(name)


@pytest.fixture
def deployment(broker: Broker, deploy_on: Callable[..., Deployment]) -> Deployment:
    """A deployment without workers on each broker."""
    return deploy_on(broker)


@pytest.fixture(scope="module")
def steady(
    request: pytest.FixtureRequest,
    broker: Broker,
    database_server: EmbeddedDatabase,
    migrated: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployment]:
    """A deployment with one worker that runs through a whole module, with the module's `AGENTS` or all; tests
    tell their mentions apart by source."""
    name = f"test_{uuid.uuid4().hex[:8]}"
    made = deploy(broker, database_server.copy(migrated, name), tmp_path_factory.mktemp("steady"))
    with made.workers:
        made.worker(getattr(request.module, "AGENTS", "all"))
        yield made
    database_server.drop(name)
