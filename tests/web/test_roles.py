"""Who may do what, by the users file, by one password for all, and without a login."""

import re
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pwdlib.hashers.argon2 import Argon2Hasher
from pydantic import SecretStr
from starlette.requests import Request
from typer.testing import CliRunner

from monitor.cli import app
from monitor.errors import SetupError
from monitor.settings import Settings
from monitor.web import api
from monitor.web.app import _PAGES
from monitor.web.people import People, Role, add_user, read_users
from monitor.web.roles import ForbiddenError, may, require, role

PASSWORD = "correct horse battery"
HASHED = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

Calling = Callable[..., TestClient]


class _App:
    def __init__(self, people: People | None) -> None:
        self.state = type("State", (), {"people": people})()


def _request(people: People | None, name: str | None) -> Request:
    session = {} if name is None else {"name": name}
    return Request({"type": "http", "app": _App(people), "session": session, "headers": []})


@cache
def team() -> People:
    return People(
        dict.fromkeys(("ann", "ben", "cy", "old"), HASHED),
        roles={"ann": Role.ADMIN, "ben": Role.ANALYST, "cy": Role.VIEWER},
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ann", Role.ADMIN),
        ("ben", Role.ANALYST),
        ("cy", Role.VIEWER),
        ("old", Role.ANALYST),
        ("gone", Role.VIEWER),
        (None, Role.VIEWER),
    ],
)
def test_the_role_of_a_person(name: str | None, expected: Role) -> None:
    assert role(_request(team(), name)) is expected


def test_everybody_is_admin_without_a_login_and_with_one_password_for_all() -> None:
    assert role(_request(None, None)) is Role.ADMIN
    assert role(_request(People({}, shared=HASHED, shared_seal="s"), "who")) is Role.ADMIN


def test_a_role_holds_all_that_lower_ones_may() -> None:
    analyst = _request(team(), "ben")
    assert (may(analyst, "viewer"), may(analyst, "analyst"), may(analyst, "admin")) == (True, True, False)
    require(analyst, Role.ANALYST)
    with pytest.raises(ForbiddenError, match=r"Admins may do this: ann\. You are here as analyst"):
        require(analyst, Role.ADMIN)


def _log_in(client: TestClient, name: str) -> None:
    given = {"name": name, "password": PASSWORD}
    assert client.post("/login", data=given, follow_redirects=False).status_code == 303


def test_a_viewer_reads_and_does_not_correct(tmp_path: Path, call: Calling, settings: Settings) -> None:
    file = tmp_path / "users"
    file.write_text(f"old:{HASHED}\ncy:{HASHED}:viewer\nann:{HASHED}:admin\n")
    undo: dict[str, Any] = {"mention": str(uuid.uuid4()), "by": "x"}

    client = call(settings, web_users_file=file)
    _log_in(client, "cy")
    mention = client.get("/api/mentions").json()["rows"][0]["mention_id"]
    assert "Save correction" not in client.get(f"/mentions/{mention}").text
    refused = client.post("/corrections/1/undo", data=undo)
    assert refused.status_code == 403
    assert "Analysts and admins may do this: ann, old." in refused.text

    client = call(settings, web_users_file=file)
    _log_in(client, "old")
    assert "Save correction" in client.get(f"/mentions/{mention}").text
    assert client.post("/corrections/1/undo", data=undo).status_code == 409


def test_a_viewer_changes_nothing_by_any_route(tmp_path: Path, call: Calling, settings: Settings) -> None:
    file = tmp_path / "users"
    file.write_text(f"cy:{HASHED}:viewer\nann:{HASHED}:admin\n")
    client = call(settings, web_users_file=file)
    _log_in(client, "cy")
    changing = {
        (method, route.path)
        for room in (*_PAGES, api)
        for route in room.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"GET", "HEAD"}
    } - {("POST", "/login"), ("POST", "/logout")}
    assert len(changing) >= 15
    for method, path in changing:
        filled = re.sub(r"\{[^}]+\}", "1", path)
        assert client.request(method, filled).status_code == 403, path


def test_one_password_for_all_lets_everybody_correct(call: Calling, settings: Settings) -> None:
    client = call(settings, web_password=SecretStr(PASSWORD))
    _log_in(client, "Ann")
    undo = {"mention": str(uuid.uuid4())}
    assert client.post("/corrections/1/undo", data=undo).status_code == 409


def test_the_first_person_is_admin_and_later_ones_are_analysts(tmp_path: Path) -> None:
    file = tmp_path / "users"
    assert add_user(file, "Ann", PASSWORD) is Role.ADMIN
    assert add_user(file, "Ben", PASSWORD) is Role.ANALYST
    assert add_user(file, "Cy", PASSWORD, Role.VIEWER) is Role.VIEWER
    assert add_user(file, "Ben", None, Role.ADMIN) is Role.ADMIN
    assert add_user(file, "Ben", "another long password") is Role.ADMIN
    with pytest.raises(SetupError, match="needs a password"):
        add_user(file, "Di", None)
    assert {name: one.role for name, one in read_users(file).items()} == {
        "Ann": Role.ADMIN,
        "Ben": Role.ADMIN,
        "Cy": Role.VIEWER,
    }


def test_a_role_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"ann:{HASHED}:boss\n")
    with pytest.raises(SetupError, match="line 1: 'boss' is no role; write one of viewer, analyst, admin"):
        read_users(file)


def test_the_command_changes_a_role_and_keeps_the_password(tmp_path: Path) -> None:
    file = tmp_path / "users"
    file.write_text(f"ann:{HASHED}\n")
    done = CliRunner().invoke(
        app, ["web", "add-user", "ann", "--role", "admin", "--file", str(file)], input="\n\n"
    )
    assert done.exit_code == 0, done.output
    assert file.read_text() == f"ann:{HASHED}:admin\n"
    refused = CliRunner().invoke(app, ["web", "add-user", "ann", "--role", "boss", "--file", str(file)])
    assert refused.exit_code == 2
