"""What a database error means for the caller: wait and retry, mend the set-up, or give up on the data."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.errors import OutageError, SetupError

# Classes of SQLSTATE (its first two characters) after which the same transaction may well succeed later:
# 08 connection, 25 state (a standby after a fail-over, an idle transaction ended), 40 rollback (deadlock,
# serialization), 53 resources (disk full, too many connections), 55 lock not available, 57 operator (stop,
# cancel), 58 system (I/O), XX internal.
_TRANSIENT: Final = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})
# The values themselves: 21 cardinality, 22 data, 23 constraints, 54 a limit (row or index entry too big).
_DATA: Final = frozenset({"21", "22", "23", "54"})
# A key that is there: of tables that are written by look-ups under a lock, from somebody who did not take it.
# The next look-up finds it.
_THERE: Final = "23505"
_LOCKED: Final = frozenset({"mention", "story_key"})
# Statements prepared on a connection before: they are gone, or another one's are there.
_PREPARED: Final = frozenset({"26000", "42P05"})
_SESSIONS: Final = (
    "a pooler gave this connection another session of PostgreSQL: set MONITOR_DATABASE_URL to PostgreSQL "
    "itself, or let the pooler keep to one (PgBouncer: pool_mode = session)"
)
# 42 syntax or rights: what a schema of another version, or a login without its role, comes to.
_REMEDY: Final = "run `brand-monitor db upgrade`; if that is done, grant brand_monitor_write (or _read)"
_UNREACHED: Final = (
    "check that it runs, that it has the database of MONITOR_DATABASE_URL, and who may log in there "
    "(brand-monitor up starts an embedded one)"
)


class UnstorableError(Exception):
    """The database refused the values of some record in the transaction; retrying cannot help."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours.

    Raises `OutageError` (transient), `SetupError` (schema, rights, login), `UnstorableError` (the data).
    """
    try:
        yield
    except PoolTimeout as error:
        raise OutageError(f"database: no connection free: {error}") from error
    except psycopg.Error as error:
        raise _meaning(error) from error
    except DBAPIError as error:
        raise _meaning(error.orig, error.connection_invalidated) from error
    except StatementError as error:
        # A value the driver could not even send.
        raise UnstorableError(str(error.orig)) from error
    except OSError as error:
        raise OutageError(f"database: {error}; {_UNREACHED}") from error


def _meaning(error: BaseException | None, lost: bool = False) -> Exception:
    """Of the driver's error; `lost`: the connection went with it."""
    state: str | None = getattr(error, "sqlstate", None)
    reason = f"database: {_message(error)}"
    if state is None:
        if lost or isinstance(error, (psycopg.InterfaceError, psycopg.OperationalError)):
            return OutageError(f"{reason}; {_UNREACHED}")
        return UnstorableError(reason)
    kind = state[:2]
    if kind in _TRANSIENT or (state == _THERE and _table(error) in _LOCKED):
        return OutageError(f"{reason} (SQLSTATE {state})")
    if kind in _DATA:
        return UnstorableError(reason)
    if state in _PREPARED:
        return SetupError(f"{reason}; {_SESSIONS}")
    return SetupError(f"{reason} (SQLSTATE {state}); {_REMEDY}")


def _table(error: BaseException | None) -> str | None:
    found: str | None = getattr(getattr(error, "diag", None), "table_name", None)
    return found


def _message(error: BaseException | None) -> str:
    """The server's message. Its detail holds the row, and so what people wrote; the statement would repeat
    whole batches."""
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return " ".join(said.split())[:500]
