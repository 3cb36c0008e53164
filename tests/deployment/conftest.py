"""docker-compose.yml, Dockerfile and deploy/kubernetes, read for the tests of this folder."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.manifests import Resource, built

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    """docker-compose.yml with its merges applied and its variables at their defaults."""
    text = (REPOSITORY / "docker-compose.yml").read_text("utf-8")
    defaulted = re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", text)
    assert not re.search(r"(?<!\$)\$\{", defaulted), (
        "every variable has a default, so that a plain `up` works"
    )
    loaded: dict[str, Any] = yaml.safe_load(defaulted.replace("$$", "$"))
    return loaded


@pytest.fixture(scope="session")
def dockerfile() -> list[list[str]]:
    """The Dockerfile's instructions, continuation lines joined, as [keyword, rest]."""
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]


@pytest.fixture(scope="session")
def folder(repository: Path) -> Path:
    return repository / "deploy" / "kubernetes"


@pytest.fixture(scope="session")
def resources(folder: Path) -> list[Resource]:
    """Everything that a kustomization of base or components adds, as it is written."""
    found: list[Resource] = []
    for kustomization in (folder / "base", *sorted((folder / "components").iterdir())):
        listed = yaml.safe_load((kustomization / "kustomization.yaml").read_text("utf-8"))
        for name in listed.get("resources", ()):
            found += yaml.safe_load_all((kustomization / name).read_text("utf-8"))
    return found


@pytest.fixture(scope="session")
def example(folder: Path) -> list[Resource]:
    """The example overlay, all components in it, as kustomize puts it together."""
    return built(folder / "overlays" / "example")
