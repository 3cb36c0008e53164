"""deploy/kubernetes: accepted by Kubernetes and KEDA, the same parts as in Compose, settings that exist."""

from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest

from monitor.settings import Agents, Settings, load_settings
from monitor.sources.config import read_sources
from monitor.sources.receiver_options import ReceiverOptions
from monitor.web.people import load_people
from monitor.web.server import refuse_exposure
from tests.deployment.manifests import OF_COMPOSE, Resource, built, check, environment, of, started, variables

OLDEST: Final = "1.30"  # the first whose preStop can sleep without a shell
NEWEST: Final = "1.37"
KAFKA_TRIGGER: Final = {
    *("bootstrapServers", "consumerGroup", "topic", "lagThreshold", "activationLagThreshold"),
    *("offsetResetPolicy", "allowIdleConsumers", "limitToPartitionsWithLag", "excludePersistentLag"),
    *("scaleToZeroOnInvalidOffset", "partitionLimitation", "version", "sasl", "tls", "unsafeSsl"),
}
"""What KEDA's `kafka` trigger reads; the rest of its metadata it would ignore in silence."""


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_each_follows_its_schema(resources: list[Resource], version: str) -> None:
    for resource in resources:
        check(resource, version)


def test_a_misspelt_field_would_be_noticed(resources: list[Resource]) -> None:
    worker = deepcopy(of(resources, "Deployment")["worker-texts"])
    container = worker["spec"]["template"]["spec"]["containers"][0]
    container["livenessprobe"] = container.pop("livenessProbe")
    with pytest.raises(jsonschema.ValidationError):
        check(worker, NEWEST)
    scaled = deepcopy(of(resources, "ScaledObject")["worker-texts"])
    scaled["spec"]["maxReplicas"] = scaled["spec"].pop("maxReplicaCount")
    with pytest.raises(jsonschema.ValidationError):
        check(scaled, NEWEST)


def test_kustomize_puts_them_together(
    folder: Path, resources: list[Resource], example: list[Resource]
) -> None:
    for resource in (*built(folder / "base"), *example):
        check(resource, NEWEST)
        assert resource["metadata"].get("namespace", "brand-monitor") == "brand-monitor"
    assert {(each["kind"], each["metadata"]["name"]) for each in resources} <= {
        (each["kind"], each["metadata"]["name"]) for each in example
    }
    for _, container, _, _ in started(example):
        assert container["image"].startswith("registry.example.com/brand-monitor:")


def test_it_starts_what_compose_starts(resources: list[Resource], compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {each.name for each in started(resources)} == set(OF_COMPOSE)
    ours = {name for name, service in services.items() if service["image"].startswith("brand-monitor")}
    assert ours == set(OF_COMPOSE.values()) | {"worker-gpu"}  # that one is a component, below
    for name, container, _, _ in started(resources):
        service = services[OF_COMPOSE[name]]
        command = service["command"]
        if name.startswith("worker"):
            command = [*command[:-1], Agents(name.removeprefix("worker-"))]
        assert container["command"] == command
        assert container["image"] == service["image"]


def test_what_compose_sets_can_be_set(resources: list[Resource], compose: dict[str, Any]) -> None:
    for name, container, _, _ in started(resources):
        wanted = set(compose["services"][OF_COMPOSE[name]]["environment"])
        assert wanted <= variables(container, resources), name


def test_every_variable_is_a_setting_and_its_value_is_taken(
    resources: list[Resource], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # away from a developer's .env
    for name, container, _, _ in started(resources):
        known = {f"MONITOR_{field.upper()}" for field in Settings.model_fields}
        assert variables(container, resources) <= known
        with monkeypatch.context() as environ:
            for variable, value in environment(container, resources).items():
                environ.setenv(variable, value)
            settings = load_settings()
            assert (settings.database_url.get_secret_value() == "postgresql://database-owner/url") == (
                name == "migrate"
            )
            if name == "web":
                refuse_exposure(settings)
                assert load_people(settings) is not None
                (port,) = container["ports"]
                assert port["containerPort"] == settings.web_port


def test_lag_is_asked_for_where_workers_read(
    resources: list[Resource], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in of(resources, "ConfigMap")["settings"]["data"].items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    scaled = of(resources, "ScaledObject")
    assert set(scaled) == {"worker-texts", "worker-images"}
    for name, topic in (("worker-texts", "text"), ("worker-images", "image")):
        spec = scaled[name]["spec"]
        assert spec["scaleTargetRef"] == {"name": name}
        assert spec["maxReplicaCount"] == settings.topic_partitions
        (trigger,) = spec["triggers"]
        assert trigger["type"] == "kafka"
        assert set(trigger["metadata"]) <= KAFKA_TRIGGER
        assert trigger["metadata"]["topic"] == settings.topic(topic)
        assert trigger["metadata"]["consumerGroup"] == settings.consumer_group
        assert trigger["metadata"]["bootstrapServers"].split(",") == settings.bootstrap_servers
        assert trigger["metadata"]["limitToPartitionsWithLag"] == "true"


def test_with_autoscaling_no_manifest_names_a_number(example: list[Resource]) -> None:
    deployments = of(example, "Deployment")
    assert {name for name in of(example, "ScaledObject") if "replicas" in deployments[name]["spec"]} == set()


def test_collectors_read_the_file_that_they_are_given(folder: Path, example: list[Resource]) -> None:
    collect = of(example, "Deployment")["collect"]["spec"]["template"]["spec"]
    (container,) = collect["containers"]
    (mount,) = [each for each in container["volumeMounts"] if each["name"] == "sources"]
    (volume,) = [each for each in collect["volumes"] if each["name"] == "sources"]
    path = Path(environment(container, example)["MONITOR_SOURCES_FILE"])
    assert path.parent == Path(mount["mountPath"])
    assert path.name in of(example, "ConfigMap")[volume["configMap"]["name"]]["data"]
    (receiver,) = [
        entry.options
        for entry in read_sources(folder / "overlays" / "example" / "sources.toml")
        if isinstance(entry.options, ReceiverOptions)
    ]
    assert receiver.host == "0.0.0.0"
    assert receiver.port in {port["containerPort"] for port in container["ports"]}


def test_every_secret_is_explained(resources: list[Resource], repository: Path) -> None:
    guide = (repository / "docs" / "kubernetes.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in guide.splitlines()]
    told = {tuple(row[:3]): row[3] for row in rows if len(row) == 5 and row[3] in ("yes", "no")}
    used = {
        (f"`{secret['name']}`", f"`{secret['key']}`", f"`{variable['name']}`"): (
            "no" if secret.get("optional") else "yes"
        )
        for _, container, _, _ in started(resources)
        for variable in container["env"]
        if (secret := variable.get("valueFrom", {}).get("secretKeyRef"))
    }
    assert told == used
