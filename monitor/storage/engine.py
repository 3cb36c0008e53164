"""Connections to PostgreSQL: asynchronous in the workers, synchronous everywhere else."""

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from monitor.errors import SetupError
from monitor.privacy import Privacy
from monitor.queries.fields import KnownAs
from monitor.settings import Settings

_PRIVACY: Final = "brand_monitor_privacy"
"""The engine's option that says how authors are stored, to whoever reads or writes rows."""


def async_engine(settings: Settings, connections: int = 6) -> AsyncEngine:
    """The engine of workers and collectors. Connects on first use, so it never fails here for a database that
    is away. Raises as `sync_engine` does.

    `connections` of a worker: two streams, each with one batch in flight and one look-up; two to spare for
    readiness.
    """
    url = _url(settings)
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=15,
        connect_args=_connection(url),
        execution_options={_PRIVACY: Privacy(settings)},
    )


def sync_engine(settings: Settings) -> Engine:
    """For commands, reports and migrations. Connects on first use.

    Raises `SetupError` for a key of authors that is missing or too short: searches would not find them.
    """
    url = _url(settings)
    return create_engine(
        url,
        pool_size=4,
        pool_pre_ping=True,
        connect_args=_connection(url),
        execution_options={_PRIVACY: Privacy(settings)},
    )


def known_as(connection: Connection | Engine) -> KnownAs | None:
    """How authors may be stored in this database; None: by their names."""
    privacy = privacy_of(connection)
    return None if privacy is None else privacy.pseudonyms


def privacy_of(connection: Connection | Engine) -> Privacy | None:
    """What is kept of people in this database; None where the engine was made by somebody else."""
    found: Privacy | None = connection.get_execution_options().get(_PRIVACY)
    return found


def _url(settings: Settings) -> URL:
    try:
        return make_url(settings.sqlalchemy_url())
    except (ArgumentError, ValueError):  # without the cause: it shows the password
        raise SetupError(
            "MONITOR_DATABASE_URL cannot be read; write postgresql://USER:PASSWORD@HOST:PORT/NAME, "
            "and in user and password %XX for what a URL cannot hold"
        ) from None


def _connection(url: URL) -> dict[str, Any]:
    """libpq parameters; whatever the URL says wins."""
    defaults: dict[str, Any] = {
        "application_name": "brand-monitor",
        "connect_timeout": 10,
        # A host that vanished without a word is noticed within a minute, not after TCP's two hours.
        "keepalives_idle": 20,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        # Keepalives do not count while something sent is unacknowledged: this, in milliseconds, does.
        "tcp_user_timeout": 50_000,
        # A worker frozen inside its transaction holds row locks: it loses them after a minute, and whoever
        # waits for them gives up after half of one and retries.
        # The server, too, notices a host that vanished: until then it would keep a collector's lock.
        "options": "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s "
        "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 "
        "-c tcp_user_timeout=50s",
    }
    return {name: value for name, value in defaults.items() if name not in url.query}
