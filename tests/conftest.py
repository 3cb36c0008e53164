"""Real servers for the tests: the embedded broker and PostgreSQL, and Apache Kafka itself where Java and
Maven are found.

`broker` runs a test once per broker. Tests share the servers and stay apart by topic prefix, consumer group
and database of their own.
"""

import base64
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from monitor.local import EmbeddedBroker, EmbeddedDatabase
from monitor.local.broker import answers
from monitor.local.child import ChildProcess, StopPlan, free_port
from monitor.settings import load_settings
from monitor.storage import schema

_REPOSITORY = Path(__file__).parent.parent
_KAFKA_POM = Path(__file__).parent / "integration" / "kafka" / "pom.xml"
_KAFKA_JARS = _REPOSITORY / ".cache" / "kafka" / "libs"

_MAVEN_TIMEOUT = 180
"""Seconds for 40 MB of jars, fetched once and kept under .cache/kafka."""


class Broker(Protocol):
    """What a test may know of a broker."""

    url: str


class ApacheKafka:
    """One KRaft node from Kafka's own jars, on free ports, its data under `folder`. A restart keeps the
    data. `listener` is one more listener, by name and port; `properties` describe it,
    `users` may log in there."""

    def __init__(
        self, folder: Path, listener: str = "", properties: str = "", users: Mapping[str, str] | None = None
    ) -> None:
        self.port, controller = free_port(), free_port()
        self.url = f"kafka://127.0.0.1:{self.port}"
        self._properties = folder / "server.properties"
        self._users = (users or {}).items()
        self._java = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{_KAFKA_JARS}/*"]
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


def _cluster_id() -> str:
    """A UUID as Kafka writes it; one that starts with a dash would be taken for an option."""
    while True:
        written = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not written.startswith("-"):
            return written


@pytest.fixture(scope="session", params=["embedded", "kafka"])
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker without topics of interest; each test once with the embedded one, once with Apache Kafka."""
    folder = tmp_path_factory.mktemp("broker")
    if request.param == "kafka":
        request.getfixturevalue("kafka_jars")
        with ApacheKafka(folder) as kafka:
            yield kafka
    else:
        with EmbeddedBroker(folder / "broker.log") as embedded:
            yield embedded


@pytest.fixture
def own_kafka(kafka_jars: Path, tmp_path: Path) -> Iterator[ApacheKafka]:
    """An Apache Kafka of this test's own, to stop and start."""
    with ApacheKafka(tmp_path / "kafka") as kafka:
        yield kafka


@dataclass(frozen=True)
class SecuredKafka:
    """An Apache Kafka that also listens with TLS and SASL, and what a client needs for that."""

    kafka: ApacheKafka
    url: str
    ca_file: Path
    username: str
    password: str


@pytest.fixture(scope="session")
def secured_kafka(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """Certificates are made for the tests by an authority of their own."""
    folder = tmp_path_factory.mktemp("secured")
    authority = trustme.CA()
    ca_file, server_file = folder / "authority.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(ca_file)
    certificate = authority.issue_cert("127.0.0.1")
    key = load_pem_private_key(certificate.private_key_pem.bytes(), password=None)
    pkcs8 = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # all that Kafka reads
    server_file.write_bytes(pkcs8 + certificate.cert_chain_pems[0].bytes())
    port, username, password = free_port(), "brand", "correct horse"
    login = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    kafka = ApacheKafka(
        folder / "kafka",
        listener=f",SECURED://127.0.0.1:{port}",
        properties=f"""
            listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL
            listener.name.secured.ssl.keystore.type=PEM
            listener.name.secured.ssl.keystore.location={server_file}
            listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512
            listener.name.secured.scram-sha-512.sasl.jaas.config={login}
            """,
        users={username: password},
    )
    with kafka:
        yield SecuredKafka(kafka, f"kafka://127.0.0.1:{port}", ca_file, username, password)


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The folder of Apache Kafka's jars; skips where Java or Maven are missing or Maven cannot fetch."""
    _fetch_kafka()
    return _KAFKA_JARS


def _fetch_kafka() -> None:
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(
                f"Apache Kafka needs {program}, which is not installed; the embedded broker was tested"
            )
    if any(_KAFKA_JARS.glob("kafka_2.13-*.jar")):
        return
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={_KAFKA_JARS}"]
    command = ["mvn", "-B", "-q", "-f", str(_KAFKA_POM), *goal]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_MAVEN_TIMEOUT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stdout or error).strip().splitlines()
        pytest.skip(f"Maven could not fetch Apache Kafka: {said[0] if said else error}")


@pytest.fixture
def server_folder() -> Iterator[Path]:
    """A folder for a database server's files.

    Not under pytest's own: under root the server runs as another user, and every pytest that starts on the
    machine closes its folder to others again.
    """
    with tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedDatabase]:
    """One PostgreSQL server for the run; without fsync, since no test cuts the power."""
    with (
        tempfile.TemporaryDirectory(prefix="brand-monitor-") as folder,
        EmbeddedDatabase(Path(folder), {"fsync": "off"}) as server,
    ):
        yield server


@pytest.fixture
def database(database_server: EmbeddedDatabase) -> Iterator[str]:
    """URL of an empty database of this test's own, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield database_server.create(name)
    database_server.drop(name)


@pytest.fixture(scope="session")
def migrated(database_server: EmbeddedDatabase) -> Iterator[str]:
    """Name of a migrated database to copy: ten times as fast as migrating one for every test."""
    name = f"migrated_{uuid.uuid4().hex[:12]}"
    schema.upgrade(load_settings(database_url=database_server.create(name)))
    yield name
    database_server.drop(name)
