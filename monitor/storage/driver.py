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
from sqlalchemy import Column, Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import ARRAY

from monitor.storage.faults import UnstorableError
from monitor.storage.rows import SEPARATOR_SQL, Row

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_ENCODER: Final = msgspec.json.Encoder()


class Statement(NamedTuple):
    """SQL, and what its %(names)s stand for."""

    sql: str
    given: Mapping[str, Any] = {}

    def run(self, connection: Connection) -> Sequence[Any]:
        """Its rows, by SQLAlchemy's way to the same driver."""
        result = connection.exec_driver_sql(self.sql, dict(self.given))
        return result.all() if result.returns_rows else ()


async def together(connection: AsyncConnection, *statements: Statement) -> list[Sequence[tuple[Any, ...]]]:
    """Run them in this order in the connection's transaction, in one round trip; returns the rows of each.

    Raises what the driver does. A connection that is lost by then is replaced, and so are those that the pool
    holds: whatever ended it ended them. One that cannot leave the pipeline, since whoever waited for it was
    cancelled, say, is given up: its ROLLBACK would fail and hide what was wrong.
    """
    driver: psycopg.AsyncConnection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    try:
        async with driver.pipeline():
            cursors = [await driver.execute(each.sql, each.given, prepare=True) for each in statements]
        return [() if each.description is None else await each.fetchall() for each in cursors]
    except BaseException as error:
        if driver.closed:
            await connection.invalidate(error)
            await connection.engine.dispose(close=False)
        elif driver.pgconn.pipeline_status != PipelineStatus.OFF:
            await connection.invalidate(error)
        raise


def insert(table: Table, names: Sequence[str], name: str = "kept") -> str:
    """INSERT of rows that come as `rows`, by `as_json`; the table goes by that name."""
    columns = [table.c[name] for name in names]
    given = ", ".join(f"{each.name} {_sent_as(each)}" for each in columns)
    values = ", ".join(_stored_as(each) for each in columns)
    return (
        f"INSERT INTO {table.name} AS {name} ({', '.join(names)}) SELECT {values} "  # noqa: S608 - names of our own tables
        f"FROM json_to_recordset(CAST(%(rows)s AS json)) AS given({given})"
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
    # Words come joined (`rows.joined_words`), arrays and multiranges as SQL writes them.
    if isinstance(column.type, (INT8MULTIRANGE, TSVECTOR, ARRAY)):
        return "text"
    return str(column.type.compile(dialect=_DIALECT))


def _stored_as(column: Column[Any]) -> str:
    if isinstance(column.type, TSVECTOR):
        return f"array_to_tsvector(string_to_array(given.{column.name}, {SEPARATOR_SQL}))"
    return f"CAST(given.{column.name} AS {column.type.compile(dialect=_DIALECT)})"
