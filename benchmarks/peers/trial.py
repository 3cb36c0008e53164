"""One peer at work on one topic: published to, started, killed, watched, counted."""

import asyncio
import json
import math
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from aiokafka import AIOKafkaProducer

from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.database import EmbeddedDatabase
from monitor.local.system import environment
from monitor.settings import Settings, load_settings
from monitor.storage.schema import upgrade
from monitor.stream.positions import read_positions
from monitor.stream.topics import create_topics

from .processor_time import cpu_seconds
from .programs import ROOT, Peer
from .where import SESSION_TIMEOUT, Where

_SAMPLES: Final = ROOT / "samples" / "texts.jsonl"
_PARTITIONS: Final = 4
_POLL: Final = 0.1
_SETTLED: Final = 3.0
"""Seconds without a new row after everything is committed: a loop with auto-commit still writes then."""
_PATIENCE: Final = 40.0
"""Seconds without a change until a peer counts as standing still: four times a session's timeout."""
_FIRST: Final = 150.0
"""The same for a peer that has just been started: it loads libraries and models, on a busy machine."""
_START: Final = datetime(2026, 3, 1, tzinfo=UTC)
_STOP: Final = StopPlan(signal=signal.SIGTERM, grace=15.0)


@dataclass(frozen=True)
class Counted:
    """What became of the records: ids never stored, rows beyond one an id, records put aside to be looked at,
    records that are still not committed."""

    lost: int
    doubled: int
    aside: int
    behind: int


@dataclass(frozen=True)
class Seen:
    """At one moment (`time.perf_counter`): rows stored, CPU seconds of the peer and of PostgreSQL so far."""

    moment: float
    rows: int
    cpu: float
    database_cpu: float


class Trial:
    """A context manager; the peer's process and database are gone after it."""

    def __init__(self, peer: Peer, bootstrap: str, server: EmbeddedDatabase, folder: Path, name: str) -> None:
        self.peer = peer
        self._server = server
        self._name = f"{peer.name}_{name}".replace("-", "_")
        self.url = server.create(self._name)
        self._settings = load_settings(
            kafka_url=f"kafka://{bootstrap}",
            topic_prefix=self._name,
            topic_partitions=_PARTITIONS,
            consumer_group=self._name,
            session_timeout=SESSION_TIMEOUT,
            rebalance_timeout=SESSION_TIMEOUT,
            database_url=self.url,
            picture_store=str(folder / "pictures"),
            health_port=free_port(),
        )
        where = Where(bootstrap, self._settings.topic("text"), self._name, self.url, str(folder / self._name))
        told = {**environment(self._settings), **where.environment(), "PYTHONPATH": str(ROOT)}
        self._environment = {**os.environ, **told}
        self.child = ChildProcess(
            peer.title,
            peer.command(),
            log=folder / f"{self._name}.log",
            plan=_STOP,
            env=told,
        )
        self._ids: list[str] = []

    def __enter__(self) -> "Trial":
        asyncio.run(create_topics(self._settings))
        self._connection = psycopg.connect(self.url, autocommit=True)
        if self.peer.module is None:
            upgrade(self._settings)
        else:
            self._connection.execute(self.peer.tables)
        return self

    def __exit__(self, *_: object) -> None:
        self.child.stop()
        self._connection.close()
        self._server.drop(self._name)

    def publish(self, records: int, *, poison: bool = False) -> None:
        """Sample texts with a number each; with `poison` a malformed one more in the middle of them."""
        values = make_records(records)
        self._ids = [key for key, _ in values]
        if poison:
            key, value = values[records // 2]
            values.insert(records // 2, (key, value[:-2]))
        asyncio.run(_publish(self._settings, values))

    def start(self) -> None:
        """Start the peer, or start it again. Does not wait for it."""
        self.child.start(lambda: True, timeout=1)

    def seen(self) -> Seen:
        """How far it is now."""
        return Seen(
            time.perf_counter(), self._rows(), cpu_seconds(self.child.pid), cpu_seconds(self._server.pid)
        )

    def watch(self, rows: float = math.inf, restarts: int = 0) -> list[Seen]:
        """What was seen at each new row, until so many are stored, everything is done, or the peer stands
        still. One that ends is started again, so many times; after that it has ended."""
        seen = [self.seen()]
        changed, patience = time.perf_counter(), _FIRST
        while seen[-1].rows < rows:
            time.sleep(_POLL)
            now = self.seen()
            if now.rows != seen[-1].rows:
                seen.append(now)
                changed, patience = now.moment, _PATIENCE
            quiet = now.moment - changed
            if quiet > _SETTLED and (quiet > patience or self._behind() == 0):
                break
            if self.child.pid is None:
                if restarts == 0:
                    break
                restarts -= 1
                self.start()
                changed, patience = time.perf_counter(), _FIRST
        return seen

    def counted(self) -> Counted:
        """What became of what was published. Brand Monitor's own books and figures must agree as well, or it
        raises `CalledProcessError`."""
        found = Counter(
            row[0] for row in self._connection.execute(f"SELECT {self.peer.identity} FROM mention")
        )
        aside = 0
        if self.peer.module is None:
            (aside,) = self._connection.execute("SELECT count(*) FROM dead_letter").fetchone() or (0,)
            for check in (["status", "--audit"], ["db", "check"]):
                command = [self.peer.command()[0], *check]
                subprocess.run(command, env=self._environment, check=True, capture_output=True)
        return Counted(
            lost=len(set(self._ids) - found.keys()),
            doubled=found.total() - len(found),
            aside=aside,
            behind=self._behind(),
        )

    def _rows(self) -> int:
        found = self._connection.execute("SELECT count(*) FROM mention").fetchone()
        assert found is not None
        return int(found[0])

    def _behind(self) -> int:
        return sum(position.lag for position in asyncio.run(read_positions(self._settings)))


def make_records(count: int) -> list[tuple[str, bytes]]:
    """Keys and values."""
    texts = [json.loads(line)["text"] for line in _SAMPLES.read_text("utf-8").splitlines()]
    records = []
    for number in range(count):
        post: dict[str, Any] = {
            "id": f"m{number}",
            "source": "benchmark",
            "published_at": (_START + timedelta(seconds=number)).isoformat(),
            "text": f"{texts[number % len(texts)]} ({number})",
        }
        records.append((post["id"], json.dumps(post).encode()))
    return records


async def _publish(settings: Settings, values: Sequence[tuple[str, bytes]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers, linger_ms=5)
    await producer.start()
    for key, value in values:
        await producer.send(settings.topic("text"), value, key=key.encode())
    await producer.stop()
