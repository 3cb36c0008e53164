"""Statements on the driver itself: any number in one round trip, each planned once a connection.

What every batch runs goes this way: by SQLAlchemy a statement costs a fifth of a millisecond, and a round
trip as much again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import psycopg
from psycopg.pq import PipelineStatus
from sqlalchemy import Column, Connection, LargeBinary, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSVECTOR
from sqlalchemy.engine.interfaces import AdaptedConnection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import ARRAY

from monitor.storage.faults import UnstorableError
from monitor.storage.rows import SEPARATOR_SQL, Row

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_ENCODER: Final = msgspec.json.Encoder()


Rows = Sequence[tuple[Any, ...]]
"""What a statement returns."""


class Statement(NamedTuple):
    """SQL, and what its %(names)s stand for; `prepare` keeps its plan on the connection."""

    sql: str
    given: Mapping[str, Any] = {}
    prepare: bool = True

    def run(self, connection: Connection) -> Rows:
        """Its rows; see `run`."""
        return run(connection, self)[0]


_COMMIT: Final = Statement("COMMIT", prepare=False)  # as text, so that whoever reads along knows it


async def together(connection: AsyncConnection, *statements: Statement) -> list[Rows]:
    """See `run`."""
    return await connection.run_sync(run, *statements)


def run(connection: Connection, *statements: Statement) -> list[Rows]:
    """Run them in this order in the connection's transaction, in one round trip; returns the rows of each.
    Of nothing there is none.

    Raises what the driver does. A connection that is lost by then is replaced, and so are those that the pool
    holds: whatever ended it ended them. One that cannot leave the pipeline, since whoever waited for it was
    cancelled, say, is given up: its ROLLBACK would fail and hide what was wrong.
    """
    if not statements:
        return []
    adapted: Any = connection.connection.dbapi_connection
    driver: Any = connection.connection.driver_connection
    try:
        if isinstance(adapted, AdaptedConnection):
            return adapted.run_async(lambda driver: _awaited(driver, statements))
        with driver.pipeline():
            cursors = [driver.execute(sql, given, prepare=prepare) for sql, given, prepare in statements]
        return [() if each.description is None else each.fetchall() for each in cursors]
    except BaseException as error:
        if driver.closed:
            connection.invalidate(error)
            connection.engine.dispose(close=False)
        elif driver.pgconn.pipeline_status != PipelineStatus.OFF:
            connection.invalidate(error)
        raise


async def _awaited(driver: psycopg.AsyncConnection[Any], statements: Iterable[Statement]) -> list[Rows]:
    async with driver.pipeline():
        cursors = [await driver.execute(sql, given, prepare=prepare) for sql, given, prepare in statements]
    return [() if each.description is None else await each.fetchall() for each in cursors]


async def commit(connection: AsyncConnection, *statements: Statement) -> list[Rows]:
    """As `together`, and the transaction's COMMIT in the same round trip: after a statement that fails it is
    not run. The connection's own has nothing left to do.

    An error that is no answer of the server, of a connection lost, say, leaves open whether it committed.
    """
    return (await together(connection, *statements, _COMMIT))[:-1]


def insert(table: Table, names: Sequence[str], order_by: Sequence[str] = ()) -> str:
    """INSERT of rows that come as `rows`, by `as_json`, in this order; the table goes by the name of `kept`.

    Key order is what keeps two transactions from deadlocking: whoever comes second waits at the first shared
    row, before it holds one that the other needs. Under a lock it needs none.
    """
    columns = [table.c[name] for name in names]
    given = ", ".join(f"{each.name} {_sent_as(each)}" for each in columns)
    values = ", ".join(map(_stored_as, columns))
    order = f" ORDER BY {', '.join(order_by)}" if order_by else ""
    return (
        f"INSERT INTO {table.name} AS kept ({', '.join(names)}) SELECT {values} "  # noqa: S608 - names of our own tables
        f"FROM json_to_recordset(CAST(%(rows)s AS json)) AS given({given}){order}"
    )


def update(table: Table, names: Sequence[str], also: str) -> str:
    """UPDATE by `id` of rows that come as `rows`, by `as_json`; `also` is set, too."""
    columns = [table.c[name] for name in names]
    given = ", ".join(f"{each.name} {_sent_as(each)}" for each in (table.c.id, *columns))
    values = ", ".join(f"{each.name} = {_stored_as(each)}" for each in columns)
    return (
        f"UPDATE {table.name} AS kept SET {values}, {also} "  # noqa: S608 - names of our own tables
        f"FROM json_to_recordset(CAST(%(rows)s AS json)) AS given({given}) WHERE kept.id = given.id"
    )


def as_json(rows: Iterable[Row]) -> dict[str, str]:
    """Rows as the parameter of a statement; raises `UnstorableError` for what no column holds."""
    try:
        return {"rows": _ENCODER.encode(list(rows)).decode()}
    except (OverflowError, UnicodeEncodeError) as error:
        raise UnstorableError(str(error)) from error


def uuids(ids: Iterable[UUID]) -> str:
    """Ids as the text of an array."""
    said: list[str] = []
    last: UUID | None = None
    for each in ids:
        if each is not last:  # those of a story's keys are the same object, one after another
            last, written = each, f"{each.int:032x}"
        said.append(written)
    return f"{{{','.join(said)}}}"


def _sent_as(column: Column[Any]) -> str:
    # Words come joined (`rows.joined_words`), arrays and multiranges as SQL writes them, bytes in base64.
    if isinstance(column.type, (INT8MULTIRANGE, TSVECTOR, ARRAY, LargeBinary)):
        return "text"
    return str(column.type.compile(dialect=_DIALECT))


def _stored_as(column: Column[Any]) -> str:
    if isinstance(column.type, TSVECTOR):
        return f"array_to_tsvector(string_to_array(given.{column.name}, {SEPARATOR_SQL}))"
    if isinstance(column.type, LargeBinary):
        return f"decode(given.{column.name}, 'base64')"
    return f"CAST(given.{column.name} AS {column.type.compile(dialect=_DIALECT)})"
