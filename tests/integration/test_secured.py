"""TLS and SASL against Apache Kafka itself: a worker that may, one that may not."""

from typing import Any

import pytest
from pydantic import SecretStr

from monitor.settings import SaslMechanism

TEXT = {"id": "1", "source": "s", "text": "VMware works well", "published_at": "2026-03-01T00:00:00Z"}


@pytest.fixture
def access(secured_kafka: Any) -> dict[str, Any]:
    """Settings of a client that is let in."""
    return {
        "kafka_url": secured_kafka.url,
        "kafka_ca_file": secured_kafka.ca_file,
        "kafka_sasl_mechanism": SaslMechanism.SCRAM_SHA_512,
        "kafka_username": secured_kafka.username,
        "kafka_password": SecretStr(secured_kafka.password),
    }


def test_a_worker_logs_in_over_tls(deploy_on: Any, secured_kafka: Any, access: dict[str, Any]) -> None:
    deployment = deploy_on(secured_kafka.kafka)
    deployment.worker("texts", **access)

    deployment.post("text", [TEXT])

    deployment.wait_for_all()
    assert deployment.count("mention") == 1


@pytest.mark.parametrize(
    "wrong",
    [{"kafka_password": SecretStr("guessed")}, {"kafka_ca_file": None, "kafka_tls": True}],
    ids=["login", "tls"],
)
def test_a_worker_that_is_not_let_in_says_so_and_ends(
    deploy_on: Any, secured_kafka: Any, access: dict[str, Any], wrong: dict[str, Any]
) -> None:
    deployment = deploy_on(secured_kafka.kafka)

    worker = deployment.worker("texts", wait=False, **(access | wrong))

    assert worker.process.wait(30) != 0
    assert deployment.said("MONITOR_KAFKA")
