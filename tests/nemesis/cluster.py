"""Three Apache Kafka nodes (broker and controller in one) from Kafka's own jars, each to be killed, frozen
and started again by itself."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from monitor.local.broker import answers
from monitor.local.child import ChildProcess, StopPlan, free_port

NODES: Final = 3

_JARS: Final = Path(".cache/kafka/libs")
_POM: Final = Path(__file__).parents[1] / "integration" / "kafka" / "pom.xml"
_CLUSTER_ID: Final = "nemesisNemesisNemesisA"

_PROPERTIES: Final = """
process.roles=broker,controller
controller.listener.names=CONTROLLER
auto.create.topics.enable=false
# Nothing acknowledged is on one node only.
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
offsets.topic.replication.factor=3
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
# A dead node is noticed within seconds, so that a run has time for many deaths.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=3000
controller.quorum.fetch.timeout.ms=1500
controller.quorum.election.timeout.ms=700
group.min.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0
# Publishers may claim any date; nothing expires by itself.
log.message.timestamp.after.max.ms=9223372036854775807
log.retention.ms=-1
message.max.bytes=20971520
replica.fetch.max.bytes=20971520
# Small.
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.threads=1
num.network.threads=2
num.io.threads=4
num.replica.fetchers=1
log.segment.delete.delay.ms=1000
file.delete.delay.ms=1000
"""


class Node:
    """One Kafka process; its data stays through kills and restarts."""

    def __init__(self, number: int, folder: Path, ports: list[tuple[int, int]]) -> None:
        self.number = number
        self.port, controller = ports[number - 1]
        voters = ",".join(f"{n}@127.0.0.1:{port}" for n, (_, port) in enumerate(ports, 1))
        self._file = folder / f"node-{number}.properties"
        folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text(
            f"{_PROPERTIES}\nnode.id={number}\ncontroller.quorum.voters={voters}\n"
            f"listeners=PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{self.port}\nlog.dirs={folder / f'data-{number}'}\n"
        )
        java = ["java", "-Xms96m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        self._java = [*java, "-cp", f"{_JARS.absolute()}/*"]
        self._child = ChildProcess(
            f"Kafka node {number}",
            [*self._java, "kafka.Kafka", str(self._file)],
            log=folder / f"node-{number}.log",
            plan=StopPlan(signal=signal.SIGTERM, grace=15),
        )

    @property
    def running(self) -> bool:
        return self._child.pid is not None

    def format(self) -> None:
        command = [*self._java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._file)]
        subprocess.run(command, check=True, capture_output=True)

    def launch(self) -> None:
        """Start and return at once."""
        if not self.running:
            self._child.start(lambda: True, timeout=1)

    def kill(self) -> None:
        self._child.kill()

    def stop(self) -> None:
        self._child.stop()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def answers(self) -> bool:
        return self.running and answers(f"127.0.0.1:{self.port}")

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            if (pid := self._child.pid) is not None:
                os.kill(pid, number)


class Cluster:
    """The three of them; a context manager. Everything blocks."""

    def __init__(self, folder: Path) -> None:
        ports = [(free_port(), free_port()) for _ in range(NODES)]
        self.nodes = [Node(number, folder, ports) for number in range(1, NODES + 1)]
        self.servers = [f"127.0.0.1:{node.port}" for node in self.nodes]
        self.url = "kafka://" + ",".join(self.servers)

    def node(self, number: int) -> Node:
        return self.nodes[number - 1]

    def launch_all(self) -> None:
        for node in self.nodes:
            node.launch()

    def __enter__(self) -> Self:
        fetch_jars()
        for node in self.nodes:
            node.format()
        self.launch_all()
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.thaw()
            node.kill()


def fetch_jars() -> None:
    """40 MB, once; kept where the integration tests keep them."""
    if not any(_JARS.glob("kafka_2.13-*.jar")):
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        goal.append(f"-DoutputDirectory={_JARS.absolute()}")
        subprocess.run(["mvn", "-B", "-q", "-f", str(_POM), *goal], check=True, timeout=180)
