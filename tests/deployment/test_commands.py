"""Every command that a container or a guide starts is one the program knows."""

import json
import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from monitor.cli import app
from monitor.local.system import LocalSystem
from monitor.settings import Agents, load_settings

WRONG_USE: Final = (
    typer.BadParameter.__base__
)  # the class of all usage errors, in the click that Typer carries
assert WRONG_USE is not None


def parse(arguments: list[str]) -> str:
    """Let the command line take its arguments without running anything; the full name of the command reached.

    Raises `WRONG_USE` for an unknown command, option or value.
    """
    name, *rest = arguments
    command, context = get_command(app), None
    while True:
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, TyperGroup):
            return context.command_path
        if command.invoke_without_command and not [*context._protected_args, *context.args]:
            return context.command_path  # a group that is a command, too: `web`
        found, subcommand, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        assert subcommand is not None
        name, command = found, subcommand


def test_services_start_commands_that_exist(compose: dict[str, Any]) -> None:
    started = {
        name: service["command"]
        for name, service in compose["services"].items()
        if service["image"].startswith("brand-monitor")
    }
    assert {name: parse(command) for name, command in started.items()} == {
        "brands": "brand-monitor init",
        "migrate": "brand-monitor db upgrade",
        "topics": "brand-monitor topics create",
        "worker": "brand-monitor worker",
        "worker-gpu": "brand-monitor worker",
        "web": "brand-monitor web",
        "schedule": "brand-monitor schedule",
        "collect": "brand-monitor collect",
    }


@pytest.mark.parametrize(("service", "agents"), [("worker", Agents.ALL), ("worker-gpu", Agents.IMAGES)])
def test_a_worker_starts_like_those_of_the_integration_tests(
    compose: dict[str, Any], service: str, agents: Agents, tmp_path: Path
) -> None:
    tested = LocalSystem(tmp_path, agents=agents).new_worker("worker", load_settings())._command
    assert [Path(tested[0]).name, *tested[1:]] == compose["services"][service]["command"]


def test_the_image_starts_what_the_worker_service_starts(
    compose: dict[str, Any], dockerfile: list[list[str]]
) -> None:
    (command,) = (json.loads(rest) for keyword, rest in dockerfile if keyword == "CMD")
    assert command == compose["services"]["worker"]["command"]


@pytest.mark.parametrize("guide", ["README.md", "docs/operations.md", "samples/README.md"])
def test_guides_name_commands_that_exist(guide: str, repository: Path) -> None:
    text = (repository / guide).read_text("utf-8")
    quoted = re.findall(r"`(brand-monitor [^`]+)`", text)
    typed = re.findall(r"^(brand-monitor .+)$", text, re.MULTILINE)
    assert quoted or typed
    for line in (*quoted, *(one for both in typed for one in both.split(" && "))):
        parse(shlex.split(line.partition(" > ")[0], comments=True))


@pytest.mark.parametrize(
    "wrong", [["brand-monitor", "wrok"], ["brand-monitor", "worker", "--agents", "some"]]
)
def test_a_wrong_command_would_be_noticed(wrong: list[str]) -> None:
    with pytest.raises(WRONG_USE):
        parse(wrong)
