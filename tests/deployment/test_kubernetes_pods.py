"""Pods of deploy/kubernetes: probed where they answer, stopped in time, allowed to do nothing but run."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from monitor.settings import Device, load_settings
from monitor.stream.health import HealthServer
from monitor.stream.metrics import Metrics
from monitor.web.app import create_app
from tests.deployment.manifests import COMPONENT, OF_COMPOSE, Resource, environment, of, started, variables


def test_models_take_as_many_threads_as_cores_were_asked_for(resources: list[Resource]) -> None:
    for name in ("worker-texts", "worker-images"):
        (container,) = of(resources, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        (threads,) = [each for each in container["env"] if each["name"] == "MONITOR_INFERENCE_THREADS"]
        assert threads["value"] == container["resources"]["requests"]["cpu"]


def test_each_has_the_time_that_it_needs_to_stop(resources: list[Resource], compose: dict[str, Any]) -> None:
    for name, _, pod, component in started(resources):
        if component != "setup":
            given = re.fullmatch(r"(\d+)s", compose["services"][OF_COMPOSE[name]]["stop_grace_period"])
            assert given is not None
            assert pod["terminationGracePeriodSeconds"] >= int(given[1])
    web = of(resources, "Deployment")["web"]["spec"]["template"]["spec"]
    pause = web["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert web["terminationGracePeriodSeconds"] - pause > 5  # for requests in flight


async def test_workers_and_collectors_are_asked_what_they_answer(
    resources: list[Resource], dockerfile: list[list[str]]
) -> None:
    assert any("MONITOR_HEALTH_PORT=6066" in rest for _, rest in dockerfile)
    server = HealthServer("127.0.0.1", 0, Metrics())
    await server.start()
    try:
        async with httpx.AsyncClient(base_url=server.url) as client:
            answers = [(await client.get(f"/health/{each}")).status_code for each in ("live", "ready")]
    finally:
        await server.stop()
    assert answers == [200, 503]  # nothing is loaded yet
    for name in ("worker-texts", "worker-images", "collect"):
        (container,) = of(resources, "Deployment")[name]["spec"]["template"]["spec"]["containers"]
        assert {"name": "health", "containerPort": 6066} in container["ports"]
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert {kind: probe["path"] for kind, probe in probes.items()} == {
            "startup": "/health/live",
            "liveness": "/health/live",  # never ready: a database that is away would restart them all
            "readiness": "/health/ready",
        }
        assert {probe["port"] for probe in probes.values()} == {"health"}


def test_the_pages_answer_their_probe_though_it_calls_by_address(
    resources: list[Resource], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (container,) = of(resources, "Deployment")["web"]["spec"]["template"]["spec"]["containers"]
    probe = container["readinessProbe"]["httpGet"]
    headers = {each["name"]: each["value"] for each in probe["httpHeaders"]}
    away = "postgresql://127.0.0.1:1/nothing"
    with TestClient(create_app(load_settings(database_url=away)), base_url="http://10.42.0.7:8080") as client:
        assert client.get(probe["path"]).status_code == 400  # a stranger's name for this address
        assert client.get(probe["path"], headers=headers).status_code == 503  # the database is away
    assert "httpGet" not in container["livenessProbe"]


def test_pods_may_do_nothing_but_run(resources: list[Resource], dockerfile: list[list[str]]) -> None:
    (user,) = (rest for keyword, rest in dockerfile if keyword == "USER")
    (namespace,) = of(resources, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for _, container, pod, _ in started(resources):
        context = pod["securityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == user
        assert context["fsGroup"] == context["runAsGroup"]
        assert context["runAsNonRoot"] is True
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert pod["shareProcessNamespace"] is True  # as `init: true` in Compose
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


def test_volumes_are_mounted_where_the_program_looks(
    resources: list[Resource], compose: dict[str, Any]
) -> None:
    claims = of(resources, "PersistentVolumeClaim")
    for name, container, pod, _ in started(resources):
        volumes = {each["name"]: each for each in pod["volumes"]}
        mounts = {each["name"]: each for each in container["volumeMounts"]}
        assert set(mounts) <= set(volumes)
        assert mounts["tmp"]["mountPath"] == "/tmp"
        for volume in volumes.values():
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "brands") in claims
        written = dict(each.split(":") for each in compose["services"][OF_COMPOSE[name]].get("volumes", ()))
        for volume in {"pictures", "brands"} & set(mounts):
            assert mounts[volume]["mountPath"] == written[volume]
    writers = {
        name
        for name, container, _, _ in started(resources)
        for each in container["volumeMounts"]
        if each["name"] == "brands" and not each.get("readOnly")
    }
    assert writers == {"brands", "web"}


def test_budgets_and_services_find_their_pods(resources: list[Resource]) -> None:
    deployments = of(resources, "Deployment")
    for name, deployment in deployments.items():
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert deployment["spec"]["selector"]["matchLabels"] == labels == {COMPONENT: name}
    for name, budget in of(resources, "PodDisruptionBudget").items():
        assert budget["spec"]["selector"]["matchLabels"] == {COMPONENT: name}
        assert (
            deployments[name]["spec"]["replicas"] > 1
        )  # one replica with a budget would never leave its node
    for name, service in of(resources, "Service").items():
        (container,) = deployments[name]["spec"]["template"]["spec"]["containers"]
        assert service["spec"]["selector"] == {COMPONENT: name}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= {
            port["name"] for port in container["ports"]
        }


def reached(policy: Resource, components: set[str]) -> set[str]:
    """The components whose pods a policy selects."""
    selector = policy["spec"]["podSelector"]
    if not selector:
        return components
    if "matchLabels" in selector:
        return {selector["matchLabels"][COMPONENT]}
    (expression,) = selector["matchExpressions"]
    assert (expression["key"], expression["operator"]) == (COMPONENT, "In")
    return set(expression["values"])


def test_nothing_talks_but_to_what_it_needs(resources: list[Resource]) -> None:
    components = {each.component for each in started(resources)}
    policies = of(resources, "NetworkPolicy")
    assert policies["nothing-else"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    selected = {name: reached(policy, components) for name, policy in policies.items()}
    assert all(each <= components for each in selected.values())
    credentials = {
        each.component
        for each in started(resources)
        if "MONITOR_KAFKA_PASSWORD" in variables(each.container, resources)
    }
    assert selected["kafka"] == credentials == components - {"web"}
    assert selected["outside"] == {"web", "schedule", "collect"}
    for name, policy in policies.items():
        named = {
            str(port["name"])
            for each in started(resources)
            if each.component in selected[name]
            for port in each.container.get("ports", ())
        }
        for rule in policy["spec"].get("ingress", ()):
            assert {port["port"] for port in rule["ports"]} <= named


def test_only_picture_workers_ask_for_a_gpu(example: list[Resource]) -> None:
    for name, container, _, _ in started(example):
        device = environment(container, example).get("MONITOR_DEVICE")
        gpus = container["resources"]["limits"].get("nvidia.com/gpu")
        assert (device, gpus) == ((Device.CUDA, "1") if name == "worker-images" else (None, None))
        assert container["image"].endswith("-gpu" if name == "worker-images" else "-cpu")
