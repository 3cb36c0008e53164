"""A PostgreSQL server for tests whose copies of a database are handed out again where nobody wrote into
them."""

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from psycopg import sql

from monitor.local import EmbeddedDatabase

_OPTIONS: Final[Mapping[str, str]] = {
    # No test of this server cuts the power.
    "fsync": "off",
    "full_page_writes": "off",
    # When it comes by is chance, and databases here live for seconds.
    "autovacuum": "off",
    # The log lies in memory with the rest.
    "max_wal_size": "128MB",
}

_MEMORY: Final = Path("/dev/shm")

_ROOM: Final = 4 * 2**30
"""Bytes free that a few servers do not fill: the largest of these tests leaves hundreds of megabytes."""

_NEXT_TRANSACTION: Final = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
"""Whoever writes takes a number, whatever the database; who only reads takes none."""

_END_SESSIONS: Final = (
    "SELECT bool_and(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity WHERE datname = %s"
)
"""Whether all are gone now (waits up to 2 s for each), `None` if there was none."""


def in_memory() -> Path | None:
    """A folder for servers' files in memory where there is room, else `None`: the usual one.

    A database is 500 files. To copy and drop one takes 0.03 CPU seconds in memory, 0.1 to 0.2 on a disk.
    """
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)
    return _MEMORY if usable and shutil.disk_usage(_MEMORY).free > _ROOM else None


@dataclass
class _Lent:
    """A copy in use: its own name, what it is a copy of, the next transaction as it was handed out."""

    database: str
    template: str
    transaction: int


class Databases(EmbeddedDatabase):
    """`copy` and `drop` by a name of the test's own, as before; the database behind it may have been another
    test's that only read. A fresh copy is 500 files."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, _OPTIONS)
        self._admin: psycopg.Connection[Any] | None = None
        self._lent: dict[str, _Lent] = {}
        self._spare: dict[str, list[str]] = {}

    def start(self) -> Self:
        """As any; its password is hashed once, not 4,096 times, for every connection does that again."""
        super().start()
        with self._connect("postgres") as connection:
            connection.execute("SET scram_iterations = 1")
            password = self._password_file.read_text()
            connection.execute(sql.SQL("ALTER ROLE postgres PASSWORD {}").format(password))
        return self

    def copy(self, template: str, database: str) -> str:
        """A database as the template is, that nobody else uses, under this name for `drop`."""
        template = self._real(template)
        if spare := self._spare.get(template):
            real = spare.pop()
        else:
            real = f"copy_{uuid.uuid4().hex[:12]}"
            with self._ours():
                super().copy(template, real)
        self._lent[database] = _Lent(real, template, self._asked(_NEXT_TRANSACTION))
        return self._url(real)

    def drop(self, database: str) -> None:
        """Give back: kept for the next test if nothing was written on the server since. Ends its sessions."""
        lent = self._lent.pop(database, None)
        real = database if lent is None else lent.database
        for copied in self._spare.pop(real, ()):
            self._remove(copied)
        if lent is not None and self._untouched(lent):
            self._spare.setdefault(lent.template, []).append(real)
        else:
            self._remove(real)

    def stop(self) -> None:
        if self._admin is not None:
            self._admin.close()
        super().stop()

    def _remove(self, database: str) -> None:
        with self._ours():
            super().drop(database)

    @contextmanager
    def _ours(self) -> Iterator[None]:
        """What is done here takes one number, and writes into no copy that is lent."""
        before = self._asked(_NEXT_TRANSACTION)
        yield
        if self._asked(_NEXT_TRANSACTION) == before + 1:
            for lent in self._lent.values():
                if lent.transaction == before:
                    lent.transaction += 1

    def _untouched(self, lent: _Lent) -> bool:
        """Whether nobody wrote into it; nor can afterwards, for whoever is still connected is sent away."""
        return (
            self._asked(_NEXT_TRANSACTION) == lent.transaction
            and self._asked(_END_SESSIONS, lent.database) is not False
            and bool(self._asked(_NEXT_TRANSACTION) == lent.transaction)
        )

    def _real(self, database: str) -> str:
        lent = self._lent.get(database)
        return database if lent is None else lent.database

    def _asked(self, query: str, *values: str) -> Any:
        if self._admin is None:
            self._admin = self._connect("postgres")
        row = self._admin.execute(query, values).fetchone()
        assert row is not None
        return row[0]
