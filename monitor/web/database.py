"""What the pages may do in the database: read without writing, write corrections, neither for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

from monitor.settings import Settings
from monitor.storage.engine import sync_engine
from monitor.storage.faults import translated

_READ: Final = "brand_monitor_read"
_WRITE: Final = "brand_monitor_write"

# A page is some thirty queries of a few milliseconds each, and each address asks for another period, brand or
# word: one plan for all would be wrong for most; compiling or starting workers takes longer than the query.
_FOR_PAGES: Final = (
    "plan_cache_mode = force_custom_plan",
    "jit = off",
    "max_parallel_workers_per_gather = 0",
)


class Databases:
    """Two pools: one whose transactions are read-only, one for corrections. Safe for concurrent use.

    A connection takes the role `brand_monitor_read` or `brand_monitor_write` where its login may, so that one
    powerful login in MONITOR_DATABASE_URL does not make the pages powerful. Connects on first use.
    """

    def __init__(self, settings: Settings) -> None:
        reader = settings
        if settings.web_database_url is not None:
            reader = settings.model_copy(update={"database_url": settings.web_database_url})
        timeout = round(settings.web_statement_timeout * 1000)
        self._reader = _restricted(sync_engine(reader), _READ, timeout, read_only=True).execution_options(
            isolation_level="REPEATABLE READ"
        )
        self._writer = _restricted(sync_engine(settings), _WRITE, timeout, read_only=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the data from its first query to its last.

        Raises `OutageError` (away, or a query took too long) and `SetupError` (schema, rights, login).
        """
        with translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def correcting(self) -> Iterator[Connection]:
        """A transaction, committed unless the body raises. Raises as `reading` does."""
        with translated(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the pools' idle connections."""
        self._reader.dispose()
        self._writer.dispose()


def _restricted(engine: Engine, role: str, timeout: int, *, read_only: bool) -> Engine:
    """`timeout` is in milliseconds."""

    @event.listens_for(engine, "connect")
    def restrict(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(current_user, oid, 'MEMBER')", [role]
            )
            if cursor.fetchone() is not None:
                cursor.execute(f"SET ROLE {role}")
            cursor.execute(f"SET statement_timeout = {timeout}")
            if read_only:
                cursor.execute("SET default_transaction_read_only = on")
                for setting in _FOR_PAGES:
                    cursor.execute(f"SET {setting}")
        connection.commit()

    return engine
