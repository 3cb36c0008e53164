"""docker-compose.yml and Dockerfile, read for the tests of this folder."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

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
