"""The HTTP server in a collecting process: from a token to Kafka; a second process."""

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.local.child import free_port
from monitor.local.system import environment

TEXT = {"id": "1", "source": "crm", "text": "VMware is fine", "published_at": "2026-11-30T12:00:00Z"}


@pytest.fixture
def port(collecting) -> int:
    number = free_port()
    collecting.write(f'[[source]]\nkind = "http"\nport = {number}\n')
    return number


def command(collecting, *words: str):
    return CliRunner().invoke(app, list(words), env=environment(collecting.settings))


def answers(port: int, token: str = "none") -> httpx.Response | None:
    try:
        return httpx.post(
            f"http://127.0.0.1:{port}/mentions", json=[TEXT], headers={"Authorization": f"Bearer {token}"}
        )
    except httpx.HTTPError:
        return None


def test_from_a_token_to_kafka(collecting, port):
    made = command(collecting, "publishers", "add", "crm", "--source", "crm")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    process = collecting.start()
    collecting.wait(lambda: answers(port) is not None)
    assert answers(port).status_code == 401
    assert answers(port, token).json() == {"accepted": 1, "refused": []}
    assert answers(port, token).json() == {"accepted": 1, "refused": []}
    assert [said.text for said in collecting.mentions().values()] == [TEXT["text"]]
    assert process.stop() == 0
    assert collecting.rows("SELECT kind, source, posts, fault FROM collector") == [("http", "http", 2, None)]
    shown = command(collecting, "publishers", "list")
    assert "crm" in shown.stdout
    assert token not in shown.output
    assert command(collecting, "publishers", "revoke", "crm").exit_code == 0
    with psycopg.connect(collecting.settings.database_url.get_secret_value()) as connection:
        assert token not in str(connection.execute("SELECT * FROM publisher").fetchall())


def test_a_second_process_on_the_machine_stands_by_and_takes_over(collecting, port):
    first = collecting.start()
    collecting.wait(lambda: answers(port) is not None)
    collecting.start()
    collecting.wait(lambda: "another program listens" in collecting.said())
    collecting.kill(first)
    collecting.wait(lambda: answers(port) is not None)


def test_names_are_taken_once(collecting):
    assert command(collecting, "publishers", "add", "crm").exit_code == 0
    again = command(collecting, "publishers", "add", "crm")
    assert "already" in str(again.exception)
    assert "no publisher 'forum'" in str(command(collecting, "publishers", "revoke", "forum").exception)
