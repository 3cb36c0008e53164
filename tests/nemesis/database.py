"""The PostgreSQL server of a run and what can be done to it; workers reach it through the proxy.

`full` does not fill a disk: a trigger raises SQLSTATE 53100, which is what PostgreSQL raises when it cannot
extend a file. Serialization failures are raised the same way (40001); deadlocks are real ones.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from monitor.local import EmbeddedDatabase
from monitor.settings import load_settings
from monitor.storage import schema

_OPTIONS: Final = {
    "fsync": "off",  # processes die here, machines do not
    "max_connections": "40",
    "deadlock_timeout": "200ms",
    "log_min_messages": "error",
    "shared_buffers": "64MB",
}
_SESSIONS: Final = "FROM pg_stat_activity WHERE application_name = 'brand-monitor'"
_TEMPLATE: Final = "nemesis_template"


class Postgres:
    """A server with a migrated database to copy for each seed."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedDatabase(folder, _OPTIONS)

    def start(self) -> None:
        self.server.start()
        with suppress(psycopg.Error):
            self.server.drop(_TEMPLATE)
        schema.upgrade(load_settings(database_url=self.server.create(_TEMPLATE)))

    def stop(self) -> None:
        self.server.stop()

    def database(self, name: str) -> "Database":
        return Database(self, name, self.server.copy(_TEMPLATE, name))

    def kill(self) -> None:
        """An immediate shutdown: no goodbye, no checkpoint; recovery at the next start."""
        pid = self.server.pid
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
            while self.server.pid is not None:
                time.sleep(0.02)

    def launch(self) -> None:
        if self.server.pid is None:
            self.server.start()


class Database:
    """One seed's database, reached directly. Everything blocks."""

    def __init__(self, postgres: Postgres, name: str, url: str) -> None:
        self.postgres = postgres
        self.name = name
        self.url = url

    def through(self, port: int) -> str:
        """The URL for workers: by way of the proxy on this port, in plain text so that it can look in."""
        parts = urlsplit(self.url)
        return (
            f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{port}/{self.name}"
            "?sslmode=disable&gssencmode=disable&connect_timeout=3"
        )

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """Writable whatever the server's default is at the moment."""
        return psycopg.connect(
            self.url,
            autocommit=True,
            application_name="nemesis",
            options="-c default_transaction_read_only=off -c lock_timeout=10s",
            **options,
        )

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def drop(self) -> None:
        self.postgres.server.drop(self.name)

    def read_only(self, on: bool) -> None:
        """For every transaction from now on, in new and in old sessions."""
        with self.connect() as connection:
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
            connection.execute("SELECT pg_reload_conf()")

    def raising(self, state: str, share: float) -> None:
        """Let this share of the statements that write mentions or dead letters fail with a SQLSTATE."""
        with self.connect() as connection:
            connection.execute(f"""
                CREATE OR REPLACE FUNCTION nemesis() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    IF random() < {share} THEN
                        RAISE EXCEPTION USING ERRCODE = '{state}', MESSAGE = 'raised by the nemesis';
                    END IF;
                    RETURN NULL;
                END $$
            """)
            for table in ("mention", "dead_letter", "ingest_batch"):
                connection.execute(f"""
                    CREATE OR REPLACE TRIGGER nemesis BEFORE INSERT OR UPDATE ON {table}
                    FOR EACH STATEMENT EXECUTE FUNCTION nemesis()
                """)

    def raise_nothing(self) -> None:
        with self.connect() as connection:
            connection.execute("DROP FUNCTION IF EXISTS nemesis CASCADE")

    @contextmanager
    def all_connections(self) -> Iterator[int]:
        """End the workers' sessions and hold every connection there is; how many."""
        held: list[psycopg.Connection[Any]] = []
        with self.connect() as first:
            for _ in range(200):
                first.execute(f"SELECT pg_terminate_backend(pid) {_SESSIONS}")
                try:
                    held.append(self.connect())
                except psycopg.OperationalError:
                    break
            try:
                yield len(held)
            finally:
                for connection in held:
                    connection.close()

    def kill_backend(self) -> None:
        """kill -9 of a server process that works for a worker: PostgreSQL ends all sessions and recovers."""
        found = self.rows(f"SELECT pid {_SESSIONS} AND datname = %s LIMIT 1", self.name)
        for (pid,) in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def hold_rows(self, ids: list[str], seconds: float) -> None:
        """Lock mentions, as somebody with an open transaction does."""
        with self.connect() as connection, connection.transaction():
            connection.execute(
                "SELECT 1 FROM mention WHERE external_id = ANY(%s) ORDER BY id FOR UPDATE", [ids]
            )
            time.sleep(seconds)

    def deadlock(self, ids: list[str], seconds: float) -> int:
        """Lock the last of the mentions, then the first: whoever writes them in order meets us. Returns how
        often PostgreSQL had to end one of the two on our side."""
        until, met = time.monotonic() + seconds, 0
        with self.connect() as connection:
            while time.monotonic() < until:
                try:
                    with connection.transaction():
                        connection.execute("SET LOCAL lock_timeout = '2s'")
                        for order in ("DESC", "ASC"):
                            connection.execute(
                                "SELECT 1 FROM mention WHERE id = (SELECT id FROM mention"
                                f" WHERE external_id = ANY(%s) ORDER BY id {order} LIMIT 1) FOR UPDATE",
                                [ids],
                            )
                            time.sleep(0.15)
                except psycopg.errors.DeadlockDetected:
                    met += 1
                except psycopg.errors.LockNotAvailable:
                    pass
        return met
