"""What deploy/kubernetes holds, read and checked for the tests of this folder."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, NamedTuple

import jsonschema
import pytest
import yaml
from referencing import Registry
from referencing.jsonschema import DRAFT202012

COMPONENT: Final = "app.kubernetes.io/component"
OF_COMPOSE: Final = {
    "migrate": "migrate",
    "topics": "topics",
    "brands": "brands",
    "worker-texts": "worker",
    "worker-images": "worker",
    "web": "web",
    "schedule": "schedule",
    "collect": "collect",
}
"""The service of docker-compose.yml that does the same. Kafka and PostgreSQL are the cluster's business."""

Resource = dict[str, Any]


class Started(NamedTuple):
    """A container with the pod around it."""

    name: str
    container: Resource
    pod: Resource
    component: str


def of(resources: list[Resource], kind: str) -> dict[str, Resource]:
    """Those of a kind, by name."""
    return {each["metadata"]["name"]: each for each in resources if each["kind"] == kind}


def started(resources: list[Resource]) -> Iterator[Started]:
    """By the name of what they do: that of the container in the Job, else that of the Deployment."""
    for name, job in of(resources, "Job").items():
        pod = job["spec"]["template"]["spec"]
        for container in (*pod["initContainers"], *pod["containers"]):
            yield Started(container["name"], container, pod, name)
    for name, deployment in of(resources, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        yield Started(name, container, pod, name)


@cache
def definitions(version: str) -> tuple[Traversable, Registry[Any]]:
    """The schemas of that Kubernetes, closed against unknown fields, and what they refer to."""
    schemas = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}.0-local-strict"
    shared = json.loads((schemas / "_definitions.json").read_text("utf-8"))
    return schemas, (DRAFT202012.create_resource(shared) @ Registry()).crawl()


def check(resource: Resource, version: str) -> None:
    """Raises `jsonschema.ValidationError` for what the API server would refuse or drop."""
    kind, group = resource["kind"].lower(), resource["apiVersion"]
    if group.startswith("keda.sh/"):
        path, registry = Path(__file__).parent / f"keda-{kind}.schema.json", Registry[Any]()
    else:
        schemas, registry = definitions(version)
        name = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", group)  # networking.k8s.io/v1: networking-v1
        path = schemas / f"{kind}-{name}.json"
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.Draft202012Validator(schema, registry=registry).validate(resource)


def environment(container: Resource, resources: list[Resource]) -> dict[str, str]:
    """What the process sees; a secret is the path to it, and those that may be missing are."""
    seen: dict[str, str] = {}
    maps = of(resources, "ConfigMap")
    for source in container["envFrom"]:
        if "configMapRef" in source:
            seen |= maps[source["configMapRef"]["name"]]["data"]
    for variable in container["env"]:
        if "value" in variable:
            seen[variable["name"]] = variable["value"]
        elif not variable["valueFrom"]["secretKeyRef"].get("optional"):
            secret = variable["valueFrom"]["secretKeyRef"]
            seen[variable["name"]] = f"postgresql://{secret['name']}/{secret['key']}"
    return seen


def variables(container: Resource, resources: list[Resource]) -> set[str]:
    """The names of all that may be set."""
    return {each["name"] for each in container["env"]} | set(environment(container, resources))


def built(folder: Path) -> list[Resource]:
    kustomize, kubectl = shutil.which("kustomize"), shutil.which("kubectl")
    if kustomize is None and kubectl is None:
        pytest.skip("neither kustomize nor kubectl is installed; the files were checked one by one")
    command = [kustomize, "build"] if kustomize is not None else [str(kubectl), "kustomize"]
    run = subprocess.run([*command, str(folder)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return list(yaml.safe_load_all(run.stdout))
