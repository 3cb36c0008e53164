"""Apache Kafka from its own jars, for tests and benchmarks: a broker that no one here wrote."""

import base64
import shutil
import signal
import socket
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from filelock import FileLock

from monitor.local.broker import answers
from monitor.local.child import ChildProcess, StopPlan

_POM: Final = Path(__file__).parent / "integration" / "kafka" / "pom.xml"
_JARS: Final = Path(__file__).parent.parent / ".cache" / "kafka" / "libs"

_MAVEN_TIMEOUT: Final = 180
"""Seconds for 40 MB of jars, fetched once and kept under .cache/kafka."""


class KafkaMissingError(Exception):
    """Java or Maven are not installed, or Maven cannot fetch."""


class ApacheKafka:
    """One KRaft node from Kafka's own jars, on free ports, its data under `folder`. A restart keeps the
    data. `listener` is one more listener, by name and port; `properties` describe it,
    `users` may log in there."""

    def __init__(
        self, folder: Path, listener: str = "", properties: str = "", users: Mapping[str, str] | None = None
    ) -> None:
        self._ports = (_held_port(), _held_port())
        self.port, controller = (held.getsockname()[1] for held in self._ports)
        self.url = f"kafka://127.0.0.1:{self.port}"
        self._properties = folder / "server.properties"
        self._users = (users or {}).items()
        self._java = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{_JARS}/*"]
        folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text(
            f"""
            process.roles=broker,controller
            node.id=1
            controller.quorum.voters=1@127.0.0.1:{controller}
            listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}{listener}
            advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}{listener}
            controller.listener.names=CONTROLLER
            log.dirs={folder / "data"}
            auto.create.topics.enable=false
            offsets.topic.replication.factor=1
            offsets.topic.num.partitions=4
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            group.initial.rebalance.delay.ms=0
            {properties}
            """
        )
        self._child = ChildProcess(
            "Apache Kafka",
            [*self._java, "kafka.Kafka", str(self._properties)],
            log=folder / "kafka.log",
            plan=StopPlan(signal=signal.SIGTERM, grace=20),
        )

    def __enter__(self) -> Self:
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c"]
        users = [f"--add-scram=SCRAM-SHA-512=[name={name},password={word}]" for name, word in self._users]
        subprocess.run([*command, str(self._properties), *users], check=True, capture_output=True)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._child.stop()

    def start(self) -> None:
        self._child.start(lambda: answers(f"127.0.0.1:{self.port}"), timeout=60)


def _held_port() -> socket.socket:
    """A port that nobody else is given in the seconds until Kafka listens there: sockets that allow it, as
    Java's do, may bind to it by its number beside this one."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def _cluster_id() -> str:
    """A UUID as Kafka writes it; one that starts with a dash would be taken for an option."""
    while True:
        written = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not written.startswith("-"):
            return written


def fetch_kafka() -> Path:
    """The folder of Kafka's jars, fetched where they are not there yet. Raises `KafkaMissingError`."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise KafkaMissingError(f"Apache Kafka needs {program}, which is not installed")
    _JARS.mkdir(parents=True, exist_ok=True)
    with FileLock(_JARS.parent / "fetching.lock"):
        if not any(_JARS.glob("kafka_2.13-*.jar")):
            _fetch_jars()
    return _JARS


def _fetch_jars() -> None:
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={_JARS}"]
    command = ["mvn", "-B", "-q", "-f", str(_POM), *goal]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_MAVEN_TIMEOUT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stdout or error).strip().splitlines()
        raise KafkaMissingError(
            f"Maven could not fetch Apache Kafka: {said[0] if said else error}"
        ) from error
