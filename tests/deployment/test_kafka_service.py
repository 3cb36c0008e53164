"""The Kafka service of docker-compose.yml, started from Kafka's own jars by the classes its image runs.

Paths of the image are replaced by a test's own, its two scripts by what they do: `kafka-storage.sh` calls
`StorageTool`, `run` calls `KafkaDockerWrapper setup`, which turns the environment into server.properties and
formats the storage. (The server itself would want fixed ports; format checks the configuration as it does.)
"""

import os
import subprocess
from pathlib import Path
from typing import Any, Final

IMAGE_DATA: Final = "/var/lib/kafka/data"


class KafkaService:
    """The service's command and environment, moved into `folder`."""

    def __init__(self, service: dict[str, Any], folder: Path, jars: Path) -> None:
        self.data = folder / "data"
        self._configuration = folder / "configuration"
        self._configuration.mkdir()
        java = f"java -Xmx256m -XX:TieredStopAtLevel=1 -cp '{jars}/*'"
        storage, run = folder / "kafka-storage.sh", folder / "run"
        storage.write_text(f'#!/bin/bash\nexec {java} kafka.tools.StorageTool "$@"\n')
        setup = (
            f"{java} kafka.docker.KafkaDockerWrapper setup -D {folder} -M {folder} -F {self._configuration}"
        )
        # The image's script, to the letter: formatting may fail only because it was done before.
        run.write_text(
            f'#!/bin/bash\nresult=$({setup} 2>&1) || echo $result | grep -i "already formatted" '
            "|| { echo $result && exit 1; }\n"
        )
        for script in (storage, run):
            script.chmod(0o755)
        shell, option, text = service["command"]
        for there, here in (
            (IMAGE_DATA, self.data),
            ("/opt/kafka/bin/kafka-storage.sh", storage),
            ("/etc/kafka/docker/run", run),
        ):
            assert there in text
            text = text.replace(there, str(here))
        self._command = [shell, option, text]
        self._environment = service["environment"] | {"KAFKA_LOG_DIRS": str(self.data)}

    def start(self) -> str:
        """Configure and format as the container does; the cluster id its data carries then."""
        run = subprocess.run(
            self._command, env=os.environ | self._environment, capture_output=True, text=True, timeout=60
        )
        assert run.returncode == 0, run.stdout + run.stderr
        properties = (self.data / "meta.properties").read_text().splitlines()
        (cluster,) = (line.partition("=")[2] for line in properties if line.startswith("cluster.id="))
        return cluster

    @property
    def properties(self) -> dict[str, str]:
        lines = (self._configuration / "server.properties").read_text().split()
        return dict(line.split("=", 1) for line in lines)


def test_data_lies_on_the_volume(compose: dict[str, Any]) -> None:
    service = compose["services"]["kafka"]
    assert service["environment"]["KAFKA_LOG_DIRS"] == IMAGE_DATA
    assert service["volumes"] == [f"kafka:{IMAGE_DATA}"]


def test_a_restart_keeps_the_cluster_and_fresh_data_gets_a_fresh_one(
    compose: dict[str, Any], kafka_jars: Path, tmp_path: Path
) -> None:
    clusters = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        service = KafkaService(compose["services"]["kafka"], tmp_path / name, kafka_jars)
        clusters += [service.start(), service.start()] if name == "one" else [service.start()]
    assert clusters[0] == clusters[1]
    assert clusters[0] != clusters[2]


def test_kafka_takes_the_configuration(compose: dict[str, Any], kafka_jars: Path, tmp_path: Path) -> None:
    service = KafkaService(compose["services"]["kafka"], tmp_path, kafka_jars)
    service.start()
    assert service.properties["auto.create.topics.enable"] == "false"
    assert service.properties["advertised.listeners"] == "INSIDE://kafka:19092,OUTSIDE://localhost:9092"
