"""A broker, a database and collecting processes of a test's own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer

from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.local.system import environment
from monitor.messages import decode_deletion, decode_image, decode_text
from monitor.settings import Settings, load_settings
from monitor.stream.topics import create_topics
from tests.forked import Forked
from tests.typed import typed


@dataclass
class Collecting:
    """Topics and a database, and processes that collect into them."""

    settings: Settings
    folder: Path
    stack: ExitStack
    processes: list[ChildProcess] = field(default_factory=list)

    def write(self, sources: str) -> None:
        """sources.toml."""
        (self.folder / "sources.toml").write_text(sources)

    def start(self, *command: str, **overrides: Any) -> ChildProcess:
        """`brand-monitor collect`, or another program that takes its settings from the environment."""
        settings = self.settings.model_copy(update={"health_port": free_port(), **overrides})
        process = Forked(
            "collect",
            list(command) or [str(Path(sys.executable).with_name("brand-monitor")), "collect"],
            log=self.folder / f"collect-{len(self.processes)}.log",
            plan=StopPlan(signal=signal.SIGTERM, grace=15),
            env=environment(settings),
        )
        self.processes.append(process)
        self.stack.callback(process.stop)
        process.start(lambda: True, timeout=60)
        return process

    def once(self) -> subprocess.CompletedProcess[bytes]:
        """`brand-monitor collect --once`, to its end."""
        return typed("collect", "--once", environment={**os.environ, **environment(self.settings)})

    def kill(self, process: ChildProcess) -> None:
        """kill -9."""
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.stop()

    def wait(self, done: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        """What the processes logged last."""
        logs = sorted(self.folder.glob("collect-*.log"))
        return "\n".join(line[:500] for log in logs for line in log.read_text().splitlines()[-15:])

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.settings.database_url.get_secret_value()) as connection:
            return connection.execute(query, parameters).fetchall()

    def records(self) -> list[tuple[str, Any]]:
        """What stands on the topics: `text` or `image` and what it says, by partition in order."""
        return asyncio.run(self._records())

    def mentions(self) -> dict[tuple[str, str], Any]:
        """What a worker would keep: the last of each mention, unless that is a deletion."""
        kept: dict[tuple[str, str], Any] = {}
        for topic, said in self.records():
            if hasattr(said, "deleted_at"):
                kept.pop((topic, said.id), None)
            else:
                kept[topic, said.id] = said
        return kept

    async def _records(self) -> list[tuple[str, Any]]:
        names = {self.settings.topic(name): name for name in ("text", "image")}
        consumer = AIOKafkaConsumer(
            *names, bootstrap_servers=self.settings.bootstrap_servers, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            found = []
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for place, some in (await consumer.getmany(timeout_ms=200)).items():
                    name = names[place.topic]
                    found += [(name, said(name, one.value, _content_type(one))) for one in some]
            return found
        finally:
            await consumer.stop()


def _content_type(record: Any) -> str:
    return dict(record.headers).get("content-type", b"application/json").decode()


def said(topic: str, value: bytes, content_type: str) -> Any:
    """A record as the service reads it: a deletion, or a mention."""
    deletion = decode_deletion(value, content_type)
    if deletion is not None:
        return deletion
    if topic == "text":
        return decode_text(value, content_type, max_chars=10**9)
    return decode_image(value, content_type)


@pytest.fixture
def collecting(
    embedded_broker: EmbeddedBroker, database_server: EmbeddedDatabase, migrated: str, tmp_path: Path
) -> Iterator[Collecting]:
    """Topics and a database without processes; those that the test starts are stopped after it."""
    unique = uuid.uuid4().hex[:8]
    name = f"test_{unique}"
    settings = load_settings(
        kafka_url=embedded_broker.url,
        database_url=database_server.copy(migrated, name),
        topic_prefix=f"t{unique}",
        topic_partitions=2,
        sources_file=tmp_path / "sources.toml",
        collect_hosts="127.0.0.1",
        collect_pause=0.0,
        log_format="json",
    )
    asyncio.run(create_topics(settings))
    with ExitStack() as stack:
        yield Collecting(settings, tmp_path, stack)
    database_server.drop(name)
