"""Fills tables many times as fast as row by row: without indexes, keys and triggers, which come back after.

Whoever uses this owns the tables; nobody else can use them until the transaction ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy import Connection, text

# For building indexes and checking keys; the transaction's own, whatever the server's setting is.
_MEMORY: Final = "512MB"


@contextmanager
def bare(connection: Connection, tables: Sequence[str]) -> Iterator[None]:
    """Tables without indexes, keys (also those of others that point at them) and triggers; then with them.

    The triggers miss what is written meanwhile: the caller does what they would have done.
    """
    given = {"tables": list(tables)}
    connection.execute(text(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'"))
    # A key that points at another one goes before it and comes back after it.
    keys = connection.execute(_KEYS, given).all()
    indexes = connection.execute(_INDEXES, given).all()
    for table in tables:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    for key in reversed(keys):
        connection.exec_driver_sql(f'ALTER TABLE {key.of} DROP CONSTRAINT "{key.name}"')
    for index in indexes:
        connection.exec_driver_sql(f"DROP INDEX {index.name}")
    yield
    for key in (each for each in keys if not each.foreign):
        _restore(connection, key.of, key.name, key.definition)
    for index in indexes:
        connection.exec_driver_sql(index.definition)
    for table in tables:
        connection.execute(text(f"ANALYZE {table}"))
    for key in (each for each in keys if each.foreign):
        _restore(connection, key.of, key.name, key.definition)
    for table in tables:
        connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))


def truncate(connection: Connection, tables: Sequence[str]) -> None:
    """Empty tables: this transaction may then write frozen rows, and no log where `wal_level` is minimal."""
    connection.execute(text(f"TRUNCATE {', '.join(tables)}"))


def copy(
    connection: Connection, table: str, columns: Sequence[str], lines: Iterable[str], *, frozen: bool
) -> None:
    """COPY lines of the text format. `frozen` rows need no vacuum; this transaction emptied the table."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    names = ", ".join(f'"{name}"' for name in columns)
    how = " (FREEZE)" if frozen else ""
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN{how}") as into:
        into.write("".join(lines))


def _restore(connection: Connection, table: str, name: str, definition: str) -> None:
    connection.exec_driver_sql(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


_KEYS: Final = text("""
    SELECT conrelid::regclass::text AS of, conname AS name, contype = 'f' AS foreign,
           pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE (contype IN ('p', 'u', 'f') AND conrelid = ANY(CAST(:tables AS regclass[])))
       OR (contype = 'f' AND confrelid = ANY(CAST(:tables AS regclass[])))
    ORDER BY contype = 'f', conname
""")

_INDEXES: Final = text("""
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index
    WHERE indrelid = ANY(CAST(:tables AS regclass[]))
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    ORDER BY 1
""")
