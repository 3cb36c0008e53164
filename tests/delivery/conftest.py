"""A database of the test's own, a mail server and a web hook that keep what they get."""

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine

from monitor.local import EmbeddedDatabase
from monitor.local.child import free_port
from monitor.settings import load_settings
from monitor.storage.engine import sync_engine
from monitor.storage.pictures import PictureStore


@dataclass
class WebHook:
    """Answers `status` to everything."""

    url: str = ""
    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MailServer:
    url: str = ""
    status: str = "250 OK"
    got: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        return self.status


@pytest.fixture
def web_hook() -> Iterator[WebHook]:
    hook = WebHook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"json://user:secret@127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hook
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    port = free_port()
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    server.url = f"mailto://127.0.0.1:{port}/?from=reports@example.com&to=marketing@example.com"
    yield server
    controller.stop()


@pytest.fixture
def database(database_server: EmbeddedDatabase, migrated: str) -> Iterator[str]:
    """URL of a migrated database of this test's own."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield database_server.copy(migrated, name)
    database_server.drop(name)


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = sync_engine(load_settings(database_url=database))
    yield made
    made.dispose()


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(str(tmp_path / "pictures"))
